"""What happens later: acts are heard of, points become active, expire and work off debts."""

from app.rewards.jobs import (
    badges,
    boards,
    challenges,
    drives,
    fairness,
    homes,
    names,
    plantings,
    points,
    recorded,
    redemptions,
    reminders,
    tallies,
)

__all__ = [
    "badges",
    "boards",
    "challenges",
    "drives",
    "fairness",
    "homes",
    "names",
    "plantings",
    "points",
    "recorded",
    "redemptions",
    "reminders",
    "tallies",
]
