"""A gram or a fen that went to the wrong holder fails the proof, although every sum is right."""

import pytest
from builders import person
from flask import Flask
from shop import Shop, eventually, paid
from sqlalchemy import text

from app.accounts import chart
from app.accounts.chart import EntryKind
from app.kit.transaction import transaction
from app.offsets import jobs
from app.web.queries import proofs_of_all_rooms


def failing() -> list[str]:
    return [proof.claim for proof in proofs_of_all_rooms() if not proof.holds]


@pytest.mark.parametrize("kind", [chart.RETIRE_SURPLUS, chart.CREDIT_SELLER])
def test_an_entry_of_the_wrong_holder_is_found(shop: Shop, app: Flask, kind: EntryKind) -> None:
    order = shop.order()
    shop.pay(order)
    eventually(paid(shop, order))
    jobs.settle_paid()
    assert failing() == []
    stranger = kind.target.of(person(app).holder_id)
    with transaction() as session:
        session.execute(text("SET LOCAL session_replication_role = replica"))
        moved = session.execute(
            text("UPDATE posting SET target = :to WHERE kind = :kind RETURNING amount, old.target AS was"),
            {"to": stranger, "kind": kind.code},
        ).one()
        values = {"to": stranger, "was": moved.was, "amount": moved.amount}
        session.execute(text("INSERT INTO account (id, balance) VALUES (:to, :amount)"), values)
        session.execute(text("UPDATE account SET balance = balance - :amount WHERE id = :was"), values)
    assert "offsets.prove_entries" in failing()
