"""Random histories of the whole trade, with crashes and races, beside a model that predicts the books.

The suite plays the same histories every time; `make model STEPS=… SEED=…` plays more and others. What
can happen stands in `books/story.py`, what must come of it in `books/world.py`.
"""

import os
import time
from collections.abc import Callable, Iterator

import pytest
from books.faults import counted
from books.story import ACTS, Dice, Story
from flask import Flask
from hypothesis import HealthCheck, Phase, note, settings
from hypothesis import seed as seeded
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

import devstack
from app.kit import queue
from app.kit.database import db

STEPS = int(os.environ.get("MODEL_STEPS", "1200"))
SEED = os.environ.get("MODEL_SEED")
SHRINKS = "MODEL_QUICK" not in os.environ
STEPS_A_HISTORY = 60
PROVED_EVERY = 10
DICE = st.integers(0, 2**24 - 1)
CRASH_AT = st.integers(0, 79).map(lambda number: number if number < 24 else 0)
RACING = sorted(name for name, act in ACTS.items() if act.races)
played = 0


class Books(RuleBasedStateMachine):
    """A story on a fresh database; each rule is one act of it, played on both sides."""

    new_story: Callable[[], Story]

    def __init__(self) -> None:
        super().__init__()
        self.story = type(self).new_story()
        self.whole = True

    @initialize()
    def begin(self) -> None:
        """People and villages."""
        self.whole = False
        self.story.begin()
        self.whole = True

    def run(self, name: str, dice: int, crash_at: int) -> None:
        """Play one act; prove every now and then."""
        step = ACTS[name].method(self.story, Dice(dice))
        if step is None:
            return
        note(f"{step.name}{f', dying at statement {crash_at}' if crash_at else ''}")
        self.whole = False
        self.story.play(step, crash_at)
        if self.story.steps % PROVED_EVERY == 0:
            self.story.prove()
        self.whole = True

    @rule(first=st.sampled_from(RACING), second=st.sampled_from(RACING), dice=DICE, other=DICE, at=st.integers(1, 16))
    def two_at_once(self, first: str, second: str, dice: int, other: int, at: int) -> None:
        """One act is held at a statement while another runs."""
        steps = [ACTS[first].method(self.story, Dice(dice)), ACTS[second].method(self.story, Dice(other))]
        if steps[0] is None or steps[1] is None:
            return
        note(f"{steps[0].name}, held at statement {at} | {steps[1].name}")
        self.whole = False
        self.story.race(steps[0], steps[1], at)
        self.whole = True

    def teardown(self) -> None:
        """Everything comes to rest, unless something was wrong already."""
        global played
        try:
            if self.whole:
                self.story.rest()
        finally:
            played += self.story.steps
            self.story.close()


def _rule(name: str) -> Callable[..., None]:
    def play(self: Books, dice: int, crash_at: int) -> None:
        self.run(name, dice, crash_at)

    play.__name__ = name
    return rule(dice=DICE, crash_at=CRASH_AT)(play)


for _name, _act in ACTS.items():
    for _number in range(_act.weight):
        setattr(Books, f"{_name}_{_number}" if _number else _name, _rule(_name))


@pytest.fixture
def telling(
    session_app: Flask, stack: devstack.Stack, renew: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    """Stories on fresh databases; no bell is rung, the story itself says what runs when."""
    monkeypatch.setattr(queue, "ring", lambda name: True)
    monkeypatch.setitem(session_app.extensions, "wechat_pay", None)
    url = session_app.extensions["settings"].database_url.replace("+psycopg", "", 1)

    def new_story() -> Story:
        renew()
        return Story(session_app, url)

    with session_app.app_context(), counted(db.engine):
        Books.new_story = staticmethod(new_story)
        yield
        db.session.remove()
        db.engine.dispose()


def test_every_history_leaves_the_books_that_the_model_predicts(telling: None) -> None:
    phases = (Phase.explicit, Phase.generate, *((Phase.shrink,) if SHRINKS else ()))
    wanted = settings(
        max_examples=max(STEPS // STEPS_A_HISTORY, 1),
        stateful_step_count=STEPS_A_HISTORY,
        derandomize=SEED is None,
        database=None,
        deadline=None,
        phases=phases,
        suppress_health_check=list(HealthCheck),
        print_blob=False,
    )
    machine = seeded(int(SEED))(Books) if SEED else Books
    began = time.perf_counter()
    run_state_machine_as_test(machine, settings=wanted)
    seconds = time.perf_counter() - began
    print(f"\nmodel steps={played} seconds={seconds:.1f} steps_per_s={played / seconds:.0f}")
