"""What bills say, line by line: read exactly, or refused with the line that cannot be read."""

from contextlib import suppress
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.clients import pay_bills
from app.clients.pay_bills import BillMalformed, FlowRow, TradeRow
from simulator import bills as written

TRADE = (
    "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,"
    "应结订单金额,代金券金额,微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,商品名称,商户数据包,"
    "手续费,费率,订单金额,申请退款金额,费率备注"
)
TRADE_TOTALS = "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额"
FLOW = (
    "记账时间,微信支付业务单号,资金流水单号,业务名称,业务类型,收支类型,收支金额(元),账户结余(元),资金变更提交申请人,"
    "备注,业务凭证号"
)
FLOW_TOTALS = "资金流水总笔数,收入笔数,收入金额,支出笔数,支出金额"
_WHOSE = "`wx8888888888888888,`1900000109,`0,`,`4200000000202611200000000001,`ORDER0001,`oabc,`JSAPI,"
PAID = (
    f"`2026-11-20 12:00:01,{_WHOSE}`SUCCESS,`OTHERS,`CNY,`1.00,`0.00,`0,`0,`0.00,`0.00,`,`,"
    "`碳汇, 10 kg,`x,y,`0.01000,`0.60%,`1.00,`0.00,`"
)
BACK = (
    f"`2026-11-20 13:00:00,{_WHOSE}`REFUND,`OTHERS,`CNY,`0.00,`0.00,`50300001,`REFUND-1,"
    "`0.5,`0.00,`ORIGINAL,`PROCESSING,`碳汇,`,`-0.00300,`0.60%,`0.00,`0.50,`"
)
SUMS = "`2.0,`1.00,`0.5,`0.0,`0.00700,`1.00,`0.50"


def bill(*lines: str, end: str = "\r\n") -> bytes:
    return ("\ufeff" + end.join(lines) + end).encode()


def test_a_trade_bill_gives_its_payments_and_refunds() -> None:
    read = pay_bills.trade_bill(bill(TRADE, PAID, BACK, TRADE_TOTALS, SUMS))
    noon = datetime(2026, 11, 20, 4, 0, 1, tzinfo=UTC)
    head = ("wx8888888888888888", "1900000109", "4200000000202611200000000001", "ORDER0001")
    assert list(read) == [
        TradeRow(2, noon, *head, "SUCCESS", "CNY", 100, 100, None, None, 0, None, 1000, 6000),
        TradeRow(
            3,
            datetime(2026, 11, 20, 5, tzinfo=UTC),
            *head,
            "REFUND",
            "CNY",
            0,
            0,
            "50300001",
            "REFUND-1",
            50,
            "PROCESSING",
            -300,
            6000,
        ),
    ]
    assert read.announced == read.counted
    assert (read.counted["手续费总金额"], read.counted["总交易单数"]) == (700, 2)


def test_the_sample_of_the_documents_is_read_to_the_fen() -> None:
    line = (
        "`2018-02-01 04:21:23,`50000305742018020103387128253,`1900009231201802015884652186,`退款,`退款,`支出,"
        "`0.02,`0.17,`system,`缺货,`REF4200000068201801293084726067"
    )
    read = pay_bills.fundflow_bill(bill(FLOW, line, FLOW_TOTALS, "`20.0,`17.0,`0.35,`3.0,`0.18"))
    at = datetime(2018, 1, 31, 20, 21, 23, tzinfo=UTC)
    assert list(read) == [
        FlowRow(2, at, "50000305742018020103387128253", "1900009231201802015884652186", "退款", -2, 17)
    ]
    assert read.announced == {
        "资金流水总笔数": 20, "收入笔数": 17, "收入金额": 35, "支出笔数": 3, "支出金额": 18,
    }  # fmt: skip
    assert read.counted["支出金额"] == 2, (
        "the sample is a part of its bill: that they differ is for others to say"
    )


def test_columns_are_found_by_their_headers() -> None:
    names, values = TRADE.split(","), PAID[1:].split(",`")
    order = sorted(range(len(names)), key=lambda i: names[i])
    moved = [",".join(names[i] for i in order), "`" + ",`".join(values[i] for i in order)]
    sums = "`1.0,`1.00,`0.00,`0.00,`0.01000,`1.00,`0.00"
    straight = pay_bills.trade_bill(bill(TRADE, PAID, TRADE_TOTALS, sums))
    assert list(pay_bills.trade_bill(bill(*moved, TRADE_TOTALS, sums, end="\n"))) == list(straight)


@pytest.mark.parametrize(
    ("lines", "line"),
    [
        ([], 1),
        ([TRADE.replace("手续费", "费用", 1), PAID, TRADE_TOTALS, SUMS], 1),
        ([TRADE, PAID], 3),
        ([TRADE, PAID, TRADE_TOTALS], 4),
        ([TRADE, PAID.replace("1.00", "1.001"), TRADE_TOTALS, SUMS], 2),
        ([TRADE, PAID.replace("`1.00", "`1e2"), TRADE_TOTALS, SUMS], 2),
        ([TRADE, PAID.replace("`1.00", "`１.00"), TRADE_TOTALS, SUMS], 2),
        ([TRADE, PAID.replace("`1.00", "`"), TRADE_TOTALS, SUMS], 2),
        ([TRADE, PAID.replace("0.60%", "0.60"), TRADE_TOTALS, SUMS], 2),
        ([TRADE, PAID.replace("2026-11-20", "2026-13-20"), TRADE_TOTALS, SUMS], 2),
        ([TRADE, PAID.replace("ORDER0001", "ORDER 001"), TRADE_TOTALS, SUMS], 2),
        ([TRADE, PAID, BACK + ",`", TRADE_TOTALS, SUMS], 3),
        ([TRADE, PAID, "", TRADE_TOTALS, SUMS], 3),
        ([TRADE, PAID, BACK, TRADE_TOTALS, SUMS.replace("2.0", "2.5")], 5),
        ([TRADE, PAID, BACK, TRADE_TOTALS, SUMS, SUMS], 6),
        ([TRADE, PAID, BACK, FLOW_TOTALS, SUMS], 4),
    ],
)
def test_a_line_that_is_not_as_specified_is_named(lines: list[str], line: int) -> None:
    with pytest.raises(BillMalformed) as refusal:
        list(pay_bills.trade_bill(bill(*lines) if lines else b""))
    assert refusal.value.line == line
    assert "oabc" not in str(refusal.value)


def test_bytes_that_are_no_text_are_named_by_their_line() -> None:
    good = bill(TRADE, *[PAID] * 2000, TRADE_TOTALS, SUMS)
    cut = good.replace("商户订单号".encode(), b"", 0).split(b"\r\n")
    cut[1500] = cut[1500].replace(b"SUCCESS", b"\xff\xfe")
    with pytest.raises(BillMalformed) as refusal:
        list(pay_bills.trade_bill(b"\r\n".join(cut)))
    assert refusal.value.line == 1501


def test_the_simulator_writes_these_very_headers() -> None:
    assert written.TRADE_COLUMNS["ALL"] == (TRADE, TRADE_TOTALS)
    assert (written.FLOW_COLUMNS, written.FLOW_TOTALS) == (FLOW, FLOW_TOTALS)


@given(st.integers(-(10**13), 10**13))
def test_amounts_are_read_as_they_are_written(fen: int) -> None:
    text = f"{'-' if fen < 0 else ''}{abs(fen) // 100}.{abs(fen) % 100:02}"
    assert pay_bills._fen(text) == fen
    assert pay_bills._millifen(f"{text}000") == fen * 1000


@given(st.binary(max_size=200))
def test_no_bytes_bring_it_down(noise: bytes) -> None:
    good = bill(TRADE, PAID, BACK, TRADE_TOTALS, SUMS)
    for content in (noise, good[: len(noise)] + noise, good + noise):
        with suppress(BillMalformed):
            list(pay_bills.trade_bill(content))
