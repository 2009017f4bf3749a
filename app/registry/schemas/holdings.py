"""What is said about blocks: what a holder wants done with theirs, and what stands and happened."""

from typing import Any

from marshmallow import ValidationError, fields, validates_schema

from app.kit.fields import Code, Moment, NewSchema, OneOf, Text, ViewSchema, Whole
from app.kit.messages import t
from app.registry.rules import MOST_DAYS, MOST_FEN_PER_STEP, OWN_PURPOSES
from app.registry.schemas import BothView, OriginView, PeriodView, Price, SaleView, Wording


class NewPart(NewSchema):
    """How many kilograms of the named serials; they are taken from the first block that has as many free."""

    quantity_kg = Whole(1, required=True)


class NewReservation(NewPart):
    """Units to set aside for a purpose; after so many days they are free again by themselves."""

    purpose = Text(200, required=True)
    days = Whole(1, MOST_DAYS, required=True)


class NewGift(NewPart):
    """A gift, and after how many days it falls back when nobody has redeemed it."""

    days = Whole(1, 90, load_default=7)
    message = Text(200, metadata={"description": "Shown to whoever has the gift's code."})


class NewTransfer(NewPart):
    """Who receives the units, by the code that their own page shows."""

    receiver = Code(26, required=True)


class NewPledge(NewPart):
    """To whom the units are pledged, by its code; nothing moves until it lets go."""

    pledgee = Code(26, required=True)
    purpose = Text(200)


class NewOffer(NewPart):
    """For how much a step is offered; the holding's `sale` says what a step is, and who takes what of it."""

    price_fen_per_step = Whole(1, MOST_FEN_PER_STEP, required=True)


class NewRetirement(NewPart):
    """What the units are used up for. A name is shown only with the consent of whom it names."""

    purpose = OneOf(OWN_PURPOSES, required=True)
    beneficiary = Text(40, metadata={"description": "A name to be shown publicly."})
    beneficiary_consent = fields.Boolean(
        truthy={True},
        falsy={False},
        error_messages={"invalid": "kit.field_invalid", "null": "kit.field_null"},
        metadata={"description": "That the name may be shown; required with it."},
    )

    @validates_schema
    def _consents(self, data: dict[str, Any], **kwargs: Any) -> None:
        if "beneficiary" in data and data.get("beneficiary_consent") is not True:
            raise ValidationError(t("registry.beneficiary_consent"), "beneficiary_consent")


class HoldingView(ViewSchema):
    """One block of the caller's; its serial is its name."""

    serial = fields.String(required=True)
    quantity_kg = fields.Integer(required=True)
    state = fields.String(required=True)
    state_name = Wording("state_", attribute="state")
    on_sale = fields.Boolean(required=True)
    lot = fields.String(required=True, allow_none=True)
    bound = fields.String(
        required=True, allow_none=True, metadata={"description": "`judicial`: may only be retired."}
    )
    hold = fields.String(
        required=True, allow_none=True, metadata={"description": "The code of what it waits for."}
    )
    sale = fields.Nested(
        SaleView,
        required=True,
        allow_none=True,
        metadata={"description": "The terms of a lot of it, as they will be; null where it is never sold."},
    )
    notes = fields.List(Wording("note_"), required=True)
    since = Moment(required=True)


class PieceView(ViewSchema):
    """A part of a block."""

    serial = fields.String(required=True)
    quantity_kg = fields.Integer(required=True)


class SplitView(ViewSchema):
    """The blocks that a split has left: the piece asked for, and the rest."""

    pieces = fields.List(fields.Nested(PieceView), required=True)


class HoldView(ViewSchema):
    """Units that wait: set aside, given and not redeemed, or pledged."""

    code = fields.String(required=True, attribute="hold.code")
    kind = fields.String(required=True, attribute="hold.kind")
    kind_name = Wording("hold_", attribute="hold.kind")
    serial = fields.String(required=True)
    quantity_kg = fields.Integer(required=True)
    purpose = fields.String(required=True, allow_none=True, attribute="hold.purpose")
    other = fields.String(
        required=True, allow_none=True, metadata={"description": "The pledgee's name, where there is one."}
    )
    until = Moment(required=True, allow_none=True, attribute="hold.until")
    opened_at = Moment(required=True, attribute="hold.opened_at")
    ended_at = Moment(required=True, allow_none=True, attribute="hold.ended_at")
    ended_as = fields.String(required=True, allow_none=True, attribute="hold.ended_as")


class GiftView(HoldView):
    """A gift as its giver sees it."""

    link = fields.String(required=True, metadata={"description": "Whoever has it may redeem it, once."})


class GiftOfferView(ViewSchema):
    """A gift as whoever has its code sees it."""

    giver = fields.String(
        required=True, allow_none=True, attribute="holder", metadata={"description": "A person has no name."}
    )
    serial = fields.String(required=True)
    quantity_kg = fields.Integer(required=True)
    message = fields.String(required=True, allow_none=True, attribute="hold.purpose")
    standing = fields.Boolean(required=True)
    ended_as = fields.String(required=True, allow_none=True, attribute="hold.ended_as")
    until = Moment(required=True, attribute="hold.until")
    notes = fields.List(Wording("note_"), required=True)


class WithdrawnView(ViewSchema):
    """What came off sale."""

    withdrawn_kg = fields.Integer(required=True)


class ResaleView(ViewSchema):
    """A lot that was opened with one's own units, and its terms as every buyer sees them."""

    lot = fields.String(required=True, attribute="code")
    product = fields.String(required=True, attribute="terms.product")
    offered_kg = fields.Integer(required=True, attribute="available_kg")
    step_kg = fields.Integer(required=True, attribute="terms.step_kg")
    price_fen_per_step = Price(attribute="terms.price_fen_per_step")
    village_bp = fields.Integer(required=True, attribute="terms.village_bp")
    fee_bp = fields.Integer(required=True, attribute="terms.fee_bp")


class ForestLineView(ViewSchema):
    """The forest behind some units, in short."""

    code = fields.String(required=True, attribute="project")
    name = fields.Nested(BothView, required=True)
    place = fields.Nested(BothView, required=True)
    vintage = fields.Integer(required=True)
    monitoring_period = fields.Function(
        lambda forest: PeriodView().dump(forest), required=True, metadata={"type": "object"}
    )
    seller = fields.String(required=True, metadata={"description": "To whom the units were issued."})
    product = fields.String(required=True)
    product_name = Wording("product_", attribute="product")
    origin = fields.Nested(OriginView, required=True, allow_none=True)


class RetirementView(ViewSchema):
    """A holder's own retirement, as anyone may look it up by its number."""

    number = fields.String(required=True)
    quantity_kg = fields.Integer(required=True)
    serial = fields.String(required=True)
    purpose = fields.String(required=True)
    purpose_name = Wording("purpose_", attribute="purpose")
    beneficiary = fields.String(required=True, allow_none=True)
    forest = fields.Nested(ForestLineView, required=True)
    notes = fields.List(Wording("note_"), required=True)
    retired_at = Moment(required=True)


class BlockPieceView(ViewSchema):
    """A block as it stands now."""

    serial = fields.String(required=True)
    quantity_kg = fields.Integer(required=True)
    state = fields.String(required=True)
    state_name = Wording("state_", attribute="state")
    holder = fields.String(required=True, allow_none=True, metadata={"description": "A person has no name."})
    lot = fields.String(required=True, allow_none=True)
    bound = fields.String(required=True, allow_none=True)
    since = Moment(required=True)


class MomentView(ViewSchema):
    """Something that happened to some serials."""

    at = Moment(required=True)
    act = fields.String(required=True)
    act_name = Wording("act_", attribute="act")
    serial = fields.String(required=True)
    quantity_kg = fields.Integer(required=True)
    from_holder = fields.String(required=True, allow_none=True)
    to_holder = fields.String(required=True, allow_none=True)
    reason = fields.String(required=True, allow_none=True)
    reference = fields.String(required=True, allow_none=True)
    by_itself = fields.Boolean(required=True)


class HistoryView(ViewSchema):
    """What stands under some serials, and how it came to that."""

    serial = fields.String(required=True)
    forest = fields.Nested(ForestLineView, required=True)
    pieces = fields.List(fields.Nested(BlockPieceView), required=True)
    moments = fields.List(fields.Nested(MomentView), required=True)
    more = fields.Boolean(required=True, metadata={"description": "Whether this is cut short; ask for less."})
    notes = fields.List(Wording("note_"), required=True)


class ReversalView(ViewSchema):
    """A loss of forest, what made it good, and what is owed."""

    code = fields.String(required=True, attribute="mandate.code")
    project = fields.String(required=True, attribute="series.project")
    vintage = fields.Integer(required=True, attribute="series.vintage")
    reason = fields.String(required=True, attribute="mandate.reason")
    reason_name = Wording("reason_", attribute="mandate.reason")
    quantity_kg = fields.Integer(required=True, attribute="mandate.quantity_kg")
    unsold_kg = fields.Integer(required=True, attribute="mandate.unsold_kg")
    buffer_kg = fields.Integer(required=True, attribute="mandate.buffer_kg")
    owed_kg = fields.Integer(required=True)
    approved_at = Moment(required=True, attribute="mandate.approved_at")
