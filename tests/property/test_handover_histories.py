"""Whatever happens between two registries in whatever order, every kilogram has exactly one owner."""

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta

from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from registries import Registry, recognised, renew, titles_kg
from sqlalchemy import text
from sqlalchemy.orm import Session

import devstack
from app.kit import clock
from app.kit.database import db
from app.kit.problems import Problem
from app.kit.transaction import transaction
from app.registry.errors import HandoverState
from app.registry.rules.handovers import OFFER_LIFE
from app.registry.services import handovers, receipts

LETTERS = ("offer", "acceptance", "refusal", "deed", "withdrawal")
ISSUED_KG = 1000
acts = st.tuples(
    st.sampled_from(
        ("request", "approve", "withdraw", "accept", "refuse", "send", "send", "send", "send", "later")
    ),
    st.integers(0, 5),
    st.sampled_from(("", "", "", "before", "after")),
)


class Killed(RuntimeError):
    """A process that dies."""


class Play:
    """Two registries, the numbers so far, and every letter that was ever written."""

    def __init__(self, here: Registry, there: Registry) -> None:
        self.here, self.there = here, there
        self.numbers: list[str] = []
        self.letters: list[tuple[str, str]] = []
        self.passed = timedelta()
        self.refused = self.killed = 0

    def act(self, name: str, pick: int) -> None:
        """One act, if there is something to do it to."""
        if name == "later":
            self.passed += OFFER_LIFE / 2
        elif name == "request":
            self.request(pick)
        elif name == "send" and self.letters:
            kind, document = self.letters[pick % len(self.letters)]
            (self.there if kind in ("offer", "deed", "withdrawal") else self.here).hear(document)
        elif self.numbers and name != "send":
            number = self.numbers[pick % len(self.numbers)]
            side = self.here if name in ("approve", "withdraw") else self.there
            with side.inside(), transaction():
                self.admitted(name, number)

    def admitted(self, name: str, number: str) -> None:
        """What an operator does to a handover, on the side where the context is."""
        calls: dict[str, Callable[[], object]] = {
            "approve": lambda: handovers.approve_handover(self.here.second, number),
            "withdraw": lambda: handovers.withdraw_handover(self.here.first, number),
            "accept": lambda: self.accept(number),
            "refuse": lambda: receipts.refuse_offer(self.there.first, self.here.code, number),
        }
        calls[name]()

    def accept(self, number: str) -> None:
        """What the second operator does, and the first one too where they have not yet."""
        with suppress(HandoverState):
            receipts.propose_acceptance(self.there.first, self.here.code, number)
        receipts.accept_offer(self.there.second, self.here.code, number, samples=True)

    def request(self, pick: int) -> None:
        """Lock something of what is free."""
        block = self.here.number("SELECT coalesce(max(id), 0) FROM block WHERE state = 'active'")
        if block:
            self.here.draft(self.there, 10 * (1 + pick), block)

    def collect(self) -> None:
        """Every letter that stands anywhere may arrive anywhere, at any time."""
        for side, table in ((self.here, "handover"), (self.there, "handover_receipt")):
            with side.inside():
                rows = db.session.execute(
                    text(f"SELECT number, {', '.join(LETTERS)} FROM {table} ORDER BY id")
                ).all()
            for row in rows:
                if row.number not in self.numbers:
                    self.numbers.append(row.number)
                for kind in LETTERS:
                    letter = (kind, getattr(row, kind))
                    if letter[1] and letter not in self.letters:
                        self.letters.insert(0, letter)

    def check(self) -> None:
        """Nothing is lost, nothing is doubled, and no block is usable twice."""
        titles = titles_kg(self.here, self.there)
        assert sum(titles.values()) == ISSUED_KG, titles
        assert self.here.usable_kg() + self.there.usable_kg() <= ISSUED_KG


def step(play: Play, name: str, pick: int, dies: str) -> None:
    """One act, which may be killed before or after its commit."""
    real = Session.commit

    def commit(self: Session) -> None:
        if dies == "after":
            real(self)
        raise Killed

    try:
        if dies:
            Session.commit = commit  # type: ignore[method-assign]
        with clock.frozen(clock.now() + play.passed):
            play.act(name, pick)
    except Problem:
        play.refused += 1
    except Killed:
        play.killed += 1
    finally:
        Session.commit = real  # type: ignore[method-assign]
    play.collect()
    play.check()


def test_a_thousand_interleavings_conserve_every_kilogram(
    app: Flask, other_app: Flask, stack: devstack.Stack, template: str
) -> None:
    """Fifty histories of twenty-five acts; each begins with the next 1,000 kg of the same two registries."""
    seen = {"acts": 0, "killed": 0, "refused": 0, "executed": 0, "withdrawn": 0}
    renew(other_app, stack, template)
    here, there = recognised(app, other_app)

    @settings(
        max_examples=50,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        derandomize=True,
        database=None,
    )
    @given(st.lists(acts, min_size=15, max_size=30))
    def history(told: list[tuple[str, int, str]]) -> None:
        fresh_from(here, there)
        play = Play(here, there)
        play.act("request", 3)
        play.collect()
        for name, pick, dies in told:
            step(play, name, pick, dies)
        seen["acts"] += len(told)
        seen["killed"] += play.killed
        seen["refused"] += play.refused
        for status in ("executed", "withdrawn"):
            seen[status] += here.number(f"SELECT count(*) FROM handover WHERE {status}_at IS NOT NULL")
        assert here.broken() == there.broken() == set()

    def fresh_from(first: Registry, second: Registry) -> None:
        for each in (first, second):
            with each.inside():
                db.session.remove()
            renew(each.app, stack, template)
            each.furnish()
        first.recognise(second)
        second.recognise(first)
        first.issue(ISSUED_KG)

    history()
    assert seen["acts"] >= 1000, seen
    assert min(seen["killed"], seen["refused"], seen["executed"], seen["withdrawn"]) >= 5, seen
