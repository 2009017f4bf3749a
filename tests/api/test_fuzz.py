"""A short siege, the same every time; `make fuzz` is the long one. And the siege sees what it should."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from shop import assert_books_prove

import simulator
from app.clients import pay_records
from app.clients.errors import Unverified
from app.clients.pay_signing import Platform
from app.kit import identity
from app.offsets import queries
from app.offsets.rules import DoubtName
from app.offsets.services import doubts, payments
from fuzz.notices import MISFITS
from fuzz.scene import UNITS_KG, open_lot, plant
from fuzz.siege import Siege, Tally
from fuzz.strokes import Positions

Run = Callable[[int, int], Tally]


@pytest.fixture
def besiege(app: Flask, phone: simulator.Running) -> Run:
    """So many attacks on the application, from a seed."""

    def run(attacks: int, seed: int) -> Tally:
        scene = plant(open_lot(UNITS_KG * 40), 20, 20)
        return Siege(app, phone.keys, scene, seed).run(attacks)

    return run


def test_nothing_mutated_is_accepted_or_answered_5xx(besiege: Run) -> None:
    tally = besiege(4000, 7)
    assert tally.failures == []
    assert (tally.notices, tally.tokens, tally.accepted, tally.answered_5xx) == (2000, 2000, 0, 0)
    assert tally.holds
    found = {doubt.name for doubt in queries.list_doubts(10_000)}
    assert found >= {DoubtName(name) for name in MISFITS}
    assert_books_prove()


def refuse_everything(*_: Any) -> Any:
    raise Unverified("nothing is believed")


def break_down(*_: Any) -> Any:
    raise RuntimeError("a fault of ours")


BROKEN: dict[str, tuple[Any, str, Any, str]] = {
    "the signature of a notice": (Platform, "verify", lambda *_: None, "accepted"),
    "another amount, currency, payer": (payments, "misfits", lambda *_: [], "accepted"),
    "another merchant or mini-program": (pay_records, "_ours", lambda *_, **__: None, "accepted"),
    "one way to write a token": (identity, "_WRITTEN", re.compile(".*", re.S), "accepted"),
    "keeping a doubt": (doubts, "keep", break_down, "answered_5xx"),
    "hearing what is true": (Platform, "verify", refuse_everything, "refused_controls"),
}


@pytest.mark.parametrize("guard", BROKEN)
def test_a_siege_sees_that_a_guard_is_missing(
    besiege: Run, monkeypatch: pytest.MonkeyPatch, guard: str
) -> None:
    owner, name, broken, seen = BROKEN[guard]
    monkeypatch.setattr(owner, name, broken)
    tally = besiege(800, 3)
    assert getattr(tally, seen) > 0
    assert not tally.holds
    assert tally.failures


def test_every_bit_has_its_turn_and_every_byte_an_early_one() -> None:
    raw = bytes(range(200))
    bits = Positions()
    flipped = [bits.flip(raw) for _ in range(8 * len(raw))]
    assert len(set(flipped)) == 8 * len(raw)
    first = flipped[: len(raw)]
    assert {place for other in first for place in range(len(raw)) if other[place] != raw[place]} == set(
        range(200)
    )
