"""Payment orders at the provider: prepay, pay, query, close, and what their states allow.

NOTPAY -> SUCCESS -> REFUND, NOTPAY -> CLOSED. Source: WeChat Pay API v3, "JSAPI/小程序下单",
"小程序调起支付", "查询订单", "关闭订单", "支付成功回调通知".
"""

import secrets
from typing import Any

from simulator.clock import local, rfc3339
from simulator.errors import PayRefused, PhoneRefused
from simulator.fields import PREPAY, check, instant, wrong_field
from simulator.signatures import is_signed, signed_text
from simulator.state import Prepay, Transaction
from simulator.world import World

PREPAY_LIFE_S = 2 * 3600
#: Without time_expire an order can be paid for seven days; then it is closed.
UNPAID_LIFE_S = 7 * 86_400
EARLIEST_DEADLINE_S = 60
LATEST_DEADLINE_S = 90 * 86_400
STATE_TEXTS = {
    "NOTPAY": "订单未支付",
    "SUCCESS": "支付成功",
    "CLOSED": "订单已关闭",
    "REFUND": "订单发生过退款，退款详情请查询退款单",
}
PAY_PARAMETERS = ("appId", "timeStamp", "nonceStr", "package", "signType", "paySign")


def prepay(world: World, body: dict[str, Any]) -> str:
    """Open a payment order, or find the one opened with the same parameters; returns a prepay id.

    PayRefused: PARAM_ERROR, APPID_MCHID_NOT_MATCH, OUT_TRADE_NO_USED, ORDERPAID, ORDER_CLOSED.
    """
    check(body, PREPAY)
    if (body["appid"], body["mchid"]) != (world.keys.appid, world.keys.mchid):
        raise PayRefused("APPID_MCHID_NOT_MATCH", "AppID与商户号不匹配")
    check_notify_url(world, body["notify_url"])
    if body["payer"]["openid"] not in world.state.accounts:
        raise wrong_field("payer.openid", body["payer"]["openid"], "无效的openid，不属于此appid")
    now = world.clock.now()
    with world.state.changing():
        order = world.state.transactions.get(body["out_trade_no"])
        if order is None:
            order = Transaction(body["out_trade_no"], body, now, _deadline(body, now))
            world.state.transactions[order.out_trade_no] = order
        elif order.request != body:
            raise PayRefused("OUT_TRADE_NO_USED", "请求重入时，参数与首次请求时不一致")
        _refuse_unless_open(_settled(world, order))
        ticket = Prepay(f"wx{local(now):%Y%m%d%H%M%S}{secrets.token_hex(10)}", order.out_trade_no, now)
        world.state.prepays[ticket.prepay_id] = ticket
    return ticket.prepay_id


def check_notify_url(world: World, url: str) -> None:
    """Refuse an address that WeChat Pay, or this simulator, would not send notices to.

    The real one wants public https without a query string; here http on this machine is right instead.
    """
    if "?" in url or "#" in url or not world.addresses.allows(url):
        raise wrong_field("notify_url", url, "通知地址无效：模拟器只通知本机或应用自己的地址，且不能携带参数")


def order_to_pay(world: World, parameters: dict[str, Any]) -> Transaction:
    """Check the parameters of wx.requestPayment and return the order they open.

    PhoneRefused says, as the phone would, why it cannot be paid.
    """
    values = {name: str(parameters.get(name, "")) for name in PAY_PARAMETERS}
    text = signed_text(values["appId"], values["timeStamp"], values["nonceStr"], values["package"])
    ours = (values["appId"], values["signType"]) == (world.keys.appid, "RSA")
    key = world.keys.merchant_key.public_key()
    if not ours or not values["timeStamp"].isdecimal() or not is_signed(key, text, values["paySign"]):
        raise PhoneRefused("支付验证签名失败", "the payment parameters are not signed by the merchant")
    ticket = world.state.prepays.get(values["package"].removeprefix("prepay_id="))
    now = world.clock.now()
    if ticket is None or not values["package"].startswith("prepay_id="):
        raise PhoneRefused("预支付交易会话无效", "unknown prepay_id")
    order = _settled(world, world.state.transactions[ticket.out_trade_no])
    if order.state in ("SUCCESS", "REFUND"):
        raise PhoneRefused("该订单已支付", "this order has been paid", 409)
    if order.state == "CLOSED":
        raise PhoneRefused("该订单已关闭", "this order has been closed", 409)
    if now >= order.expires_at or now - ticket.issued_at > PREPAY_LIFE_S:
        raise PhoneRefused("该订单已过期，请重新下单", "this order has expired", 409)
    return order


def pay(world: World, order: Transaction, late: bool = False) -> None:
    """Take the money and send the notice; a `late` payment also counts on a closed order.

    PhoneRefused when it has been paid or closed meanwhile.
    """
    with world.state.changing():
        if order.state not in (("NOTPAY", "CLOSED") if late else ("NOTPAY",)):
            raise PhoneRefused(f"无法支付：{STATE_TEXTS[order.state]}", f"the order is {order.state}", 409)
        now = world.clock.now()
        order.state, order.paid_at = "SUCCESS", now
        order.transaction_id = f"42000{local(now):%Y%m%d}{secrets.randbelow(10**15):015}"
        world.state.paid[order.transaction_id] = order.out_trade_no
    world.post.publish(
        "TRANSACTION.SUCCESS",
        "支付成功",
        order.request["notify_url"],
        transaction_view(order),
        order.out_trade_no,
    )


def find_transaction(world: World, number: str, mchid: str | None, by_id: bool = False) -> Transaction:
    """Return an order by our number or the merchant's.

    PayRefused: PARAM_ERROR for another merchant id, ORDER_NOT_EXIST.
    """
    if mchid != world.keys.mchid:
        raise wrong_field("mchid", mchid, "商户号与签名的商户不一致", "query")
    order = world.state.transactions.get(world.state.paid.get(number, "") if by_id else number)
    if order is None:
        raise PayRefused("ORDER_NOT_EXIST", "订单不存在")
    return _settled(world, order)


def close(world: World, out_trade_no: str, mchid: str) -> None:
    """Close an unpaid order; closing twice is fine. PayRefused: ORDERPAID, ORDER_NOT_EXIST."""
    order = find_transaction(world, out_trade_no, mchid)
    with world.state.changing():
        if order.state in ("SUCCESS", "REFUND"):
            raise PayRefused("ORDERPAID", "该订单已支付")
        order.state = "CLOSED"


def transaction_view(order: Transaction) -> dict[str, Any]:
    """Return an order as queries and notices show it; money and payer's data only once it is paid."""
    view = {
        "appid": order.request["appid"],
        "mchid": order.request["mchid"],
        "out_trade_no": order.out_trade_no,
        "trade_state": order.state,
        "trade_state_desc": STATE_TEXTS[order.state],
    }
    if not order.transaction_id:
        return view
    return view | {
        "transaction_id": order.transaction_id,
        "trade_type": "JSAPI",
        "bank_type": "OTHERS",
        "attach": order.request.get("attach", ""),
        "success_time": rfc3339(order.paid_at),
        "payer": {"openid": order.openid},
        "amount": {
            "total": order.amount_fen,
            "payer_total": order.amount_fen,
            "currency": "CNY",
            "payer_currency": "CNY",
        },
    }


def _deadline(body: dict[str, Any], now: float) -> float:
    """Return until when an order can be paid, drawn into the allowed span as WeChat Pay does."""
    text = body.get("time_expire")
    if text is None:
        return now + UNPAID_LIFE_S
    try:
        wanted = instant(text)
    except (ValueError, OverflowError):
        raise wrong_field("time_expire", text, "不符合 RFC 3339") from None
    return min(max(wanted, now + EARLIEST_DEADLINE_S), now + LATEST_DEADLINE_S)


def _settled(world: World, order: Transaction) -> Transaction:
    """Return an order after closing it if nobody paid it for seven days."""
    if world.clock.now() - order.created_at > UNPAID_LIFE_S:
        with world.state.changing():
            order.state = "CLOSED" if order.state == "NOTPAY" else order.state
    return order


def _refuse_unless_open(order: Transaction) -> None:
    """Refuse a new prepay id for an order that cannot be paid any more."""
    if order.state == "CLOSED":
        raise PayRefused("ORDER_CLOSED", "订单已关闭")
    if order.state != "NOTPAY":
        raise PayRefused("ORDERPAID", "该订单已支付")
