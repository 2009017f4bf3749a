"""What happens later to drives: units bought for them are retired, counted and thanked for."""

from typing import Any

from app.kit.announcements import listens
from app.offsets.announcements import CAUSE_ORDER_ENDED
from app.rewards.services import drive_gifts


@listens(CAUSE_ORDER_ENDED)
def thank_for_units(payload: dict[str, Any]) -> None:
    """Thank whoever bought units for a drive, once they are retired."""
    if payload["purpose"] == "drive" and payload["settled"]:
        drive_gifts.count_order(payload["cause_id"], payload["order_id"])
