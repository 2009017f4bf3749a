"""What is said about gifts."""

from typing import Any

from marshmallow import ValidationError, fields, validates_schema

from app.causes.rules.gifts import (
    LONGEST_NAME,
    LONGEST_WORDS,
    MOST_CARD_KG,
    MOST_CARDS,
    CardStatus,
    GiftStatus,
    WordsStatus,
)
from app.causes.rules.occasions import occasions
from app.kit.fields import Code, Lasting, Moment, NewSchema, OneOf, Text, ViewSchema, Whole, Written
from app.kit.messages import t
from app.registry.rules import PRODUCTS


class GiftWords(NewSchema):
    """What a giver writes; nobody reads it before it is checked."""

    words = Written(LONGEST_WORDS)
    giver = Written(LONGEST_NAME, metadata={"description": "How the giver signs."})
    recipients = fields.List(
        Written(LONGEST_NAME, allow_none=True),
        validate=Lasting(1, MOST_CARDS),
        metadata={"description": "Whom each card is written for, by its place; null for nobody by name."},
    )


class NewGiftOrder(GiftWords):
    """Units bought for others: one order, as many cards as there are recipients, or as `cards` says."""

    occasion = OneOf(tuple(occasions()), required=True)
    cards = Whole(
        1, MOST_CARDS, metadata={"description": "Without recipients by name; 1 if neither is given."}
    )
    card_kg = Whole(
        1, MOST_CARD_KG, required=True, metadata={"description": "Of each card; all together in whole steps."}
    )
    shown = fields.Boolean(
        truthy={True},
        falsy={False},
        load_default=False,
        metadata={
            "description": "Words and signature may stand on the public page once all claimants agree."
        },
    )
    lot = Code(40, metadata={"description": "A lot's code; without it the oldest vintage is taken."})
    region = Code(12, metadata={"description": "A GB/T 2260 code: only lots of this place."})
    village = Text(60, metadata={"description": "A village's name in either language: only its lots."})
    product = OneOf(tuple(PRODUCTS), metadata={"description": "Without it and without a lot: yiyuan."})

    @validates_schema
    def one_of_each(self, data: dict[str, Any], **kwargs: Any) -> None:
        """Names or a number of cards; one way to choose a forest."""
        if {"cards", "recipients"} <= data.keys():
            raise ValidationError(t("causes.cards_or_recipients"), "cards")
        if len({"lot", "region", "village"} & data.keys()) > 1:
            raise ValidationError(t("offsets.lot_or_region"), "lot")
        if {"lot", "product"} <= data.keys():
            raise ValidationError(t("offsets.lot_or_product"), "product")


class GiftShown(NewSchema):
    """Whether words and signature may stand in public."""

    shown = fields.Boolean(truthy={True}, falsy={False}, required=True)


class NewName(NewSchema):
    """How somebody wants to be named in public."""

    name = Written(LONGEST_NAME, required=True)


class NewThanks(NewSchema):
    """What somebody answers to a giver."""

    thanks = Written(LONGEST_WORDS, required=True)


class OccasionView(ViewSchema):
    """An occasion, its words to begin with and the inside of an SVG of 96 by 96."""

    code = fields.String(required=True)
    name = fields.String(required=True)
    greeting = fields.String(required=True)
    drawing = fields.String(required=True)


class OccasionsView(ViewSchema):
    """Every occasion in the order in which they are offered."""

    items = fields.List(fields.Nested(OccasionView), required=True)


class WrittenView(ViewSchema):
    """Words as their author sees them."""

    text = fields.String(required=True)
    status = OneOf(tuple(WordsStatus), required=True)
    reason = fields.String(required=True, allow_none=True)


class GiftWordsView(ViewSchema):
    """What the giver wrote, as the giver sees it."""

    words = fields.String(required=True, allow_none=True)
    giver = fields.String(required=True, allow_none=True)
    status = OneOf(tuple(WordsStatus), required=True)
    reason = fields.String(required=True, allow_none=True)


class OwnCardView(ViewSchema):
    """A card as its giver sees it; `thanks` once they passed."""

    place = fields.Integer(required=True)
    status = OneOf(tuple(CardStatus), required=True)
    recipient = fields.String(required=True, allow_none=True)
    link = fields.String(
        required=True, allow_none=True, metadata={"description": "Only while it can be claimed."}
    )
    until = Moment(required=True)
    claimed_at = Moment(required=True, allow_none=True)
    thanks = fields.String(required=True, allow_none=True)


class OwnGiftView(ViewSchema):
    """A gift as its giver sees it; pay its order as any other."""

    code = fields.String(required=True)
    occasion = fields.String(required=True)
    status = OneOf(tuple(GiftStatus), required=True)
    card_kg = fields.Integer(required=True)
    shown = fields.Boolean(required=True)
    made_at = Moment(required=True)
    order = fields.String(required=True)
    amount_fen = fields.Integer(required=True)
    certificate_number = fields.String(required=True, allow_none=True)
    words = fields.Nested(GiftWordsView, required=True, allow_none=True)
    cards = fields.List(fields.Nested(OwnCardView), required=True)


class CardShownView(ViewSchema):
    """A card as whoever has its link sees it; nothing that was written before it passed."""

    status = OneOf(tuple(CardStatus), required=True)
    occasion = fields.String(required=True)
    occasion_name = fields.String(required=True)
    words = fields.String(required=True, allow_none=True)
    giver = fields.String(required=True, allow_none=True)
    recipient = fields.String(required=True, allow_none=True)
    card_kg = fields.Integer(required=True)
    serial = fields.String(required=True, allow_none=True)
    certificate_number = fields.String(required=True, allow_none=True)
    until = Moment(required=True)


class ReceivedView(CardShownView):
    """A card as its claimant sees it."""

    code = fields.String(required=True)
    claimed_at = Moment(required=True)
    name = fields.Nested(WrittenView, required=True, allow_none=True)
    thanks = fields.Nested(WrittenView, required=True, allow_none=True)


class DedicationView(ViewSchema):
    """What the public may read of the gift behind a certificate."""

    occasion = fields.String(required=True)
    occasion_name = fields.String(required=True)
    cards = fields.Integer(required=True)
    claimed = fields.Integer(required=True)
    names = fields.List(fields.String(), required=True)
    anonymous = fields.Integer(required=True)
    words = fields.String(required=True, allow_none=True)
    giver = fields.String(required=True, allow_none=True)
