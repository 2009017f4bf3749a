"""What is implausible about a trip, a moment or a month, and the minutes that a trip takes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from app.footprint.rules.methods import WINDOW_DAYS, Method

HOME_REGION = "CN-FJ"
"""Where a person lives unless they say otherwise."""


OLDEST = timedelta(days=WINDOW_DAYS)
"""How long after the act it may be recorded: as far back as WeRun reaches."""


CLOCK_SKEW = timedelta(minutes=2)
"""How far ahead of ours a phone's clock may be."""


MINUTES_PER_HOLDER = 10**8
"""Places on the line of minutes that each holder has: minutes since 1970 stay below until 2160."""


OLDEST_MONTHS = 24
"""How far back a month's emissions may be recorded; our own choice, as long as bills are kept."""


MOST_QUANTITY = 1_000_000
"""More of one kind in one month is a slip of the finger, not a household."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A field that says something implausible: its pointer, the message's name and what that takes."""

    where: str
    message: str
    params: Mapping[str, object] = field(default_factory=dict)


def trip_faults(method: Method, distance_m: int, duration_s: int | None) -> list[Fault]:
    """What is implausible about a trip's distance and average speed."""
    bounds = method.bounds
    faults = []
    if not bounds.least <= distance_m <= bounds.most:
        limits = {"least": bounds.least, "most": bounds.most}
        faults.append(Fault("distance_m", "footprint.field_distance", limits))
    if duration_s is None or faults:
        return faults
    if bounds.fastest_kmh is not None and distance_m * 36 > bounds.fastest_kmh * duration_s * 10:
        faults.append(Fault("duration_s", "footprint.field_too_fast", {"fastest": bounds.fastest_kmh}))
    if bounds.slowest_kmh is not None and distance_m * 36 < bounds.slowest_kmh * duration_s * 10:
        faults.append(Fault("duration_s", "footprint.field_too_slow", {"slowest": bounds.slowest_kmh}))
    return faults


def moment_faults(started_at: datetime, now: datetime, window: timedelta = OLDEST) -> list[Fault]:
    """Whether the act lies ahead of us, or too far back to be recorded."""
    if started_at > now + CLOCK_SKEW:
        return [Fault("started_at", "footprint.field_future")]
    if started_at < now - window:
        return [Fault("started_at", "footprint.field_too_old", {"days": window.days})]
    return []


def day_faults(occurred_on: date, today: date, window: timedelta = OLDEST) -> list[Fault]:
    """Whether the day of an act lies ahead of us, or too far back to be recorded."""
    if occurred_on > today:
        return [Fault("occurred_on", "footprint.field_future")]
    if occurred_on < today - window:
        return [Fault("occurred_on", "footprint.field_too_old", {"days": window.days})]
    return []


def quantity_faults(method: Method, quantity: int) -> list[Fault]:
    """What is implausible about how many acts one report tells of."""
    least, most = max(1, method.bounds.least), method.bounds.most
    if least <= quantity <= most:
        return []
    return [Fault("quantity", "kit.field_between", {"least": least, "most": most})]


def month_faults(month: str, this_month: str) -> list[Fault]:
    """Whether a month `YYYY-MM` lies ahead of us, or too far back to be recorded."""
    year, number = map(int, this_month.split("-"))
    first = year * 12 + number - 1 - OLDEST_MONTHS
    if month > this_month:
        return [Fault("month", "footprint.field_future")]
    if month < f"{first // 12}-{first % 12 + 1:02d}":
        return [Fault("month", "footprint.field_month_too_old", {"months": OLDEST_MONTHS})]
    return []


def trip_minutes(
    method: Method, holder_id: int, started_at: datetime, distance_m: int, duration_s: int | None
) -> tuple[int, int]:
    """The half-open stretch that a trip takes on the line of all holders' minutes.

    Without a duration the shortest possible one counts, so that an honest next trip is not refused.
    One number line for everybody lets the database refuse overlaps with a plain range of integers.
    """
    fastest = method.bounds.fastest_kmh or 1
    seconds = duration_s if duration_s is not None else distance_m * 36 // (fastest * 10)
    start = int(started_at.timestamp()) // 60
    end = max(start + 1, (int(started_at.timestamp()) + seconds) // 60)
    origin = holder_id * MINUTES_PER_HOLDER
    return origin + start, origin + end
