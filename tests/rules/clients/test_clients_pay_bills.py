"""Bills of WeChat Pay: fetched, unpacked, checked, and never taken for another day's."""

import gzip
import hashlib
from datetime import date
from typing import Any

import pytest

from app.clients import errors
from app.clients.pay import WeChatPay

TRADE_BILL, FUND_BILL, FILE = "/v3/bill/tradebill", "/v3/bill/fundflowbill", "/v3/billdownload/file"
BILL = "\ufeff交易时间,公众账号ID\r\n`2026-11-20 12:00:00,`wx8888888888888888\r\n".encode()
DAY = date(2026, 11, 20)


def bill_at(
    stranger: Any, pay_says: Any, content: bytes, digest: str, path: str = TRADE_BILL, **headers: str
) -> None:
    url = f"https://api.mch.weixin.qq.com{FILE}?token=a-b_c%2Bd%3D&tartype=gzip"
    pay_says(path, {"hash_type": "SHA1", "hash_value": digest, "download_url": url})
    stranger.says(FILE, content, **headers)


DIGEST = hashlib.sha1(BILL).hexdigest()


@pytest.mark.parametrize(
    ("content", "headers"),
    [
        (gzip.compress(BILL, mtime=0), {}),
        (gzip.compress(BILL, mtime=0), {"Content_Encoding": "gzip"}),
        (BILL, {}),
        (gzip.compress(BILL[:40], mtime=0) + gzip.compress(BILL[40:], mtime=0), {}),
    ],
)
def test_a_bill_is_unpacked_and_checked(
    stranger: Any, pay: WeChatPay, pay_says: Any, content: bytes, headers: dict[str, str]
) -> None:
    bill_at(stranger, pay_says, content, DIGEST.upper(), **headers)
    assert pay.trade_bill(DAY) == BILL
    asked, fetched = stranger.heard
    assert asked.target == f"{TRADE_BILL}?bill_date=2026-11-20&bill_type=ALL&tar_type=GZIP"
    assert fetched.target == f"{FILE}?token=a-b_c%2Bd%3D&tartype=gzip", "on our host, whatever host it names"
    assert fetched.headers["Authorization"].startswith("WECHATPAY2-SHA256-RSA2048 ")


def test_the_fund_flow_has_its_own_bill(stranger: Any, pay: WeChatPay, pay_says: Any) -> None:
    bill_at(stranger, pay_says, gzip.compress(BILL, mtime=0), DIGEST, FUND_BILL)
    assert pay.fundflow_bill(DAY) == BILL
    assert stranger.heard[0].target == f"{FUND_BILL}?bill_date=2026-11-20&account_type=BASIC&tar_type=GZIP"


def test_a_day_without_trades_has_no_bill(stranger: Any, pay: WeChatPay) -> None:
    stranger.says(TRADE_BILL, {"code": "NO_STATEMENT_EXIST", "message": "账单文件不存在"}, 400)
    assert pay.trade_bill(DAY) is None


def test_a_bill_still_being_written_is_not_ready(stranger: Any, pay: WeChatPay) -> None:
    stranger.says(FUND_BILL, {"code": "STATEMENT_CREATING", "message": "账单生成中"}, 400)
    with pytest.raises(errors.NotReady) as early:
        pay.fundflow_bill(DAY)
    assert early.value.retryable


@pytest.mark.parametrize(
    "content",
    [
        gzip.compress(BILL + b"x", mtime=0),
        gzip.compress(BILL, mtime=0)[:-9],
        gzip.compress(BILL, mtime=0)[:12],
        b"\x1f\x8b",
        b"",
        b"<html>",
    ],
)
def test_a_bill_that_is_not_the_announced_one_is_not_believed(
    stranger: Any, pay: WeChatPay, pay_says: Any, content: bytes
) -> None:
    bill_at(stranger, pay_says, content, DIGEST)
    with pytest.raises(errors.Unverified):
        pay.trade_bill(DAY)


def test_a_bill_without_end_is_not_unpacked(
    stranger: Any, pay: WeChatPay, pay_says: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.clients.pay.LARGEST_BILL_BYTES", 1 << 16)
    bill_at(
        stranger, pay_says, gzip.compress(bytes(1 << 20), mtime=0), hashlib.sha1(bytes(1 << 20)).hexdigest()
    )
    with pytest.raises(errors.Unverified, match="large"):
        pay.trade_bill(DAY)


@pytest.mark.parametrize(
    "told",
    [
        {"hash_type": "MD5", "hash_value": DIGEST, "download_url": "https://a/b?c"},
        {"hash_type": "SHA1"},
        {"hash_type": "SHA1", "hash_value": DIGEST, "download_url": "https://[a/b?c"},
    ],
)
def test_an_announcement_not_as_specified_is_not_believed(pay: WeChatPay, pay_says: Any, told: Any) -> None:
    pay_says(TRADE_BILL, told)
    with pytest.raises(errors.Unverified):
        pay.trade_bill(DAY)
