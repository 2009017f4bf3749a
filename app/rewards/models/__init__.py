"""What rewards remember."""

from app.rewards.models import challenges, groups, plantings, scores
from app.rewards.models.grants import PointGrant, PointUse, Spending
from app.rewards.models.programmes import FundMovement, Programme, ProgrammeTariff

__all__ = [
    "FundMovement",
    "PointGrant",
    "PointUse",
    "Programme",
    "ProgrammeTariff",
    "Spending",
    "challenges",
    "groups",
    "plantings",
    "scores",
]
