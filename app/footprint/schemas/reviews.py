"""What is said about reviews, appeals and the published rules."""

from marshmallow import fields

from app.footprint.rules.plausibility import LONGEST_WORDS
from app.kit.fields import Moment, NewSchema, Text, ViewSchema


class NewAppeal(NewSchema):
    """Why the holder thinks that a rule does them wrong; a photo is attached before or after."""

    words = Text(LONGEST_WORDS, required=True)


class ReviewView(ViewSchema):
    """A review of one act: why it waits (`hold`, `photo`, `appeal`), the rule and its values, the decision.

    `outcome` is the code of the act that took its place where it was granted.
    """

    code = fields.String(required=True)
    kind = fields.String(required=True)
    status = fields.String(required=True, metadata={"description": "waiting, granted, refused or dropped."})
    rule = fields.String(required=True)
    allowed = fields.Integer(required=True, allow_none=True)
    found = fields.Integer(required=True, allow_none=True)
    text = fields.String(required=True)
    words = fields.String(required=True, allow_none=True)
    photo = fields.Boolean(required=True)
    opened_at = Moment(required=True)
    decided_at = Moment(required=True, allow_none=True)
    reason = fields.String(required=True, allow_none=True)
    outcome = fields.String(required=True, allow_none=True)


class RuleView(ViewSchema):
    """One published rule. `effect`: refuse, hold, cap, weigh or inform; `scene` null where it is for all."""

    key = fields.String(required=True)
    scene = fields.String(required=True, allow_none=True)
    effect = fields.String(required=True)
    value = fields.String(required=True, metadata={"description": "An exact decimal."})
    unit = fields.String(required=True)
    name_zh = fields.String(required=True)
    name_en = fields.String(required=True)
    reason_zh = fields.String(required=True)
    reason_en = fields.String(required=True)
    source = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "The factor it is taken from; null for our own choice."},
    )
    appealable = fields.Boolean(required=True)


class AppealCountView(ViewSchema):
    """Appeals against one rule; every figure is rounded down to a multiple of 5."""

    rule = fields.String(required=True)
    raised = fields.Integer(required=True)
    granted = fields.Integer(required=True)
    refused = fields.Integer(required=True)


class RulesView(ViewSchema):
    """Everything that can cut, hold or refuse an act, and what came of appeals."""

    rules = fields.List(fields.Nested(RuleView), required=True)
    appeals = fields.List(fields.Nested(AppealCountView), required=True)
