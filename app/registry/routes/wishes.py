"""Wishes 求购: what people want to buy, for anyone to search; who they are is shown to nobody."""

from typing import Any

from app.accounts import queries as accounts
from app.kit import clock
from app.kit.http import Blueprint, public
from app.kit.idempotency import writes
from app.kit.identity import caller, signed_in
from app.kit.paging import PageQuery, page, page_of, read_cursor
from app.registry import queries, services
from app.registry.queries import WishFacts, WishSearch, search_of
from app.registry.schemas import LotView
from app.registry.schemas.market import (
    NewWish,
    NewWishOffer,
    OfferView,
    OwnWishView,
    WishSearchQuery,
    WishView,
)
from app.registry.services import WishTerms

wishes = Blueprint("wishes", __name__, url_prefix="/v1/wishes", description="Wishes to buy 求购")


@wishes.route("", methods=["GET"])
@public
@wishes.arguments(WishSearchQuery, location="query")
@wishes.response(200, page_of(WishView))
def get_wishes(wish: dict[str, Any]) -> dict[str, Any]:
    """Open wishes, by what a seller has to offer."""
    limit, after, sort = wish.pop("limit"), read_cursor(wish.pop("after", None)), wish.pop("sort")
    rows = queries.list_wishes(WishSearch(**wish), limit + 1, after, sort=sort)
    return page(rows, limit, lambda each: each.id)


@wishes.route("", methods=["POST"])
@signed_in
@writes
@wishes.arguments(NewWish)
@wishes.response(201, OwnWishView)
def post_wish(wish: dict[str, Any]) -> WishFacts:
    """Ask for units in public, without a name and without words of one's own."""
    accounts.require_live_session(caller())
    return services.post_wish(caller().holder_id, wish_terms(wish))


def wish_terms(wish: dict[str, Any]) -> WishTerms:
    """The terms of a wish as `NewWish` takes it: it ends when its last day is over."""
    return WishTerms(expires_at=clock.end_of_day(wish.pop("until")), **wish)


@wishes.route("/own", methods=["GET"])
@signed_in
@wishes.arguments(PageQuery, location="query")
@wishes.response(200, page_of(OwnWishView))
def get_own_wishes(wish: dict[str, Any]) -> dict[str, Any]:
    """The caller's wishes, the newest first, ended ones too."""
    accounts.require_live_session(caller())
    rows = queries.list_wishes_of(caller().holder_id, wish["limit"] + 1, read_cursor(wish.get("after")))
    return page(rows, wish["limit"], lambda each: each.id)


@wishes.route("/<string:code>", methods=["GET"])
@public
@wishes.response(200, WishView)
def get_wish(code: str) -> WishFacts:
    """One wish, also after it has ended; one that an operator has hidden is not found."""
    return queries.get_wish(code)


@wishes.route("/<string:code>/lots", methods=["GET"])
@public
@wishes.arguments(PageQuery, location="query")
@wishes.response(200, page_of(LotView))
def get_lots_for_wish(wish: dict[str, Any], code: str) -> dict[str, Any]:
    """The lots on sale that fit a wish, the lowest price first."""
    search = search_of(queries.get_wish(code).preferences)
    rows = queries.search_lots(search, wish["limit"] + 1, read_cursor(wish.get("after")), sort="price")
    return page(rows, wish["limit"], lambda lot: lot.id)


@wishes.route("/<string:code>/offers", methods=["GET"])
@public
@wishes.response(200, page_of(LotView))
def get_offers(code: str) -> dict[str, Any]:
    """The lots that their sellers have offered to a wish and that are still there, the newest offer first."""
    return {"items": queries.list_offers(queries.get_wish(code).id), "next": None}


@wishes.route("/<string:code>/offers", methods=["POST"])
@signed_in
@writes
@wishes.arguments(NewWishOffer)
@wishes.response(201, OfferView)
def post_offer(wish: dict[str, Any], code: str) -> dict[str, Any]:
    """Answer a wish with a lot of the caller's; offering it twice is offering it once."""
    accounts.require_live_session(caller())
    services.offer_lot(caller().holder_id, code, wish["lot"])
    return {"wish": code, "lot": wish["lot"]}


@wishes.route("/<string:code>/withdraw", methods=["POST"])
@signed_in
@writes
@wishes.response(200, OwnWishView)
def post_withdraw(code: str) -> WishFacts:
    """Take a wish of the caller's back. Another's is not found."""
    accounts.require_live_session(caller())
    return services.withdraw_wish(caller().holder_id, code)
