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

__all__ = [
    "Court",
    "CourtClerk",
    "Docket",
    "DocketInstalment",
    "DocketPaper",
    "DocketReminder",
    "DocketRuling",
    "DocketWaiver",
]
