"""Notices: encrypted, signed anew each time, repeated on WeChat's schedule until accepted."""

import json
import time
from itertools import pairwise
from typing import Any

import pytest
from wechatpayv3 import WeChatPay

from simulator.notices import RETRY_AFTER_S


def test_the_oracle_reads_a_payment_notice(merchant: Any, oracle: WeChatPay, letterbox: Any) -> None:
    merchant.paid_order()
    _, headers, body = letterbox.wait_for(1)[0]
    event = oracle.callback(headers, body)
    assert (event["event_type"], event["resource_type"]) == ("TRANSACTION.SUCCESS", "encrypt-resource")
    assert event["resource"] == merchant.query("ORDER-0001").json()
    assert event["resource"]["mchid"] == merchant.mchid


def test_the_oracle_reads_a_refund_notice(merchant: Any, oracle: WeChatPay, letterbox: Any) -> None:
    merchant.paid_order()
    oracle.refund(
        out_refund_no="R-1",
        amount={"refund": 100, "total": 100, "currency": "CNY"},
        out_trade_no="ORDER-0001",
        notify_url=merchant.notify_url,
    )
    _, headers, body = letterbox.wait_for(2)[1]
    assert oracle.callback(headers, body)["resource"]["refund_status"] == "SUCCESS"


@pytest.mark.parametrize("status", [200, 204])
def test_an_accepted_notice_comes_once(merchant: Any, letterbox: Any, eventually: Any, status: int) -> None:
    letterbox.statuses = [status]
    merchant.control("clock", speed=100_000)
    merchant.paid_order()
    eventually(lambda: merchant.state()["notices"][0]["status"] == "delivered")
    time.sleep(0.3)
    assert len(letterbox.letters) == 1


def test_the_schedule_is_wechats() -> None:
    assert len(RETRY_AFTER_S) == 15
    assert sum(RETRY_AFTER_S) == 24 * 3600 + 4 * 60


def test_a_refused_notice_is_repeated_fifteen_times_on_schedule_and_then_given_up(
    merchant: Any, letterbox: Any, eventually: Any
) -> None:
    speed = 30_000
    letterbox.statuses = [500, 401, 302, 404] * 5
    merchant.control("clock", speed=speed)
    merchant.paid_order()
    letters = letterbox.wait_for(16, within_s=20)
    eventually(lambda: merchant.state()["notices"][0]["status"] == "exhausted")
    gaps = [later[0] - earlier[0] for earlier, later in pairwise(letters)]
    for gap, wait in zip(gaps, RETRY_AFTER_S, strict=True):
        assert wait / speed <= gap < wait / speed + 1
    assert [each["status"] for each in merchant.state()["notices"][0]["attempts"]] == [500, 401, 302, 404] * 4


def test_every_repetition_is_signed_anew_with_its_own_time(merchant: Any, letterbox: Any) -> None:
    letterbox.statuses = [500, 500]
    merchant.control("clock", speed=10)
    merchant.paid_order()
    letters = letterbox.wait_for(3)
    assert all(merchant.verified(headers, body) for _, headers, body in letters)
    assert all(abs(arrived - int(headers["Wechatpay-Timestamp"])) < 2 for arrived, headers, _ in letters)
    assert len({headers["Wechatpay-Nonce"] for _, headers, _ in letters}) == 3
    assert len({headers["Wechatpay-Timestamp"] for _, headers, _ in letters}) >= 2
    assert len({json.loads(body)["id"] for _, _, body in letters}) == 1
    assert len({merchant.opened(body)["transaction_id"] for _, _, body in letters}) == 1


def test_an_answer_after_five_seconds_counts_as_none(merchant: Any, letterbox: Any, eventually: Any) -> None:
    letterbox.wait_s = 5.5
    merchant.paid_order()
    eventually(lambda: merchant.state()["notices"][0]["attempts"], within_s=8)
    attempt = merchant.state()["notices"][0]["attempts"][0]
    assert (attempt["status"], attempt["error"]) == (None, "ReadTimeout")
    assert attempt["took_ms"] >= 5_000


def test_a_slow_merchant_does_not_hold_up_the_prepay_of_another_order(merchant: Any, letterbox: Any) -> None:
    letterbox.wait_s = 4
    merchant.paid_order()
    began = time.monotonic()
    merchant.prepay(out_trade_no="ORDER-0002")
    assert time.monotonic() - began < 3


def test_a_notice_can_be_delivered_again_at_will(merchant: Any, letterbox: Any) -> None:
    merchant.paid_order()
    letterbox.wait_for(1)
    assert merchant.control("notice", out_trade_no="ORDER-0001", count=20).json() == {"letters": 20}
    letters = letterbox.wait_for(21)
    assert len({json.loads(body)["id"] for _, _, body in letters}) == 1
    assert merchant.control("notice", out_trade_no="NONE").status_code == 400


def test_a_notice_accepted_in_between_is_not_repeated(merchant: Any, letterbox: Any, eventually: Any) -> None:
    letterbox.statuses = [500]
    merchant.control("clock", speed=30)
    merchant.paid_order()
    eventually(lambda: merchant.state()["notices"][0]["attempts"])
    merchant.control("notice", out_trade_no="ORDER-0001")
    letterbox.wait_for(2)
    time.sleep(0.8)
    assert len(letterbox.letters) == 2


@pytest.mark.parametrize(("status", "refused"), [(401, True), (500, True), (204, False)])
def test_a_probe_has_a_signature_that_must_be_refused(
    merchant: Any, letterbox: Any, status: int, refused: bool
) -> None:
    merchant.prepay()
    letterbox.statuses = [status]
    answer = merchant.control("signtest", out_trade_no="ORDER-0001").json()
    assert answer == {"status": status, "refused": refused}
    _, headers, body = letterbox.letters[0]
    assert headers["Wechatpay-Signature"].startswith("WECHATPAY/SIGNTEST/")
    assert not merchant.verified(headers, body)
