"""What causes remember."""

from app.causes.models import organisations, webhooks
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
from app.causes.models.duties import Duty, DutyBatch, DutyGroup, DutyLine, DutyShare, DutyTariff
from app.causes.models.events import (
    Event,
    EventCorrection,
    EventForest,
    EventReduction,
    EventSurplus,
    ForestProof,
)
from app.causes.models.gifts import Gift, GiftCard, Inscription
from app.causes.models.participants import Participant, ParticipantDesk, ParticipantImport, ParticipantLine

__all__ = [
    "Court",
    "CourtClerk",
    "Docket",
    "DocketInstalment",
    "DocketPaper",
    "DocketReminder",
    "DocketRuling",
    "DocketWaiver",
    "Duty",
    "DutyBatch",
    "DutyGroup",
    "DutyLine",
    "DutyShare",
    "DutyTariff",
    "Event",
    "EventCorrection",
    "EventForest",
    "EventReduction",
    "EventSurplus",
    "ForestProof",
    "Gift",
    "GiftCard",
    "Inscription",
    "Participant",
    "ParticipantDesk",
    "ParticipantImport",
    "ParticipantLine",
    "organisations",
    "webhooks",
]
