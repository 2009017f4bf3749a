"""What is said about supply and demand. No view of a wish says whose it is."""

from typing import Any

from marshmallow import ValidationError, fields, validates_schema

from app.kit import clock
from app.kit.fields import Area, Code, Day, Moment, NewSchema, OneOf, Text, ViewSchema, Whole, WholeText
from app.kit.messages import t
from app.kit.paging import PageQuery
from app.registry import rules
from app.registry.rules import FOREST_TYPES, PRODUCTS, SORTS, STEP_KG, WISH_SORTS, WishStatus
from app.registry.schemas import BothView, LotQuery, Price, SaleView, SharesView, Wording


def _years_in_order(data: dict[str, Any]) -> None:
    if data.get("vintage_from", 0) > data.get("vintage_to", rules.VINTAGES[1]):
        raise ValidationError(t("registry.field_vintages"), "vintage_to")


class MarketFilter(NewSchema):
    """What a lot is searched by."""

    product = OneOf(tuple(PRODUCTS))
    region = Area(metadata={"description": "The beginning of an administrative code, such as 3507."})
    forest_type = OneOf(FOREST_TYPES)
    vintage_from = WholeText(*rules.VINTAGES)
    vintage_to = WholeText(*rules.VINTAGES)
    least_kg = WholeText(
        1, rules.MOST_KG, metadata={"description": "As much must be there to be bought now."}
    )

    @validates_schema
    def years_in_order(self, data: dict[str, Any], **kwargs: Any) -> None:
        """From is not after to."""
        _years_in_order(data)


MOST_FEN_PER_T = rules.MOST_FEN_PER_STEP * 1000


class LotSearch(MarketFilter, LotQuery):
    """Which lots are wanted; `available=false` lists those that cannot be bought, by forest alone."""

    region = Area(metadata={"description": "The beginning of an administrative code, such as 3507."})
    most_fen_per_t = WholeText(1, MOST_FEN_PER_T, metadata={"description": "The price of a tonne at most."})
    name = Text(60, metadata={"description": "Any part of the seller's or the forest's names."})
    sort = OneOf(SORTS, load_default="opened")

    @validates_schema
    def what_is_gone_is_listed_plainly(self, data: dict[str, Any], **kwargs: Any) -> None:
        """What cannot be bought any more is no part of the market."""
        plain = {"available", "limit", "after", "region", "village", "project", "sort"}
        if data.get("available") == "false" and (data.keys() - plain or data["sort"] != "opened"):
            raise ValidationError(t("registry.field_gone_plainly"), "available")


class WishSearchQuery(MarketFilter, PageQuery):
    """Which wishes are wanted: by what a seller has."""

    least_fen_per_t = WholeText(1, MOST_FEN_PER_T, metadata={"description": "They pay as much for a tonne."})
    sort = OneOf(WISH_SORTS, load_default="newest")


class QuoteQuery(NewSchema):
    """A purchase: exactly one of the two."""

    quantity_kg = WholeText(1, rules.MOST_KG)
    amount_fen = WholeText(1)

    @validates_schema
    def one_measure(self, data: dict[str, Any], **kwargs: Any) -> None:
        """Quantity or money, not both and not neither."""
        if len(data) != 1:
            raise ValidationError(t("registry.field_one_measure"), "quantity_kg")


class QuoteView(ViewSchema):
    """What this very quantity costs, who gets how much of it, what it is not, and what goes back when."""

    lot = fields.String(required=True, attribute="listing.code")
    quantity_kg = fields.Integer(required=True)
    amount_fen = Price()
    seller = fields.String(required=True, attribute="listing.seller")
    village = fields.String(required=True, allow_none=True, attribute="listing.village")
    shares = fields.Nested(SharesView, required=True)
    available = fields.Boolean(required=True, metadata={"description": "Whether as much is there now."})
    compliance = fields.Constant(False, required=True)
    notes = fields.List(Wording("note_"), required=True, attribute="listing.project.notes")
    refunds = fields.List(
        Wording("refund_"),
        required=True,
        metadata={"description": "What becomes of the money when something goes wrong, and what never does."},
    )


class NewLot(NewSchema):
    """Units that the caller holds, put on sale."""

    project = Code(20, required=True)
    vintage = Whole(*rules.VINTAGES, required=True)
    quantity_kg = Whole(1, rules.MOST_KG, required=True)
    product = OneOf(tuple(PRODUCTS), metadata={"description": "Without it: what these units are."})
    price_fen_per_step = Whole(1, rules.MOST_FEN_PER_STEP, required=True)
    village = Code(
        26,
        metadata={
            "description": "The code of a village's books that gets a share; registered ones hold without it."
        },
    )
    village_bp = Whole(0, rules.MOST_VILLAGE_BP, load_default=0)


class SellableView(ViewSchema):
    """Units of one issuance that the caller may put on sale."""

    project = fields.String(required=True, attribute="project.code")
    name = fields.Nested(BothView, required=True, attribute="project.name")
    vintage = fields.Integer(required=True)
    free_kg = fields.Integer(required=True)
    largest_kg = fields.Integer(
        required=True, metadata={"description": "As much fits into one lot, whose serials stay together."}
    )
    sale = fields.Nested(SaleView, required=True)


class SellableListView(ViewSchema):
    """Everything the caller may put on sale."""

    items = fields.List(fields.Nested(SellableView), required=True)


class ClosedLotView(ViewSchema):
    """A lot that was taken off sale."""

    code = fields.String(required=True)
    unsold_kg = fields.Integer(required=True, metadata={"description": "Free again, to be sold or kept."})


class NewWish(NewSchema):
    """What somebody wishes to buy. No words of their own: who answers does it through the platform."""

    product = OneOf(tuple(PRODUCTS), load_default=rules.YIYUAN)
    quantity_kg = Whole(1, rules.MOST_KG, required=True, metadata={"description": "In whole steps."})
    most_fen_per_step = Whole(1, rules.MOST_FEN_PER_STEP, required=True)
    region = Area(metadata={"description": "The forest lies within: an administrative code of any level."})
    forest_type = OneOf(FOREST_TYPES)
    vintage_from = Whole(*rules.VINTAGES)
    vintage_to = Whole(*rules.VINTAGES)
    until = Day(required=True, metadata={"description": "The last day, within half a year."})

    @validates_schema
    def can_be_met(self, data: dict[str, Any], **kwargs: Any) -> None:
        """Years in order, whole steps, and a last day that is neither past nor far away."""
        _years_in_order(data)
        require_wish(data["product"], data["quantity_kg"], data["until"])


def require_wish(product: str, quantity_kg: int, until: Any) -> None:
    """Refuse a quantity of broken steps or a last day out of reach. Raises ValidationError."""
    step_kg = STEP_KG[product]
    if quantity_kg % step_kg:
        raise ValidationError(t("registry.field_steps", step_kg=step_kg), "quantity_kg")
    today = clock.business_day()
    if not today <= until <= today + rules.LONGEST_WISH:
        days = rules.LONGEST_WISH.days
        raise ValidationError(t("registry.field_until", days=days), "until")


class WishView(ViewSchema):
    """A wish as anyone may see it."""

    code = fields.String(required=True)
    status = OneOf(tuple(WishStatus), required=True)
    product = fields.String(required=True, attribute="preferences.product")
    product_name = Wording("product_", attribute="preferences.product")
    step_kg = fields.Integer(required=True)
    quantity_kg = fields.Integer(required=True)
    remaining_kg = fields.Integer(
        required=True, metadata={"description": "What is left after the purchases that were settled."}
    )
    most_fen_per_step = Price()
    most_fen_per_t = Price(attribute="preferences.most_fen_per_t")
    region = fields.String(required=True, allow_none=True, attribute="preferences.region")
    forest_type = fields.String(required=True, allow_none=True, attribute="preferences.forest_type")
    vintage_from = fields.Integer(required=True, allow_none=True, attribute="preferences.vintage_from")
    vintage_to = fields.Integer(required=True, allow_none=True, attribute="preferences.vintage_to")
    sample = fields.Boolean(required=True)
    opened_at = Moment(required=True)
    expires_at = Moment(required=True)
    closed_at = Moment(required=True, allow_none=True)


class OwnWishView(WishView):
    """A wish as who wished sees it: also why an operator has hidden it."""

    reason = fields.String(required=True, allow_none=True)


class NewWishOffer(NewSchema):
    """A lot of the caller's, offered to a wish."""

    lot = Code(40, required=True)


class OfferView(ViewSchema):
    """A lot that was offered to a wish."""

    wish = fields.String(required=True)
    lot = fields.String(required=True)
