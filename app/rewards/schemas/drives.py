"""What is said about drives and gifts to them."""

from typing import Any

from marshmallow import ValidationError, fields, validates_schema

from app.kit.fields import Code, Day, Moment, NewSchema, OneOf, ViewSchema, Whole
from app.kit.messages import t
from app.rewards.rules.drives import MOST_POINTS, MOST_UNITS_KG, DriveStatus, Gift


class DriveForestView(ViewSchema):
    """The forest whose units are bought for a drive."""

    code = fields.String(required=True)
    name = fields.String(required=True)
    place = fields.String(required=True)
    sample = fields.Boolean(required=True)


class DriveCharityView(ViewSchema):
    """The qualified organisation that a drive names, and its filed fundraising plan."""

    name = fields.String(required=True)
    credit_code = fields.String(required=True)
    fundraising_number = fields.String(required=True)
    until = fields.Date(required=True)


class DriveView(ViewSchema):
    """A drive, for whom it is, what it asks for and how far it has come.

    `points` count towards a goal in fen, `bought_kg` towards one in kilograms; they are never added.
    """

    code = fields.String(required=True)
    status = OneOf(tuple(DriveStatus), required=True)
    title = fields.String(required=True)
    about = fields.String(required=True)
    used_for = fields.String(required=True)
    payee = fields.String(required=True)
    forest = fields.Nested(DriveForestView, required=True, allow_none=True)
    charity = fields.Nested(
        DriveCharityView,
        required=True,
        allow_none=True,
        metadata={"description": "Only where it is named may giving be called a donation."},
    )
    goal_fen = fields.Integer(required=True, allow_none=True)
    goal_kg = fields.Integer(required=True, allow_none=True)
    points = fields.Integer(
        required=True, metadata={"description": "Given so far; each was a fen of a sponsor's."}
    )
    bought_kg = fields.Integer(required=True, metadata={"description": "Bought and retired for it."})
    paid_fen = fields.Integer(required=True, metadata={"description": "What those kilograms cost."})
    gifts = fields.Integer(required=True)
    starts_on = fields.Date(required=True)
    ends_on = fields.Date(required=True)
    closed_reason = fields.String(required=True, allow_none=True)


class DriveReportView(ViewSchema):
    """How a drive went on; `used_fen` is what of its money was used by then, in all."""

    happened_on = fields.Date(required=True)
    words = fields.String(required=True)
    used_fen = fields.Integer(required=True, allow_none=True)


class WholeDriveView(DriveView):
    """A drive with how it went on."""

    givers = fields.Integer(required=True)
    reports = fields.List(fields.Nested(DriveReportView), required=True)


class NewDrivePoints(NewSchema):
    """Points to give; what a sponsor pays for them goes to whoever the drive is for."""

    points = Whole(1, MOST_POINTS, required=True)


class NewDriveSteps(NewSchema):
    """A day whose steps are given: what they earned and was not spent yet."""

    day = Day(required=True)


class NewDriveUnits(NewSchema):
    """Units of the drive's forest to buy for it: exactly one of `quantity_kg` and `amount_fen`."""

    quantity_kg = Whole(1, MOST_UNITS_KG)
    amount_fen = Whole(1, MOST_UNITS_KG * 100)
    lot = Code(
        40, metadata={"description": "A lot of the drive's forest; without it the oldest vintage is taken."}
    )

    @validates_schema
    def one_measure(self, data: dict[str, Any], **kwargs: Any) -> None:
        """Quantity or money, not both and not neither."""
        if ("quantity_kg" in data) == ("amount_fen" in data):
            raise ValidationError(t("offsets.one_measure"), "quantity_kg")


class DriveOrderView(ViewSchema):
    """An order for a drive: pay it as any order, at `/v1/orders/{code}/payment`."""

    code = fields.String(required=True)
    status = fields.String(required=True)
    quantity_kg = fields.Integer(required=True)
    amount_fen = fields.Integer(required=True)
    expires_at = Moment(required=True)


class ThanksView(ViewSchema):
    """The thanks for one gift; they name nobody. `signature` holds all of it."""

    number = fields.String(required=True)
    kind = fields.String(required=True)
    version = fields.Integer(required=True)
    issued_at = fields.String(required=True)
    facts = fields.Dict(required=True)
    drive = fields.String(required=True)
    given = OneOf(tuple(Gift), required=True)
    points = fields.Integer(required=True, allow_none=True)
    step_day = fields.Date(required=True, allow_none=True)
    steps = fields.Integer(required=True, allow_none=True)
    quantity_kg = fields.Integer(required=True, allow_none=True)
    amount_fen = fields.Integer(
        required=True,
        metadata={"description": "What a sponsor paid for the points, or what the units cost."},
    )
    url = fields.String(required=True)
    signature = fields.String(required=True)


class ThanksFileView(ViewSchema):
    """Thanks to keep: what `senhui-verify attestation` checks without asking anybody."""

    format = fields.String(required=True)
    signature = fields.String(required=True)
