"""Daily bills parse as WeChat's documents say, and add up."""

import gzip
import hashlib
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from wechatpayv3 import WeChatPay

from simulator.bills import FLOW_COLUMNS, TRADE_COLUMNS
from simulator.clock import SHANGHAI

TODAY = datetime.now(SHANGHAI).date


def parsed(content: bytes) -> tuple[list[dict[str, str]], dict[str, str]]:
    """Read a bill as the documents tell a merchant to."""
    lines = content.decode("utf-8-sig").splitlines()

    def row(header: str, line: str) -> dict[str, str]:
        assert not header.startswith("`")
        assert line.startswith("`")
        return dict(zip(header.split(","), line[1:].split(",`"), strict=True))

    return [row(lines[0], line) for line in lines[1:-2]], row(lines[-2], lines[-1])


@pytest.fixture
def next_day(merchant: Any) -> Callable[[], str]:
    """Move to ten o'clock of tomorrow and return the date of the day before."""

    def leap() -> str:
        tomorrow = datetime.combine(TODAY() + timedelta(days=1), datetime.min.time(), SHANGHAI)
        wait = (tomorrow.replace(hour=10) - datetime.now(SHANGHAI)).total_seconds()
        day = TODAY().isoformat()
        merchant.control("clock", advance_seconds=wait)
        return day

    return leap


def fetched(merchant: Any, path: str) -> bytes:
    """Ask for a bill, download and check it."""
    offer = merchant.call("GET", path).json()
    assert offer["hash_type"] == "SHA1"
    file = merchant.call("GET", offer["download_url"].removeprefix(merchant.base_url))
    assert file.status_code == 200
    assert "Wechatpay-Signature" not in file.headers
    content = bytes(gzip.decompress(file.content)) if "GZIP" in path else bytes(file.content)
    assert hashlib.sha1(content).hexdigest() == offer["hash_value"]
    assert content.startswith(b"\xef\xbb\xbf")
    return content


def trade_a_little(merchant: Any, eventually: Any) -> None:
    merchant.paid_order("ORDER-0001", 100)
    merchant.paid_order("ORDER-0002", 1990)
    merchant.prepay(out_trade_no="ORDER-UNPAID")
    merchant.call(
        "POST",
        "/v3/refund/domestic/refunds",
        {
            "out_trade_no": "ORDER-0002",
            "out_refund_no": "REFUND-1",
            "amount": {"refund": 990, "total": 1990, "currency": "CNY"},
        },
    )
    eventually(lambda: merchant.state()["refunds"][0]["status"] == "SUCCESS")


def test_the_trade_bill_lists_payments_and_refunds_and_adds_up(
    merchant: Any, eventually: Any, next_day: Callable[[], str]
) -> None:
    trade_a_little(merchant, eventually)
    rows, summary = parsed(fetched(merchant, f"/v3/bill/tradebill?bill_date={next_day()}&tar_type=GZIP"))
    assert [(row["商户订单号"], row["交易状态"]) for row in rows] == [
        ("ORDER-0001", "SUCCESS"),
        ("ORDER-0002", "SUCCESS"),
        ("ORDER-0002", "REFUND"),
    ]
    assert [row["订单金额"] for row in rows] == ["1.00", "19.90", "0.00"]
    assert [rows[2][name] for name in ("退款金额", "商户退款单号", "退款状态")] == [
        "9.90",
        "REFUND-1",
        "SUCCESS",
    ]
    assert rows[0]["商户数据包"] == "x,y"
    assert rows[0]["用户标识"] == merchant.openid()
    assert summary["总交易单数"] == "3.0"
    for column, total in (
        ("应结订单金额", "应结订单总金额"),
        ("退款金额", "退款总金额"),
        ("手续费", "手续费总金额"),
    ):
        assert sum(Decimal(row[column]) for row in rows) == Decimal(summary[total])


@pytest.mark.parametrize(("kind", "columns", "rows"), [("ALL", 27, 3), ("SUCCESS", 20, 2), ("REFUND", 29, 1)])
def test_each_kind_of_trade_bill_has_its_columns(
    merchant: Any, eventually: Any, next_day: Callable[[], str], kind: str, columns: int, rows: int
) -> None:
    trade_a_little(merchant, eventually)
    lines, _ = parsed(fetched(merchant, f"/v3/bill/tradebill?bill_date={next_day()}&bill_type={kind}"))
    assert (len(lines), len(lines[0])) == (rows, columns)
    assert ",".join(lines[0]) == TRADE_COLUMNS[kind][0]


def test_the_fund_flow_bill_moves_the_balance_by_each_line(
    merchant: Any, eventually: Any, next_day: Callable[[], str]
) -> None:
    trade_a_little(merchant, eventually)
    rows, summary = parsed(fetched(merchant, f"/v3/bill/fundflowbill?bill_date={next_day()}&tar_type=GZIP"))
    assert ",".join(rows[0]) == FLOW_COLUMNS
    balance = Decimal(0)
    for row in rows:
        balance += Decimal(row["收支金额(元)"]) * (1 if row["收支类型"] == "收入" else -1)
        assert Decimal(row["账户结余(元)"]) == balance
    assert balance == Decimal("1.00") - Decimal("0.01") + Decimal("19.90") - Decimal("0.12") - Decimal("9.84")
    assert Decimal(summary["收入金额"]) - Decimal(summary["支出金额"]) == balance
    assert summary["资金流水总笔数"] == f"{len(rows)}.0"


def test_the_oracle_downloads_the_same_bill(
    merchant: Any, oracle: WeChatPay, eventually: Any, next_day: Callable[[], str]
) -> None:
    trade_a_little(merchant, eventually)
    day = next_day()
    offer = oracle.trade_bill(bill_date=day, tar_type="GZIP")
    assert offer[0] == 200
    status, file = oracle.download_bill(
        str(merchant.call("GET", f"/v3/bill/tradebill?bill_date={day}&tar_type=GZIP").json()["download_url"])
    )
    assert status == 200
    assert gzip.decompress(file) == fetched(merchant, f"/v3/bill/tradebill?bill_date={day}")


def test_a_day_without_trade_has_no_bill_and_an_unfinished_day_none_yet(
    merchant: Any, next_day: Callable[[], str]
) -> None:
    day = TODAY().isoformat()
    assert merchant.call("GET", f"/v3/bill/tradebill?bill_date={day}").json()["code"] == "STATEMENT_CREATING"
    day = next_day()
    for path in ("tradebill?", "fundflowbill?", "fundflowbill?account_type=FEES&"):
        answer = merchant.call("GET", f"/v3/bill/{path}bill_date={day}")
        assert (answer.status_code, answer.json()["code"]) == (400, "NO_STATEMENT_EXIST")


def test_a_bill_that_cannot_be_asked_for_is_refused(merchant: Any) -> None:
    for query in (
        "bill_date=2026-1",
        "bill_date=2020-01-01",
        "bill_date=2999-01-01",
        "bill_date=",
        "bill_date=20261101",
        "bill_date=2026-W47-6",
        "bill_date=2026-11-01&bill_type=SOME",
        "bill_date=2026-11-01&tar_type=ZIP",
    ):
        answer = merchant.call("GET", f"/v3/bill/tradebill?{query}")
        assert (answer.status_code, answer.json()["code"]) == (400, "PARAM_ERROR"), query


def test_a_download_address_lives_five_minutes(
    merchant: Any, eventually: Any, next_day: Callable[[], str]
) -> None:
    trade_a_little(merchant, eventually)
    url = merchant.call("GET", f"/v3/bill/tradebill?bill_date={next_day()}").json()["download_url"]
    target = url.removeprefix(merchant.base_url)
    assert merchant.call("GET", target).status_code == 200
    merchant.control("clock", advance_seconds=301)
    assert merchant.call("GET", target).json()["code"] == "INVALID_REQUEST"
    assert merchant.session.get(url).status_code == 401
