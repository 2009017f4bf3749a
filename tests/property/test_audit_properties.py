"""Whatever is done to the operators' log behind its back is found, at the first place it touches."""

from typing import Any

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from app.accounts import jobs, services
from app.accounts import queries as accounts
from app.kit.database import db
from app.kit.transaction import transaction

ENTRIES = 40
PLACES = st.integers(1, ENTRIES - 1)
"""Never the last: that an end was cut off cleanly is for the heads to show."""
TAMPERINGS: dict[str, str] = {
    "action": "UPDATE audit_entry SET action = action || 'x' WHERE id = :id",
    "subject": "UPDATE audit_entry SET subject = left(subject, -1) WHERE id = :id",
    "details": "UPDATE audit_entry SET details = details || '{\"n\": -1}' WHERE id = :id",
    "removed detail": "UPDATE audit_entry SET details = details - 'n' WHERE id = :id",
    "time": "UPDATE audit_entry SET acted_at = acted_at - interval '1 us' WHERE id = :id",
    "entry": "DELETE FROM audit_entry WHERE id = :id",
    "place": "DELETE FROM audit_seal WHERE entry_id = :id",
    "both": "WITH gone AS (DELETE FROM audit_seal WHERE entry_id = :id)"
    " DELETE FROM audit_entry WHERE id = :id",
    "link": "UPDATE audit_seal SET link = set_byte(link, 7, 255 - get_byte(link, 7)) WHERE entry_id = :id",
    "moved place": "UPDATE audit_seal SET position = position + 1000 WHERE entry_id = :id",
}


@pytest.fixture
def log(app: Flask) -> dict[int, int]:
    """A sealed log; the entry at each place."""
    for first in range(0, ENTRIES, 10):
        with transaction():
            for number in range(first, first + 10):
                services.audit.record(None, "tested", f"thing-{number}", {"n": number})
        jobs.seal_audit()
    rows = db.session.execute(text("SELECT position, entry_id FROM audit_seal")).all()
    return {row.position: row.entry_id for row in rows}


def change(*statements: tuple[str, dict[str, Any]]) -> None:
    """Change the tables as their owner can, and say where the chain then breaks; nothing stays."""
    session = db.session()
    session.rollback()
    session.execute(text("SET LOCAL session_replication_role = replica"))
    for statement, values in statements:
        session.execute(text(statement), values)


def broken_at() -> int | None:
    """Where the chain breaks in the running, uncommitted transaction."""
    fault = accounts.audit.check_here().fault
    return fault.position if fault else None


@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(PLACES, st.sampled_from(sorted(TAMPERINGS)), min_size=1, max_size=4))
def test_any_change_is_found_where_it_was_made(log: dict[int, int], changes: dict[int, str]) -> None:
    change(*((TAMPERINGS[kind], {"id": log[place]}) for place, kind in sorted(changes.items())))
    assert broken_at() == min(changes)
    db.session.rollback()
    assert broken_at() is None, "and left alone it holds"


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(PLACES, PLACES)
def test_two_entries_that_change_places_are_found(log: dict[int, int], one: int, other: int) -> None:
    first, second = sorted((one, other))
    swap = (
        "UPDATE audit_seal SET entry_id = CASE entry_id WHEN :a THEN :b ELSE :a END"
        " WHERE entry_id IN (:a, :b)"
    )
    drop = "ALTER TABLE audit_seal DROP CONSTRAINT uq_audit_seal_entry_id"
    change((drop, {}), (swap, {"a": log[first], "b": log[second]}))
    assert broken_at() == (first if first != second else None)
    db.session.rollback()


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(1, ENTRIES - 1))
def test_an_end_that_was_cut_off_is_found_by_the_heads(log: dict[int, int], kept: int) -> None:
    """The signed head of the first ten stays true; a cut behind it needs a head kept outside."""
    head = accounts.audit.get_head()
    assert head is not None
    assert head.position == 10
    change(
        ("DELETE FROM audit_seal WHERE position > :kept", {"kept": kept}),
        ("DELETE FROM audit_entry WHERE id > :last", {"last": log[kept]}),
    )
    assert broken_at() == (kept + 1 if kept < 10 else None)
    db.session.rollback()
