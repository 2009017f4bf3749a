"""What is said about what points can be redeemed for."""

from marshmallow import fields

from app.kit.fields import Area, NewSchema, OneOf, Shaped, Text, ViewSchema
from app.kit.paging import PageQuery
from app.rewards.rules.items import KINDS, PHONE, Offer, Period, Supply


class ItemQuery(PageQuery):
    """Which items."""

    kind = OneOf(KINDS)
    region = Area(metadata={"description": "What is for people at home there, and what is for everybody."})


class CharityView(ViewSchema):
    """Under which numbers a charity may raise money from the public."""

    name = fields.String(required=True)
    credit_code = fields.String(required=True)
    appeal_number = fields.String(required=True)


class LimitView(ViewSchema):
    """How many one person may have in which time."""

    most = fields.Integer(required=True)
    period = OneOf(tuple(Period), required=True)


class ItemView(ViewSchema):
    """Something that points can be redeemed for, and where it stands today."""

    code = fields.String(required=True)
    kind = OneOf(KINDS, required=True)
    supply = OneOf(tuple(Supply), required=True, metadata={"description": "How it reaches you."})
    title = fields.String(required=True)
    terms = fields.String(required=True)
    giver = fields.String(required=True, metadata={"description": "Who gives it, and is paid by a sponsor."})
    points = fields.Integer(required=True)
    offer = OneOf(tuple(Offer), required=True)
    remaining = fields.Integer(
        required=True, allow_none=True, metadata={"description": "Null for a stock without an end."}
    )
    region = fields.String(required=True, allow_none=True)
    limit = fields.Nested(LimitView, required=True, allow_none=True)
    use_days = fields.Integer(required=True, allow_none=True)
    opens_on = fields.Date(required=True)
    closes_on = fields.Date(required=True, allow_none=True)
    charity = fields.Nested(CharityView, required=True, allow_none=True)
    sample = fields.Boolean(required=True)


class NewAddress(NewSchema):
    """Where a parcel goes; kept sealed, and erased some days after it has come."""

    name = Text(40, required=True)
    phone = Shaped(PHONE, 14, required=True)
    place = Text(200, shortest=5, required=True)


class NewRedemption(NewSchema):
    """Points for a thing; an address for what is sent, and for nothing else."""

    address = fields.Nested(NewAddress)
