"""What happens later: acts are heard of, points become active, expire and work off debts."""

from app.rewards.jobs import badges, drives, fairness, points, recorded, redemptions, reminders, tallies

__all__ = ["badges", "drives", "fairness", "points", "recorded", "redemptions", "reminders", "tallies"]
