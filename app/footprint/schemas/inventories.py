"""What is said about events' inventories."""

from collections.abc import Mapping
from typing import Any

from marshmallow import ValidationError, fields

from app.footprint import rules
from app.footprint.schemas.calculators import Answers
from app.footprint.schemas.factors import FactorBriefView, MarkView
from app.kit.fields import Code, Day, Moment, NewSchema, OneOf, Text, ViewSchema, Whole
from app.kit.messages import t

MOST_WHOLE = 10**12
MOST_AT_ONCE = 100


class Words(Text):
    """Text that says something: without blanks around it, and with a letter or a digit in it."""

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> str:
        words = super()._deserialize(value, attr, data, **kwargs).strip()
        if value and rules.is_blank(words):
            raise ValidationError(t("footprint.field_blank"))
        return words


class NewFacts(NewSchema):
    """When an event is and who takes part."""

    starts_on = Day(required=True)
    ends_on = Day(required=True)
    onsite_heads = Whole(0, rules.MOST_HEADS, required=True)
    online_heads = Whole(0, rules.MOST_HEADS, load_default=0)


class NewInventory(NewFacts):
    """An event to take stock of; `stage` is the one to begin with."""

    name = Words(100, required=True)
    region = Code(
        20, required=True, metadata={"description": "Of the venue, such as CN-FJ: it decides the grid."}
    )
    stage = OneOf(rules.STAGES, load_default=rules.ESTIMATE)


class NewShare(NewSchema):
    """How much of a line is the event's: `part` of `whole` on a named basis."""

    basis = Code(20, required=True)
    part = Whole(1, MOST_WHOLE, required=True)
    whole = Whole(1, MOST_WHOLE, required=True)


class NewLineSchema(NewSchema):
    """A line: an item of GET /v1/calculators/event, its measures, share and evidence."""

    item = Code(40, required=True)
    inputs = Answers(
        numbers_only=True,
        required=True,
        metadata={
            "additionalProperties": {"type": "integer"},
            "description": "A whole number a measure of the item.",
            "example": {"people": 120, "km": 800},
        },
    )
    share = fields.Nested(NewShare)
    grade = Code(10, required=True, metadata={"description": "metered, recorded, surveyed or assumed"})
    evidence = Words(200, metadata={"description": "What shows it; required unless the line is assumed."})
    source = Words(200, metadata={"description": "Who or what it comes from."})


def _at_once(value: list[Any]) -> None:
    if not 1 <= len(value) <= MOST_AT_ONCE:
        raise ValidationError(t("kit.field_length", least=1, most=MOST_AT_ONCE))


class Reasons(fields.Dict):
    """Why source types are left out, by type."""

    default_error_messages = {"null": "kit.field_null", "invalid": "kit.field_object"}

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(keys=Code(20), values=Words(200), **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> dict[str, str]:
        if isinstance(value, dict) and len(value) > MOST_AT_ONCE:
            raise ValidationError(t("kit.field_length", least=0, most=MOST_AT_ONCE))
        try:
            told: dict[str, str] = super()._deserialize(value, attr, data, **kwargs)
        except ValidationError as error:
            if isinstance(error.messages, dict):
                found = {key: each.get("value", each.get("key")) for key, each in error.messages.items()}
                raise ValidationError(found) from error
            raise
        return told


class StageChange(NewFacts):
    """An open stage's facts, and which source types are left out for which reason."""

    excluded = Reasons(load_default=dict)


class NewEventEstimate(NewFacts):
    """An event to compute without keeping it."""

    region = Code(20, required=True)
    lines = fields.List(fields.Nested(NewLineSchema), required=True, validate=_at_once)
    excluded = Reasons(load_default=dict)


class ShareView(ViewSchema):
    """A line's share."""

    basis = fields.String(required=True)
    part = fields.Integer(required=True)
    whole = fields.Integer(required=True)


class InventoryLineView(ViewSchema):
    """A line with its raw inputs, evidence, factor version and grams."""

    number = fields.Integer(required=True)
    revision = fields.Integer(required=True)
    item = fields.String(required=True, attribute="item.key")
    type = fields.String(required=True, attribute="item.type")
    name_zh = fields.String(required=True, attribute="told.name_zh")
    name_en = fields.String(required=True, attribute="told.name_en")
    inputs = fields.Dict(required=True)
    per = fields.Integer(required=True, attribute="item.per")
    share = fields.Nested(ShareView, required=True)
    grade = fields.String(required=True)
    evidence = fields.String(required=True, allow_none=True)
    source = fields.String(required=True, allow_none=True)
    factor = fields.Nested(FactorBriefView, required=True)
    verified = fields.Boolean(required=True)
    mark = fields.Nested(MarkView, required=True, allow_none=True)
    emitted_g = fields.Integer(required=True)
    added_at = Moment(required=True)
    ended_at = Moment(required=True, allow_none=True)


class CompletenessView(ViewSchema):
    """How complete a stage is; shares in basis points."""

    counted = fields.List(fields.String(), required=True)
    excluded = fields.List(fields.String(), required=True)
    missing = fields.List(fields.String(), required=True)
    by_grade = fields.Dict(keys=fields.String(), values=fields.Integer(), required=True)
    answered_bp = fields.Integer(required=True)
    evidenced_bp = fields.Integer(required=True)
    complete = fields.Boolean(required=True)


class StageView(ViewSchema):
    """A stage: its code is the code of a result, its total the sum of its lines."""

    stage = fields.String(required=True)
    code = fields.String(required=True, allow_none=True)
    starts_on = fields.Date(required=True)
    ends_on = fields.Date(required=True)
    first_starts_on = fields.Date(
        required=True, metadata={"description": "The days as they were told when the stage was opened."}
    )
    first_ends_on = fields.Date(required=True)
    days_changed = fields.Boolean(required=True)
    onsite_heads = fields.Integer(required=True)
    online_heads = fields.Integer(required=True)
    online_share_bp = fields.Integer(required=True)
    excluded = fields.Dict(keys=fields.String(), values=fields.String(), required=True)
    emitted_g = fields.Integer(required=True)
    unverified_g = fields.Integer(required=True)
    per_head_g = fields.Integer(required=True)
    by_type = fields.Dict(keys=fields.String(), values=fields.Integer(), required=True)
    completeness = fields.Nested(CompletenessView, required=True)
    lines = fields.List(fields.Nested(InventoryLineView), required=True)
    closed_at = Moment(required=True, allow_none=True)


class DifferenceView(ViewSchema):
    """What the final has more than the estimate; negative where it has less."""

    change_g = fields.Integer(required=True)
    days_changed = fields.Boolean(
        required=True, metadata={"description": "Whether the final is of other days than the estimate."}
    )
    by_type = fields.Dict(keys=fields.String(), values=fields.Integer(), required=True)


class StageBriefView(ViewSchema):
    """A stage in a list."""

    code = fields.String(required=True)
    emitted_g = fields.Integer(required=True)
    closed = fields.Boolean(required=True)


class InventoryBriefView(ViewSchema):
    """An inventory in a list."""

    code = fields.String(required=True)
    name = fields.String(required=True)
    region = fields.String(required=True)
    created_at = Moment(required=True)
    stages = fields.Dict(keys=fields.String(), values=fields.Nested(StageBriefView), required=True)


class InventoryView(ViewSchema):
    """An inventory with its stages, their difference, and a published event a head for comparison."""

    code = fields.String(required=True)
    name = fields.String(required=True)
    region = fields.String(required=True)
    guide = fields.String(required=True, attribute="guide.key")
    guide_version = fields.Integer(required=True, attribute="guide.version")
    created_at = Moment(required=True)
    stages = fields.Dict(keys=fields.String(), values=fields.Nested(StageView), required=True)
    difference = fields.Nested(DifferenceView, required=True, allow_none=True)
    benchmark = fields.Nested(FactorBriefView, required=True, allow_none=True)


class EventGuideView(ViewSchema):
    """The guide as data: source types, items, measures, bases, grades, gaps, deadlines, credits."""

    key = fields.String(required=True)
    version = fields.Integer(required=True)
    document = fields.Dict(required=True)
    deadlines = fields.List(fields.Nested(FactorBriefView), required=True)
    benchmark = fields.Nested(FactorBriefView, required=True)
