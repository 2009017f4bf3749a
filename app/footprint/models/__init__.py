"""What this room remembers: factors, methodologies, actions, step days, emissions, inventories.

Factors, methodologies and emissions are never edited; an action is only ever withdrawn, once
(triggers in migration 0002). Actions carry no foreign keys: this is the hot path, and `flask prove`
recomputes every row from the methodology and factor it names.
"""

from app.footprint.models.actions import ActionRow, SceneDayRow, StepDayRow, StepReportRow
from app.footprint.models.emissions import EmissionRow
from app.footprint.models.factors import FactorRow, MethodologyRow, PackChoiceRow, type_document
from app.footprint.models.guides import CalculationRow, GuideRow
from app.footprint.models.inventories import InventoryLineRow, InventoryRow, InventoryStageRow
from app.footprint.models.partners import (
    Partner,
    PartnerBatch,
    PartnerDay,
    PartnerItem,
    PartnerKey,
    PartnerLink,
    PartnerSuspension,
    PartnerTerms,
    TripKey,
)
from app.footprint.models.reviews import ActPhoto, ActReview

__all__ = [
    "ActPhoto",
    "ActReview",
    "ActionRow",
    "CalculationRow",
    "EmissionRow",
    "FactorRow",
    "GuideRow",
    "InventoryLineRow",
    "InventoryRow",
    "InventoryStageRow",
    "MethodologyRow",
    "PackChoiceRow",
    "Partner",
    "PartnerBatch",
    "PartnerDay",
    "PartnerItem",
    "PartnerKey",
    "PartnerLink",
    "PartnerSuspension",
    "PartnerTerms",
    "SceneDayRow",
    "StepDayRow",
    "StepReportRow",
    "TripKey",
    "type_document",
]
