"""The books: balanced by construction, once only, bounded, append-only."""

import re

import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from app.accounts import chart, ledger, queries, services
from app.accounts.errors import Overdrawn
from app.accounts.ledger import Posting
from app.kit.database import db
from app.kit.transaction import transaction


def person() -> int:
    with transaction():
        return services.open_holder("person").id


def test_posting_moves_both_ends(app: Flask) -> None:
    holder = person()
    with transaction():
        assert ledger.post([Posting(chart.RECORD_ACTION, 1, chart.PLATFORM, holder, 250)]) == 1
    assert queries.get_balance(holder, chart.REDUCTIONS) == 250
    assert all(proof.holds for proof in queries.prove())


def test_posting_twice_posts_once(app: Flask) -> None:
    holder = person()
    entry = Posting(chart.RECORD_ACTION, 1, chart.PLATFORM, holder, 250)
    for written in (1, 0):
        with transaction():
            assert ledger.post([entry]) == written
    assert queries.get_balance(holder, chart.REDUCTIONS) == 250


def test_a_balance_cannot_pass_its_floor(app: Flask) -> None:
    holder = person()
    with transaction():
        ledger.post([Posting(chart.RECORD_ACTION, 1, chart.PLATFORM, holder, 250)])
    with pytest.raises(Overdrawn), transaction():
        ledger.post([Posting(chart.WITHDRAW_ACTION, 1, holder, chart.PLATFORM, 251)])
    assert queries.get_balance(holder, chart.REDUCTIONS) == 250


def test_more_than_is_owed_cannot_be_retired(app: Flask) -> None:
    holder, village = person(), person()
    with transaction():
        ledger.post(
            [
                Posting(chart.ISSUE, 1, chart.PLATFORM, village, 10_000),
                Posting(chart.OPEN_DUE, 1, holder, chart.PLATFORM, 4_000),
            ]
        )
    with pytest.raises(Overdrawn), transaction():
        ledger.post([Posting(chart.RETIRE, 1, village, holder, 4_001)])
    with transaction():
        ledger.post([Posting(chart.RETIRE, 1, village, holder, 4_000)])
    assert queries.get_balance(holder, chart.DUE) == 0


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE posting SET amount = 1",
        "DELETE FROM posting",
        "TRUNCATE posting",
        "UPDATE account SET balance = 9",
    ],
)
def test_the_books_refuse_to_be_edited(app: Flask, statement: str) -> None:
    holder = person()
    with transaction():
        ledger.post([Posting(chart.RECORD_ACTION, 1, chart.PLATFORM, holder, 250)])
    with pytest.raises(IntegrityError), transaction():
        db.session.execute(text(statement))


def test_avoided_grams_cannot_become_forest_grams(app: Flask) -> None:
    holder = person()
    with pytest.raises(IntegrityError), transaction():
        db.session.execute(
            text(
                "INSERT INTO posting (kind, reference, source, target, amount, posted_at)"
                " VALUES (1, 1, :from, :to, 5, now())"
            ),
            {"from": chart.REDUCTIONS.of(holder), "to": chart.UNITS.of(holder)},
        )


def test_the_chart_and_the_database_agree(app: Flask) -> None:
    definition = db.session.scalar(
        text("SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = 'ck_posting_entry'")
    )
    allowed = {int(number) for number in re.findall(r"\d{5,}", definition) if number != "10000"}
    assert allowed == {
        kind.code * 10_000 + kind.source.code * 100 + kind.target.code for kind in chart.ENTRY_KINDS.values()
    }


def test_an_entry_between_ones_own_accounts_is_two_lines_on_any_page(app: Flask) -> None:
    holder, village = person(), person()
    with transaction():
        ledger.post(
            [
                Posting(chart.ISSUE, 1, chart.PLATFORM, village, 10_000),
                Posting(chart.RETIRE_SURPLUS, 1, village, holder, 9_000),
                Posting(chart.OPEN_DUE, 1, holder, chart.PLATFORM, 5_000),
                Posting(chart.CARRY_OVER, 1, holder, holder, 5_000),
            ]
        )
    whole = queries.list_statement(holder, 100)
    assert [line.change for line in whole if line.entry == "carry_over"] == [5_000, -5_000]
    pages, before = [], None
    while page := queries.list_statement(holder, 1, before):
        pages += page
        before = page[-1].id
    assert pages == whole


def test_a_first_due_and_a_first_settlement_have_a_row_to_lock(app: Flask) -> None:
    holder = person()
    accounts = [chart.DUE.of(holder), chart.CARRY.of(holder)]
    with transaction():
        assert ledger.lock_balances(accounts) == {}
        ledger.open_accounts(accounts)
        ledger.open_accounts(accounts)
        assert ledger.lock_balances(accounts) == dict.fromkeys(accounts, 0)
