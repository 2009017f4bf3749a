"""What must always be true of reconciled days."""

from sqlalchemy import text

from app.kit.database import db
from app.kit.proof import Proof, equal
from app.treasury.models import UNSETTLED
from app.treasury.queries.bills import booked_of_day

_DAYS = text(
    "SELECT count(*) AS reconciled,"
    " count(*) FILTER (WHERE 2 = (SELECT count(*) FROM bill"
    "   WHERE bill.day = reconciliation.day AND replaced_at IS NULL)) AS with_bills,"
    " count(*) FILTER (WHERE NOT EXISTS (SELECT FROM bill_break"
    f"   WHERE bill_break.day = reconciliation.day AND ({UNSETTLED}))) AS closed,"
    f" (SELECT count(*) FROM bill_break WHERE {UNSETTLED}) AS open_breaks"
    " FROM reconciliation WHERE matched_at IS NOT NULL"
)
_BILLED = text(
    "SELECT coalesce(sum(fee_fen), 0)::bigint AS fee_fen,"
    " coalesce(sum(withdrawn_fen), 0)::bigint AS moved_fen FROM bill WHERE replaced_at IS NULL"
)


def reconciled_days() -> list[Proof]:
    """Every reconciled day has both bills, and what the books take from bills is what they say."""
    days, billed = db.session.execute(_DAYS).one(), db.session.execute(_BILLED).one()
    booked = booked_of_day(None)
    figures = {"reconciled": days.reconciled, "closed": days.closed, "open_breaks": days.open_breaks}
    return [
        Proof("treasury.prove_days", figures, days.reconciled == days.with_bills),
        equal("treasury.prove_fees", bills=billed.fee_fen, books=booked.fee_fen),
        equal("treasury.prove_withdrawals", bills=billed.moved_fen, books=booked.withdrawn_fen),
    ]
