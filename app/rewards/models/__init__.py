"""What rewards remember."""

from app.rewards.models import challenges, fairness, groups, plantings, scores
from app.rewards.models.badges import ActiveDaysRow, BadgeAward, BadgeStanding, BadgeWatch, YearLink
from app.rewards.models.drives import Drive, DriveGift, DriveReport
from app.rewards.models.grants import PointGrant, PointUse, Spending
from app.rewards.models.programmes import FundMovement, Programme, ProgrammeTariff

__all__ = [
    "ActiveDaysRow",
    "BadgeAward",
    "BadgeStanding",
    "BadgeWatch",
    "Drive",
    "DriveGift",
    "DriveReport",
    "FundMovement",
    "PointGrant",
    "PointUse",
    "Programme",
    "ProgrammeTariff",
    "Spending",
    "YearLink",
    "challenges",
    "fairness",
    "groups",
    "plantings",
    "scores",
]
