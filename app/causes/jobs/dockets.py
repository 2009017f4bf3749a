"""What happens to dockets later: what was retired for them counts, and deadlines are reminded of."""

from typing import Any

from app.causes.services import docket_letters, rulings
from app.causes.services.dockets import PURPOSE, lock_by_cause
from app.kit import clock
from app.kit.announcements import listens
from app.kit.transaction import transaction
from app.offsets.announcements import CAUSE_ORDER_ENDED


@listens(CAUSE_ORDER_ENDED)
def count_retired(payload: dict[str, Any]) -> None:
    """Bring a docket to what the books say after one of its orders has come to an end."""
    if payload["purpose"] == PURPOSE:
        rulings.reconsider(lock_by_cause(payload["cause_id"]))


def remind_dockets() -> int:
    """Raise the reminders that today calls for; returns how many are new. Any number of sweepers may."""
    raised, last = 0, 0
    while True:
        with transaction():
            waiting = docket_letters.list_dockets_to_remind(clock.business_day(), last)
        if not waiting:
            return raised
        for last in waiting:
            with transaction():
                raised += docket_letters.remind(last)
