"""What happens later: acts are heard of, points become active, expire and work off debts."""

from app.rewards.jobs import (
    badges,
    boards,
    drives,
    fairness,
    homes,
    names,
    points,
    recorded,
    reminders,
    tallies,
)

__all__ = [
    "badges",
    "boards",
    "drives",
    "fairness",
    "homes",
    "names",
    "points",
    "recorded",
    "reminders",
    "tallies",
]
