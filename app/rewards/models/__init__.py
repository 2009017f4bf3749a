"""What rewards remember."""

from app.rewards.models import challenges, fairness, groups, plantings, scores
from app.rewards.models.badges import ActiveDaysRow, BadgeAward, BadgeStanding, BadgeWatch, YearLink
from app.rewards.models.drives import Drive, DriveGift, DriveReport
from app.rewards.models.grants import PointGrant, PointUse, Spending
from app.rewards.models.items import ItemStock, RewardItem, VoucherCode, VoucherPartner
from app.rewards.models.programmes import FundMovement, Programme, ProgrammeTariff
from app.rewards.models.redemptions import Dispatch, PartnerIssue, Redemption, ReturnRequest

__all__ = [
    "ActiveDaysRow",
    "BadgeAward",
    "BadgeStanding",
    "BadgeWatch",
    "Dispatch",
    "Drive",
    "DriveGift",
    "DriveReport",
    "FundMovement",
    "ItemStock",
    "PartnerIssue",
    "PointGrant",
    "PointUse",
    "Programme",
    "ProgrammeTariff",
    "Redemption",
    "ReturnRequest",
    "RewardItem",
    "Spending",
    "VoucherCode",
    "VoucherPartner",
    "YearLink",
    "challenges",
    "fairness",
    "groups",
    "plantings",
    "scores",
]
