"""What is said about actions, steps, emissions, factors and methodologies."""

from app.footprint.schemas.actions import (
    ActionView,
    CapView,
    NewAction,
    NewSteps,
    ReplayView,
    StepDayView,
    StepsView,
)
from app.footprint.schemas.factors import (
    FactorBriefView,
    FactorQuery,
    FactorVersionQuery,
    FactorView,
    MarkView,
    MethodologyBriefView,
    MethodologyView,
    SceneView,
    Unchanging,
)
from app.footprint.schemas.months import EmissionKindView, EmissionQuery, EmissionView, MonthView
from app.footprint.schemas.packs import (
    ChangeView,
    ClosedSceneView,
    FactorHistoryView,
    PackView,
    ReplayedView,
)

__all__ = [
    "ActionView",
    "CapView",
    "ChangeView",
    "ClosedSceneView",
    "EmissionKindView",
    "EmissionQuery",
    "EmissionView",
    "FactorBriefView",
    "FactorHistoryView",
    "FactorQuery",
    "FactorVersionQuery",
    "FactorView",
    "MarkView",
    "MethodologyBriefView",
    "MethodologyView",
    "MonthView",
    "NewAction",
    "NewSteps",
    "PackView",
    "ReplayView",
    "ReplayedView",
    "SceneView",
    "StepDayView",
    "StepsView",
    "Unchanging",
]
