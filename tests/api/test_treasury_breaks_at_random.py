"""Breaks of every kind, put at random into a day: all found, no false alarm, and found once."""

import pytest
from builders import forest, person
from flask import Flask
from sqlalchemy import text

from app.kit.database import db
from app.kit.transaction import transaction
from app.treasury.queries import bills
from app.treasury.rules.breaks import Break
from app.treasury.services import days
from bench import reconciling


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_every_injected_break_is_found_and_nothing_else(app: Flask, seed: int) -> None:
    made = reconciling.make(person(app).holder_id, forest().lot_id, 6_000, 400, seed)
    assert {kind for kind, _ in made.injected} == set(Break)
    result = reconciling.reconcile(made)
    assert (result.injected, result.found, result.false_alarms) == (400, 400, 0)
    facts = bills.get_day(made.date)
    assert facts.broken == len({key for _, key in made.injected})
    ids = list(db.session.scalars(text("SELECT id FROM bill_break ORDER BY id")))
    with transaction():
        days.match_day(made.date, reconciling.MERCHANT)
    again = db.session.execute(text("SELECT id, resolved_at FROM bill_break ORDER BY id")).all()
    assert [tuple(row) for row in again] == [(each, None) for each in ids]


def test_the_breaks_account_for_all_that_the_provider_holds_beyond_our_books(app: Flask) -> None:
    made = reconciling.make(person(app).holder_id, forest().lot_id, 6_000, 300, 4)
    reconciling.reconcile(made)
    moved, booked = db.session.execute(
        text(
            "SELECT (SELECT sum(amount_fen) FROM bill_flow)::bigint,"
            " (SELECT sum(CASE WHEN source % 100 = 94 THEN amount ELSE -amount END) FROM posting"
            "   WHERE 94 IN (source % 100, target % 100))::bigint"
        )
    ).one()
    assert moved - booked == bills.difference_fen(made.date) != 0
