"""Payments and refunds, against a server that signs like WeChat Pay."""

import json
import logging
import traceback
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.clients import errors
from app.clients.pay import WeChatPay

NOW = datetime(2026, 11, 21, 4, 0, tzinfo=UTC)
PREPAY = "/v3/pay/transactions/jsapi"
ORDER = "/v3/pay/transactions/out-trade-no/SH20261121000001"
REFUNDS = "/v3/refund/domestic/refunds"

WANTED = {
    "out_trade_no": "SH20261121000001",
    "description": "顺昌一元碳汇 10 千克",
    "amount_fen": 100,
    "payer_openid": "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o",
    "expires_at": datetime(2026, 11, 21, 4, 15, 0, 999_999, tzinfo=UTC),
}
BACK = {
    "out_refund_no": "SHR20261121000001",
    "out_trade_no": "SH20261121000001",
    "amount_fen": 40,
    "total_fen": 100,
}


def test_prepay_says_what_the_specification_asks_for(stranger: Any, pay: WeChatPay, pay_says: Any) -> None:
    pay_says(PREPAY, {"prepay_id": "wx201410272009395522657a690389285100"})
    assert pay.prepay(**WANTED, attach="a1") == "wx201410272009395522657a690389285100"
    (heard,) = stranger.heard
    assert json.loads(heard.body) == {
        "appid": "wx8888888888888888",
        "mchid": "1900000109",
        "description": "顺昌一元碳汇 10 千克",
        "out_trade_no": "SH20261121000001",
        "time_expire": "2026-11-21T12:15:00+08:00",
        "attach": "a1",
        "notify_url": "https://senhui.example/pay/notices",
        "amount": {"total": 100, "currency": "CNY"},
        "payer": {"openid": "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"},
    }
    sent = {
        name: heard.headers[name] for name in ("Accept", "Content-Type", "User-Agent", "Wechatpay-Serial")
    }
    assert sent == {
        "Accept": "application/json",
        "Content-Type": "application/json",
        "User-Agent": "Senhui",
        "Wechatpay-Serial": "PUB_KEY_ID_0114232134912410000000000000",
    }


def test_prepay_repeated_sends_the_same_bytes(stranger: Any, pay: WeChatPay, pay_says: Any) -> None:
    pay_says(PREPAY, {"prepay_id": "wx1"})
    pay.prepay(**WANTED)
    pay.prepay(**WANTED)
    first, second = stranger.heard
    assert first.body == second.body
    assert first.headers["Authorization"] != second.headers["Authorization"]


@pytest.mark.parametrize(
    "unfit",
    [
        {"out_trade_no": "short"},
        {"out_trade_no": "x" * 33},
        {"out_trade_no": "a/../../b"},
        {"out_trade_no": "森惠森惠森惠"},
        {"out_trade_no": "SH2026112100\n"},
        {"amount_fen": 0},
        {"amount_fen": -1},
        {"amount_fen": 1.0},
        {"amount_fen": True},
        {"amount_fen": 10**13},
    ],
)
def test_numbers_wechat_pay_would_not_take_never_leave(
    stranger: Any, pay: WeChatPay, unfit: dict[str, Any]
) -> None:
    with pytest.raises(ValueError, match=r"WeChat Pay|fen"):
        pay.prepay(**WANTED | unfit)
    assert stranger.heard == []


def test_a_paid_order_is_told_in_our_words(
    stranger: Any, pay: WeChatPay, pay_says: Any, paid_order: Any
) -> None:
    pay_says(ORDER, paid_order)
    found = pay.query("SH20261121000001")
    assert found is not None
    assert (found.out_trade_no, found.transaction_id) == ("SH20261121000001", "4200002026112100000000000001")
    assert (found.trade_state, found.amount_fen, found.currency) == ("SUCCESS", 100, "CNY")
    assert found.payer_openid == "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"
    assert found.success_at == datetime(2026, 11, 21, 3, 59, 58, tzinfo=UTC)
    assert found.raw == paid_order
    assert "oUpF8" not in repr(found), "an openid is nobody's to read in a log"
    assert stranger.heard[0].target == f"{ORDER}?mchid=1900000109"


def test_an_unpaid_order_has_no_amount(pay: WeChatPay, pay_says: Any, paid_order: Any) -> None:
    unpaid = {name: paid_order[name] for name in ("appid", "mchid", "out_trade_no")}
    pay_says(ORDER, unpaid | {"trade_state": "NOTPAY", "transaction_id": "", "payer": {}})
    found = pay.query("SH20261121000001")
    assert found is not None
    assert (found.trade_state, found.transaction_id, found.amount_fen) == ("NOTPAY", None, None)
    assert (found.currency, found.payer_openid, found.success_at) == (None, None, None)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("appid", "wx0000000000000000"),
        ("mchid", "1"),
        ("out_trade_no", "SH20261121000002"),
        ("transaction_id", None),
        ("amount", None),
        ("amount", {}),
        ("amount", {"total": 1.0, "currency": "CNY"}),
        ("amount", {"total": True}),
        ("amount", {"total": 100}),
        ("success_time", None),
        ("success_time", "2026-11-21 11:59:58"),
        ("success_time", "0001-01-01T00:00:00+08:00"),
        ("trade_state", None),
        ("payer", 7),
    ],
)
def test_a_signed_order_that_is_not_as_specified_is_not_believed(
    pay: WeChatPay, pay_says: Any, paid_order: Any, field: str, value: Any
) -> None:
    pay_says(ORDER, paid_order | {field: value})
    with pytest.raises(errors.Unverified):
        pay.query("SH20261121000001")


def test_an_order_nobody_knows_is_none(pay: WeChatPay, stranger: Any) -> None:
    stranger.says(ORDER, {"code": "ORDER_NOT_EXIST", "message": "订单不存在"}, 404)
    assert pay.query("SH20261121000001") is None


def test_a_404_without_that_word_is_not_a_missing_order(pay: WeChatPay, stranger: Any) -> None:
    stranger.says(ORDER, b"<html>not found</html>", 404)
    with pytest.raises(errors.Unreachable):
        pay.query("SH20261121000001")


def test_a_refund_nobody_knows_is_none(pay: WeChatPay, stranger: Any) -> None:
    stranger.says(f"{REFUNDS}/R1", {"code": "RESOURCE_NOT_EXISTS", "message": "退款单不存在"}, 404)
    assert pay.query_refund("R1") is None


def test_closing_is_believed_only_when_signed(stranger: Any, pay: WeChatPay, pay_says: Any) -> None:
    pay_says(f"{ORDER}/close", None, 204)
    pay.close("SH20261121000001")
    assert json.loads(stranger.heard[0].body) == {"mchid": "1900000109"}


def test_closing_what_is_paid_says_so(pay: WeChatPay, stranger: Any) -> None:
    stranger.says(f"{ORDER}/close", {"code": "ORDERPAID", "message": "订单已支付"}, 400)
    with pytest.raises(errors.OrderPaid):
        pay.close("SH20261121000001")


def test_a_refund_is_asked_for_and_told_in_our_words(
    stranger: Any, pay: WeChatPay, pay_says: Any, refund_told: Any
) -> None:
    pay_says(REFUNDS, refund_told)
    refund = pay.refund(**BACK, reason="售罄")
    assert (refund.out_refund_no, refund.refund_id) == ("SHR20261121000001", "50000000382019052709732678859")
    assert (refund.status, refund.amount_fen, refund.total_fen) == ("PROCESSING", 40, 100)
    assert (refund.out_trade_no, refund.success_at) == ("SH20261121000001", None)
    assert json.loads(stranger.heard[0].body) == {
        "out_trade_no": "SH20261121000001",
        "out_refund_no": "SHR20261121000001",
        "reason": "售罄",
        "notify_url": "https://senhui.example/pay/refund-notices",
        "amount": {"refund": 40, "total": 100, "currency": "CNY"},
    }


@pytest.mark.parametrize(
    "changes",
    [
        {"out_refund_no": "SHR2"},
        {"out_trade_no": "SH2"},
        {"amount": {"refund": 41, "total": 100, "currency": "CNY"}},
        {"amount": {"refund": 40, "total": 101, "currency": "CNY"}},
        {"amount": {"refund": 40, "total": 100, "currency": "USD"}},
        {"refund_id": None},
        {"status": 1},
    ],
)
def test_the_answer_to_another_refund_is_not_believed(
    pay: WeChatPay, pay_says: Any, refund_told: Any, changes: dict[str, Any]
) -> None:
    pay_says(REFUNDS, refund_told | changes)
    with pytest.raises(errors.Unverified):
        pay.refund(**BACK)


def test_a_refund_is_asked_after(pay: WeChatPay, pay_says: Any, refund_told: Any) -> None:
    done = {"status": "SUCCESS", "success_time": "2026-11-21T12:00:00+08:00"}
    pay_says(f"{REFUNDS}/SHR20261121000001", refund_told | done)
    found = pay.query_refund("SHR20261121000001")
    assert found is not None
    assert (found.status, found.success_at) == ("SUCCESS", NOW)


def test_the_answer_about_another_refund_is_not_believed(
    pay: WeChatPay, pay_says: Any, refund_told: Any
) -> None:
    pay_says(f"{REFUNDS}/SHR2", refund_told)
    with pytest.raises(errors.Unverified):
        pay.query_refund("SHR2")


def test_numbers_are_percent_encoded_in_paths(
    stranger: Any, pay: WeChatPay, pay_says: Any, refund_told: Any
) -> None:
    path = f"{REFUNDS}/a%7Cb%2Ac%40d-_"
    pay_says(path, refund_told | {"out_refund_no": "a|b*c@d-_"})
    assert pay.query_refund("a|b*c@d-_") is not None
    pay_says("/v3/pay/transactions/out-trade-no/a%7Cb%2Ac-_/close", None, 204)
    pay.close("a|b*c-_")
    assert [heard.target for heard in stranger.heard] == [
        path,
        "/v3/pay/transactions/out-trade-no/a%7Cb%2Ac-_/close",
    ]


REFUSALS = {
    "ORDERPAID": errors.OrderPaid,
    "SIGN_ERROR": errors.Misconfigured,
    "NO_AUTH": errors.Misconfigured,
    "APPID_MCHID_NOT_MATCH": errors.Misconfigured,
    "FREQUENCY_LIMITED": errors.RateLimited,
    "RATELIMIT_EXCEEDED": errors.RateLimited,
    "OUT_TRADE_NO_USED": errors.Refused,
    "PARAM_ERROR": errors.Refused,
    "ORDER_NOT_EXIST": errors.Refused,
}


@pytest.mark.parametrize("code", REFUSALS)
@pytest.mark.parametrize("status", [400, 403])
def test_the_code_decides_and_not_the_status(stranger: Any, pay: WeChatPay, code: str, status: int) -> None:
    stranger.says(PREPAY, {"code": code, "message": "不可"}, status, Request_ID="08F7")
    with pytest.raises(errors.Refused) as refused:
        pay.prepay(**WANTED)
    assert type(refused.value) is REFUSALS[code]
    assert (refused.value.code, refused.value.message, refused.value.request_id) == (code, "不可", "08F7")
    assert refused.value.retryable == (REFUSALS[code] is errors.RateLimited)


def test_an_unknown_429_is_a_rate_limit(stranger: Any, pay: WeChatPay) -> None:
    stranger.says(PREPAY, {"code": "SLOWER", "message": ""}, 429)
    with pytest.raises(errors.RateLimited):
        pay.prepay(**WANTED)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b'{"code":"SYSTEM_ERROR","message":"x"}', 500),
        (b'{"code":"SYSTEM_ERROR","message":"x"}', 400),
        (b"", 403),
        (b"<html>proxy</html>", 403),
        (b"{}", 400),
        (b'{"code":7}', 400),
        (b"[]", 400),
        (b"", 307),
    ],
)
def test_what_is_no_definite_no_leaves_the_outcome_open(
    stranger: Any, pay: WeChatPay, body: bytes, status: int
) -> None:
    stranger.says(REFUNDS, body, status)
    with pytest.raises(errors.Unreachable):
        pay.refund(**BACK)


@pytest.mark.parametrize("fault", ["hang", "reset", "drip"])
def test_a_broken_line_leaves_the_outcome_open_and_nothing_leaks(
    stranger: Any, pay: WeChatPay, impatient: float, caplog: pytest.LogCaptureFixture, fault: str
) -> None:
    caplog.set_level(logging.DEBUG)
    stranger.does(PREPAY, lambda ear: getattr(ear, fault)())
    with pytest.raises(errors.Unreachable) as caught:
        pay.prepay(**WANTED)
    said = "".join(traceback.format_exception(caught.value)) + caplog.text
    assert "WECHATPAY2" not in said
    assert "oUpF8" not in said
    assert len(stranger.heard) == 1


def test_answers_may_be_signed_with_the_next_key(pay: WeChatPay, pay_says: Any, keys: Any) -> None:
    serial = "PUB_KEY_ID_0114232134912410000000000001"
    pay_says(PREPAY, {"prepay_id": "wx1"}, key=keys.next_platform, serial=serial)
    assert pay.prepay(**WANTED) == "wx1"


def forgeries(keys: Any) -> list[dict[str, Any]]:
    return [
        {"key": keys.foreign},
        {"key": keys.next_platform},
        {"serial": "PUB_KEY_ID_9"},
        {"serial": "5157F09EFDC096DE15EBE81A47057A7232F1B8E1"},
        {"at": NOW - timedelta(seconds=300)},
        {"at": NOW + timedelta(seconds=300)},
    ]


@pytest.mark.parametrize("number", range(6))
def test_a_forged_answer_is_not_believed(pay: WeChatPay, pay_says: Any, keys: Any, number: int) -> None:
    pay_says(PREPAY, {"prepay_id": "wx1"}, **forgeries(keys)[number])
    with pytest.raises(errors.Unverified):
        pay.prepay(**WANTED)


def test_an_unsigned_answer_is_not_believed(pay: WeChatPay, stranger: Any) -> None:
    stranger.says(PREPAY, {"prepay_id": "wx1"})
    stranger.says(f"{ORDER}/close", b"", 204)
    with pytest.raises(errors.Unverified):
        pay.prepay(**WANTED)
    with pytest.raises(errors.Unverified):
        pay.close("SH20261121000001")


def test_an_answer_changed_on_the_way_is_not_believed(pay: WeChatPay, stranger: Any, seal: Any) -> None:
    headers = seal(b'{"prepay_id": "wx1"}')
    stranger.does(PREPAY, lambda ear: ear.answer(b'{"prepay_id": "wx2"}', 200, headers))
    with pytest.raises(errors.Unverified):
        pay.prepay(**WANTED)


@pytest.mark.parametrize("told", [{}, {"prepay_id": ""}, {"prepay_id": 1}, [], "wx1", None])
def test_a_signed_answer_without_a_prepay_id_is_not_believed(
    pay: WeChatPay, pay_says: Any, told: Any
) -> None:
    pay_says(PREPAY, told)
    with pytest.raises(errors.Unverified):
        pay.prepay(**WANTED)
