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
from app.footprint.schemas.reviews import AppealCountView, NewAppeal, ReviewView, RulesView, RuleView

__all__ = [
    "ActionView",
    "AppealCountView",
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
    "NewAppeal",
    "NewSteps",
    "PackView",
    "ReplayView",
    "ReplayedView",
    "ReviewView",
    "RuleView",
    "RulesView",
    "SceneView",
    "StepDayView",
    "StepsView",
    "Unchanging",
]
