"""What is said about dues, orders and certificates."""

from typing import Any

from marshmallow import ValidationError, fields, validates_schema

from app.kit.fields import Code, Moment, Month, NewSchema, OneOf, Text, ViewSchema, Whole
from app.kit.messages import t
from app.kit.platforms import PLATFORMS
from app.offsets.purposes import PURPOSES, SELF_SERVICE
from app.offsets.rules import OrderChannel, OrderStatus
from app.registry.rules import PRODUCTS

MOST_KG = 1_000_000
"""1,000 t an order: more is a matter for a contract, not for a phone."""


class NewEmission(NewSchema):
    """One thing that emitted in the month: its kind and a whole number of its unit."""

    kind = Code(
        40, required=True, metadata={"description": "electricity, gas, …: see GET /v1/emission-kinds"}
    )
    quantity = Whole(
        0,
        100_000,
        required=True,
        metadata={"description": "In the kind's unit, such as kWh; zero only corrects what was recorded."},
    )


class NewDues(NewSchema):
    """What a person emitted in a month; each entry opens a due."""

    month = Month(required=True)
    entries = fields.List(
        fields.Nested(NewEmission), required=True, validate=lambda value: _some(value, most=20)
    )


def _some(value: list[Any], most: int) -> None:
    if not 1 <= len(value) <= most:
        raise ValidationError(t("kit.field_length", least=1, most=most))


class DueView(ViewSchema):
    """Grams owed for a purpose, of a month and a kind of emission."""

    code = fields.String(required=True)
    purpose = fields.String(required=True)
    month = fields.String(required=True, allow_none=True)
    kind = fields.String(required=True, allow_none=True)
    due_g = fields.Integer(required=True)
    change_g = fields.Integer(
        required=True, metadata={"description": "Against the record before, when this one corrects it."}
    )
    opened_at = Moment(required=True)


class DuesView(ViewSchema):
    """All dues of the caller, and where they stand: neutral means that `owed_g` is 0."""

    owed_g = fields.Integer(required=True)
    carry_g = fields.Integer(required=True)
    items = fields.List(fields.Nested(DueView), required=True)


class ShopView(ViewSchema):
    """Whether the caller may buy."""

    platform = OneOf(PLATFORMS, required=True)
    purchase_available = fields.Boolean(
        required=True, metadata={"description": "Where false, show no price and no way to buy."}
    )


class NewOrder(NewSchema):
    """A purchase: exactly one of `quantity_kg` and `amount_fen`, for a purpose of the buyer's or a cause."""

    purpose = OneOf(tuple(PURPOSES), metadata={"description": "Needed without a cause."})
    cause = Code(
        26, metadata={"description": "The event, duty, case or gift that it is bought for; it has a purpose."}
    )
    quantity_kg = Whole(1, MOST_KG)
    amount_fen = Whole(1, MOST_KG * 100)
    lot = Code(40, metadata={"description": "A lot's code; without it the oldest vintage is taken."})
    region = Code(12, metadata={"description": "A GB/T 2260 code: only lots of this place."})
    village = Text(60, metadata={"description": "A village's name in either language: only its lots."})
    wish = Code(26, metadata={"description": "The caller's own wish that this order answers; needs a lot."})
    product = OneOf(
        tuple(PRODUCTS), metadata={"description": "Without it and without a lot: 一元碳汇, yiyuan."}
    )
    beneficiary = Text(
        40, metadata={"description": "A name to stand on the public certificate; only if you want one there."}
    )

    @validates_schema
    def one_measure(self, data: dict[str, Any], **kwargs: Any) -> None:
        """Quantity or money, not both and not neither."""
        if ("quantity_kg" in data) == ("amount_fen" in data):
            raise ValidationError(t("offsets.one_measure"), "quantity_kg")
        if "cause" not in data and data.get("purpose") not in SELF_SERVICE:
            fault = "offsets.purpose_needs_cause" if "purpose" in data else "kit.field_required"
            raise ValidationError(t(fault), "purpose")
        if len({"lot", "region", "village"} & data.keys()) > 1:
            raise ValidationError(t("offsets.lot_or_region"), "lot")
        if "wish" in data and "lot" not in data:
            raise ValidationError(t("kit.field_required"), "lot")
        if {"lot", "product"} <= data.keys():
            raise ValidationError(t("offsets.lot_or_product"), "product")


class OrderView(ViewSchema):
    """An order as its buyer sees it."""

    code = fields.String(required=True)
    purpose = fields.String(required=True)
    status = OneOf(tuple(OrderStatus), required=True)
    quantity_kg = fields.Integer(required=True)
    amount_fen = fields.Integer(required=True)
    description = fields.String(required=True)
    beneficiary = fields.String(required=True, allow_none=True)
    reserved_at = Moment(required=True)
    expires_at = Moment(required=True)
    paid_at = Moment(required=True, allow_none=True)
    settled_at = Moment(required=True, allow_none=True)
    expired_at = Moment(required=True, allow_none=True)
    refunding_at = Moment(required=True, allow_none=True)
    refunded_at = Moment(required=True, allow_none=True)
    certificate_number = fields.String(required=True, allow_none=True)
    due_g = fields.Integer(required=True, allow_none=True)
    carry_g = fields.Integer(required=True, allow_none=True)
    channel = OneOf(tuple(OrderChannel), required=True)
    refunded_fen = fields.Integer(
        required=True,
        metadata={"description": "What went back so far; a settled order stays settled, its units used up."},
    )


class PaymentView(ViewSchema):
    """What wx.requestPayment takes. Its success callback proves nothing: read the order."""

    appId = fields.String(required=True)  # noqa: N815  WeChat's own spelling, here and below
    timeStamp = fields.String(required=True)  # noqa: N815
    nonceStr = fields.String(required=True)  # noqa: N815
    package = fields.String(required=True)
    signType = fields.String(required=True)  # noqa: N815
    paySign = fields.String(required=True)  # noqa: N815


class KeyView(ViewSchema):
    """A public key as RFC 7517 writes it."""

    kty = fields.String(required=True)
    crv = fields.String(required=True)
    use = fields.String(required=True)
    alg = fields.String(required=True)
    kid = fields.String(required=True)
    x = fields.String(required=True)


class KeysView(ViewSchema):
    """A JWK set."""

    keys = fields.List(fields.Nested(KeyView), required=True)


class LogProofView(ViewSchema):
    """Where a retirement stands in the public log, and the proof of it."""

    position = fields.Integer(required=True)
    leaf = fields.String(required=True, metadata={"description": "The logged line, hashed to the byte."})
    salt = fields.String(
        required=True, allow_none=True, metadata={"description": "Opens the leaf's beneficiary digest."}
    )
    path = fields.List(fields.String(), required=True, metadata={"description": "RFC 6962 audit path."})
    head = fields.String(required=True, metadata={"description": "The signed head (JWS) that holds it."})


class CertificateFileView(ViewSchema):
    """A certificate as a file that proves itself with the public keys alone."""

    format = fields.Constant("senhui-certificate-1", required=True)
    signature = fields.String(required=True)
    log = fields.Nested(LogProofView, required=True, allow_none=True)


class CertificateOriginView(ViewSchema):
    """Where foreign units come from: their home registry, their serials there, the record they left by."""

    registry = fields.String(required=True)
    name = fields.String(required=True)
    serial = fields.String(required=True)
    reference = fields.String(required=True)


class CertificateView(ViewSchema):
    """A certificate as anyone may see it."""

    number = fields.String(required=True)
    quantity_kg = fields.Integer(required=True)
    serial = fields.String(required=True)
    purpose = fields.String(required=True)
    product = fields.String(required=True)
    product_name = fields.String(required=True)
    origin = fields.Nested(CertificateOriginView, required=True, allow_none=True)
    beneficiary = fields.String(required=True, allow_none=True)
    retired_at = Moment(required=True)
    project = fields.String(required=True)
    project_name = fields.String(required=True)
    region = fields.String(required=True)
    place = fields.String(required=True)
    seller = fields.String(required=True)
    methodology = fields.String(required=True)
    monitoring_start = fields.Date(required=True)
    monitoring_end = fields.Date(required=True)
    vintage = fields.Integer(required=True)
    sample = fields.Boolean(required=True)
    compliance = fields.Constant(False, required=True)
    notes = fields.List(fields.String(), required=True)
    url = fields.String(required=True)
    signature = fields.String(
        required=True, metadata={"description": "Compact JWS (EdDSA) over these facts; keys at /v1/keys."}
    )
    log = fields.Nested(
        LogProofView,
        required=True,
        allow_none=True,
        metadata={"description": "Its proof in the public log; null until its day is sealed."},
    )


class AttestationView(ViewSchema):
    """What is attested of an event, a duty or a case, and whether it still stands."""

    number = fields.String(required=True)
    kind = fields.String(required=True)
    purpose = fields.String(required=True)
    version = fields.Integer(required=True)
    facts = fields.Dict(required=True)
    issued_at = Moment(required=True)
    revoked_at = Moment(required=True, allow_none=True)
    revoked_reason = fields.String(required=True, allow_none=True)
    replaced_by = fields.String(required=True, allow_none=True)
    url = fields.String(required=True)
    signature = fields.String(
        required=True, metadata={"description": "Compact JWS (EdDSA) over these facts; keys at /v1/keys."}
    )


class AttestationFileView(ViewSchema):
    """An attestation as a file that proves itself with the public keys; not that it still stands."""

    format = fields.Constant("senhui-attestation-1", required=True)
    signature = fields.String(required=True)
