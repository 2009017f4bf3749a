"""What happens later to tree duties: settled orders are counted, what is over or unbought ends."""

from typing import Any

from app.causes.services import duties, duty_purchases
from app.kit.announcements import listens
from app.kit.transaction import transaction
from app.offsets.announcements import CAUSE_ORDER_ENDED


@listens(CAUSE_ORDER_ENDED)
def count_trees(payload: dict[str, Any]) -> None:
    """Count a settled order for the persons it was bought for."""
    if payload["purpose"] == duties.PURPOSE and payload["settled"]:
        duty_purchases.count_purchase(payload["cause_id"], payload["order_id"])


def tend_duties() -> int:
    """End what is over or stands unbought, and forget what nobody needs any more; returns how many."""
    done = _lapse_unbought()
    for tend in (duties.close_over, duties.forget_suffixes):
        with transaction():
            done += tend()
    return done


def _lapse_unbought() -> int:
    """Go through all that stands unbought: what must wait for an order keeps nobody else waiting."""
    lapsed, last = 0, 0
    while True:
        with transaction():
            waiting = duties.list_unbought(last)
        if not waiting:
            return lapsed
        for last in waiting:
            with transaction():
                lapsed += duties.lapse(last)
