"""What causes remember."""

from app.causes.models.dockets import (
    Court,
    CourtClerk,
    Docket,
    DocketInstalment,
    DocketPaper,
    DocketReminder,
    DocketRuling,
    DocketWaiver,
)
from app.causes.models.gifts import Gift, GiftCard, Inscription

__all__ = [
    "Court",
    "CourtClerk",
    "Docket",
    "DocketInstalment",
    "DocketPaper",
    "DocketReminder",
    "DocketRuling",
    "DocketWaiver",
    "Gift",
    "GiftCard",
    "Inscription",
]
