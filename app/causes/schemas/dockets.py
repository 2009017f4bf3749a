"""What is said about dockets over HTTP: to whoever has their link."""

from marshmallow import ValidationError, fields, validates_schema

from app.causes.rules.docket_papers import STAGES
from app.causes.rules.dockets import BASES, FEN, GRAMS, ROUNDINGS
from app.kit.fields import Code, Moment, NewSchema, OneOf, ViewSchema, Whole
from app.kit.messages import t

PARTS = ("now", "all")
MOST_KG = 10_000_000_000


class NewDocketOrder(NewSchema):
    """A purchase for the case: from which lot, and either how much, or which part of what is open."""

    lot = Code(40, required=True)
    quantity_kg = Whole(1, MOST_KG)
    part = OneOf(PARTS, metadata={"description": "`now`: this instalment, `all`: everything that is open."})

    @validates_schema
    def one_amount(self, data: dict[str, object], **kwargs: object) -> None:
        """A quantity or a part, not both."""
        if ("quantity_kg" in data) == ("part" in data):
            raise ValidationError(t("causes.docket_one_amount"), "quantity_kg")


class DocketOrderView(ViewSchema):
    """An order that was placed for a case; it is paid and read like any other at `/v1/orders/{code}`."""

    code = fields.String(required=True)
    status = fields.String(required=True)
    quantity_kg = fields.Integer(required=True)
    amount_fen = fields.Integer(required=True)
    expires_at = Moment(required=True)


class InstalmentView(ViewSchema):
    """A part of a ruling, and where it stands today in Shanghai."""

    number = fields.Integer(required=True)
    due_on = fields.Date(required=True)
    part = fields.Integer(required=True, metadata={"description": "Grams or fen, as `measure` says."})
    open_part = fields.Integer(required=True)
    state = OneOf(("done", "ahead", "last_day", "overdue", "later"), required=True)


class DocketRulingView(ViewSchema):
    """What was ruled and how it comes to what is ordered."""

    basis = OneOf(BASES, required=True)
    ruled_on = fields.Date(required=True)
    legal_basis = fields.String(required=True)
    rounding = OneOf(tuple(ROUNDINGS), required=True, allow_none=True)
    loss_g = fields.Integer(required=True, allow_none=True)
    multiplier = fields.Float(required=True, allow_none=True)
    amount_fen = fields.Integer(required=True, allow_none=True)
    price_fen_per_t = fields.Integer(required=True, allow_none=True)
    price_source = fields.String(required=True, allow_none=True)
    priced_on = fields.Date(required=True, allow_none=True)
    ordered_g = fields.Integer(required=True, allow_none=True)


class DocketRetirementView(ViewSchema):
    """Units used up for the case, under a certificate of its own."""

    certificate = fields.String(required=True, attribute="number")
    serial = fields.String(required=True)
    quantity_kg = fields.Integer(required=True)
    amount_fen = fields.Integer(required=True)
    retired_at = Moment(required=True)


class DocketView(ViewSchema):
    """A case as its parties and its court may check it; the parties by pseudonyms."""

    court = fields.String(required=True)
    case_number = fields.String(required=True)
    stage = OneOf(STAGES, required=True)
    parties = fields.String(required=True)
    state = fields.String(required=True)
    measure = OneOf((GRAMS, FEN), required=True)
    ordered = fields.Integer(
        required=True, metadata={"description": "In `measure`; 0 while nothing is ruled."}
    )
    done = fields.Integer(required=True, metadata={"description": "In `measure`, by retired units."})
    open_now = fields.Integer(required=True, metadata={"description": "To order of this instalment."})
    open_part = fields.Integer(required=True, metadata={"description": "To order in all."})
    paid_fen = fields.Integer(required=True)
    paid_kg = fields.Integer(required=True)
    retired_g = fields.Integer(required=True)
    ruling = fields.Nested(DocketRulingView, required=True, allow_none=True)
    instalments = fields.List(fields.Nested(InstalmentView), required=True)
    retirements = fields.List(fields.Nested(DocketRetirementView), required=True)
    letter = fields.String(
        required=True, allow_none=True, metadata={"description": "Of the letter of fulfilment, if it stands."}
    )
