"""What must always be true of the money that sponsors paid in."""

from sqlalchemy import text

from app.accounts import chart
from app.accounts import queries as accounts
from app.kit.database import db
from app.kit.proof import Proof, equal

_MOVED = text(
    "SELECT coalesce(sum(CASE kind WHEN 'return' THEN -amount_fen ELSE amount_fen END), 0)::bigint"
    " FROM fund_movement WHERE confirmed_at IS NOT NULL"
)


def prove_funds() -> list[Proof]:
    """What sponsors paid in and did not take back is in their funds or was paid for things given."""
    in_funds = accounts.payables.sum_balances(chart.FUND)
    paid = accounts.sum_entries(chart.PAY_REWARD)
    moved = int(db.session.scalar(_MOVED) or 0)
    return [equal("rewards.prove_funds", paid_in=moved, funds_and_paid=in_funds + paid)]
