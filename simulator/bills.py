"""The provider's daily bills for reconciliation.

Source: WeChat Pay API v3, "申请交易账单", "申请资金账单", "下载账单": UTF-8 with a byte order mark, every
value of data and summary lines behind a back-tick, header lines bare, amounts in yuan; the bill of day D is
made on D+1 from 09:00; three months back; the SHA-1 is of the uncompressed bytes.
"""

import gzip
import hashlib
import secrets
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from simulator.bill_faults import Page, spoil
from simulator.clock import business_day, local
from simulator.errors import PayRefused
from simulator.fields import wrong_field
from simulator.state import BillOffer, Refund, Transaction, Withdrawal
from simulator.world import World

READY_AT_HOUR = 9
KEPT_DAYS = 92
OFFER_LIFE_S = 300
#: The common fee of a merchant: 0.60 %, rounded half up to a fen.
FEE_PER_10000 = 60
FEE_TEXT = "0.60%"

_ORDER = (
    "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,"
    "付款银行,货币种类,应结订单金额,代金券金额"
)
_REFUND = "微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态"
_REFUND_TIMES = "退款申请时间,退款成功时间"
_GOODS = "商品名称,商户数据包,手续费,费率"
_TOTALS = "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额"
#: Columns of each trade bill, and of its summary line.
TRADE_COLUMNS = {
    "ALL": (f"{_ORDER},{_REFUND},{_GOODS},订单金额,申请退款金额,费率备注", _TOTALS),
    "SUCCESS": (f"{_ORDER},{_GOODS},订单金额,费率备注", "总交易单数,应结订单总金额,手续费总金额,订单总金额"),
    "REFUND": (f"{_ORDER},{_REFUND_TIMES},{_REFUND},{_GOODS},订单金额,申请退款金额,费率备注", _TOTALS),
}
FLOW_COLUMNS = (
    "记账时间,微信支付业务单号,资金流水单号,业务名称,业务类型,收支类型,收支金额(元),账户结余(元),"
    "资金变更提交申请人,备注,业务凭证号"
)
FLOW_TOTALS = "资金流水总笔数,收入笔数,收入金额,支出笔数,支出金额"


@dataclass(frozen=True)
class Bill:
    """The bytes of a bill file, uncompressed."""

    content: bytes

    @property
    def sha1(self) -> str:
        """Return the hash by which a download is checked."""
        return hashlib.sha1(self.content, usedforsecurity=False).hexdigest()


def offer(world: World, kind: str, day_text: str, variant: str, packing: str) -> BillOffer:
    """Make a bill ready for download for five minutes.

    `kind` is "trade" or "flow", `variant` its bill or account type, `packing` "GZIP" or nothing.
    PayRefused: PARAM_ERROR, STATEMENT_CREATING, NO_STATEMENT_EXIST.
    """
    if packing not in ("", "GZIP"):
        raise wrong_field("tar_type", packing, "无效的压缩类型", "query")
    with world.state.lock:
        bill = {"trade": trade_bill, "flow": fund_flow_bill}[kind](world, day_text, variant)
        now = world.clock.now()
        made = BillOffer(
            token=secrets.token_urlsafe(48),
            name=f"{kind}-{day_text}.csv{'.gz' if packing else ''}",
            content=gzip.compress(bill.content) if packing else bill.content,
            sha1=bill.sha1,
            expires_at=now + OFFER_LIFE_S,
        )
        kept = {token: each for token, each in world.state.offers.items() if each.expires_at > now}
        world.state.offers = kept | {made.token: made}
    return made


def download(world: World, token: str) -> BillOffer:
    """Return an offered file; PayRefused INVALID_REQUEST when the address is unknown or too old."""
    found = world.state.offers.get(token)
    if found is None or found.expires_at <= world.clock.now():
        raise PayRefused("INVALID_REQUEST", "下载地址无效或已过期")
    return found


def trade_bill(world: World, day_text: str, bill_type: str) -> Bill:
    """Return the orders and refunds of a day.

    PayRefused: PARAM_ERROR, STATEMENT_CREATING, NO_STATEMENT_EXIST.
    """
    if bill_type not in TRADE_COLUMNS:
        raise wrong_field("bill_type", bill_type, "无效的账单类型", "query")
    page = _page(world, _bill_day(world, day_text))
    rows = [] if bill_type == "REFUND" else page.payments
    rows = rows if bill_type == "SUCCESS" else rows + page.refunds
    columns, totals = TRADE_COLUMNS[bill_type]
    summary = _trade_totals(rows)
    summary["订单总金额"] = _yuan(int(Decimal(summary["订单总金额"]) * 100) + page.summary_off_fen)
    bill = _written(columns, sorted(rows, key=lambda row: row["交易时间"]), totals, summary)
    return Bill(bill.content.replace(b"\r\n`", b"\r\n`garbled,`", 1)) if page.garbled else bill


def fund_flow_bill(world: World, day_text: str, account_type: str) -> Bill:
    """Return the movements of the merchant's account on a day; only BASIC has any.."""
    if account_type not in ("BASIC", "OPERATION", "FEES"):
        raise wrong_field("account_type", account_type, "无效的资金账户类型", "query")
    day = _bill_day(world, day_text)
    balance_fen, rows, totals = 0, [], {"收入": [0, 0], "支出": [0, 0]}
    days = {business_day(flow["at"]) for flow in _flows(world)} if account_type == "BASIC" else set()
    for each in sorted(found for found in days if found <= day):
        page = _page(world, each)
        for flow in sorted(page.flows, key=lambda flow: flow["at"]):
            balance_fen += flow["fen"] if flow["收支类型"] == "收入" else -flow["fen"]
            if each == day:
                rows.append(_flow_row(flow, balance_fen))
                totals[flow["收支类型"]][0] += 1
                totals[flow["收支类型"]][1] += flow["fen"]
        if rows and page.balance_off_fen:
            rows[-1]["账户结余(元)"] = _yuan(balance_fen + page.balance_off_fen)
    (came, in_fen), (went, out_fen) = totals["收入"], totals["支出"]
    summary = [f"{len(rows)}.0", f"{came}.0", _yuan(in_fen), f"{went}.0", _yuan(out_fen)]
    return _written(FLOW_COLUMNS, rows, FLOW_TOTALS, dict(zip(FLOW_TOTALS.split(","), summary, strict=True)))


def withdraw(world: World, amount_fen: int) -> Withdrawal:
    """Move money from the merchant's account to its bank."""
    with world.state.changing():
        number = f"1{len(world.state.withdrawals):027}"
        made = Withdrawal(number, world.clock.now(), amount_fen)
        world.state.withdrawals[number] = made
    return made


def fee_fen(amount_fen: int) -> int:
    """Return the provider's fee on an amount."""
    return (amount_fen * FEE_PER_10000 + 5_000) // 10_000


def _bill_day(world: World, text: str) -> date:
    """Read a bill date and refuse one whose bill cannot exist."""
    try:
        day = date.fromisoformat(text)
        # Other spellings of ISO 8601 are none of the provider's.
        if day.isoformat() != text:
            raise ValueError(text)
    except ValueError:
        raise wrong_field("bill_date", text, "格式应为 yyyy-MM-DD", "query") from None
    now = local(world.clock.now())
    today = now.date()
    if not timedelta(0) <= today - day <= timedelta(days=KEPT_DAYS):
        raise wrong_field("bill_date", text, "仅支持三个月内的账单", "query")
    if day == today or (today - day == timedelta(days=1) and now.hour < READY_AT_HOUR):
        raise PayRefused("STATEMENT_CREATING", "账单生成中")
    return day


def _page(world: World, day: date) -> Page:
    """Return what the bills of a day say, faults and all."""
    return spoil(
        world.state,
        day,
        Page(
            [_order_row(order) for order in _paid_on(world, day)],
            [
                _refund_row(world.state.transactions[each.out_trade_no], each)
                for each in _refunded_on(world, day)
            ],
            [flow for flow in _flows(world) if business_day(flow["at"]) == day],
        ),
    )


def _flow_row(flow: dict[str, Any], balance_fen: int) -> dict[str, Any]:
    """Return the columns of one movement."""
    return flow | {
        "记账时间": _moment(flow["at"]),
        "收支金额(元)": _yuan(flow["fen"]),
        "账户结余(元)": _yuan(balance_fen),
        "资金变更提交申请人": "system",
    }


def _paid_on(world: World, day: date) -> list[Transaction]:
    """Return the orders paid on a day."""
    return [
        order
        for order in world.state.transactions.values()
        if order.transaction_id and business_day(order.paid_at) == day
    ]


def _refunded_on(world: World, day: date) -> list[Refund]:
    """Return the refunds accepted on a day: a refund's row stands on that day's bill."""
    return [each for each in world.state.refunds.values() if business_day(each.created_at) == day]


def _order_row(order: Transaction) -> dict[str, str]:
    """Return the columns of a paid order; refund columns are zero or empty."""
    amount = _yuan(order.amount_fen)
    return {
        "交易时间": _moment(order.paid_at),
        "公众账号ID": order.request["appid"],
        "商户号": order.request["mchid"],
        "特约商户号": "0",
        "设备号": "",
        "微信订单号": order.transaction_id,
        "商户订单号": order.out_trade_no,
        "用户标识": order.openid,
        "交易类型": "JSAPI",
        "交易状态": "SUCCESS",
        "付款银行": "OTHERS",
        "货币种类": "CNY",
        "应结订单金额": amount,
        "代金券金额": "0.00",
        "微信退款单号": "0",
        "商户退款单号": "0",
        "退款金额": "0.00",
        "充值券退款金额": "0.00",
        "退款类型": "",
        "退款状态": "",
        "商品名称": order.request["description"],
        "商户数据包": order.request.get("attach", ""),
        "手续费": f"{_yuan(fee_fen(order.amount_fen))}000",
        "费率": FEE_TEXT,
        "订单金额": amount,
        "申请退款金额": "0.00",
        "费率备注": "",
    }


def _refund_row(order: Transaction, refunded: Refund) -> dict[str, str]:
    """Return the columns of a refund: the order's, with its money in the refund columns."""
    amount = _yuan(refunded.amount_fen)
    ended = _moment(refunded.ended_at) if refunded.status == "SUCCESS" else ""
    return _order_row(order) | {
        "交易时间": _moment(refunded.created_at),
        "交易状态": "REFUND",
        "应结订单金额": "0.00",
        "退款申请时间": _moment(refunded.created_at),
        "退款成功时间": ended,
        "微信退款单号": refunded.refund_id,
        "商户退款单号": refunded.out_refund_no,
        "退款金额": amount,
        "退款类型": "ORIGINAL",
        "退款状态": refunded.status,
        "手续费": f"-{_yuan(fee_fen(refunded.amount_fen))}000",
        "订单金额": "0.00",
        "申请退款金额": amount,
    }


def _trade_totals(rows: list[dict[str, str]]) -> dict[str, str]:
    """Add the columns up for the summary line."""

    def total(column: str) -> Decimal:
        return sum((Decimal(row[column]) for row in rows), Decimal("0.00"))

    return {
        "总交易单数": f"{len(rows)}.0",
        "应结订单总金额": str(total("应结订单金额")),
        "退款总金额": str(total("退款金额")),
        "充值券退款总金额": "0.00",
        "手续费总金额": f"{total('手续费'):.5f}",
        "订单总金额": str(total("订单金额")),
        "申请退款总金额": str(total("申请退款金额")),
    }


def _flows(world: World) -> list[dict[str, Any]]:
    """Return every movement of money so far, in order of time."""
    flows: list[dict[str, Any]] = []
    for order in world.state.transactions.values():
        if order.transaction_id:
            at, number, fen = order.paid_at, order.transaction_id, order.amount_fen
            flows += [
                _flow(at, number, "交易", "收入", fen),
                _flow(at, number, "扣除交易手续费", "支出", fee_fen(fen)),
            ]
    for each in world.state.refunds.values():
        if each.status == "SUCCESS":
            at, number, fen = each.ended_at, each.refund_id, each.amount_fen
            flows += [
                _flow(at, number, "退款", "支出", fen, each.request.get("reason", "")),
                _flow(at, number, "退还手续费", "收入", fee_fen(fen)),
            ]
    flows += [
        _flow(each.at, each.number, "提现", "支出", each.amount_fen)
        for each in world.state.withdrawals.values()
    ]
    return sorted((flow for flow in flows if flow["fen"]), key=lambda flow: flow["at"])


def _flow(at: float, number: str, business: str, direction: str, fen: int, note: str = "") -> dict[str, Any]:
    """Return the fixed columns of one movement; its own number follows from what it is about."""
    digest = hashlib.sha256(f"{number}|{business}".encode()).hexdigest()
    return {
        "at": at,
        "微信支付业务单号": number,
        "资金流水单号": f"{int(digest[:23], 16):028}",
        "业务名称": business,
        "业务类型": business,
        "收支类型": direction,
        "fen": fen,
        "备注": note,
        "业务凭证号": number,
    }


def _written(columns: str, rows: list[dict[str, Any]], totals: str, summary: dict[str, str]) -> Bill:
    """Write a bill file; PayRefused NO_STATEMENT_EXIST when there is nothing to write."""
    if not rows:
        raise PayRefused("NO_STATEMENT_EXIST", "请求的账单文件不存在")
    lines = [
        columns,
        *(_line([row[name] for name in columns.split(",")]) for row in rows),
        totals,
        _line([summary[name] for name in totals.split(",")]),
    ]
    return Bill(("\ufeff" + "\r\n".join(lines) + "\r\n").encode())


def _line(values: list[str]) -> str:
    """Write one line, each value behind a back-tick, line breaks inside values written out."""
    return ",".join("`" + str(value).replace("\r", "\\r").replace("\n", "\\n") for value in values)


def _yuan(fen: int) -> str:
    """Write an amount in yuan."""
    return f"{'-' if fen < 0 else ''}{abs(fen) // 100}.{abs(fen) % 100:02}"


def _moment(epoch_s: float) -> str:
    """Write an instant as bills do."""
    return f"{local(epoch_s):%Y-%m-%d %H:%M:%S}"
