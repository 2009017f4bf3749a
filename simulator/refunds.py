"""Refunds: accepted at once, finished later, announced by a notice.

Source: WeChat Pay API v3, "申请退款" (one refund for one out_refund_no; together at most the total;
at most 50 for an order, a minute apart; within a year of the payment), "查询单笔退款", "退款结果通知".
"""

import secrets
from typing import Any

from simulator.clock import local, rfc3339
from simulator.errors import PayRefused
from simulator.faults import REFUND as REFUND_PLACE
from simulator.fields import REFUND, check
from simulator.payments import check_notify_url
from simulator.state import Refund, Transaction
from simulator.world import World

#: Seconds of the provider's time a refund is PROCESSING, and between two refunds of one order.
TAKES_S = 60
APART_S = 60
MOST_REFUNDS = 50
REFUNDABLE_FOR_S = 365 * 86_400
ENDS_BY_FAULT = {"refund_abnormal": "ABNORMAL", "refund_closed": "CLOSED"}
RECEIVED_BY = "支付用户零钱"


def refund(world: World, body: dict[str, Any]) -> Refund:
    """Accept a refund, or return the one accepted under the same number.

    PayRefused: PARAM_ERROR, RESOURCE_NOT_EXISTS, INVALID_REQUEST, FREQUENCY_LIMITED.
    """
    check(body, REFUND)
    if "notify_url" in body:
        check_notify_url(world, body["notify_url"])
    with world.state.changing():
        known = world.state.refunds.get(body["out_refund_no"])
        if known is not None:
            if known.request != body:
                raise PayRefused("INVALID_REQUEST", "订单金额或退款金额与之前请求不一致，请核实后再试")
            return known
        order = _order_of(world, body)
        _check_bounds(world, order, body)
        accepted = _accepted(world, order, body)
        world.state.refunds[accepted.out_refund_no] = accepted
        order.refund_numbers.append(accepted.out_refund_no)
        order.state = "REFUND"
    _plan_end(world, accepted)
    return accepted


def find_refund(world: World, out_refund_no: str) -> Refund:
    """Return a refund by the merchant's number; PayRefused RESOURCE_NOT_EXISTS."""
    found = world.state.refunds.get(out_refund_no)
    if found is None:
        raise PayRefused("RESOURCE_NOT_EXISTS", "退款单不存在")
    return found


def resume_refunds(world: World) -> None:
    """Take up the refunds an earlier run left unfinished."""
    for each in list(world.state.refunds.values()):
        if each.status == "PROCESSING":
            _plan_end(world, each)


def refund_view(world: World, refunded: Refund) -> dict[str, Any]:
    """Return a refund as the answers of the API show it."""
    total, amount = int(refunded.request["amount"]["total"]), refunded.amount_fen
    view = {
        "refund_id": refunded.refund_id,
        "out_refund_no": refunded.out_refund_no,
        "transaction_id": refunded.transaction_id,
        "out_trade_no": refunded.out_trade_no,
        "channel": "ORIGINAL",
        "user_received_account": RECEIVED_BY,
        "create_time": rfc3339(refunded.created_at),
        "status": refunded.status,
        "funds_account": "AVAILABLE",
        "amount": {
            "total": total,
            "refund": amount,
            "payer_total": total,
            "payer_refund": amount,
            "settlement_refund": amount,
            "settlement_total": total,
            "discount_refund": 0,
            "currency": "CNY",
        },
        "promotion_detail": [],
    }
    if refunded.status == "SUCCESS":
        view["success_time"] = rfc3339(refunded.ended_at)
    return view


def _order_of(world: World, body: dict[str, Any]) -> Transaction:
    """Find the paid order a refund is about."""
    # transaction_id goes first when both are given.
    number = (
        world.state.paid.get(body["transaction_id"], "")
        if "transaction_id" in body
        else body.get("out_trade_no", "")
    )
    order = world.state.transactions.get(number)
    if order is None or not order.transaction_id:
        raise PayRefused("RESOURCE_NOT_EXISTS", "订单不存在或未支付")
    return order


def _check_bounds(world: World, order: Transaction, body: dict[str, Any]) -> None:
    """Refuse what would give back too much, too often or too late."""
    earlier = [world.state.refunds[number] for number in order.refund_numbers]
    given = sum(each.amount_fen for each in earlier if each.status != "CLOSED")
    now = world.clock.now()
    if body["amount"]["total"] != order.amount_fen:
        raise PayRefused("INVALID_REQUEST", "订单金额或退款金额与之前请求不一致，请核实后再试")
    if given + body["amount"]["refund"] > order.amount_fen:
        raise PayRefused("INVALID_REQUEST", "申请退款金额大于订单可退金额")
    if len(earlier) >= MOST_REFUNDS:
        raise PayRefused("INVALID_REQUEST", "部分退款次数超过限制")
    if now - order.paid_at > REFUNDABLE_FOR_S:
        raise PayRefused("INVALID_REQUEST", "订单已超过退款期限")
    if earlier and now - max(each.created_at for each in earlier) < world.clock.wait_s(APART_S):
        raise PayRefused("FREQUENCY_LIMITED", "同一笔订单多次退款需间隔1分钟")


def _accepted(world: World, order: Transaction, body: dict[str, Any]) -> Refund:
    """Write down a refund and how it will end."""
    now = world.clock.now()
    fate = next(iter(world.faults.take(REFUND_PLACE, ENDS_BY_FAULT)), None)
    return Refund(
        out_refund_no=body["out_refund_no"],
        refund_id=f"50300{local(now):%Y%m%d}{secrets.randbelow(10**16):016}",
        out_trade_no=order.out_trade_no,
        transaction_id=order.transaction_id,
        request=body,
        created_at=now,
        due_at=world.clock.real() + world.clock.wait_s(TAKES_S),
        ends_as=ENDS_BY_FAULT[fate] if fate else "SUCCESS",
    )


def _plan_end(world: World, refunded: Refund) -> None:
    """Have the refund finished when its time has come."""
    world.timetable.after(refunded.due_at - world.clock.real(), lambda: _end(world, refunded))


def _end(world: World, refunded: Refund) -> None:
    """Finish a refund and announce it."""
    with world.state.changing():
        refunded.status, refunded.ended_at = refunded.ends_as, world.clock.now()
    if "notify_url" not in refunded.request:
        return
    summary = {"SUCCESS": "退款成功", "ABNORMAL": "退款异常", "CLOSED": "退款关闭"}[refunded.status]
    total, amount = refunded.request["amount"]["total"], refunded.amount_fen
    resource = {
        "mchid": world.keys.mchid,
        "transaction_id": refunded.transaction_id,
        "out_trade_no": refunded.out_trade_no,
        "refund_id": refunded.refund_id,
        "out_refund_no": refunded.out_refund_no,
        "refund_status": refunded.status,
        "user_received_account": RECEIVED_BY,
        "amount": {"total": total, "refund": amount, "payer_total": total, "payer_refund": amount},
    }
    if refunded.status == "SUCCESS":
        resource["success_time"] = rfc3339(refunded.ended_at)
    world.post.publish(
        f"REFUND.{refunded.status}", summary, refunded.request["notify_url"], resource, refunded.out_refund_no
    )
