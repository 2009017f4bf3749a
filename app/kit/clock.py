"""The one place that reads the time. UTC inside; a business day is Asia/Shanghai."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

SHANGHAI = ZoneInfo("Asia/Shanghai")
_frozen: ContextVar[datetime | None] = ContextVar("frozen", default=None)


def now() -> datetime:
    """The present moment, aware and in UTC."""
    return _frozen.get() or datetime.now(UTC)


def business_day(at: datetime | None = None) -> date:
    """The calendar day in Asia/Shanghai of `at`, or of now."""
    return (at or now()).astimezone(SHANGHAI).date()


def end_of_day(day: date) -> datetime:
    """The moment when a calendar day is over in Asia/Shanghai."""
    return datetime.combine(day, time(), SHANGHAI) + timedelta(days=1)


@contextmanager
def frozen(at: datetime) -> Iterator[None]:
    """Hold the clock at `at` in this context; for tests and for replaying a past day."""
    token = _frozen.set(at)
    try:
        yield
    finally:
        _frozen.reset(token)
