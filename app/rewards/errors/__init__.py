"""Why something about rewards is refused."""

from app.rewards.errors.points import GrantUnknown, PointsShort, SpendingEnded, SpendingUnknown
from app.rewards.errors.programmes import (
    FundShort,
    MovementDecided,
    MovementUnknown,
    ProgrammeClosed,
    ProgrammeUnknown,
    SameOperator,
    TariffTooSoon,
)

__all__ = [
    "FundShort",
    "GrantUnknown",
    "MovementDecided",
    "MovementUnknown",
    "PointsShort",
    "ProgrammeClosed",
    "ProgrammeUnknown",
    "SameOperator",
    "SpendingEnded",
    "SpendingUnknown",
    "TariffTooSoon",
]
