"""Random histories of the whole trade, with crashes and races, beside a model that predicts the books.

The suite plays the same histories every time; `make model STEPS=… SEED=…` plays more and others. What
can happen stands in `books/story.py`, what must come of it in `books/world.py`.
"""

import os
import time
from collections.abc import Callable, Iterator
from itertools import count

import pytest
from books.acts import ACTS, Dice
from books.faults import counted
from books.story import Story
from flask import Flask
from hypothesis import HealthCheck, Phase, note, settings
from hypothesis import seed as seeded
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

import devstack
from app.kit import queue
from app.kit.database import db

STEPS = int(os.environ.get("MODEL_STEPS", "800"))
SEED = int(os.environ.get("MODEL_SEED", "1"))
ROUND = 10
SHRINKS = "MODEL_QUICK" not in os.environ
STEPS_A_HISTORY = 80
PROVED_EVERY = 10
DICE = st.integers(0, 2**24 - 1)
LISTED = sorted(ACTS, key=lambda name: -ACTS[name].weight)
CHOSEN = st.sampled_from([name for name in LISTED for _ in range(ACTS[name].weight)])
RACING = st.sampled_from([name for name in LISTED for _ in range(ACTS[name].weight) if ACTS[name].races])
WHOLE, DYING = st.just((0, None, 0)), st.tuples(st.integers(1, 24), st.none(), st.just(0))
FAULTS = st.one_of(
    *(st.just((0, "", 0)),) * 3,
    *(st.tuples(st.integers(1, 24), st.just(""), st.just(0)),) * 2,
    st.tuples(st.integers(1, 14), RACING, DICE),
    *(st.tuples(st.integers(4, 9), st.just("the like"), DICE),) * 4,
    *(st.tuples(st.integers(2, 7), st.just("a twin"), DICE),) * 2,
)
"""At which statement it dies or is held, and beside which act, with which dice."""
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

    @rule(name=CHOSEN, dice=DICE, fault=FAULTS)
    def act(self, name: str, dice: int, fault: tuple[int, str, int]) -> None:
        """One act: whole, dying at a statement, or held there while another runs.

        Beside it runs any other, its like (the same lot, the same person), or its twin to the last detail.
        """
        at, other, other_dice = fault
        step, beside = ACTS[name].method(self.story, Dice(dice)), None
        if other and ACTS[name].races:
            beside = {
                "a twin": lambda: ACTS[name].method(self.story, Dice(dice)),
                "the like": lambda: ACTS[name].method(self.story, Dice(other_dice, first=dice)),
            }.get(other, lambda: ACTS[other].method(self.story, Dice(other_dice)))()
        if step is None:
            return
        self.whole = False
        if beside is None:
            note(f"{step.name}{f', dying at statement {at}' if at else ''}")
            self.story.play(step, at)
        else:
            note(f"{step.name}, held at statement {at} | {beside.name}")
            self.story.race(step, beside, at)
        if self.story.steps % PROVED_EVERY == 0:
            self.story.prove()
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
    # Rounds, since hypothesis goes on with variations of what it has played after so many histories.
    wanted = settings(
        max_examples=ROUND,
        stateful_step_count=STEPS_A_HISTORY,
        database=None,
        deadline=None,
        phases=(Phase.generate, Phase.shrink) if SHRINKS else (Phase.generate,),
        suppress_health_check=list(HealthCheck),
        print_blob=False,
    )
    began = time.perf_counter()
    for number in count(SEED):
        run_state_machine_as_test(seeded(number)(Books), settings=wanted)
        if played >= STEPS:
            break
    seconds = time.perf_counter() - began
    print(f"\nmodel steps={played} seconds={seconds:.1f} steps_per_s={played / seconds:.0f}")
