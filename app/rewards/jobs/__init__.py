"""What happens later: acts are heard of, points become active, expire and work off debts."""

from app.rewards.jobs import boards, challenges, drives, fairness, homes, names, plantings, points, recorded

__all__ = ["boards", "challenges", "drives", "fairness", "homes", "names", "plantings", "points", "recorded"]
