"""What a season 赛季 is: a quarter of the calendar in Asia/Shanghai. Pure."""

import re
from dataclasses import dataclass
from datetime import date, timedelta

_NAME = re.compile(r"(2\d{3})-Q([1-4])", re.ASCII)
_MONTHS = 3


@dataclass(frozen=True, order=True)
class Season:
    """One quarter of one year; it is written `2026-Q4`."""

    year: int
    quarter: int

    def __str__(self) -> str:
        return f"{self.year:04d}-Q{self.quarter}"

    @property
    def starts_on(self) -> date:
        """Its first day."""
        return date(self.year, _MONTHS * (self.quarter - 1) + 1, 1)

    @property
    def ends_on(self) -> date:
        """Its last day."""
        return self.next.starts_on - timedelta(days=1)

    @property
    def next(self) -> "Season":
        """The one after it."""
        return Season(self.year, self.quarter + 1) if self.quarter < 4 else Season(self.year + 1, 1)

    @property
    def before(self) -> "Season":
        """The one before it."""
        return Season(self.year, self.quarter - 1) if self.quarter > 1 else Season(self.year - 1, 4)


def season_of(day: date) -> Season:
    """The season that a day belongs to."""
    return Season(day.year, (day.month - 1) // _MONTHS + 1)


def read_season(written: str) -> Season | None:
    """The season that is written so; None for anything else."""
    found = _NAME.fullmatch(written)
    return Season(int(found[1]), int(found[2])) if found else None
