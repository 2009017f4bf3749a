"""The days on which somebody acted, scene by scene, as they are kept: one bit a day. Pure.

What badges measure is told as the days on which a figure grew by one: how many there are is the figure, and
the tenth of them is when it reached ten.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from functools import cached_property

from app.rewards.rules.streaks import Streak, streak

BITS = 366
PAUSE = 30
"""Days without an act that make a pause; what follows within as many days is a return."""


class ActiveDays:
    """Somebody's days, as ordinals by scene."""

    def __init__(self, by_scene: Mapping[str, frozenset[int]]) -> None:
        self.by_scene = {scene: days for scene, days in by_scene.items() if days}

    @cached_property
    def all(self) -> Sequence[int]:
        """Every day on which anything was done, the earliest first."""
        return self.of(self.by_scene)

    def of(self, scenes: Iterable[str]) -> Sequence[int]:
        """The days on which any of these scenes was done, the earliest first."""
        return sorted(set().union(*(self.by_scene.get(scene, frozenset()) for scene in scenes)))

    def within(self, first: date, last: date) -> "ActiveDays":
        """Those of a stretch."""
        begins, ends = first.toordinal(), last.toordinal()
        return ActiveDays(
            {
                scene: frozenset(day for day in days if begins <= day <= ends)
                for scene, days in self.by_scene.items()
            }
        )

    def streak(self, today: int) -> Streak:
        """Its streaks as of `today`."""
        return streak(self.all, today)

    @cached_property
    def records(self) -> Sequence[int]:
        """When the longest streak grew."""
        return streak(self.all, self.all[-1]).records if self.all else ()

    @cached_property
    def scenes(self) -> Sequence[int]:
        """When another kind of act was done for the first time."""
        return sorted(map(min, self.by_scene.values()))

    @cached_property
    def seasons(self) -> Sequence[int]:
        """When there were more quarters than before of one year in which something was done."""
        grew: list[int] = []
        years: dict[int, set[int]] = {}
        for ordinal in self.all:
            day = date.fromordinal(ordinal)
            quarters = years.setdefault(day.year, set())
            quarters.add((day.month - 1) // 3)
            if len(quarters) > len(grew):
                grew.append(ordinal)
        return grew

    @cached_property
    def returned(self) -> Sequence[int]:
        """When there were more days than before on which something was done soon after a pause."""
        grew: list[int] = []
        back, since = 0, None
        for place, day in enumerate(self.all):
            if place and day - self.all[place - 1] > PAUSE:
                back, since = 0, day
            if since is not None and day < since + PAUSE:
                back += 1
                if back > len(grew):
                    grew.append(day)
        return grew


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
