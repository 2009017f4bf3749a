"""What rewards remember."""

from app.rewards.models.fairness import FairnessAppeal, FairnessLook, Inquiry, Measure, Party
from app.rewards.models.grants import PointGrant, PointUse, Spending
from app.rewards.models.programmes import FundMovement, Programme, ProgrammeTariff

__all__ = [
    "FairnessAppeal",
    "FairnessLook",
    "FundMovement",
    "Inquiry",
    "Measure",
    "Party",
    "PointGrant",
    "PointUse",
    "Programme",
    "ProgrammeTariff",
    "Spending",
]
