"""What is said about fairness."""

from marshmallow import fields

from app.kit.fields import Moment, NewSchema, Text, ViewSchema
from app.rewards.rules.fairness import LONGEST_WORDS


class NewFairnessAppeal(NewSchema):
    """What the holder says against it."""

    words = Text(LONGEST_WORDS, required=True)


class FairnessFactView(ViewSchema):
    """One thing of the holder's own that a signal rests on; `unit`: steps, m, photos, points or accounts."""

    on = fields.String(required=True, metadata={"format": "date"})
    scene = fields.String(required=True, allow_none=True)
    value = fields.Integer(required=True)
    unit = fields.String(required=True)


class FairnessAppealView(ViewSchema):
    """An appeal and its answer; unanswered by `due_at`, one against a measure is granted."""

    code = fields.String(required=True)
    status = fields.String(required=True, metadata={"description": "waiting, granted or refused."})
    words = fields.String(
        required=True, allow_none=True, metadata={"description": "null once they were erased."}
    )
    raised_at = Moment(required=True)
    due_at = Moment(required=True)
    answered_at = Moment(required=True, allow_none=True)
    reason = fields.String(required=True, allow_none=True)


class MeasureView(ViewSchema):
    """What was decided of the holder's account: by which signal, what was found, on which data, until when.

    `status`: held, taking (points are taken back at `until`), or why it ended: nothing, over, decided,
    lifted, declined, appeal, taken. `data` is null once it was erased.
    """

    code = fields.String(required=True)
    kind = fields.String(required=True)
    status = fields.String(required=True)
    automatic = fields.Boolean(required=True)
    stands = fields.Boolean(required=True)
    rule = fields.String(required=True, attribute="inquiry.rule")
    rule_name = fields.String(required=True)
    told = fields.String(required=True)
    reason = fields.String(required=True, allow_none=True, attribute="row.reason")
    begun_at = Moment(required=True, attribute="row.begun_at")
    until = Moment(required=True, attribute="row.until")
    ended_at = Moment(required=True, allow_none=True, attribute="row.ended_at")
    points_due = fields.Integer(required=True)
    points_taken = fields.Integer(required=True, allow_none=True, attribute="row.points_taken")
    data = fields.List(fields.Nested(FairnessFactView), required=True, allow_none=True, attribute="facts")
    may_appeal = fields.Boolean(required=True)
    appeal = fields.Nested(FairnessAppealView, required=True, allow_none=True)


class UnthankedView(ViewSchema):
    """An act that earned nothing, why, and what was said about it; `action` is its code."""

    action = fields.String(required=True, attribute="action.code")
    scene = fields.String(required=True, attribute="action.scene")
    occurred_on = fields.Date(required=True, attribute="action.occurred_on")
    avoided_g = fields.Integer(required=True, attribute="action.avoided_g")
    reason = fields.String(required=True, attribute="grant.reason")
    text = fields.String(required=True, attribute="reason")
    may_appeal = fields.Boolean(required=True)
    appeal = fields.Nested(FairnessAppealView, required=True, allow_none=True)


class FairnessView(ViewSchema):
    """Everything that was decided of the caller's account, and acts that earned nothing."""

    measures = fields.List(fields.Nested(MeasureView), required=True)
    unthanked = fields.List(fields.Nested(UnthankedView), required=True)
    appeals = fields.List(fields.Nested(FairnessAppealView), required=True)


class SignalView(ViewSchema):
    """One published signal: the days it looks at, from how much on it speaks, for how many days it holds."""

    key = fields.String(required=True)
    window_days = fields.Integer(required=True)
    least = fields.Integer(required=True)
    hold_days = fields.Integer(required=True)
    bounds = fields.Dict(keys=fields.String(), values=fields.Integer(), required=True)
    texts = fields.Dict(
        keys=fields.String(),
        values=fields.String(),
        required=True,
        metadata={"description": "name, unit, reason, fair (how one looks like it fairly); _zh and _en."},
    )


class LimitsView(ViewSchema):
    """How long anything may take, in days."""

    hold_days = fields.Integer(required=True)
    confirm_days = fields.Integer(required=True)
    appeal_days = fields.Integer(required=True)
    act_appeal_days = fields.Integer(required=True)
    answer_days = fields.Integer(required=True)
    decide_days = fields.Integer(required=True)
    rest_days = fields.Integer(required=True)
    facts_kept_days = fields.Integer(required=True)


class OutcomeView(ViewSchema):
    """What came of one signal; every figure is rounded down to a multiple of 5."""

    rule = fields.String(required=True)
    looked_at = fields.Integer(required=True)
    held = fields.Integer(required=True)
    nothing = fields.Integer(required=True)
    taken = fields.Integer(required=True)
    appealed = fields.Integer(required=True)
    granted = fields.Integer(required=True)


class FairnessRulesView(ViewSchema):
    """Every signal with its threshold and reason, every time limit, and what came of them."""

    signals = fields.List(fields.Nested(SignalView), required=True)
    limits = fields.Nested(LimitsView, required=True)
    outcomes = fields.List(fields.Nested(OutcomeView), required=True)
    last_look = fields.Date(required=True, allow_none=True)
