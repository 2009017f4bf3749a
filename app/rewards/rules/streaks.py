"""Streaks 连续: days in a row, with rests that are forgiven. Pure.

A streak counts the days on which somebody acted. It goes on as long as no seven days in a row hold more than
two without an act: an ill day, rain, a weekend do not break it, and they do not count either. A day that is
reported later mends it by itself, because it is read from the days and not kept as a number.
"""

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

SPAN = 7
RESTS = 2
"""Days without an act that any `SPAN` days may hold."""


@dataclass(frozen=True, slots=True)
class Streak:
    """The streak that runs, how many days in a row may rest now, and the days on which a record was set.

    `current` is 0 once nothing is left of it. `rests` is what a person wants to know: today, unless something
    is done yet, and the days after it; rest on one more in a row, and it is cut.
    """

    current: int
    rests: int
    since: int | None
    """Its first day; days without an act from here on are forgiven."""
    records: Sequence[int]
    """The days on which there was none longer before."""

    @property
    def longest(self) -> int:
        """How long the longest ever is."""
        return len(self.records)


def streak(days: Iterable[int], today: int) -> Streak:
    """Of days as ordinals. Today breaks nothing before it is over; what lies after it does not count.

    Where three rests fall within seven days, the streak that goes on begins after the first of them: what
    stands between the first and the third is all that is left of it.
    """
    acted = {day for day in days if day <= today}
    rested: deque[int] = deque(maxlen=RESTS)
    records: list[int] = []
    run = since = 0
    for day in range(min(acted, default=today), today + 1):
        if day in acted:
            since = since if run else day
            run += 1
            if run > len(records):
                records.append(day)
        elif day < today:
            if len(rested) == RESTS and day - rested[0] < SPAN:
                run = day - rested[0] - RESTS
                since = next(each for each in range(rested[0] + 1, day + 1) if each not in rested)
            rested.append(day)
    if not run:
        return Streak(0, RESTS, None, records)
    within = (day for day in rested if day > since)
    return Streak(run, _rests(within, today + (today in acted)), since, records)


def _rests(rested: Iterable[int], first: int) -> int:
    """How many days in a row from `first` on may pass without an act."""
    recent = deque(rested, maxlen=RESTS)
    for more in range(RESTS):
        if len(recent) == RESTS and first + more - recent[0] < SPAN:
            return more
        recent.append(first + more)
    return RESTS
