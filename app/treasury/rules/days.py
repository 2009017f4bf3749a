"""Which days are to be reconciled, and when. Pure."""

from datetime import date, datetime, timedelta
from enum import StrEnum

READY_HOUR = 10
"""Bills of a day are out the next morning. Source: WeChat Pay API v3, 申请交易账单: fetch after 10:00."""
KEPT = timedelta(days=90)
"""How far back bills can be had; the provider says three months."""
AGAIN_AFTER = timedelta(minutes=30)
"""How long to leave a day alone whose bills were not out or could not be read."""


class Wait(StrEnum):
    """Why a day without any trouble outside is not settled yet."""

    UNASKED = "unasked"
    AGAIN = "again"


def due_days(first: date | None, now: datetime) -> list[date]:
    """The days whose bills are out at `now` (in the provider's zone), from the `first` with a payment on."""
    if first is None:
        return []
    last = now.date() - timedelta(days=1 if now.hour >= READY_HOUR else 2)
    first = max(first, now.date() - KEPT)
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]
