"""What is true of challenges between groups: when they run, what counts, how they are ranked. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

LEAST_GROUPS = 2
MOST_GROUPS = 200
LEAST_MEMBERS = 3
"""A group of fewer is not counted: its average would tell what one person did."""
LONGEST_DAYS = 92
"""A quarter, the longest season."""
FURTHEST_DAYS = 180
"""How far ahead a challenge may be called."""
SETTLING_DAYS = 3
"""Acts of the last day are still delivered on the days after; then the result is final."""
GRADES = ("measured", "partner", "photo")
"""What evidence counts. What somebody only declares is thanked for, but decides no contest."""
MOST_POINTS_EACH = 10_000
UNCOVERED_DAYS = 30
"""How long a reward that its programme cannot cover is tried again."""


class Measure(StrEnum):
    """By what groups are compared."""

    PER_MEMBER = "per_member"
    """Grams avoided, by head of the roster: a class of twenty against an office of two hundred."""
    TOTAL = "total"
    """Grams avoided by all."""
    ACTIVE_DAYS = "active_days"
    """Days with an act, by head of the roster, in hundredths: who takes part often, however far they go."""


class Status(StrEnum):
    """Where a challenge stands."""

    OPEN = "open"
    """Groups may enter; it begins after the last day for that."""
    RUNNING = "running"
    SETTLING = "settling"
    """Over; the last acts are waited for."""
    DECIDED = "decided"
    CALLED_OFF = "called_off"


@dataclass(frozen=True, slots=True)
class Tally:
    """What the members of one group did: how many count, how many did anything, grams, days with an act."""

    members: int
    active_members: int
    avoided_g: int
    active_days: int

    @property
    def told_active(self) -> int | None:
        """How many did anything, where others read it: of one or two, the sum would be somebody's own."""
        return self.active_members if self.active_members >= LEAST_MEMBERS else None


@dataclass(frozen=True, slots=True)
class Ranked:
    """A group's score and place; who is equal shares a place, and the next place is left out."""

    group_id: int
    tally: Tally
    score: int
    place: int


def status(
    today: date, first_day: date, last_day: date, *, started: bool, decided: bool, called_off: bool
) -> Status:
    """Where a challenge stands today. It runs once its roster is written, some minutes after midnight."""
    if called_off:
        return Status.CALLED_OFF
    if decided:
        return Status.DECIDED
    if not started:
        return Status.OPEN
    return Status.RUNNING if today <= last_day else Status.SETTLING


def faulty_days(today: date, first_day: date, last_day: date) -> str | None:
    """What is wrong with these days, as the name of a message; None when a challenge can run then."""
    if first_day <= today:
        return "rewards.challenge_begins_too_early"
    if first_day > today + timedelta(days=FURTHEST_DAYS):
        return "rewards.challenge_begins_too_late"
    if not timedelta() <= last_day - first_day < timedelta(days=LONGEST_DAYS):
        return "rewards.challenge_days_faulty"
    return None


def final_on(last_day: date) -> date:
    """The day on which the result is written down for ever."""
    return last_day + timedelta(days=SETTLING_DAYS + 1)


def score(measure: Measure, tally: Tally) -> int:
    """A whole number to compare by, rounded down; nothing where nobody counts.

    The divisor is the roster of the first day, so that nobody gains by who leaves.
    """
    by_head = {Measure.PER_MEMBER: tally.avoided_g, Measure.ACTIVE_DAYS: tally.active_days * 100}
    if measure is Measure.TOTAL:
        return tally.avoided_g
    return by_head[measure] // tally.members if tally.members else 0


def rank(measure: Measure, tallies: dict[int, Tally]) -> list[Ranked]:
    """The groups from the first on; equals stand in the order of their entering and share a place."""
    scored = sorted(
        ((score(measure, tally), group_id, tally) for group_id, tally in tallies.items()),
        key=lambda each: (-each[0], each[1]),
    )
    return [
        Ranked(group_id, tally, points, 1 + sum(other > points for other, _, _ in scored))
        for points, group_id, tally in scored
    ]


def rosters(
    members: dict[int, Sequence[tuple[int, object]]], least: int = LEAST_MEMBERS
) -> dict[int, list[int]]:
    """Whom each group brings: by group, the holders, given each group's members with since when they are.

    Who is a member of several groups counts for the one they joined first. A group that brings fewer than
    `least` is left out.
    """
    first: dict[int, tuple[object, int]] = {}
    for group_id, people in members.items():
        for holder_id, since in people:
            mine = (since, group_id)
            first[holder_id] = min(first.get(holder_id, mine), mine)
    brought: dict[int, list[int]] = {group_id: [] for group_id in members}
    for holder_id, (_, group_id) in sorted(first.items()):
        brought[group_id].append(holder_id)
    return {group_id: people for group_id, people in brought.items() if len(people) >= least}


def begins(brought: dict[int, list[int]]) -> bool:
    """Whether there is anybody to compete with."""
    return len(brought) >= LEAST_GROUPS
