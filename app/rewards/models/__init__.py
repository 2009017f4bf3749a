"""What rewards remember."""

from app.rewards.models import challenges, fairness, groups, plantings, scores
from app.rewards.models.drives import Drive, DriveGift, DriveReport
from app.rewards.models.grants import PointGrant, PointUse, Spending
from app.rewards.models.programmes import FundMovement, Programme, ProgrammeTariff

__all__ = [
    "Drive",
    "DriveGift",
    "DriveReport",
    "FundMovement",
    "PointGrant",
    "PointUse",
    "Programme",
    "ProgrammeTariff",
    "Spending",
    "challenges",
    "fairness",
    "groups",
    "plantings",
    "scores",
]
