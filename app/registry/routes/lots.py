"""Units on sale 在售货批: what there is, what it costs, and how a holder sells."""

from typing import Any

from app.accounts import queries as accounts
from app.kit.http import Blueprint, public
from app.kit.idempotency import writes
from app.kit.identity import caller, signed_in
from app.kit.paging import PageQuery, page, page_of, read_cursor
from app.registry import queries, services
from app.registry.queries import Search
from app.registry.schemas import LotView
from app.registry.schemas.market import (
    ClosedLotView,
    LotSearch,
    NewLot,
    QuoteQuery,
    QuoteView,
    SellableListView,
    WishView,
)
from app.registry.services import Offering

REFUNDS = ("at_once", "sold_out", "late", "unpaid")
MOST_SELLABLE = 500

lots = Blueprint("lots", __name__, url_prefix="/v1/lots", description="Units on sale 在售货批")


@lots.route("", methods=["GET"])
@public
@lots.arguments(LotSearch, location="query")
@lots.response(200, page_of(LotView))
def get_lots(wish: dict[str, Any]) -> dict[str, Any]:
    """Lots on sale, by any of the filters, in one of four orders; or what cannot be bought any more."""
    limit, after = wish.pop("limit"), read_cursor(wish.pop("after", None))
    available, sort = wish.pop("available", "true"), wish.pop("sort")
    if available == "false":
        rows = queries.list_lots(limit + 1, after, available=False, **wish)
    else:
        rows = queries.search_lots(Search(**wish), limit + 1, after, sort=sort)
    return page(rows, limit, lambda lot: lot.id)


@lots.route("", methods=["POST"])
@signed_in
@writes
@lots.arguments(NewLot)
@lots.response(201, LotView)
def post_lot(wish: dict[str, Any]) -> Any:
    """Put units that the caller holds on sale; the platform's fee and the shares stand in the answer."""
    accounts.require_live_session(caller())
    return services.sell(caller().holder_id, Offering(**wish))


@lots.route("/own", methods=["GET"])
@signed_in
@lots.arguments(PageQuery, location="query")
@lots.response(200, page_of(LotView))
def get_own_lots(wish: dict[str, Any]) -> dict[str, Any]:
    """The caller's lots, the newest first, closed ones too."""
    accounts.require_live_session(caller())
    rows = queries.list_lots_of(caller().holder_id, wish["limit"] + 1, read_cursor(wish.get("after")))
    return page(rows, wish["limit"], lambda lot: lot.id)


@lots.route("/sellable", methods=["GET"])
@signed_in
@lots.response(200, SellableListView)
def get_sellable() -> dict[str, Any]:
    """What the caller holds and may put on sale."""
    accounts.require_live_session(caller())
    return {"items": queries.list_sellable(MOST_SELLABLE, caller().holder_id)}


@lots.route("/<string:code>", methods=["GET"])
@public
@lots.response(200, LotView)
def get_lot(code: str) -> Any:
    """One lot: seller, terms, monitoring period, remaining."""
    return queries.get_lot(code)


@lots.route("/<string:code>/quote", methods=["GET"])
@public
@lots.arguments(QuoteQuery, location="query")
@lots.response(200, QuoteView)
def get_quote(wish: dict[str, Any], code: str) -> dict[str, Any]:
    """The terms of a purchase before it is made: price, who gets what, what it is not, what goes back."""
    quote = queries.get_quote(code, wish.get("quantity_kg"), wish.get("amount_fen"))
    return {
        "listing": quote.listing,
        "quantity_kg": quote.quantity_kg,
        "amount_fen": quote.amount_fen,
        "shares": quote.shares,
        "available": quote.available,
        "refunds": REFUNDS,
    }


@lots.route("/<string:code>/wishes", methods=["GET"])
@public
@lots.arguments(PageQuery, location="query")
@lots.response(200, page_of(WishView))
def get_wishes_for_lot(wish: dict[str, Any], code: str) -> dict[str, Any]:
    """The open wishes that a lot fits, the newest first."""
    offer = queries.get_lot(code).offer
    rows = queries.list_wishes_for(offer, wish["limit"] + 1, read_cursor(wish.get("after")))
    return page(rows, wish["limit"], lambda each: each.id)


@lots.route("/<string:code>/close", methods=["POST"])
@signed_in
@writes
@lots.response(200, ClosedLotView)
def post_close(code: str) -> dict[str, Any]:
    """Take a lot of the caller's off sale; what orders have reserved can still be paid and settled."""
    accounts.require_live_session(caller())
    return {"code": code, "unsold_kg": services.close_own_lot(caller().holder_id, code)}
