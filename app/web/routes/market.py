"""The market for anyone: what is offered, what is wished for, and which fits which."""

from typing import Any
from urllib.parse import urlencode

from flask import Response, make_response, redirect, request
from marshmallow import ValidationError, validates_schema

from app.kit.fields import Area, Code, NewSchema, OneOf, Text, WholeText
from app.kit.http import public
from app.kit.messages import t
from app.kit.paging import page as page_of
from app.kit.paging import read_cursor
from app.kit.problems import Problem
from app.kit.transaction import transaction
from app.registry import queries as registry
from app.registry import rules, services
from app.registry.queries import Listing, Search, WishFacts, WishSearch
from app.web import session
from app.web.forms import Form, Yuan, read_form, read_query
from app.web.pages import page, web
from app.web.session import personal
from app.web.words import in_language

PAGE = 20
MOST_COUNTED = 100
KG_PER_T = rules.KG_PER_T


class MarketSearch(NewSchema):
    """What somebody looks for; `price` is yuan a tonne: at most for a lot, at least for a wish."""

    product = OneOf(tuple(rules.PRODUCTS))
    region = Area()
    forest_type = OneOf(rules.FOREST_TYPES)
    vintage_from = WholeText(*rules.VINTAGES)
    vintage_to = WholeText(*rules.VINTAGES)
    price = Yuan()
    least_kg = WholeText(1, rules.MOST_KG)
    after = Code(64)

    @validates_schema
    def years_in_order(self, data: dict[str, Any], **kwargs: Any) -> None:
        """From is not after to."""
        if data.get("vintage_from", 0) > data.get("vintage_to", rules.VINTAGES[1]):
            raise ValidationError(t("registry.field_vintages"), "vintage_to")


class SupplySearch(MarketSearch):
    """What a buyer looks for."""

    name = Text(60)
    sort = OneOf(tuple(sort for sort in rules.SORTS if sort != "opened"))


class DemandSearch(MarketSearch):
    """What a seller looks for."""

    sort = OneOf(rules.WISH_SORTS)


class NewAnswer(NewSchema):
    """One of the seller's lots."""

    lot = Code(40, required=True)


@web.get("/market")
@public
def supply() -> Response:
    """Lots on sale, by any filter; the oldest vintage first unless asked otherwise."""
    form = read_query(SupplySearch)
    told = dict(form.values)
    after, sort = read_cursor(told.pop("after", None)), told.pop("sort", "vintage")
    search = Search(most_fen_per_t=told.pop("price", None), **told)
    rows = registry.search_lots(search, PAGE + 1, after, sort=sort) if form.sound else []
    listed = page_of(rows, PAGE, lambda lot: lot.id)
    return _search_page("market.html", form, listed)


@web.get("/market/wishes")
@public
def demand() -> Response:
    """Open wishes, by what a seller has; the newest first unless asked otherwise."""
    form = read_query(DemandSearch)
    told = dict(form.values)
    after, sort = read_cursor(told.pop("after", None)), told.pop("sort", "newest")
    search = WishSearch(least_fen_per_t=told.pop("price", None), **told)
    rows = registry.list_wishes(search, PAGE + 1, after, sort=sort) if form.sound else []
    listed = page_of(rows, PAGE, lambda wish: wish.id)
    offers = registry.count_offers([wish.id for wish in listed["items"]])
    return _search_page("market_wishes.html", form, listed, offers=offers)


def _search_page(template: str, form: Form, listed: dict[str, Any], **more: Any) -> Response:
    """A list with its filters; the way to its next page keeps them."""
    kept = {name: value for name, value in form.written.items() if name != "after"}
    return page(
        template,
        200 if form.sound else 422,
        tab="forest",
        form=form,
        listed=listed,
        filtered=bool(kept.keys() - {"sort"}),
        following=urlencode(kept | {"after": listed["next"]}) if listed["next"] else "",
        **choices(form),
        **more,
    )


def choices(form: Form | None = None) -> dict[str, Any]:
    """What a filter or a wish can be chosen from, as pairs of value and label, and the names of places.

    An area that the form names and no forest lies in is a choice too: it stays chosen.
    """
    places = {each.region: each.name for each in registry.list_places()}
    areas = [(region, in_language(*name)) for region, name in places.items()]
    asked = form.written.get("region") if form else None
    if asked and asked not in places:
        areas.insert(0, (asked, t("web.area_code", code=asked)))
    return {
        "place_names": places,
        "place_choices": areas,
        "forest_choices": [(kind, t(f"registry.forest_type_{kind}")) for kind in rules.FOREST_TYPES],
        "product_choices": [(product, t(f"registry.product_{product}")) for product in rules.PRODUCTS],
    }


@web.get("/market/wishes/<code:code>")
@public
def wish(code: str) -> Response:
    """One wish, what fits it and what was offered to it. Raises `WishUnknown`."""
    return _wish_page(registry.get_wish(code), Form())


@web.post("/market/wishes/<code:code>/offers")
@personal
def answer_wish(holder_id: int, code: str) -> Response:
    """Offer one of my lots to a wish; what is wrong is said on its page. Raises `WishUnknown`."""
    form = read_form(NewAnswer)
    found = registry.get_wish(code)
    if not form.sound:
        return _wish_page(found, form, 422)
    try:
        with transaction():
            services.offer_lot(holder_id, code, form.values["lot"])
    except Problem as problem:
        return _wish_page(registry.get_wish(code), form.refuse(problem), problem.status)
    return make_response(redirect(f"/market/wishes/{code}?said=lot_offered", 303))


def _wish_page(found: WishFacts, form: Form, status: int = 200) -> Response:
    seen = session.visitor()
    fitting = fitting_lots(found, PAGE)
    offers = registry.list_offers(found.id)
    offered = {lot.id for lot in offers}
    own = [] if seen is None else [lot for lot in _own_lots(seen.holder_id, found) if lot.id not in offered]
    return page(
        "wish.html",
        status,
        tab="forest",
        wish=found,
        form=form,
        offers=offers,
        fitting=[lot for lot in fitting if lot.id not in offered],
        own=own,
        signed_in=seen is not None,
        mine=seen is not None and seen.holder_id == found.holder_id,
        **choices(),
    )


def fitting_lots(found: WishFacts, limit: int) -> list[Listing]:
    """The lots that fit a wish which can still be answered, the lowest price first."""
    if not found.is_open:
        return []
    return registry.search_lots(registry.search_of(found.preferences), limit, sort="price")


def _own_lots(holder_id: int, found: WishFacts) -> list[Listing]:
    """The reader's own lots that they may offer to a wish."""
    if not found.is_open or found.holder_id == holder_id:
        return []
    lots = registry.list_lots_of(holder_id, rules.MOST_OPEN_LOTS)
    return [
        lot
        for lot in lots
        if lot.remaining_kg >= lot.terms.step_kg and rules.fits(lot.offer, found.preferences)
    ]


def count_wishes_for(lot: Listing) -> int:
    """How many open wishes a lot fits, up to `MOST_COUNTED`."""
    return registry.count_wishes_for(lot.offer, MOST_COUNTED)


def wishes_of(lot: Listing) -> str:
    """Where the wishes that a lot fits are listed."""
    offer = lot.offer
    asked = {
        "product": offer.product,
        "region": offer.region,
        "forest_type": offer.forest_type,
        "vintage_from": offer.vintage,
        "vintage_to": offer.vintage,
        "price": f"{offer.price_fen_per_t // 100}.{offer.price_fen_per_t % 100:02d}",
    }
    return "/market/wishes?" + urlencode(asked)


def asked_steps(most: int) -> int | None:
    """The number of steps that the page's address asks the terms of."""
    written = request.args.get("steps", "")
    steps = int(written) if written.isascii() and written.isdigit() and len(written) <= 7 else 0
    return steps if 0 < steps <= most else None
