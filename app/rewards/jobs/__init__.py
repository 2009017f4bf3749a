"""What happens later: acts are heard of, points become active, expire and work off debts."""

from app.rewards.jobs import drives, points, recorded, reminders, tallies

__all__ = ["drives", "points", "recorded", "reminders", "tallies"]
