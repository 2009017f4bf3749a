"""What is true of drives 公益项目: where they stand, how far they came, how they may be spoken of. Pure.

Two measures, never added: points that sponsors pay for (a point is a fen), and kilograms of the drive's
forest that people buy. A drive names a goal in one of them; the other is told beside it.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

MOST_POINTS = 1_000_000
"""1,000,000 points, 10,000 yuan of a sponsor's, at once: more is a matter for the sponsor itself."""
MOST_UNITS_KG = 1_000_000
MOST_GOAL_FEN = 10_000_000_000
MOST_GOAL_KG = 10_000_000
LONGEST_DAYS = 366
"""A drive ends within a year: who is asked to give is told until when."""
LONGEST_TITLE, LONGEST_ABOUT, LONGEST_USE, LONGEST_REPORT = 60, 1000, 300, 600
STEP_DAYS = 31
"""As far back as WeChat tells steps, a day may be given."""
LONGEST_NAME = 20


class DriveStatus(StrEnum):
    """Where a drive stands; derived from its stamps, its days and its goal."""

    DRAFT = "draft"
    AHEAD = "ahead"
    OPEN = "open"
    REACHED = "reached"
    OVER = "over"
    CLOSED = "closed"


class Gift(StrEnum):
    """What somebody gave."""

    POINTS = "points"
    STEPS = "steps"
    UNITS = "units"


@dataclass(frozen=True)
class Goal:
    """What a drive wants to come to: money of sponsors, or kilograms of its forest; exactly one."""

    fen: int | None
    kg: int | None

    @property
    def amount(self) -> int:
        """The number of it, in its own unit."""
        return (self.kg if self.fen is None else self.fen) or 0

    def counted(self, points: int, bought_kg: int) -> int:
        """What counts towards it of what was given."""
        return bought_kg if self.fen is None else points

    def left(self, points: int, bought_kg: int) -> int:
        """What is still wanted."""
        return max(0, self.amount - self.counted(points, bought_kg))

    def share_bp(self, points: int, bought_kg: int) -> int:
        """How much of it is there, in basis points, rounded down: 100% is said when it is so."""
        return min(10_000, self.counted(points, bought_kg) * 10_000 // self.amount)


def drive_status(
    published_at: datetime | None,
    closed_at: datetime | None,
    days: tuple[date, date],
    left: int,
    today: date,
) -> DriveStatus:
    """Where a drive stands. What was closed by hand stays closed, what was reached stays reached."""
    if closed_at is not None:
        return DriveStatus.CLOSED
    if published_at is None:
        return DriveStatus.DRAFT
    if left == 0:
        return DriveStatus.REACHED
    if today < days[0]:
        return DriveStatus.AHEAD
    return DriveStatus.OPEN if today <= days[1] else DriveStatus.OVER


@dataclass(frozen=True)
class Charity:
    """A qualified charitable organisation, and the number under which its public fundraising is filed.

    Source: Charity Law 慈善法 (2023), articles 22 to 27: who raises funds from the public needs the
    qualification, files a plan with the civil affairs office, and names its number wherever it asks.
    """

    name: str
    credit_code: str
    fundraising_number: str
    until: date


_FUNDRAISING = re.compile(r"[A-Z][0-9]{5}")


def read_fundraising_number(written: str, credit_code: str) -> str | None:
    """The number of a fundraising plan in its one form; None when it is not one of this organisation's.

    It is the organisation's unified social credit code, a letter, two digits of the year and three more, as
    the civil affairs ministry's platform prints it.
    """
    number = written.strip().upper().replace(" ", "")
    own = number.startswith(credit_code) and _FUNDRAISING.fullmatch(number[len(credit_code) :])
    return number if own else None


def drive_faults(
    goal: Goal, days: tuple[date, date], today: date, charity: Charity | None, step_kg: int | None
) -> Mapping[str, str]:
    """What is wrong with a drive as drafted: the message by the field, empty when nothing is.

    `step_kg` is in which steps the units of its forest are sold, None where it names none.
    """
    starts_on, ends_on = days
    checks = (
        ("goal_kg", (goal.fen is None) == (goal.kg is None), "rewards.drive_one_goal"),
        ("ends_on", ends_on < max(starts_on, today), "rewards.drive_ends_before"),
        ("ends_on", (ends_on - starts_on).days > LONGEST_DAYS, "rewards.drive_too_long"),
        ("project", goal.kg is not None and step_kg is None, "rewards.drive_needs_forest"),
        ("goal_kg", (goal.kg or 0) % (step_kg or 1) > 0, "rewards.drive_goal_steps"),
        (
            "fundraising_until",
            charity is not None and charity.until < ends_on,
            "rewards.drive_beyond_fundraising",
        ),
    )
    return {field: message for field, wrong, message in reversed(checks) if wrong}


def spending_kind(charity: object | None) -> str:
    """What a sponsor must pay for, that its points may be given to a drive."""
    return "village" if charity is None else "charity"


def manner(charity: object | None) -> str:
    """How giving is spoken of: of charity only where a qualified organisation is named.

    The suffix of the messages that differ; everywhere else the words are neutral.
    """
    return "plain" if charity is None else "charity"
