"""Orders: buying from a lot, the way to the payment sheet and back, and where an order stands."""

from typing import Any
from urllib.parse import urlencode

from flask import Response, make_response, redirect, request

from app.kit.fields import Code, NewSchema, Text, WholeText
from app.kit.messages import t
from app.kit.paging import page as page_of
from app.kit.paging import read_cursor
from app.kit.problems import Problem
from app.kit.transaction import transaction
from app.offsets import queries as offsets
from app.offsets.purposes import PURPOSES
from app.offsets.queries import OrderFacts
from app.offsets.queries.causes import get_cause
from app.offsets.routes import open_payment, place, require_open_shop
from app.offsets.rules import OrderStatus
from app.registry import queries as registry
from app.registry.queries import Listing
from app.web import session
from app.web.errors import OnlyInWeChat
from app.web.forms import read_form
from app.web.pages import page, web
from app.web.routes.forest import lot_page
from app.web.session import personal

PAGE = 20
MOST_STEPS = 100_000


class NewPurchase(NewSchema):
    """What the buyer filled in: a choice of steps, or another number of them."""

    lot = Code(40, required=True)
    steps = WholeText(1, MOST_STEPS)
    other = WholeText(1, MOST_STEPS)
    beneficiary = Text(40)
    wish = Code(26)
    cause = Code(26)


@web.get("/orders")
@personal
def order_list(holder_id: int) -> Response:
    """My orders, newest first."""
    rows = offsets.list_orders(holder_id, PAGE + 1, read_cursor(request.args.get("after")))
    listed = page_of(rows, PAGE, lambda order: order.id)
    lots = {lot_id: _lot(lot_id) for lot_id in {order.lot_id for order in listed["items"]}}
    return page("orders.html", tab="orders", listed=listed, lots=lots)


@web.post("/orders")
@personal
def buy(holder_id: int) -> Response:
    """Reserve units and go to the payment sheet; what is wrong is said on the lot's page."""
    require_open_shop()
    form = read_form(NewPurchase)
    lot = registry.get_lot(form.written.get("lot", ""))
    told = form.values
    steps = told.get("other") or told.get("steps")
    if steps is None:
        form.faults.setdefault("steps", t("kit.field_required"))
    if not form.sound or steps is None:
        return lot_page(lot, form, 422)
    wish = {"lot": lot.code, "quantity_kg": steps * lot.terms.step_kg}
    wish |= {name: told[name] for name in ("beneficiary", "wish", "cause") if name in told}
    wish |= {} if "cause" in wish else {"purpose": "personal"}
    try:
        with transaction():
            order = place(holder_id, wish)
    except Problem as problem:
        return lot_page(lot, form.refuse(problem), problem.status)
    return to_payment_sheet(holder_id, order.code)


@web.post("/orders/<code:code>/pay")
@personal
def pay(holder_id: int, code: str) -> Response:
    """Open the payment sheet again for an order that waits. Raises `OrderUnknown`."""
    offsets.get_order(holder_id, code)
    return to_payment_sheet(holder_id, code)


def to_payment_sheet(holder_id: int, code: str, back: str | None = None) -> Response:
    """Send the browser to WeChat's sheet, and `back` to a page of ours that is not the order's own.

    When that fails the order stands and can be paid later.
    """
    require_open_shop()
    settings = session.settings()
    if not settings.phone_url:
        raise OnlyInWeChat()
    try:
        parameters = open_payment(holder_id, code)
    except Problem as problem:
        return _order_page(holder_id, code, refusal=problem)
    home = f"{settings.public_url}{back or f'/orders/{code}/return'}"
    query = urlencode({"appId": settings.wechat.appid, **parameters, "redirect_uri": home})
    return make_response(redirect(f"{settings.phone_url}/phone/pay?{query}", 303))


@web.get("/orders/<code:code>/return")
@personal
def return_from_payment(holder_id: int, code: str) -> Response:
    """Come back from the sheet; what it says proves nothing, the order itself is read."""
    paid = request.args.get("result") == "ok"
    return make_response(redirect(f"/orders/{code}" + ("?paying=1" if paid else ""), 303))


@web.get("/orders/<code:code>")
@personal
def order(holder_id: int, code: str) -> Response:
    """One order and where it stands. Raises `OrderUnknown`."""
    return _order_page(holder_id, code)


@web.get("/orders/<code:code>/standing")
@personal
def order_standing(holder_id: int, code: str) -> Response:
    """The part of the order's page that changes, for asking again. Raises `OrderUnknown`."""
    return page("order_standing.html", **_standing(holder_id, code))


def _order_page(holder_id: int, code: str, refusal: Problem | None = None) -> Response:
    known = _standing(holder_id, code)
    status = refusal.status if refusal else 200
    return page("order.html", status, tab="orders", refusal=refusal, **known)


def _standing(holder_id: int, code: str) -> dict[str, Any]:
    found = offsets.get_order(holder_id, code)
    return {
        "order": found,
        "refunds": offsets.list_refunds_of(code) if found.refunded_fen else [],
        "lot": _lot(found.lot_id),
        "cause": get_cause(found.cause_id) if found.cause_id else None,
        "closes": found.due_g is not None and not PURPOSES[found.purpose].owes_bought,
        "waiting": _waits(found),
        "phone": session.settings().phone_url,
    }


def _waits(found: OrderFacts) -> bool:
    """Whether the page should ask again by itself: something will happen without the buyer."""
    returned = "paying" in request.args and found.status is OrderStatus.RESERVED
    return returned or found.status in (OrderStatus.PAID, OrderStatus.REFUNDING)


def _lot(lot_id: int) -> Listing | None:
    """The lot with this id, as a buyer sees it."""
    found = registry.list_lots(1, after=lot_id - 1)
    return found[0] if found and found[0].id == lot_id else None
