"""What causes remember."""

from app.causes.models.events import (
    Event,
    EventCorrection,
    EventForest,
    EventReduction,
    EventSurplus,
    ForestProof,
)

__all__ = [
    "Event",
    "EventCorrection",
    "EventForest",
    "EventReduction",
    "EventSurplus",
    "ForestProof",
]
