"""The days on which somebody acted, scene by scene, as they are kept: one bit a day. Pure."""

from bisect import bisect_left
from collections.abc import Iterable, Mapping
from datetime import date
from functools import cached_property
from itertools import pairwise

from app.rewards.rules.streaks import Streak, streak

BITS = 366
PAUSE = 30
"""Days without an act that make a pause; what follows within as many days is a return."""


class ActiveDays:
    """Somebody's days, as ordinals by scene."""

    def __init__(self, by_scene: Mapping[str, frozenset[int]]) -> None:
        self.by_scene = by_scene

    @cached_property
    def all(self) -> list[int]:
        """Every day on which anything was done, the earliest first."""
        return sorted(set().union(*self.by_scene.values()))

    def of(self, scenes: Iterable[str]) -> set[int]:
        """The days on which any of these scenes was done."""
        return set().union(*(self.by_scene.get(scene, frozenset()) for scene in scenes))

    def within(self, year: int) -> "ActiveDays":
        """Those of one year."""
        first, last = date(year, 1, 1).toordinal(), date(year, 12, 31).toordinal()
        kept = {
            scene: frozenset(day for day in days if first <= day <= last)
            for scene, days in self.by_scene.items()
        }
        return ActiveDays({scene: days for scene, days in kept.items() if days})

    def until(self, last: int) -> "ActiveDays":
        """Those up to a day."""
        return ActiveDays(
            {scene: frozenset(day for day in days if day <= last) for scene, days in self.by_scene.items()}
        )

    @property
    def scenes(self) -> int:
        """How many kinds of acts were done."""
        return sum(map(bool, self.by_scene.values()))

    def streak(self, today: int) -> Streak:
        """Its streaks as of `today`."""
        return streak(self.all, today)

    @property
    def seasons(self) -> int:
        """The most quarters of one year in which something was done."""
        years = [year for year, _ in {_quarter(day) for day in self.all}]
        return max(map(years.count, years), default=0)

    @property
    def returned(self) -> int:
        """The most days on which something was done soon after a pause."""
        days = self.all
        starts = [day for before, day in pairwise(days) if day - before > PAUSE]
        return max((bisect_left(days, day + PAUSE) - bisect_left(days, day) for day in starts), default=0)


def _quarter(ordinal: int) -> tuple[int, int]:
    day = date.fromordinal(ordinal)
    return day.year, (day.month - 1) // 3


def read_days(rows: Iterable[tuple[int, str, str]]) -> ActiveDays:
    """Of (year, scene, bits), where the first bit is the first of January."""
    by_scene: dict[str, set[int]] = {}
    for year, scene, bits in rows:
        before = date(year, 1, 1).toordinal()
        found = by_scene.setdefault(scene, set())
        place = bits.find("1")
        while place >= 0:
            found.add(before + place)
            place = bits.find("1", place + 1)
    return ActiveDays({scene: frozenset(days) for scene, days in by_scene.items()})
