"""Dues, orders and their payment over HTTP, and where WeChat Pay calls us."""

from datetime import timedelta
from typing import Any

from flask import Response, jsonify, request

from app.accounts import chart
from app.accounts import queries as accounts
from app.clients import errors as outside
from app.clients.pay import ForeignRecord, Refund, Transaction
from app.kit import platforms
from app.kit.http import Blueprint, public
from app.kit.idempotency import writes
from app.kit.identity import caller, signed_in
from app.kit.paging import PageQuery, page, page_of, read_cursor
from app.kit.problems import OutsideUnavailable
from app.kit.transaction import transaction
from app.offsets import queries, services
from app.offsets.errors import OrderNotPayable, PaymentRefused, PurchaseClosed
from app.offsets.provider import foreign_word, paid_word, refund_word, settings, wechat_pay
from app.offsets.rules import PaymentOutcome
from app.offsets.schemas import (
    DuesView,
    NewDues,
    NewOrder,
    OrderView,
    PaymentView,
    ShopView,
)
from app.offsets.services.orders import Wish
from app.registry.rules import YIYUAN

dues = Blueprint("dues", __name__, url_prefix="/v1/dues", description="What is owed 待抵")
calculations = Blueprint(
    "calculation_dues",
    __name__,
    url_prefix="/v1/calculations",
    description="Months that were kept 已存的月度测算",
)
orders = Blueprint("orders", __name__, url_prefix="/v1/orders", description="Purchases 订单")
shop = Blueprint("shop", __name__, url_prefix="/v1/shop", description="Whether one may buy here 购买开关")

notices = Blueprint(
    "notices", __name__, url_prefix="/v1/wechat-pay/notices", description="Where WeChat Pay calls us 支付通知"
)


@dues.route("", methods=["GET"])
@signed_in
@dues.response(200, DuesView)
def get_dues() -> dict[str, Any]:
    """The caller's dues and where they stand."""
    accounts.require_live_session(caller())
    return standing(caller().holder_id)


def standing(holder_id: int) -> dict[str, Any]:
    """What a holder owes, carries, and the dues behind it."""
    return {
        "owed_g": -accounts.get_balance(holder_id, chart.DUE),
        "carry_g": accounts.get_balance(holder_id, chart.CARRY),
        "items": queries.list_dues(holder_id),
    }


@dues.route("", methods=["POST"])
@signed_in
@writes
@dues.arguments(NewDues)
@dues.response(201, DuesView)
def post_dues(wish: dict[str, Any]) -> dict[str, Any]:
    """Record what the caller emitted in a month; each entry opens a due."""
    accounts.require_live_session(caller())
    entries = [(entry["kind"], entry["quantity"]) for entry in wish["entries"]]
    services.dues.open_personal_dues(caller().holder_id, wish["month"], entries)
    return standing(caller().holder_id)


@calculations.route("/<string:code>/dues", methods=["POST"])
@signed_in
@writes
@calculations.response(201, DuesView)
def post_calculation_dues(code: str) -> dict[str, Any]:
    """Owe what a kept month says; recorded kinds that differ from it are corrected. Twice owes once."""
    accounts.require_live_session(caller())
    services.dues.owe_calculation(caller().holder_id, code)
    return standing(caller().holder_id)


@orders.route("", methods=["GET"])
@signed_in
@orders.arguments(PageQuery, location="query")
@orders.response(200, page_of(OrderView))
def get_orders(wish: dict[str, Any]) -> dict[str, Any]:
    """The caller's orders, newest first."""
    accounts.require_live_session(caller())
    rows = queries.list_orders(caller().holder_id, wish["limit"] + 1, read_cursor(wish.get("after")))
    return page(rows, wish["limit"], lambda order: order.id)


@shop.route("", methods=["GET"])
@public
@shop.response(200, ShopView)
def get_shop() -> dict[str, Any]:
    """Whether this client may show prices and sell, by the platform it names in X-Client-Platform."""
    return {"platform": platforms.platform(), "purchase_available": platforms.may_buy()}


def require_open_shop() -> None:
    """Refuse to sell where selling is switched off. Raises `PurchaseClosed`."""
    if not platforms.may_buy():
        raise PurchaseClosed()


@orders.route("", methods=["POST"])
@signed_in
@writes
@orders.arguments(NewOrder)
@orders.response(201, OrderView)
def post_order(wish: dict[str, Any]) -> Any:
    """Reserve units for a while; pay before `expires_at`."""
    require_open_shop()
    accounts.require_live_session(caller())
    return place(caller().holder_id, wish)


def place(holder_id: int, wish: dict[str, Any]) -> queries.OrderFacts:
    """Place an order for a wish as NewOrder takes it; inside a transaction. Raises `TooManyUnpaid`.

    One that answers the buyer's wish for units in public is linked to it, and must fit it.
    """
    posted = wish.get("wish")
    wish_id = services.wishes.require_wish(holder_id, posted, wish["lot"]) if posted else None
    services.orders.require_few_unpaid(holder_id, settings().most_unpaid_orders)
    reservation = timedelta(seconds=settings().reservation_seconds)
    asked = Wish(
        purpose=wish.get("purpose"),
        cause=wish.get("cause"),
        quantity_kg=wish.get("quantity_kg"),
        amount_fen=wish.get("amount_fen"),
        lot_code=wish.get("lot"),
        region=wish.get("region"),
        village=wish.get("village"),
        product=wish.get("product", YIYUAN),
        beneficiary=wish.get("beneficiary"),
    )
    order = services.orders.place_order(holder_id, asked, reservation)
    if wish_id is not None:
        services.wishes.link_order(order.id, wish_id)
    return order


@orders.route("/<string:code>", methods=["GET"])
@signed_in
@orders.response(200, OrderView)
def get_order(code: str) -> Any:
    """One order of the caller."""
    accounts.require_live_session(caller())
    return queries.get_order(caller().holder_id, code)


@orders.route("/<string:code>/payment", methods=["POST"])
@signed_in
@orders.response(200, PaymentView)
def post_payment(code: str) -> dict[str, str]:
    """Open the payment; may be asked again, the terms never change."""
    require_open_shop()
    accounts.require_live_session(caller())
    return open_payment(caller().holder_id, code)


def open_payment(holder_id: int, code: str, payer_id: int | None = None) -> dict[str, str]:
    """Freeze, call, answer: the parameters of wx.requestPayment for an order.

    An organisation's order is paid on the phone of whoever acts for it, `payer_id`.

    Raises `OrderUnknown`, `OrderNotPayable`, `PaymentRefused` or `OutsideUnavailable`.
    """
    with transaction():
        order = services.payments.open_payment(holder_id, code)
        openid = accounts.find_openid(payer_id or holder_id)
    try:
        client = wechat_pay()
        prepay_id = client.prepay(
            out_trade_no=order.code,
            description=order.description,
            amount_fen=order.amount_fen,
            payer_openid=openid or "",
            expires_at=order.expires_at,
        )
        return {"appId": settings().wechat.appid, **client.client_params(prepay_id)}
    except outside.OrderPaid as error:
        raise OrderNotPayable() from error
    except outside.Misconfigured as error:
        raise OutsideUnavailable() from error
    except outside.Refused as error:
        raise PaymentRefused() from error
    except outside.OutsideError as error:
        raise OutsideUnavailable() from error


@notices.route("", methods=["POST"])
@public
@notices.doc(responses={"204": {"description": "Heard"}})
def post_notice() -> Response:
    """Hear WeChat Pay: verified on the raw bytes, answered within its five seconds, in its own words.

    A duplicate is heard again without effect. What does not fit is kept as a doubt and accepted all the
    same: a repetition would say nothing new, and the doubt stays until an operator explains it. Only an
    order we do not know is refused, with 404, so that WeChat Pay repeats the notice for a day: the
    order may turn up.
    """
    try:
        notice = wechat_pay().read_notice(dict(request.headers), request.get_data())
        outcome = _hear(notice.resource)
    except ForeignRecord as foreign:
        with transaction():
            services.doubts.keep_foreign(foreign_word(foreign))
        return Response(status=204)
    except (outside.Unverified, outside.Misconfigured):
        return _fail("notice not verified", 401)
    if outcome is PaymentOutcome.UNKNOWN:
        return _fail("order unknown", 404)
    return Response(status=204)


def _hear(resource: Transaction | Refund) -> PaymentOutcome | None:
    """Record what a verified notice says; a transaction that is not paid says nothing yet."""
    with transaction():
        if isinstance(resource, Refund):
            services.refunds.record_refund(refund_word(resource))
            return None
        if resource.trade_state != "SUCCESS":
            return None
        return services.payments.record_payment(paid_word(resource))


def _fail(message: str, status: int) -> Response:
    response = jsonify(code="FAIL", message=message)
    response.status_code = status
    return response
