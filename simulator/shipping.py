"""Deliveries: where the platform holds a mini-program's funds, until each order is reported as delivered.

Source: Weixin open documentation, "小程序发货信息管理服务" (uploadShippingInfo, getOrder, isTradeManaged).
Errors are HTTP 200 with an `errcode`.
"""

from typing import Any

from flask import Blueprint, Response, request

from simulator.errors import MiniRefused
from simulator.fields import instant
from simulator.gate import guard
from simulator.miniprogram import check_token, refusal, refused
from simulator.state import Transaction
from simulator.world import answer, json_object, world

LONGEST_DESCRIPTION = 120
BY_MERCHANT = 1
#: How often an order may be reported: once, and once more to mend it.
MOST_UPLOADS = 2
#: State of an order here -> order_state of getOrder: to deliver, delivered, refunded.
TO_DELIVER, DELIVERED, REFUNDED = 1, 2, 5

blueprint = Blueprint("shipping", __name__, url_prefix="/wxa/sec/order")
guard(blueprint, refusal)
blueprint.register_error_handler(MiniRefused, refused)


@blueprint.post("/is_trade_managed")
def is_trade_managed() -> Response:
    """Tell whether funds are held until orders are reported."""
    if _body().get("appid") != world().keys.appid:
        raise MiniRefused(40013)
    return _ok(is_trade_managed=world().state.trade_managed)


@blueprint.post("/upload_shipping_info")
def upload_shipping_info() -> Response:
    """Take the report that an order is delivered, which releases its funds."""
    body = _body()
    order = _ordered(body.get("order_key"))
    if order is None:
        raise MiniRefused(10060001)
    _check(body, order)
    reported = {name: body[name] for name in ("logistics_type", "delivery_mode", "shipping_list")}
    with world().state.changing():
        if order.shipping and order.shipping[-1] == reported:
            raise MiniRefused(10060023)
        if len(order.shipping) >= MOST_UPLOADS:
            raise MiniRefused(10060003)
        order.shipping.append(reported)
    return _ok()


@blueprint.post("/get_order")
def get_order() -> Response:
    """Show how an order's delivery stands."""
    body = _body()
    order = _order(body.get("merchant_id"), body.get("merchant_trade_no"))
    if order is None:
        raise MiniRefused(10060001)
    shown = {
        "transaction_id": order.transaction_id,
        "merchant_trade_no": order.out_trade_no,
        "merchant_id": world().keys.mchid,
        "openid": order.openid,
        "paid_amount": order.amount_fen,
        "order_state": _state(order),
    }
    return _ok(order=shown)


def is_frozen(order: Transaction) -> bool:
    """Tell whether an order's money is held: it is paid and nobody has reported a delivery."""
    return world().state.trade_managed and bool(order.transaction_id) and not order.shipping


def _body() -> dict[str, Any]:
    """Return the JSON object of a request that carries a good token."""
    check_token(request.args.get("access_token", ""))
    try:
        return json_object(request.get_data())
    except ValueError:
        raise MiniRefused(47001) from None


def _ok(**told: Any) -> Response:
    return answer({"errcode": 0, "errmsg": "ok", **told})


def _ordered(key: Any) -> Transaction | None:
    """Return the paid order that a report names by the merchant's number."""
    if not isinstance(key, dict) or key.get("order_number_type") != BY_MERCHANT:
        return None
    return _order(key.get("mchid"), key.get("out_trade_no"))


def _order(mchid: Any, out_trade_no: Any) -> Transaction | None:
    """Return a paid order of this merchant."""
    order = world().state.transactions.get(str(out_trade_no))
    return order if order and order.transaction_id and mchid == world().keys.mchid else None


def _check(body: dict[str, Any], order: Transaction) -> None:
    """Refuse a report that is not as specified."""
    things = body.get("shipping_list")
    if body.get("logistics_type") not in (1, 2, 3, 4):
        raise MiniRefused(10060005)
    if body.get("delivery_mode") != 1 or not isinstance(things, list) or len(things) != 1:
        raise MiniRefused(10060006)
    described = things[0].get("item_desc") if isinstance(things[0], dict) else None
    if not isinstance(described, str) or not described:
        raise MiniRefused(10060008)
    if len(described) > LONGEST_DESCRIPTION:
        raise MiniRefused(10060009)
    try:
        instant(str(body.get("upload_time")))
    except (ValueError, OverflowError):
        raise MiniRefused(47001) from None
    payer = body.get("payer")
    if not isinstance(payer, dict) or payer.get("openid") != order.openid:
        raise MiniRefused(10060031)
    if order.state == "REFUND":
        raise MiniRefused(10060004)


def _state(order: Transaction) -> int:
    if order.state == "REFUND":
        return REFUNDED
    return DELIVERED if order.shipping else TO_DELIVER
