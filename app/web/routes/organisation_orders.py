"""Buying in an organisation's name on pages: the list, the form, one order and the ways to pay it."""

from typing import Any
from urllib.parse import urlencode

from flask import Response, make_response, redirect, request

from app.accounts.queries import memberships
from app.causes.queries import organisations as known
from app.causes.routes.acting import Actor
from app.causes.routes.organisation_orders import place, view
from app.kit.fields import Code, OneOf, Text, WholeText
from app.kit.messages import t
from app.kit.paging import page as page_of
from app.kit.paging import read_cursor
from app.kit.problems import Problem
from app.kit.transaction import transaction
from app.offsets.routes.orders import open_payment, require_open_shop
from app.registry import queries as registry
from app.web import session
from app.web.errors import OnlyInWeChat
from app.web.forms import Form, OnceSchema, once, read_form
from app.web.organisations import Period, org_page, organisational, to
from app.web.pages import web

PAGE, MOST_LOTS, MOST_STEPS = 20, 100, 1_000_000


class NewPurchase(OnceSchema):
    """What to buy from which forest, how to pay, what for."""

    lot = Code(40, required=True)
    steps = WholeText(1, MOST_STEPS, required=True)
    channel = OneOf(("wechat", "offline"), required=True)
    use = Text(80)
    period = Period(7)
    keep = OneOf(("no", "yes"))
    print_name = OneOf(("yes",))


@web.get("/organisations/<code:code>/orders")
@organisational("read")
def organisation_orders(actor: Actor) -> Response:
    """Orders in its name, whoever placed them, and the form of a new one."""
    return _orders_page(actor, Form())


@web.post("/organisations/<code:code>/orders")
@organisational("orders")
def buy_for_organisation(actor: Actor) -> Response:
    """Order units within the budgets."""
    require_open_shop()
    form = read_form(NewPurchase)
    told = form.values
    if form.sound and told.get("keep") == "yes" and told["channel"] != "offline":
        form.faults["keep"] = t("causes.field_keep")
    if not form.sound:
        return _orders_page(actor, form)
    try:
        lot = registry.get_lot(told["lot"])
        wish: dict[str, Any] = {
            "lot": lot.code,
            "quantity_kg": told["steps"] * lot.terms.step_kg,
            "product": lot.terms.product,
            "channel": told["channel"],
            "print_name": "print_name" in told,
            "keep": told.get("keep") == "yes",
            **{name: told[name] for name in ("use", "period") if name in told},
        }
        with transaction():
            code = once(actor.member_id, form, lambda: place(actor, wish).code)
    except Problem as problem:
        return _orders_page(actor, form.refuse(problem))
    return to(actor, f"/orders/{code}", "org_ordered")


@web.get("/organisations/<code:code>/orders/<code:order>")
@organisational("read")
def organisation_order(actor: Actor, order: str) -> Response:
    """One order and where it stands. Raises `OrderUnknown`."""
    return _order_page(actor, order, Form())


@web.post("/organisations/<code:code>/orders/<code:order>/pay")
@organisational("orders")
def pay_for_organisation(actor: Actor, order: str) -> Response:
    """Go to WeChat's sheet on my own phone."""
    require_open_shop()
    settings = session.settings()
    if not settings.phone_url:
        raise OnlyInWeChat()
    try:
        parameters = open_payment(actor.id, order, actor.member_id)
    except Problem as problem:
        return _order_page(actor, order, Form().refuse(problem))
    back = f"{settings.public_url}/organisations/{actor.organisation.code}/orders/{order}"
    query = urlencode({"appId": settings.wechat.appid, **parameters, "redirect_uri": back})
    return make_response(redirect(f"{settings.phone_url}/phone/pay?{query}", 303))


def _orders_page(actor: Actor, form: Form) -> Response:
    rows = known.list_placed(actor.id, PAGE + 1, read_cursor(request.args.get("after")))
    return org_page(
        "organisation_orders.html",
        actor,
        "orders",
        form,
        listed=page_of(rows, PAGE, lambda row: row.order.id),
        lots=registry.list_lots(MOST_LOTS, available=True),
        offline=session.settings().bank_account is not None,
        names=_names(actor.id),
    )


def _order_page(actor: Actor, order: str, form: Form) -> Response:
    placed = known.get_placed(actor.id, order)
    return org_page(
        "organisation_order.html",
        actor,
        "orders",
        form,
        placed=placed,
        order=placed.order,
        link=view(placed)["transfer_link"],
        phone=session.settings().phone_url,
        names=_names(actor.id),
    )


def _names(organisation_id: int) -> dict[int, str]:
    """What the members are called: by the organisation, or by the end of their code."""
    members = memberships.list_members(organisation_id)
    return {each.holder_id: each.label or f"…{each.code[-6:]}" for each in members}
