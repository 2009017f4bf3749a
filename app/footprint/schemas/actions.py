"""What is said about actions and steps."""

from typing import Any

from marshmallow import ValidationError, fields, validates_schema

from app.footprint.schemas.factors import FactorBriefView, MethodologyBriefView, Unchanging
from app.kit.fields import Code, Day, Moment, NewSchema, Text, ViewSchema, Whole
from app.kit.messages import t

TRIP_FIELDS = frozenset({"started_at", "distance_m"})
COUNT_FIELDS = frozenset({"occurred_on", "quantity"})


class NewAction(NewSchema):
    """What its maker declares: a trip, or how many acts of one day; see `kind` of GET /v1/scenes."""

    scene = Code(40, required=True, metadata={"description": "metro, no_cutlery, …: see GET /v1/scenes"})
    started_at = Moment(metadata={"description": "Of a trip. Within the last 31 days."})
    distance_m = Whole(1, 1_000_000, metadata={"description": "Of a trip."})
    duration_s = Whole(1, 172_800, metadata={"description": "Of a trip; optional."})
    occurred_on = Day(metadata={"description": "Of acts that are counted. Within the last 31 days."})
    quantity = Whole(1, 1_000_000, metadata={"description": "Of acts that are counted: how many."})

    @validates_schema
    def have_one_shape(self, data: dict[str, Any], **_: Any) -> None:
        """Refuse what is neither a trip nor a number of acts, naming every field."""
        told = data.keys()
        if told >= TRIP_FIELDS and not told & COUNT_FIELDS:
            return
        counted = bool(told & COUNT_FIELDS)
        needed, foreign = (COUNT_FIELDS, TRIP_FIELDS) if counted else (TRIP_FIELDS, COUNT_FIELDS)
        strangers = foreign | {"duration_s"} if counted else foreign
        faults = {name: [t("kit.field_required")] for name in sorted(needed - told)}
        faults |= {name: [t("kit.field_unknown")] for name in sorted(strangers & told)}
        if faults:
            raise ValidationError(faults)


class NewSteps(NewSchema):
    """What wx.getWeRunData gave the phone, as it is; call wx.login first."""

    encrypted_data = Text(60_000, shortest=0, required=True)
    iv = Text(64, shortest=0, required=True)


class CapView(ViewSchema):
    """The day's cap as an action met it; `reason` and `text` are null when nothing was cut."""

    cap_g = fields.Integer(required=True)
    before_g = fields.Integer(required=True)
    reason = fields.String(required=True, allow_none=True)
    text = fields.String(required=True, allow_none=True)


class ActionView(ViewSchema):
    """One act: its raw inputs, what they compute to, and what was credited under the day's cap.

    `status` is credited, capped, held (`inputs.held` names the limit, what it allows and what was found)
    or withdrawn.
    """

    code = fields.String(required=True)
    status = fields.String(required=True)
    scene = fields.String(required=True)
    source = fields.String(required=True)
    grade = fields.String(required=True)
    weight = fields.String(required=True)
    occurred_on = fields.Date(required=True)
    occurred_at = Moment(required=True, allow_none=True)
    inputs = fields.Dict(required=True)
    computed_g = fields.Integer(required=True)
    avoided_g = fields.Integer(required=True)
    cap = fields.Nested(CapView, required=True)
    factor = Unchanging(FactorBriefView, required=True)
    methodology = Unchanging(MethodologyBriefView, required=True)
    recorded_at = Moment(required=True)
    withdrawn_at = Moment(required=True, allow_none=True)


class ReplayView(ViewSchema):
    """An action computed again from its raw inputs; `differences` names the figures that changed."""

    same = fields.Boolean(required=True)
    recorded = fields.Dict(required=True)
    replayed = fields.Dict(required=True)
    differences = fields.List(fields.String(), required=True)


class StepDayView(ViewSchema):
    """A day's steps and what they were credited; `capped` when the day is full."""

    day = fields.Date(required=True)
    steps = fields.Integer(required=True)
    avoided_g = fields.Integer(required=True)
    cap_g = fields.Integer(required=True, allow_none=True)
    capped = fields.Boolean(required=True)


class StepsView(ViewSchema):
    """What one delivery of steps gave: how many days grew, the grams credited, and the days as they stand."""

    taken_at = Moment(required=True)
    actions = fields.Integer(required=True)
    avoided_g = fields.Integer(required=True)
    days = fields.List(fields.Nested(StepDayView), required=True)
