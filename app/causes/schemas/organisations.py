"""What is said about organisations: members, keys, budgets, orders, uses, years."""

from typing import Any

from marshmallow import ValidationError, fields, validates_schema

from app.accounts.rules import KEY_SCOPES, LONGEST_KEY_LIFE, LONGEST_OVERLAP, MEMBER_ROLES
from app.causes.rules.organisations import BUDGET_PERIODS, MOST_FEN
from app.causes.schemas.organisation_fields import CreditCode, Period
from app.kit.fields import Area, Code, Moment, NewSchema, OneOf, Text, ViewSchema, Whole
from app.kit.messages import t
from app.registry.rules import MOST_FEN_PER_STEP, MOST_KG, PRODUCTS, YIYUAN

ROLES = tuple(MEMBER_ROLES)
CHANNELS = ("wechat", "offline")


class NewOrganisation(NewSchema):
    """An organisation to found; its name is shown to its members only until it is verified."""

    name = Text(40, required=True)
    region = Area()


class OrganisationView(ViewSchema):
    """An organisation as its members see it."""

    code = fields.String(required=True, attribute="organisation.code")
    name = fields.String(required=True, attribute="organisation.told_name")
    public_name = fields.String(
        required=True,
        allow_none=True,
        attribute="organisation.public_name",
        metadata={"description": "The name that is printed; null until it is verified."},
    )
    credit_code = fields.String(required=True, allow_none=True, attribute="organisation.credit_code")
    verified = fields.Boolean(required=True, attribute="organisation.verified")
    role = fields.String(required=True)
    permissions = fields.Function(
        lambda acting: sorted(acting.permissions),
        required=True,
        metadata={"type": "array", "items": {"type": "string"}},
    )
    since = Moment(required=True, attribute="organisation.since")


class OrganisationsView(ViewSchema):
    """The organisations that the caller may act for."""

    items = fields.List(fields.Nested(OrganisationView), required=True)


class NewInvitation(NewSchema):
    """A link for one person, and what the organisation calls them."""

    role = OneOf(ROLES, required=True)
    label = Text(20)


class InvitationView(ViewSchema):
    """A link that waits."""

    code = fields.String(required=True)
    role = fields.String(required=True)
    invited_at = Moment(required=True)
    expires_at = Moment(required=True)


class InvitedView(InvitationView):
    """A new link; it is shown only now."""

    link = fields.String(required=True)
    secret = fields.String(required=True)


class InvitationsView(ViewSchema):
    """Links that wait."""

    items = fields.List(fields.Nested(InvitationView), required=True)


class Acceptance(NewSchema):
    """The secret at the end of an invitation's link."""

    secret = Text(64, required=True)


class RoleChange(NewSchema):
    """Another role for a member."""

    role = OneOf(ROLES, required=True)


class MemberView(ViewSchema):
    """A member: people have no public name, so a code and what the organisation calls them."""

    code = fields.String(required=True)
    role = fields.String(required=True)
    label = fields.String(required=True, allow_none=True)
    joined_at = Moment(required=True)


class MembersView(ViewSchema):
    """Who is in."""

    items = fields.List(fields.Nested(MemberView), required=True)


class NewVerification(NewSchema):
    """The name as it is registered, and the unified social credit code."""

    name = Text(40, required=True)
    credit_code = CreditCode(required=True)


class VerificationView(ViewSchema):
    """A wish to be verified and what came of it."""

    name = fields.String(required=True)
    credit_code = fields.String(required=True)
    requested_at = Moment(required=True)
    decided_at = Moment(required=True, allow_none=True)
    approved = fields.Boolean(required=True, allow_none=True)
    reason = fields.String(required=True, allow_none=True)


class VerificationsView(ViewSchema):
    """Wishes, newest first."""

    items = fields.List(fields.Nested(VerificationView), required=True)


class NewApiKey(NewSchema):
    """A key for a program: what it may do, and for how long."""

    name = Text(60, required=True)
    scopes = fields.List(OneOf(KEY_SCOPES), required=True, validate=lambda scopes: _some(scopes))
    days = Whole(1, LONGEST_KEY_LIFE.days, load_default=90)


class ApiKeyReplacement(NewSchema):
    """How long the key before works on, in hours."""

    overlap_hours = Whole(0, LONGEST_OVERLAP.days * 24, load_default=24)


class ApiKeyView(ViewSchema):
    """A key; its secret is not kept."""

    prefix = fields.String(required=True)
    name = fields.String(required=True)
    scopes = fields.List(fields.String(), required=True)
    created_at = Moment(required=True)
    expires_at = Moment(required=True)
    revoked_at = Moment(required=True, allow_none=True)
    last_used_at = Moment(required=True, allow_none=True)


class NewApiKeyView(ApiKeyView):
    """A new key with its whole text, which is shown only now."""

    key = fields.String(required=True)


class ApiKeysView(ViewSchema):
    """Keys, newest first."""

    items = fields.List(fields.Nested(ApiKeyView), required=True)


class BudgetChange(NewSchema):
    """A limit for any year or month, of the organisation or of one member; null lifts it."""

    period = OneOf(BUDGET_PERIODS, required=True)
    member = Code(26)
    limit_fen = Whole(0, MOST_FEN, required=True, allow_none=True)


class BudgetView(ViewSchema):
    """A budget and what is left of it in the present year or month."""

    member = fields.String(required=True, allow_none=True)
    period = fields.String(required=True)
    since = fields.Date(required=True)
    limit_fen = fields.Integer(required=True, attribute="spending.limit_fen")
    spent_fen = fields.Integer(required=True, attribute="spending.spent_fen")
    reserved_fen = fields.Integer(required=True, attribute="spending.reserved_fen")
    left_fen = fields.Integer(required=True, attribute="spending.left_fen")


class BudgetsView(ViewSchema):
    """Budgets: the organisation's own, then its members'."""

    items = fields.List(fields.Nested(BudgetView), required=True)


class NewOrganisationOrder(NewSchema):
    """Units to buy in an organisation's name: by exactly one of quantity and money."""

    quantity_kg = Whole(1, MOST_KG)
    amount_fen = Whole(1, MOST_FEN)
    lot = Code(40)
    region = Area()
    village = Code(26)
    product = OneOf(tuple(PRODUCTS), load_default=YIYUAN)
    channel = OneOf(
        CHANNELS,
        load_default="wechat",
        metadata={"description": "`offline` is by bank transfer, for verified organisations."},
    )
    cause = Code(26, metadata={"description": "What it is bought for, such as an event of its own."})
    use = Text(80, metadata={"description": "What it is for, in the organisation's own words."})
    period = Period()
    keep = fields.Boolean(
        truthy={True},
        falsy={False},
        load_default=False,
        error_messages={"invalid": "kit.field_invalid"},
        metadata={"description": "Hold the units for later instead of retiring them; by bank transfer."},
    )
    print_name = fields.Boolean(
        truthy={True}, falsy={False}, load_default=False, error_messages={"invalid": "kit.field_invalid"}
    )

    @validates_schema
    def _one(self, data: dict[str, Any], **kwargs: Any) -> None:
        if ("quantity_kg" in data) == ("amount_fen" in data):
            raise ValidationError(t("offsets.one_measure"), "quantity_kg")
        if data.get("keep") and (data.get("channel") != "offline" or "cause" in data):
            raise ValidationError(t("causes.field_keep"), "keep")


class PlacedOrderView(ViewSchema):
    """An organisation's order: where it stands, who placed it, what it is for."""

    code = fields.String(required=True, attribute="order.code")
    purpose = fields.String(required=True, attribute="order.purpose")
    status = fields.String(required=True, attribute="order.status")
    channel = fields.String(required=True, attribute="order.channel")
    quantity_kg = fields.Integer(required=True, attribute="order.quantity_kg")
    amount_fen = fields.Integer(required=True, attribute="order.amount_fen")
    refunded_fen = fields.Integer(required=True, attribute="order.refunded_fen")
    certificate = fields.String(required=True, allow_none=True, attribute="order.certificate_number")
    placed_at = Moment(required=True, attribute="order.reserved_at")
    expires_at = Moment(required=True, attribute="order.expires_at")
    kept = fields.Boolean(
        required=True,
        attribute="order.kept",
        metadata={"description": "Its units are held, not retired."},
    )
    by_key = fields.Boolean(required=True)
    use = fields.String(required=True, allow_none=True, attribute="use_name")
    period = fields.String(required=True, allow_none=True)
    transfer_link = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "Where to pay by bank, and under which code."},
    )


class PaymentSheetView(ViewSchema):
    """What `wx.requestPayment` takes."""

    appId = fields.String(required=True)  # noqa: N815
    timeStamp = fields.String(required=True)  # noqa: N815
    nonceStr = fields.String(required=True)  # noqa: N815
    package = fields.String(required=True)
    signType = fields.String(required=True)  # noqa: N815
    paySign = fields.String(required=True)  # noqa: N815


class NewUse(NewSchema):
    """Units to retire for a purpose in the organisation's own words, such as `2026 Q1 office travel`."""

    quantity_kg = Whole(1, required=True)
    use = Text(80, required=True)
    period = Period()
    print_name = fields.Boolean(
        truthy={True}, falsy={False}, load_default=False, error_messages={"invalid": "kit.field_invalid"}
    )


class UseView(ViewSchema):
    """What units were used up for; the number is the retirement's, which anyone may look up."""

    number = fields.String(required=True)
    use = fields.String(required=True, attribute="use_name")
    period = fields.String(required=True, allow_none=True)
    used_at = Moment(required=True)


class TransferOut(NewSchema):
    """Units to hand over."""

    quantity_kg = Whole(1, required=True)
    receiver = Code(26, required=True)


class OfferOut(NewSchema):
    """Units to offer again."""

    quantity_kg = Whole(1, required=True)
    price_fen_per_step = Whole(1, MOST_FEN_PER_STEP, required=True)


class OwnBlockView(ViewSchema):
    """One block that an organisation holds."""

    serial = fields.String(required=True)
    quantity_kg = fields.Integer(required=True)
    state = fields.String(required=True)
    on_sale = fields.Boolean(required=True)
    lot = fields.String(required=True, allow_none=True)
    bound = fields.String(required=True, allow_none=True)
    since = Moment(required=True)


class MovedView(ViewSchema):
    """What moved: its serials, or the lot that it is offered in."""

    serial = fields.String(required=True, allow_none=True)
    lot = fields.String(required=True, allow_none=True)
    quantity_kg = fields.Integer(required=True)


class OrganisationYearView(ViewSchema):
    """An organisation's statement of a year: the facts of its document."""

    facts = fields.Dict(keys=fields.String(), values=fields.Raw(allow_none=True), required=True)


def _some(scopes: list[str]) -> None:
    if not scopes:
        raise ValidationError(t("kit.field_required"))
