"""What rewards remember."""

from app.rewards.models import groups, scores
from app.rewards.models.grants import PointGrant, PointUse, Spending
from app.rewards.models.programmes import FundMovement, Programme, ProgrammeTariff

__all__ = [
    "FundMovement",
    "PointGrant",
    "PointUse",
    "Programme",
    "ProgrammeTariff",
    "Spending",
    "groups",
    "scores",
]
