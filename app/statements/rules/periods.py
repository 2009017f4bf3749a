"""The stretches of time that an account is looked at by: a day, a month, a year, a whole life. Pure."""

import re
from dataclasses import dataclass
from datetime import date, timedelta

FIRST = date(2015, 1, 1)
"""Nothing is older."""
LIFE = "life"
_WRITTEN = re.compile(
    r"(?P<year>20(?:1[5-9]|[2-9]\d))(?:-(?P<month>0[1-9]|1[0-2])(?:-(?P<day>\d\d))?)?", re.ASCII
)


@dataclass(frozen=True, slots=True)
class Period:
    """A day, month, year or a whole life. `unit` is what its chart has a bar for; None where it has none."""

    kind: str
    address: str
    first: date
    last: date

    @property
    def unit(self) -> str | None:
        """What the period is split by."""
        return {"day": None, "month": "day", "year": "month", LIFE: "year"}[self.kind]

    @property
    def wider(self) -> str:
        """The address of the period that this one lies in; a life lies in itself."""
        cut = {"day": 7, "month": 4}.get(self.kind)
        return self.address[:cut] if cut else LIFE

    def starts(self) -> list[date]:
        """The first day of each part, for the chart."""
        if self.kind == "month":
            return [self.first + timedelta(days=day) for day in range((self.last - self.first).days + 1)]
        if self.kind == "year":
            return [self.first.replace(month=month) for month in range(1, 13)]
        if self.kind == LIFE:
            return [date(year, 1, 1) for year in range(self.first.year, self.last.year + 1)]
        return [self.first]

    def neighbour(self, step: int) -> str | None:
        """The address of the period before (-1) or after (1); None beyond the first, and for a life."""
        if self.kind == LIFE:
            return None
        beside = self.first - timedelta(days=1) if step < 0 else self.last + timedelta(days=1)
        return _ADDRESS[self.kind](beside) if beside >= FIRST else None

    def part(self, starts: date) -> str:
        """The address of the part that begins on this day."""
        return _ADDRESS[self.unit or "day"](starts)


_ADDRESS = {"day": date.isoformat, "month": lambda day: f"{day:%Y-%m}", "year": lambda day: f"{day:%Y}"}


def read_period(written: str, today: date) -> Period | None:
    """The period at an address: `2026-11-25`, `2026-11`, `2026` or `life`; None for any other text.

    One that begins after `today` is none, so that nobody pages into the future.
    """
    if written == LIFE:
        return Period(LIFE, LIFE, FIRST, date(today.year, 12, 31))
    found = _WRITTEN.fullmatch(written)
    if found is None:
        return None
    year, month, day = (int(found[name]) if found[name] else None for name in ("year", "month", "day"))
    try:
        first = date(year or 0, month or 1, day or 1)
    except ValueError:
        return None
    if first > today:
        return None
    if day:
        return Period("day", written, first, first)
    if month:
        following = date(first.year + month // 12, month % 12 + 1, 1)
        return Period("month", written, first, following - timedelta(days=1))
    return Period("year", written, first, date(first.year, 12, 31))


def beginning_with(life: Period, first: date) -> Period:
    """A life that begins in the year of `first`, so that no empty years stand before it."""
    return Period(LIFE, LIFE, date(min(first.year, life.last.year), 1, 1), life.last)
