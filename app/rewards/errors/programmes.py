"""Refusals about sponsors' programmes."""

from app.kit.problems import Conflict, NotFound, Problem, Unreadable


class ProgrammeUnknown(NotFound):
    """There is no such programme."""

    message = "rewards.programme_unknown"


class ProgrammeClosed(Conflict):
    """The programme has ended for good."""

    message = "rewards.programme_closed"


class TariffTooSoon(Unreadable):
    """A new tariff would be in force before people could know of it, or before the one it follows."""

    message = "rewards.tariff_too_soon"


class FundShort(Conflict):
    """What shall leave the fund is promised to people."""

    message = "rewards.fund_short"


class MovementUnknown(NotFound):
    """There is no such movement of money."""

    message = "rewards.movement_unknown"


class MovementDecided(Conflict):
    """It was confirmed or dropped already."""

    message = "rewards.movement_decided"


class SameOperator(Problem):
    """What needs two people came from one."""

    status = 403
    message = "rewards.same_operator"
