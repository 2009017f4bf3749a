"""Sponsors' money in a payee's month: income beside sales, on the statement, in the run, to the fen."""

import csv
import io

import pytest
from builders import person
from flask import Flask
from paying import MONTH, NOVEMBER, OCTOBER, Treasury, at, payable
from rewarding import giver, sponsor
from shop import assert_books_prove
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from app.kit import announcements
from app.kit.database import db
from app.kit.transaction import transaction
from app.rewards.services import grants, spending
from app.treasury.queries import statements
from app.web.queries import proofs_of_all_rooms


@pytest.fixture
def treasury(app: Flask) -> Treasury:
    return Treasury(app)


def give(app: Flask, programme_id: int, payee_id: int, *points: int) -> None:
    """People spend points on what a payee gives, each at once."""
    for number, each in enumerate(points, start=payable(payee_id) + 1):
        holder_id = person(app).holder_id
        with transaction():
            grants.grant(programme_id, f"test{payee_id}", [(number * 1000 + each, holder_id, each)])
            spending.spend(spending.reserve(holder_id, each, "coupon", payee_id))


def statement_of(holder_id: int) -> str:
    db.session.rollback()
    asked = text("SELECT code FROM statement WHERE holder_id = :holder AND month = :month")
    return str(db.session.scalar(asked, {"holder": holder_id, "month": MONTH}))


def test_a_village_that_sells_and_gives_is_paid_for_both_and_its_statement_reconciles(
    app: Flask, treasury: Treasury
) -> None:
    with at(OCTOBER):
        first, second = sponsor(), sponsor()
        lot = treasury.village(fee_bp=1000)
        treasury.sell(lot, 2000)
        give(app, first, lot.village_id, 700, 55)
        give(app, second, lot.village_id, 45)
    with at(NOVEMBER):
        give(app, first, lot.village_id, 999)
        treasury.account(lot.village_id)
        facts = treasury.prepare()
        assert [each.payout.amount_fen for each in facts.payouts] == [1800 + 800]
        treasury.pay()
        assert payable(lot.village_id) == 999, "what was given later waits for its own run"
        code = statement_of(lot.village_id)
        told = statements.get_statement(code)
        assert (told.sales_fen, told.rewards_fen, told.statement.income_fen) == (1800, 800, 2600)
        assert [(each.fund_id, each.payments, each.amount_fen) for each in told.rewards] == [
            (first, 2, 755),
            (second, 1, 45),
        ]
        lines = list(statements.all_reward_lines(told))
        assert sorted(line.amount_fen for line in lines) == [45, 55, 700]
        assert [line.seller_fen + line.village_fen for line in statements.all_lines(told)] == [1800]
        page = app.test_client().get(f"/statements/{code}").text
        assert "本月积分兑换收入" in page
        assert "¥18.00" in page
        assert "¥8.00" in page
        rows = list(csv.reader(io.StringIO(app.test_client().get(f"/statements/{code}.csv").text)))
    assert [row[-1] for row in rows if row and row[0] == "合计"] == ["18.00", "8.00"]
    assert sum(1 for row in rows if len(row) == 4 and row[1] == "Thanks") == 3
    announcements.deliver()
    assert_books_prove()


def test_who_only_gives_things_for_points_has_a_statement_and_is_paid(app: Flask, treasury: Treasury) -> None:
    with at(OCTOBER):
        shop = giver()
        give(app, sponsor(), shop, 1500)
    with at(NOVEMBER):
        treasury.account(shop)
        treasury.prepare()
        treasury.pay()
        page = app.test_client().get(f"/statements/{statement_of(shop)}").text
    assert payable(shop) == 0
    assert "¥15.00" in page
    assert "本月碳汇收入" not in page
    assert_books_prove()


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE statement_reward SET amount_fen = amount_fen + 1",
        "DELETE FROM statement_reward",
    ],
)
def test_a_reward_on_a_statement_that_is_not_the_books_is_found(
    app: Flask, treasury: Treasury, change: str
) -> None:
    with at(OCTOBER):
        shop = giver()
        give(app, sponsor(), shop, 1500)
    with at(NOVEMBER):
        treasury.prepare()
        with pytest.raises(IntegrityError), transaction() as session:
            session.execute(text(change))
        with transaction() as session:
            session.execute(text("ALTER TABLE statement_reward DISABLE TRIGGER ALL"))
            session.execute(text(change))
        db.session.rollback()
        failing = [proof.claim for proof in proofs_of_all_rooms() if not proof.holds]
    assert failing == ["treasury.prove_statements"]
