"""What happens later: acts are heard of, points become active, expire and work off debts."""

from app.rewards.jobs import points, recorded, reminders, tallies

__all__ = ["points", "recorded", "reminders", "tallies"]
