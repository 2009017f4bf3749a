"""The daily bills of WeChat Pay, read strictly: what was traded, and how the account moved.

Amounts are fen, fees thousandths of a fen (bills write them with five decimals of a yuan), times UTC.
A bill is read as a stream of rows; a line that is not as specified is `BillMalformed`, which names it.
Source: WeChat Pay API v3, 申请交易账单, 申请资金账单, 下载账单: UTF-8 with a byte order mark, header lines
bare, every value of the other lines behind a back-tick, columns found by their headers.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from functools import cache, lru_cache
from io import BytesIO, TextIOWrapper
from operator import itemgetter
from typing import Generic, NamedTuple, TypeVar

from app.clients.errors import Unverified
from app.clients.shapes import SHANGHAI


class BillMalformed(Unverified):
    """A bill is not as specified; `line` counts from 1. Its text names the line, never what stands in it."""

    def __init__(self, line: int, what: str) -> None:
        self.line, self.what = line, what
        super().__init__(f"line {line} of the bill: {what}")


class TradeRow(NamedTuple):
    """One payment of a trade bill, or one refund (then `refund_id` and `refund_code` are set)."""

    line: int
    at: datetime
    appid: str
    mchid: str
    transaction_id: str
    order_code: str
    state: str
    currency: str
    settled_fen: int
    order_fen: int
    refund_id: str | None
    refund_code: str | None
    refund_fen: int
    refund_state: str | None
    fee_millifen: int
    rate_ppm: int


class FlowRow(NamedTuple):
    """One movement of the merchant's account; `amount_fen` is negative where money left.

    `number` is the transaction's or the refund's, `kind` the provider's own word for it.
    """

    line: int
    at: datetime
    number: str
    flow_number: str
    kind: str
    amount_fen: int
    balance_fen: int


R = TypeVar("R", TradeRow, FlowRow)
_Total = tuple[str, Callable[[str], int]]

_NUMBER, _TIME = r"([0-9A-Za-z_\-|*@]{1,64})", r"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)"
_MAYBE, _WORD = r"([0-9A-Za-z_\-|*@]{0,64})", r"([^\x00-\x1f`]{0,32})"
_YUAN, _FEE, _RATE = r"(-?\d{1,12}(?:\.\d\d?)?)", r"(-?\d{1,12}(?:\.\d{1,5})?)", r"(\d{1,2}(?:\.\d{1,4})?)%"

_TRADE: Mapping[str, str] = {
    "交易时间": _TIME,
    "公众账号ID": _MAYBE,
    "商户号": _NUMBER,
    "微信订单号": _NUMBER,
    "商户订单号": _NUMBER,
    "交易状态": _WORD,
    "货币种类": r"([A-Z]{1,16})",
    "应结订单金额": _YUAN,
    "订单金额": _YUAN,
    "微信退款单号": _MAYBE,
    "商户退款单号": _MAYBE,
    "退款金额": _YUAN,
    "退款状态": _WORD,
    "手续费": _FEE,
    "费率": _RATE,
    "充值券退款金额": _YUAN,
    "申请退款金额": _YUAN,
}
_FLOW: Mapping[str, str] = {
    "记账时间": _TIME,
    "微信支付业务单号": _MAYBE,
    "资金流水单号": _NUMBER,
    "业务类型": _WORD,
    "收支类型": "(收入|支出)",
    "收支金额(元)": r"(\d{1,12}(?:\.\d\d?)?)",
    "账户结余(元)": _YUAN,
}
_NONE = ("", "0")


class Bill(Generic[R]):
    """A bill to be read once, row by row.

    Then `announced` holds what its summary says, by the summary's own names, and `counted` what the rows
    add up to: the provider's to agree, and ours to compare.
    """

    def __init__(
        self,
        content: bytes,
        columns: Mapping[str, str],
        totals: Mapping[str, "_Total"],
        read: Callable[[int, tuple[str, ...], list[int]], R],
    ) -> None:
        self._content, self._columns, self._totals = content, columns, totals
        self._read: Callable[[int, tuple[str, ...], list[int]], R] = read
        self.announced: dict[str, int] = {}
        self.counted: dict[str, int] = {}

    def __iter__(self) -> Iterator[R]:
        lines = enumerate(TextIOWrapper(BytesIO(self._content), "utf-8-sig", newline="\n"), 1)
        try:
            yield from self._rows(lines)
        except UnicodeDecodeError:
            raise BillMalformed(_first_undecodable(self._content), "not UTF-8") from None

    def _rows(self, lines: Iterator[tuple[int, str]]) -> Iterator[R]:
        names, width = _header(*next(lines, (1, "")), self._columns)
        pick = itemgetter(*(names.index(name) for name in self._columns))
        match = re.compile("\t".join(self._columns.values()), re.ASCII).fullmatch
        sums, read, number = [0] * len(self._totals), self._read, 1
        for number, line in lines:
            if line[0] != "`":
                self._summary(number, line, lines)
                break
            values = line.rstrip("\r\n")[1:].split(",`")
            found = match("\t".join(pick(values))) if len(values) == width else None
            if found is None:
                raise BillMalformed(number, _fault(values, names, self._columns))
            try:
                row = read(number, found.groups(), sums)
            except ValueError:
                raise BillMalformed(number, "a time outside the calendar") from None
            yield row
        else:
            raise BillMalformed(number + 1, "the summary is missing")
        self.counted = dict(zip(self._totals, sums, strict=True))

    def _summary(self, number: int, header: str, lines: Iterator[tuple[int, str]]) -> None:
        """Read the summary's header and its one line, the last of the file."""
        names, width = _header(number, header, self._totals)
        number, line = next(lines, (number + 1, ""))
        values = line.rstrip("\r\n")[1:].split(",`")
        if line[:1] != "`" or len(values) != width:
            raise BillMalformed(number, "not the summary that its header announces")
        for name, (shape, read) in self._totals.items():
            text = values[names.index(name)]
            if not re.fullmatch(shape, text, re.ASCII):
                raise BillMalformed(number, name)
            self.announced[name] = read(text)
        if any(line.strip() for _, line in lines):
            raise BillMalformed(number + 1, "something after the summary")


def trade_bill(content: bytes) -> Bill[TradeRow]:
    """The trades of a day (bill type ALL)."""
    return Bill(content, _TRADE, _TRADE_TOTALS, _trade)


def fundflow_bill(content: bytes) -> Bill[FlowRow]:
    """The movements of a day on one account."""
    return Bill(content, _FLOW, _FLOW_TOTALS, _flow)


def _trade(line: int, groups: tuple[str, ...], sums: list[int]) -> TradeRow:
    (at, appid, mchid, transaction, order, state, currency, settled, ordered, refund_id, refund_code, back,
     refund_state, fee, rate, coupon_back, wanted_back) = groups  # fmt: skip
    settled_fen, order_fen, refund_fen, fee_millifen = (
        _fen(settled),
        _fen(ordered),
        _fen(back),
        _millifen(fee),
    )
    sums[0] += 1
    sums[1] += settled_fen
    sums[2] += order_fen
    sums[3] += refund_fen
    sums[4] += fee_millifen
    sums[5] += _fen(coupon_back)
    sums[6] += _fen(wanted_back)
    refunded = refund_id not in _NONE
    return TradeRow(
        line,
        _moment(at),
        appid,
        mchid,
        transaction,
        order,
        state,
        currency,
        settled_fen,
        order_fen,
        refund_id if refunded else None,
        refund_code if refunded else None,
        refund_fen,
        refund_state if refunded else None,
        fee_millifen,
        _ppm(rate),
    )


def _flow(line: int, groups: tuple[str, ...], sums: list[int]) -> FlowRow:
    at, number, flow_number, kind, direction, amount, balance = groups
    amount_fen = _fen(amount)
    came = direction == "收入"
    sums[0] += 1
    sums[1 if came else 3] += 1
    sums[2 if came else 4] += amount_fen
    signed_fen = amount_fen if came else -amount_fen
    return FlowRow(line, _moment(at), number, flow_number, kind, signed_fen, _fen(balance))


def _header(number: int, line: str, wanted: Iterable[str]) -> tuple[list[str], int]:
    """The names of a header line, and how many there are."""
    names = line.rstrip("\r\n").split(",")
    missing = [name for name in wanted if names.count(name) != 1]
    if missing:
        raise BillMalformed(number, f"no header with {missing[0]}")
    return names, len(names)


def _fault(values: list[str], names: list[str], columns: Mapping[str, str]) -> str:
    """What is wrong with a line that does not match: its first unreadable column."""
    if len(values) != len(names):
        return f"{len(values)} values for {len(names)} columns"
    return next(
        name
        for name, shape in columns.items()
        if not re.fullmatch(shape, values[names.index(name)], re.ASCII)
    )


def _first_undecodable(content: bytes) -> int:
    try:
        content.decode()
    except UnicodeDecodeError as error:
        return content.count(b"\n", 0, error.start) + 1
    return 1


def _count(text: str) -> int:
    """A count, which bills may write as `20.0`."""
    return int(text.partition(".")[0])


def _fen(yuan: str) -> int:
    """Fen of a text in yuan, by its digits."""
    if yuan[-3:-2] == ".":
        return int(yuan[:-3] + yuan[-2:])
    whole, _, part = yuan.partition(".")
    return int(whole + part.ljust(2, "0"))


def _millifen(yuan: str) -> int:
    """Thousandths of a fen of a text in yuan with up to five decimals."""
    whole, _, part = yuan.partition(".")
    return int(whole + part.ljust(5, "0"))


@cache
def _ppm(percent: str) -> int:
    """Millionths of a text in percent with up to four decimals."""
    whole, _, part = percent.partition(".")
    return int(whole + part.ljust(4, "0"))


@lru_cache(maxsize=4 * 86_400)
def _moment(text: str) -> datetime:
    """A time as bills write it, in UTC; a bill has few seconds and many rows."""
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI).astimezone(UTC)


_COUNT: _Total = (r"\d{1,12}(?:\.0+)?", _count)
_SUM: _Total = (_YUAN, _fen)
_TRADE_TOTALS: Mapping[str, _Total] = {
    "总交易单数": _COUNT,
    "应结订单总金额": _SUM,
    "订单总金额": _SUM,
    "退款总金额": _SUM,
    "手续费总金额": (_FEE, _millifen),
    "充值券退款总金额": _SUM,
    "申请退款总金额": _SUM,
}
_FLOW_TOTALS: Mapping[str, _Total] = {
    "资金流水总笔数": _COUNT,
    "收入笔数": _COUNT,
    "收入金额": _SUM,
    "支出笔数": _COUNT,
    "支出金额": _SUM,
}
"""What a summary says; the rows' sums stand in the same order."""
