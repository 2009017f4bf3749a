"""What must always be true of the money that sponsors paid in."""

from sqlalchemy import text

from app.accounts import chart
from app.accounts import queries as accounts
from app.kit.database import db
from app.kit.proof import Proof, equal, none
from app.offsets import queries as offsets
from app.offsets.queries.transfers import references_from

_MOVED = text(
    "SELECT coalesce(sum(CASE kind WHEN 'return' THEN -amount_fen ELSE amount_fen END), 0)::bigint"
    " FROM fund_movement WHERE confirmed_at IS NOT NULL"
)

_TAKEN_OVER = text(
    "SELECT coalesce(sum(CASE kind WHEN 'return' THEN -amount_fen ELSE amount_fen END), 0)::bigint"
    " FROM fund_movement WHERE confirmed_at IS NOT NULL AND programme_id IN"
    "  (SELECT programme_id FROM fund_movement WHERE kind = 'takeover')"
)
_DOUBLED = text(
    f"SELECT count(*) FROM fund_movement JOIN {references_from()} received USING (bank_reference)"
    " WHERE kind = 'deposit' AND confirmed_at IS NOT NULL"
)


def prove_funds() -> list[Proof]:
    """What sponsors paid in and did not take back is in their funds or was paid for things given."""
    in_funds = accounts.payables.sum_balances(chart.FUND)
    paid = accounts.sum_entries(chart.PAY_REWARD)
    moved = int(db.session.scalar(_MOVED) or 0)
    return [
        equal("rewards.prove_funds", paid_in=moved, funds_and_paid=in_funds + paid),
        _prove_fees(),
        none("rewards.prove_transfers", doubled=int(db.session.scalar(_DOUBLED) or 0)),
    ]


def _prove_fees() -> Proof:
    """That fees were put into funds only as far as they were free; points taken over were owed before.

    What is left of those is fees again, and no longer taken over.
    """
    fees, promised = accounts.sum_boundary(chart.FEES), offsets.sum_fees_pledged()
    unasked, taken_over = offsets.sum_fees_unasked(), int(db.session.scalar(_TAKEN_OVER) or 0)
    figures = {"fees": fees, "unasked": unasked, "taken_over": taken_over, "promised": promised}
    return Proof("rewards.prove_fees_free", figures, fees + unasked + taken_over >= promised)
