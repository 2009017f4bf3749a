"""The proofs of payouts see what they are for: each kind of tampering fails its own line."""

import pytest
from flask import Flask
from paying import NOVEMBER, OCTOBER, Treasury, at
from shop import assert_books_prove
from sqlalchemy import text

from app.kit.transaction import transaction
from app.treasury.queries import prove
from app.treasury.rules.payouts import Outcome

TAMPERING = {
    "treasury.prove_lines": [
        "UPDATE posting SET amount = amount + 1 WHERE kind = 21",
        "UPDATE posting SET amount = amount - 1 WHERE kind = 22",
        "UPDATE posting SET target = target + 100 WHERE kind = 21",
        "DELETE FROM posting WHERE kind = 22",
        "UPDATE lot SET fee_bp = fee_bp + 100",
        "UPDATE orders SET quantity_kg = quantity_kg + 10",
    ],
    "treasury.prove_payouts": [
        "UPDATE payout SET paid_at = NULL",
        "UPDATE payout SET amount_fen = amount_fen + 1",
        "UPDATE payout SET returned_at = now(), reported = 'returned', reason = 'x', reported_at = now(),"
        " reported_by = (SELECT min(id) FROM operator), confirmed_by = (SELECT max(id) FROM operator)",
        "UPDATE payout_run SET approved_at = NULL, approved_by = NULL, exported_at = NULL,"
        " exported_by = NULL, file_sealed = NULL, file_sha256 = NULL",
        "DELETE FROM posting WHERE kind = 43",
        "UPDATE posting SET source = source + 100 WHERE kind = 43",
        "INSERT INTO posting (kind, reference, source, target, amount, posted_at)"
        " VALUES (46, 99, 198, 100040, 1, now())",
    ],
    "treasury.prove_paid_out": [
        "UPDATE posting SET amount = amount + 1 WHERE kind = 44",
        "UPDATE account SET balance = balance + 1 WHERE id % 100 = 40",
        "UPDATE account SET balance = balance + 1 WHERE id % 100 = 42",
    ],
    "treasury.prove_statements": [
        "UPDATE statement SET income_fen = income_fen + 1, closing_fen = closing_fen + 1",
        "UPDATE statement SET opening_fen = opening_fen + 1, closing_fen = closing_fen + 1",
        "UPDATE statement SET paid_fen = paid_fen + 1, closing_fen = closing_fen - 1",
        "UPDATE statement_lot SET seller_fen = seller_fen + 1",
        "DELETE FROM statement_lot",
        "UPDATE posting SET posted_at = posted_at + interval '20 days' WHERE kind = 21",
    ],
}


@pytest.fixture
def treasury(app: Flask) -> Treasury:
    found = Treasury(app)
    with at(OCTOBER):
        from app.accounts import services

        with transaction():
            village = services.open_holder("village", "共有村", "350721").id
        lot = found.village(village_holder_id=village, village_bp=1200, fee_bp=500)
        found.sell(lot, 20_000, 1_300)
        for holder_id in (lot.village_id, village):
            found.account(holder_id)
    with at(NOVEMBER):
        found.prepare()
        found.pay()
    return found


def failing() -> set[str]:
    return {proof.claim for proof in prove() if not proof.holds}


@pytest.mark.parametrize(
    ("claim", "change"), [(claim, change) for claim, changes in TAMPERING.items() for change in changes]
)
def test_tampering_fails_the_proof_that_is_meant_for_it(treasury: Treasury, claim: str, change: str) -> None:
    assert failing() == set()
    with transaction() as session:
        session.execute(text("SET LOCAL session_replication_role = replica"))  # no trigger fires
        assert session.execute(text(change)).rowcount > 0  # type: ignore[attr-defined]
    assert claim in failing()


def test_a_promise_beyond_the_balance_is_seen(treasury: Treasury) -> None:
    with at(NOVEMBER):
        treasury.result(Outcome.RETURNED)
        treasury.prepare(round_=2)
    assert failing() == set()
    with transaction() as session:
        session.execute(text("SET LOCAL session_replication_role = replica"))
        session.execute(text("UPDATE account SET balance = balance - 1 WHERE id % 100 = 40"))
    assert "treasury.prove_payouts" in failing()


def test_payouts_and_statements_stand_among_the_proofs_of_all_rooms(treasury: Treasury) -> None:
    from app.web.queries import proofs_of_all_rooms

    assert set(TAMPERING) <= {proof.claim for proof in proofs_of_all_rooms()}
    assert_books_prove()
