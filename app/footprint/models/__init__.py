"""What this room remembers: factors, methodologies, actions, step days, emissions.

Factors, methodologies and emissions are never edited; an action is only ever withdrawn, once
(triggers in migration 0002). Actions carry no foreign keys: this is the hot path, and `flask prove`
recomputes every row from the methodology and factor it names.
"""

from app.footprint.models.actions import ActionRow, SceneDayRow, StepDayRow, StepReportRow
from app.footprint.models.emissions import EmissionRow
from app.footprint.models.factors import FactorRow, MethodologyRow, type_document
from app.footprint.models.reviews import ActPhoto, ActReview

__all__ = [
    "ActPhoto",
    "ActReview",
    "ActionRow",
    "EmissionRow",
    "FactorRow",
    "MethodologyRow",
    "SceneDayRow",
    "StepDayRow",
    "StepReportRow",
    "type_document",
]
