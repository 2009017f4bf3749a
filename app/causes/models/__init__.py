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
from app.causes.models.events import (
    Event,
    EventCorrection,
    EventForest,
    EventReduction,
    EventSurplus,
    ForestProof,
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
    "Event",
    "EventCorrection",
    "EventForest",
    "EventReduction",
    "EventSurplus",
    "ForestProof",
]
