"""The one statement of a settlement does what the rules say, whatever it is given."""

from collections.abc import Sequence
from dataclasses import dataclass

from builders import forest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from shop import assert_books_prove
from sqlalchemy import text

from app.accounts import chart, ledger
from app.accounts import services as accounts
from app.accounts.chart import PLATFORM
from app.accounts.ledger import Posting
from app.kit import clock
from app.kit.codes import checked_code, random_code
from app.kit.database import db
from app.kit.transaction import transaction
from app.offsets import rules
from app.offsets.models import Order, PaidOrder, Payment
from app.offsets.services import settlement
from app.registry import services as registry
from app.registry.rules import Terms, allot, fitting, place

PEOPLE = 3


@dataclass(frozen=True)
class Bought:
    """One paid order: which of the people, and how many steps of 10 kg at 1 yuan."""

    who: int
    steps: int


ORDERS = st.lists(st.builds(Bought, st.integers(0, PEOPLE - 1), st.integers(1, 40)), min_size=1, max_size=12)
OWED = st.lists(st.integers(0, 600_000), min_size=PEOPLE, max_size=PEOPLE)
SHARES = st.tuples(st.integers(0, 5000), st.integers(0, 5000))


@given(bought=ORDERS, owed=OWED, shares=SHARES, burnt=st.integers(0, 2000))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_run_places_closes_and_shares_as_the_rules_do(
    app: Flask, bought: list[Bought], owed: list[int], shares: tuple[int, int], burnt: int
) -> None:
    village_bp, fee_bp = shares
    with transaction():
        village = accounts.open_holder("village", "示例村").id
        people = [accounts.open_holder("person").id for _ in range(PEOPLE)]
    lot = forest(5000, village_holder_id=village, village_bp=village_bp, fee_bp=fee_bp)
    terms = Terms("yiyuan", 10, 100, village, village_bp, fee_bp)
    quantities = [each.steps * 10 for each in bought]
    owe(people, owed)
    ids = pay(lot.lot_id, people, bought)
    with transaction():
        registry.cancel_units(lot.issuance_id, burnt, "fire")
    room = 5000 - min(burnt, 5000)
    held = db.session.execute(
        text("SELECT first_serial FROM block WHERE lot_id = :lot AND state = 'active'"), {"lot": lot.lot_id}
    ).scalar_one_or_none()

    with transaction():
        settled = settlement.settle_lot(lot.lot_id)

    placed = fitting(quantities, room)
    assert (settled.settled, settled.refunding) == (placed, len(bought) - placed)
    assert [row.order_id for row in facts("retirement", "order_id", ids)] == ids[:placed]
    firsts = place(held or 0, quantities[:placed])
    holders = [people[each.who] for each in bought[:placed]]
    closings = rules.closings(holders, quantities[:placed], dict(zip(people, owed, strict=True)))
    told = [(row.first_serial, row.due_g, row.carry_g) for row in facts("retirement", "order_id", ids)]
    assert told == [(first, c.due_g, c.carry_g) for first, c in zip(firsts, closings, strict=True)]
    for kind, share in (
        (chart.CREDIT_SELLER, "seller_fen"),
        (chart.CREDIT_VILLAGE, "village_fen"),
        (chart.TAKE_FEE, "fee_fen"),
    ):
        expected = {
            order: getattr(allot(terms, each.steps * 100), share)
            for order, each in zip(ids[:placed], bought, strict=False)
        }
        rows = facts("posting", "reference", ids, f"AND kind = {kind.code}")
        assert {row.reference: row.amount for row in rows} == {o: fen for o, fen in expected.items() if fen}
    assert_books_prove()


def owe(people: Sequence[int], owed: Sequence[int]) -> None:
    """Let people owe, as dues would."""
    with transaction() as session:
        for holder, grams in zip(people, owed, strict=True):
            if grams:
                due = session.execute(
                    text(
                        "INSERT INTO due (code, holder_id, purpose, month, kind, emission_id, due_g,"
                        " change_g, opened_at) VALUES (:code, :holder, 'personal', '2026-10', 'test',"
                        " (SELECT coalesce(max(emission_id), 10000000) + 1 FROM due), :grams, :grams, now())"
                        " RETURNING id"
                    ),
                    {"code": random_code(), "holder": holder, "grams": grams},
                ).scalar_one()
                ledger.post([Posting(chart.OPEN_DUE, due, holder, PLATFORM, grams)])
        kinds = (chart.DUE, chart.CARRY)
        ledger.open_accounts([kind.of(holder) for holder in people for kind in kinds])


def pay(lot_id: int, people: Sequence[int], bought: Sequence[Bought]) -> list[int]:
    """Place the orders and leave them as payments do; their ids, in order."""
    ids = []
    with transaction() as session:
        for each in bought:
            registry.reserve(lot_id, each.steps * 10)
            now = clock.now()
            order = Order(
                code=random_code(),
                holder_id=people[each.who],
                purpose="personal",
                lot_id=lot_id,
                quantity_kg=each.steps * 10,
                amount_fen=each.steps * 100,
                description="-",
                certificate_number=checked_code(16),
                reserved_at=now,
                expires_at=now,
                next_check_at=now,
                paid_at=now,
            )
            session.add(order)
            session.flush()
            ids.append(order.id)
            session.add(
                Payment(
                    order_id=order.id,
                    channel="wechat",
                    transaction_id=random_code(),
                    amount_fen=order.amount_fen,
                    paid_at=now,
                    recorded_at=now,
                )
            )
            ledger.post([Posting(chart.RECEIVE_PAYMENT, order.id, PLATFORM, PLATFORM, order.amount_fen)])
            session.add(
                PaidOrder(
                    order_id=order.id,
                    lot_id=lot_id,
                    holder_id=order.holder_id,
                    quantity_kg=order.quantity_kg,
                    amount_fen=order.amount_fen,
                    certificate_number=order.certificate_number,
                )
            )
    return ids


def facts(table: str, key: str, ids: Sequence[int], more: str = "") -> list[object]:
    """The rows of `table` about these orders."""
    wanted = text(f"SELECT * FROM {table} WHERE {key} = ANY(:ids) {more} ORDER BY {key}")
    return list(db.session.execute(wanted, {"ids": list(ids)}))
