"""What is said about actions and steps."""

from marshmallow import fields

from app.footprint.schemas.factors import FactorBriefView, MethodologyBriefView, Unchanging
from app.kit.fields import Code, Moment, NewSchema, Text, ViewSchema, Whole


class NewAction(NewSchema):
    """A trip that its maker declares."""

    scene = Code(40, required=True, metadata={"description": "metro, bus, shared_bike: see GET /v1/scenes"})
    started_at = Moment(required=True, metadata={"description": "Within the last 31 days."})
    distance_m = Whole(1, 1_000_000, required=True)
    duration_s = Whole(1, 172_800)


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
    """One act: its raw inputs, what they compute to, and what was credited under the day's cap."""

    code = fields.String(required=True)
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
