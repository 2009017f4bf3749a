"""How a programme stands, and how its budget was used. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum


class State(StrEnum):
    """Where a programme stands."""

    UPCOMING = "upcoming"
    """It begins later, or has no money or no tariff yet."""
    OPEN = "open"
    """It thanks for acts."""
    STOPPED = "stopped"
    """Its budget is used up: it earns nobody anything until there is more."""
    ENDED = "ended"
    """Its last day is over."""
    CLOSED = "closed"
    """Ended for good; what is left goes back to its sponsor."""


def state_of(
    today: date,
    begins_on: date,
    ends_on: date | None,
    stopped_at: datetime | None,
    closed_at: datetime | None,
    *,
    ready: bool,
) -> State:
    """Where a programme stands on a day; `ready` says that it has money and a tariff in force."""
    if closed_at is not None:
        return State.CLOSED
    if ends_on is not None and today > ends_on:
        return State.ENDED
    if not ready or today < begins_on:
        return State.UPCOMING
    return State.OPEN if stopped_at is None else State.STOPPED


@dataclass(frozen=True)
class Tally:
    """What all lots of a programme came to when they were counted."""

    granted: int
    expired: int
    taken_back: int
    people: int
    spent_on: Mapping[str, int]
    counted_at: datetime


@dataclass(frozen=True)
class Budget:
    """A programme's money to the fen: what was paid in is what is left, what is owed and what was spent.

    A point is a fen, so that points and money are one sum.
    """

    paid_in_fen: int = 0
    returned_fen: int = 0
    fund_fen: int = 0
    promise: int = 0
    tally: Tally | None = None

    @property
    def outstanding(self) -> int:
        """Points that people hold: pending, active or set aside. Their money stays in the fund."""
        return self.fund_fen - self.promise

    @property
    def spent(self) -> int:
        """Points that were spent: their fen went to whoever gave the things."""
        return self.paid_in_fen - self.returned_fen - self.fund_fen
