"""What happens to plantings later: parts that are settled count, and what is over ends."""

from typing import Any

from app.kit.announcements import listens
from app.kit.transaction import transaction
from app.offsets.announcements import CAUSE_ORDER_ENDED
from app.rewards.queries.plantings import PURPOSE
from app.rewards.services import plantings


@listens(CAUSE_ORDER_ENDED)
def count_part(payload: dict[str, Any]) -> None:
    """Let a planting owe what was bought for it, and end when its goal is reached."""
    if payload["purpose"] == PURPOSE and payload["settled"]:
        plantings.settle_part(payload["cause_id"])


def end_plantings() -> int:
    """End plantings whose last day is over; returns how many. Any number of sweepers may."""
    ended, last = 0, 0
    while True:
        with transaction():
            running = plantings.list_running(last)
        if not running:
            return ended
        for last in running:
            with transaction():
                ended += plantings.end_if_over(last)
