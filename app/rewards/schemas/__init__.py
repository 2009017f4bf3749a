"""What is said about points."""

from marshmallow import fields

from app.kit.fields import Moment, ViewSchema


class GrantView(ViewSchema):
    """Points that an action earned, and whether they were taken back."""

    points = fields.Integer(required=True)
    tariff = fields.String(required=True)
    granted_at = Moment(required=True)
    taken_back_at = Moment(required=True, allow_none=True)
