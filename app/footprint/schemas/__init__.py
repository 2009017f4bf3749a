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
from app.footprint.schemas.reviews import AppealCountView, NewAppeal, ReviewView, RulesView, RuleView

__all__ = [
    "ActionView",
    "AppealCountView",
    "CapView",
    "EmissionKindView",
    "EmissionQuery",
    "EmissionView",
    "FactorBriefView",
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
    "ReplayView",
    "ReviewView",
    "RuleView",
    "RulesView",
    "SceneView",
    "StepDayView",
    "StepsView",
    "Unchanging",
]
