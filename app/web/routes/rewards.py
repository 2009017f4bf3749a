"""What points can be redeemed for: the catalogue, one item, and redeeming it."""

from flask import Response, make_response, redirect, request

from app.accounts import queries as accounts
from app.kit.fields import Shaped, Text
from app.kit.http import public
from app.kit.paging import page as page_of
from app.kit.paging import read_cursor
from app.kit.problems import Problem
from app.kit.transaction import transaction
from app.registry.queries.regions import list_names as region_names
from app.rewards.queries import grants
from app.rewards.queries import items as known
from app.rewards.queries.fairness import find_standing
from app.rewards.queries.redemptions import count_taken
from app.rewards.rules.items import KINDS, PHONE, Offer, Supply, lies_in
from app.rewards.services import redemptions as services
from app.rewards.services.redemptions import Address
from app.web import session
from app.web.forms import Form, OnceSchema, once, read_form
from app.web.pages import page, web
from app.web.session import personal

PAGE = 24
_ADDRESS = ("name", "phone", "place")


class RedeemForm(OnceSchema):
    """Points for a thing."""


class DeliveryForm(OnceSchema):
    """Points for a thing that is sent, and where to."""

    name = Text(40, required=True)
    phone = Shaped(PHONE, 14, required=True)
    place = Text(200, shortest=5, required=True)


@web.get("/rewards")
@public
def rewards() -> Response:
    """What is on offer, of one kind or of all."""
    kind = request.args.get("kind")
    kind = kind if kind in KINDS else None
    rows = known.list_items(PAGE + 1, read_cursor(request.args.get("after")), kind)
    seen = session.visitor()
    return page(
        "rewards.html",
        tab="me",
        listed=page_of(rows, PAGE, lambda facts: facts.item.id),
        kinds=KINDS,
        kind=kind,
        points=grants.free_points(seen.holder_id) if seen else None,
        regions=region_names({each.item.region for each in rows if each.item.region}),
    )


@web.get("/rewards/<code:code>")
@public
def reward(code: str) -> Response:
    """One item. Raises `ItemUnknown`."""
    return _item_page(code, Form())


@web.post("/rewards/<code:code>")
@personal
def redeem(holder_id: int, code: str) -> Response:
    """Redeem points for it. Raises `ItemUnknown`."""
    sent = known.get_item(code).item.supply == Supply.DELIVERY
    form = read_form(DeliveryForm if sent else RedeemForm)
    if not form.sound:
        return _item_page(code, form)
    address = Address(**{name: form.values[name] for name in _ADDRESS}) if sent else None
    try:
        with transaction():
            made = once(holder_id, form, lambda: services.redeem(holder_id, code, address).row.code)
    except Problem as problem:
        return _item_page(code, form.refuse(problem))
    return make_response(redirect(f"/me/redemptions/{made}?said=redeemed", 303))


def _item_page(code: str, form: Form) -> Response:
    facts, seen = known.get_item(code), session.visitor()
    points, elsewhere, hindrance = None, 0, None
    if seen is not None:
        points = grants.free_points(seen.holder_id, facts.item.kind)
        elsewhere = grants.free_points(seen.holder_id) - points
        hindrance = _hindrance(facts, seen.holder_id, points)
    return page(
        "reward.html",
        form.status,
        tab="me",
        facts=facts,
        item=facts.item,
        form=form,
        signed_in=seen is not None,
        points=points,
        elsewhere=elsewhere,
        hindrance=hindrance,
        regions=region_names({facts.item.region} if facts.item.region else set()),
    )


def _hindrance(facts: known.ItemFacts, holder_id: int, points: int) -> str | None:
    """Why this person cannot redeem it now, as a message says it; None when nothing is in the way."""
    item, home = facts.item, accounts.homes.find_home(holder_id)
    most = item.most_each
    hindrances = (
        ("rewards.item_sold_out_detail", facts.offer is Offer.SOLD_OUT),
        ("rewards.item_not_open_detail", facts.offer is not Offer.OPEN),
        ("rewards.item_elsewhere_detail", not lies_in(item.region, home.region if home else None)),
        ("web.reward_held", find_standing(holder_id) is not None),
        ("web.reward_limit_reached", most is not None and _had(facts, holder_id) >= most),
        ("web.reward_points_short", points < item.points),
    )
    return next((message for message, applies in hindrances if applies), None)


def _had(facts: known.ItemFacts, holder_id: int) -> int:
    return count_taken(holder_id, facts.item.id, facts.period)
