"""What is said about points."""

from marshmallow import fields

from app.kit.fields import Moment, ViewSchema


class GrantView(ViewSchema):
    """Points of one lot: what for, how much is left, until when; or why there are none."""

    source = fields.String(required=True)
    points = fields.Integer(required=True)
    remaining = fields.Integer(required=True)
    reason = fields.String(required=True, allow_none=True)
    tariff = fields.String(required=True, allow_none=True)
    granted_at = Moment(required=True)
    due_at = Moment(required=True, allow_none=True)
    activated_at = Moment(required=True, allow_none=True)
    expires_at = Moment(required=True, allow_none=True)
    expired_points = fields.Integer(required=True)
    taken_back_at = Moment(required=True, allow_none=True)


class BalancesView(ViewSchema):
    """How somebody's points stand; `free` is what can be spent."""

    free = fields.Integer(required=True)
    active = fields.Integer(required=True)
    pending = fields.Integer(required=True)
    reserved = fields.Integer(required=True)
    debt = fields.Integer(required=True)
    earned = fields.Integer(required=True)
    spent = fields.Integer(required=True)
    expired = fields.Integer(required=True)
    taken_back = fields.Integer(required=True)
    next_expiry = Moment(required=True, allow_none=True)
