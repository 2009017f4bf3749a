"""What is said about redemptions, and about coupons at the shops that take them."""

from marshmallow import fields

from app.kit.fields import Moment, NewSchema, OneOf, Text, ViewSchema, Written
from app.rewards.rules.items import KINDS
from app.rewards.rules.redemptions import LONGEST_COMPLAINT, ReturnReason, Step


class RedemptionView(ViewSchema):
    """Where a redemption stands."""

    code = fields.String(required=True)
    item = fields.String(required=True)
    kind = OneOf(KINDS, required=True)
    title = fields.String(required=True)
    giver = fields.String(required=True)
    points = fields.Integer(required=True)
    status = OneOf(tuple(Step), required=True)
    reserved_at = Moment(required=True)
    fulfilled_at = Moment(required=True, allow_none=True)
    ends_at = Moment(
        required=True,
        allow_none=True,
        metadata={"description": "When a coupon of ours is returned unused, or the rest counts as received."},
    )
    done_at = Moment(required=True, allow_none=True)
    returned_at = Moment(required=True, allow_none=True)
    return_reason = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": f"One of {', '.join(ReturnReason)}."},
    )
    returnable = fields.Boolean(required=True)
    complainable = fields.Boolean(required=True)
    complained_at = Moment(required=True, allow_none=True)
    answer = fields.String(required=True, allow_none=True)


class VoucherView(ViewSchema):
    """What is shown or entered to get the thing."""

    code = fields.String(required=True)
    last_day = fields.Date(required=True, allow_none=True)
    link = fields.String(
        required=True, allow_none=True, metadata={"description": "What a coupon of ours has as its QR code."}
    )


class ParcelView(ViewSchema):
    """How a thing is sent; the address is null once it is erased."""

    name = fields.String(required=True, allow_none=True)
    phone = fields.String(required=True, allow_none=True)
    place = fields.String(required=True, allow_none=True)
    carrier = fields.String(required=True, allow_none=True)
    tracking = fields.String(required=True, allow_none=True)


class RedemptionDetailView(RedemptionView):
    """One redemption with what only its holder may see."""

    voucher = fields.Nested(VoucherView, required=True, allow_none=True)
    parcel = fields.Nested(ParcelView, required=True, allow_none=True)


class NewComplaint(NewSchema):
    """What is wrong with what came."""

    words = Written(LONGEST_COMPLAINT, required=True)


class VoucherShown(NewSchema):
    """A coupon as it was scanned or typed."""

    code = Text(200, required=True, metadata={"description": "The code, or the link in its QR code."})


class TakenView(ViewSchema):
    """A coupon as its shop sees it: what for, and whether it can be used; nothing about its holder."""

    title = fields.String(required=True)
    kind = OneOf(KINDS, required=True)
    points = fields.Integer(required=True, metadata={"description": "Fen that the shop is paid for it."})
    status = OneOf(tuple(Step), required=True)
    ends_at = Moment(required=True, allow_none=True)
    used_at = Moment(required=True, allow_none=True)
