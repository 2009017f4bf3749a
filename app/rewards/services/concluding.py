"""What becomes of redemptions by themselves: concluded or returned when their time is over, and forgotten."""

from datetime import timedelta

from sqlalchemy import select, text

from app.kit import clock
from app.kit.database import db, write
from app.rewards.models.redemptions import Redemption
from app.rewards.queries.items import get_items
from app.rewards.queries.redemptions import RedemptionFacts, is_over
from app.rewards.rules.redemptions import (
    ADDRESS_KEPT,
    COMPLAINT_KEPT,
    CONCLUDES,
    DIGEST_KEPT,
    REMIND_BEFORE,
    ReturnReason,
    Step,
)
from app.rewards.services.redemptions import finish, give_back, tell

_ERASE = text(
    "UPDATE dispatch d SET address_sealed = NULL, tracking_sealed = NULL, erased_at = :now FROM redemption r"
    " WHERE r.id = d.redemption_id AND d.erased_at IS NULL AND coalesce(r.done_at, r.returned_at) <= :before"
)
_FORGET = text(
    "UPDATE dispatch d SET place_digest = NULL, phone_digest = NULL FROM redemption r"
    " WHERE r.id = d.redemption_id AND d.erased_at IS NOT NULL AND r.reserved_at <= :before"
    " AND (d.place_digest IS NOT NULL OR d.phone_digest IS NOT NULL)"
)
_FORGET_WORDS = text(
    "UPDATE redemption SET complaint_sealed = NULL"
    " WHERE complaint_sealed IS NOT NULL AND coalesce(done_at, returned_at) <= :before"
)
_LAPSE = text(
    "WITH lapsed AS (UPDATE voucher_code SET lapsed_at = :now"
    "   WHERE redemption_id IS NULL AND lapsed_at IS NULL AND last_day < :today RETURNING item_id),"
    " counted AS (SELECT item_id, count(*) AS codes FROM lapsed GROUP BY item_id)"
    " UPDATE item_stock s SET offered = offered - codes, remaining = remaining - codes"
    " FROM counted WHERE counted.item_id = s.item_id"
)


def conclude(redemption_id: int) -> bool:
    """Conclude a redemption whose time is over; False when that is done, or has to wait for operators.

    One a transaction: each moves points and money of other people, which two rows of one transaction would
    lock against one another.
    """
    wanted = select(Redemption).where(Redemption.id == redemption_id)
    db.session.scalar(wanted.with_for_update())
    # Asked once it is locked: whoever held it may have proposed a return, which is a row of another table.
    row = db.session.scalar(wanted.where(is_over(clock.now())).execution_options(populate_existing=True))
    if row is None:
        return False
    found = _facts(row)
    if CONCLUDES[found.supply] is Step.DONE:
        finish(row)
    else:
        give_back(row, ReturnReason.LAPSED, restock=True)
        tell(found, "returned_lapsed")
    return True


def remind_due(limit: int) -> int:
    """Tell whoever has a coupon of ours that its last days have come, once; returns how many."""
    now = clock.now()
    rows = db.session.scalars(
        select(Redemption)
        .where(
            Redemption.voucher_digest.is_not(None),
            Redemption.fulfilled_at.is_not(None),
            Redemption.done_at.is_(None),
            Redemption.returned_at.is_(None),
            Redemption.reminded_at.is_(None),
            Redemption.ends_at <= now + REMIND_BEFORE,
            Redemption.fulfilled_at <= now - timedelta(days=1),
        )
        .order_by(Redemption.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
        .execution_options(populate_existing=True)
    ).all()
    for row in rows:
        row.reminded_at = now
        tell(_facts(row), "voucher_ends")
    db.session.flush()
    return len(rows)


def erase_due() -> int:
    """Erase addresses that nobody needs any more, later digests and complaints; returns how many rows."""
    now = clock.now()
    erased = write(_ERASE, {"now": now, "before": now - ADDRESS_KEPT})
    forgotten = write(_FORGET, {"before": now - DIGEST_KEPT})
    return erased + forgotten + write(_FORGET_WORDS, {"before": now - COMPLAINT_KEPT})


def lapse_codes() -> int:
    """Take uploaded codes whose last day is over off the stock; returns of how many items."""
    return write(_LAPSE, {"now": clock.now(), "today": clock.business_day()})


def _facts(row: Redemption) -> RedemptionFacts:
    return RedemptionFacts(row, get_items([row.item_id])[row.item_id])
