"""What the database itself refuses of gifts, and what the proofs find where it was made to let it pass."""

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from flask import Flask
from giving import Giving
from shop import Shop
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

import simulator
from app.causes.queries.gift_proofs import prove_gifts
from app.kit.database import Base, db


@pytest.fixture
def giving(app: Flask, phone: simulator.Running, shop: Shop) -> Giving:
    """A giver whose gift was claimed, and whose claimant is named."""
    giving = Giving(app, phone, shop)
    [card] = giving.given(words="生日快乐")["cards"]
    guest = giving.guest()
    code = giving.claim(guest, card["link"]).json["code"]
    giving.client.put(f"/v1/me/gift-cards/{code}/name", json={"name": "明明"}, headers=guest.auth)
    giving.settle()
    return giving


@pytest.mark.parametrize(
    "act",
    [
        "UPDATE gift_card SET claimed_by = (SELECT giver_id FROM gift)",
        "UPDATE gift_card SET claimed_by = NULL, claimed_at = NULL",
        "UPDATE gift_card SET withdrawn_at = now()",
        "UPDATE gift_card SET place = 2",
        "DELETE FROM gift_card",
        "UPDATE gift SET card_kg = 20",
        "UPDATE gift SET giver_id = (SELECT claimed_by FROM gift_card)",
        "DELETE FROM gift",
        "DELETE FROM inscription",
        "UPDATE inscription SET passed_at = NULL",
        "UPDATE inscription SET refused_at = now()",
        "UPDATE inscription SET text_sealed = 'x'",
        "UPDATE inscription SET text_sealed = NULL",
        "UPDATE inscription SET author_id = (SELECT giver_id FROM gift) WHERE kind = 'name'",
        "UPDATE inscription SET reason = 'no'",
        "INSERT INTO gift SELECT c.holder_id, g.order_id, g.giver_id, 'birthday', 1, 99, false, now()"
        " FROM gift g JOIN cause c ON c.holder_id = g.cause_id",
        "UPDATE orders SET beneficiary = '小明' WHERE purpose = 'gift'",
    ],
)
def test_what_stands_cannot_be_written_over(giving: Giving, act: str) -> None:
    with pytest.raises(DBAPIError):
        db.session.execute(text(act))
    db.session.rollback()


@pytest.mark.parametrize(
    ("act", "figure"),
    [
        ("UPDATE gift SET card_kg = 20", "differing"),
        ("DELETE FROM inscription; DELETE FROM gift_card", "differing"),
        ("UPDATE orders SET beneficiary = '小明' WHERE purpose = 'gift'", "named_by_order"),
        ("UPDATE account SET balance = 1 WHERE id = (SELECT cause_id FROM gift) * 100 + 31", "carried"),
        ("DELETE FROM retirement", "claimed_early"),
        ("UPDATE gift_card SET claimed_by = (SELECT giver_id FROM gift)", "claimed_early"),
        ("UPDATE inscription SET author_id = 1 WHERE kind = 'name'", "foreign_words"),
    ],
)
def test_the_proofs_find_what_no_guard_stopped(giving: Giving, act: str, figure: str) -> None:
    assert all(proof.holds for proof in prove_gifts())
    db.session.execute(text("SET LOCAL session_replication_role = replica"))
    for statement in act.split(";"):
        db.session.execute(text(statement))
    found = {name for proof in prove_gifts() for name, count in proof.figures.items() if count}
    assert figure in found
    db.session.rollback()


def test_models_and_migration_agree(app: Flask) -> None:
    with db.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        differences = compare_metadata(context, Base.metadata)
    tables = ("'gift'", "'gift_card'", "'inscription'")
    assert [each for each in differences if any(table in repr(each) for table in tables)] == []
