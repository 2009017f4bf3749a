"""What is true of planting together: what is promised beforehand, and how it can end. Pure."""

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

LEAST_GOAL_KG = 10
MOST_GOAL_KG = 1_000_000
LONGEST_DAYS = 180
PAYING_DAYS = 7
"""How long everybody's own share is kept for them once the pledges cover the goal."""
CATCHING_UP_DAYS = 3
"""How long after that any member may take over what others left."""


class Way(StrEnum):
    """How a group comes to its forest; chosen when a planting begins, and never changed."""

    AT_ONCE = "at_once"
    """Everybody pays when they like; what is paid is retired at once, whatever becomes of the goal."""
    TOGETHER = "together"
    """First pledges, which cost nothing; only when they cover the goal everybody pays their own."""


class Status(StrEnum):
    """Where a planting stands."""

    PLEDGING = "pledging"
    PAYING = "paying"
    CATCHING_UP = "catching_up"
    ENDING = "ending"
    """Over; orders that were begun in time are still waited for."""
    REACHED = "reached"
    SHORT = "short"
    """The goal was not reached; what was paid is forest all the same."""
    NOTHING = "nothing"
    """The pledges did not cover the goal, or nobody paid: nobody owes anything."""
    CALLED_OFF = "called_off"


OUTCOMES = (Status.REACHED, Status.SHORT, Status.NOTHING, Status.CALLED_OFF)


@dataclass(frozen=True, slots=True)
class Share:
    """What one member has to do with a planting: promised, being bought, paid (not refunded)."""

    pledged_kg: int = 0
    reserved_kg: int = 0
    paid_kg: int = 0

    @property
    def taken_kg(self) -> int:
        """What they hold a place for."""
        return self.reserved_kg + self.paid_kg


def faulty_days(today: date, last_day: date) -> bool:
    """Whether a planting could not last until this day."""
    return not timedelta(days=1) <= last_day - today <= timedelta(days=LONGEST_DAYS)


def pay_until(way: Way, last_day: date, ready_on: date | None) -> date | None:
    """The last day on which one's own share can be paid; None while pledges are still collected."""
    if way is Way.AT_ONCE:
        return last_day
    return None if ready_on is None else ready_on + timedelta(days=PAYING_DAYS)


def ends_on(way: Way, last_day: date, ready_on: date | None) -> date:
    """The last day of all: afterwards nothing more is ordered."""
    until = pay_until(way, last_day, ready_on)
    if until is None or way is Way.AT_ONCE:
        return last_day
    return until + timedelta(days=CATCHING_UP_DAYS)


def status(today: date, way: Way, last_day: date, ready_on: date | None, outcome: str | None) -> Status:
    """Where a planting stands today."""
    if outcome is not None:
        return Status(outcome)
    if today > ends_on(way, last_day, ready_on):
        return Status.ENDING
    until = pay_until(way, last_day, ready_on)
    if until is None:
        return Status.PLEDGING
    return Status.PAYING if today <= until else Status.CATCHING_UP


def room_kg(now: Status, way: Way, goal_kg: int, taken_kg: int, own: Share) -> int:
    """How much a member may order now, given what all have taken: never beyond the goal.

    Where people pledged, everybody's share is kept for them until the days of paying are over.
    """
    left = max(0, goal_kg - taken_kg)
    if now is Status.CATCHING_UP or (now is Status.PAYING and way is Way.AT_ONCE):
        return left
    if now is Status.PAYING:
        return min(left, max(0, own.pledged_kg - own.taken_kg))
    return 0


def pledge_room_kg(now: Status, goal_kg: int, pledged_kg: int, own: Share) -> int:
    """How much a member may pledge in all, given what everybody has pledged."""
    return goal_kg - pledged_kg + own.pledged_kg if now is Status.PLEDGING else 0


def outcome(goal_kg: int, retired_kg: int) -> Status:
    """How it ended."""
    if retired_kg >= goal_kg:
        return Status.REACHED
    return Status.SHORT if retired_kg else Status.NOTHING
