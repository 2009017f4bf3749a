"""Bills that do not match: each fault spoils one payment or refund of a day, on both bills alike.

The faults of a day are applied in the order in which they were asked for, each to the next payment or
refund that none before has touched; one that finds nothing left has no effect.
"""

from collections.abc import Callable
from copy import copy
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from simulator.errors import ControlRefused
from simulator.state import BillFault, State

Row = dict[str, Any]
NUMBER, KIND = "微信支付业务单号", "业务类型"
MOST_FAULTS = 10_000


@dataclass
class Page:
    """What the bills of one day will say; `garbled` and the `_off` amounts spoil them at the last moment."""

    payments: list[Row]
    refunds: list[Row]
    flows: list[Row]
    summary_off_fen: int = 0
    balance_off_fen: int = 0
    garbled: bool = False
    strangers: int = field(default=0)

    def moved(self, row: Row, kind: str) -> list[Row]:
        """The movements of one kind that belong to a row of the trade bill."""
        return [flow for flow in self.flows if flow[NUMBER] == _number(row) and flow[KIND] == kind]

    def forget_flows(self, row: Row) -> None:
        """Let the account not have moved for a row."""
        self.flows = [flow for flow in self.flows if flow[NUMBER] != _number(row)]

    def stranger(self, row: Row) -> Row:
        """A copy of a row under numbers that nobody knows, with movements of its own."""
        self.strangers += 1
        made = copy(row)
        for name in (
            ("微信订单号", "商户订单号") if row["微信退款单号"] == "0" else ("微信退款单号", "商户退款单号")
        ):
            made[name] = f"{row[name][:-4]}{9000 + self.strangers:04}"
        for flow in [flow for flow in self.flows if flow[NUMBER] == _number(row)]:
            self.flows.append(flow | {NUMBER: _number(made), "资金流水单号": f"9{flow['资金流水单号'][1:]}"})
        return made


def _number(row: Row) -> str:
    """The number by which the account knows a row."""
    return str(row["微信订单号"] if row["微信退款单号"] == "0" else row["微信退款单号"])


def _yuan_more(row: Row, *names: str) -> None:
    for name in names:
        whole, _, part = str(row[name]).partition(".")
        fen = int(whole + part[:2]) + 1
        row[name] = f"{fen // 100}.{fen % 100:02}{part[2:]}"


def _more(page: Page, row: Row, kind: str) -> None:
    for flow in page.moved(row, kind):
        flow["fen"] += 1


def _amount(page: Page, row: Row) -> None:
    _yuan_more(row, "应结订单金额", "订单金额")
    _more(page, row, "交易")


def _refund_amount(page: Page, row: Row) -> None:
    _yuan_more(row, "退款金额", "申请退款金额")
    _more(page, row, "退款")


def _fee(page: Page, row: Row) -> None:
    _yuan_more(row, "手续费")
    _more(page, row, "扣除交易手续费")


def _missing(page: Page, row: Row) -> None:
    page.forget_flows(row)
    for rows in (page.payments, page.refunds):
        rows[:] = [each for each in rows if each is not row]


def _flow_alone(page: Page, row: Row) -> None:
    page.stranger(row)


def _flow_kind(page: Page, row: Row) -> None:
    flow = page.moved(row, "交易")[0]
    page.flows.append(
        flow
        | {
            "业务名称": "罚款",
            KIND: "罚款",
            "收支类型": "支出",
            "资金流水单号": f"8{flow['资金流水单号'][1:]}",
        }
    )


def _summary(page: Page, row: Row) -> None:
    page.summary_off_fen += 1


def _balance(page: Page, row: Row) -> None:
    page.balance_off_fen += 1


def _garble(page: Page, row: Row) -> None:
    page.garbled = True


Spoil = Callable[[Page, Row], object]
#: kind -> (what it spoils, what it does, how).
KINDS: dict[str, tuple[str, str, Spoil]] = {
    "missing": ("payment", "is on neither bill", _missing),
    "stranger": (
        "payment",
        "has a twin that nobody ordered",
        lambda page, row: page.payments.append(page.stranger(row)),
    ),
    "amount": ("payment", "is one fen more on both bills", _amount),
    "state": ("payment", "is called REVOKED", lambda page, row: row.update({"交易状态": "REVOKED"})),
    "order": ("payment", "names another order", lambda page, row: row.update({"商户订单号": "ANOTHERORDER"})),
    "duplicate": ("payment", "stands there twice", lambda page, row: page.payments.append(copy(row))),
    "currency": ("payment", "is in USD", lambda page, row: row.update({"货币种类": "USD"})),
    "merchant": ("payment", "is another merchant's", lambda page, row: row.update({"商户号": "1900000000"})),
    "fee": ("payment", "costs one fen more than its rate", _fee),
    "fee_flow": (
        "payment",
        "is charged one fen more than billed",
        lambda page, row: _more(page, row, "扣除交易手续费"),
    ),
    "flow_missing": ("payment", "did not move the account", Page.forget_flows),
    "flow_amount": (
        "payment",
        "moved the account by one fen more",
        lambda page, row: _more(page, row, "交易"),
    ),
    "flow_alone": ("payment", "has a twin that only moved the account", _flow_alone),
    "flow_kind": ("payment", "comes with a fine", _flow_kind),
    "refund_missing": ("refund", "is on neither bill", _missing),
    "refund_stranger": (
        "refund",
        "has a twin that nobody asked for",
        lambda page, row: page.refunds.append(page.stranger(row)),
    ),
    "refund_amount": ("refund", "is one fen more on both bills", _refund_amount),
    "refund_state": ("refund", "is called CLOSED", lambda page, row: row.update({"退款状态": "CLOSED"})),
    "summary": ("day", "one fen too much in the trade bill's summary", _summary),
    "balance": ("day", "one fen too much in the last balance", _balance),
    "malformed": ("day", "a line of the trade bill that cannot be read", _garble),
}


def add(state: State, wish: Row) -> BillFault:
    """Keep a fault from a control request; ControlRefused says what is wrong with the wish."""
    kind, day = wish.get("kind"), wish.get("day")
    if not isinstance(kind, str) or kind not in KINDS:
        raise ControlRefused(f"kind must be one of {', '.join(KINDS)}")
    try:
        made = BillFault(date.fromisoformat(str(day)).isoformat(), kind)
    except ValueError:
        raise ControlRefused("day must be YYYY-MM-DD") from None
    with state.changing():
        if len(state.bill_faults) >= MOST_FAULTS:
            raise ControlRefused(f"there are {MOST_FAULTS} already")
        state.bill_faults[str(len(state.bill_faults) + 1)] = made
    return made


def spoil(state: State, day: date, page: Page) -> Page:
    """Apply the faults of a day."""
    left = {"payment": list(page.payments), "refund": list(page.refunds)}
    for fault in state.bill_faults.values():
        target, _, act = KINDS[fault.kind]
        if fault.day == day.isoformat():
            rows = left.get(target, [{}])
            if rows:
                act(page, rows[0])
                del rows[:1]
    return page
