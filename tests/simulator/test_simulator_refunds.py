"""Refunds: one for one number, never more than was paid, finished later and announced."""

import json
from typing import Any

import pytest
from wechatpayv3 import WeChatPay


def refund_body(
    merchant: Any, number: str = "REFUND-1", fen: int = 100, total_fen: int = 100, **changed: Any
) -> dict[str, Any]:
    return {
        "out_trade_no": "ORDER-0001",
        "out_refund_no": number,
        "reason": "售罄",
        "notify_url": merchant.notify_url,
        "amount": {"refund": fen, "total": total_fen, "currency": "CNY"},
    } | changed


def refund(merchant: Any, *args: Any, **changed: Any) -> Any:
    return merchant.call("POST", "/v3/refund/domestic/refunds", refund_body(merchant, *args, **changed))


def refund_state(merchant: Any, number: str = "REFUND-1") -> str:
    return str(merchant.call("GET", f"/v3/refund/domestic/refunds/{number}").json()["status"])


def test_the_oracle_refunds_and_sees_it_end(merchant: Any, oracle: WeChatPay, eventually: Any) -> None:
    merchant.paid_order()
    amount = {"refund": 60, "total": 100, "currency": "CNY"}
    status, text = oracle.refund(
        out_refund_no="ORACLE-R1", amount=amount, out_trade_no="ORDER-0001", notify_url=merchant.notify_url
    )
    assert (status, json.loads(text)["status"]) == (200, "PROCESSING")
    eventually(lambda: json.loads(oracle.query_refund("ORACLE-R1")[1])["status"] == "SUCCESS")
    assert json.loads(oracle.query(out_trade_no="ORDER-0001")[1])["trade_state"] == "REFUND"


def test_a_refund_is_processing_first_then_succeeds_and_is_announced(merchant: Any, letterbox: Any) -> None:
    merchant.paid_order()
    answer = refund(merchant)
    assert answer.json()["status"] == "PROCESSING"
    assert "success_time" not in answer.json()
    assert merchant.verified(answer.headers, answer.content)
    letters = letterbox.wait_for(2)
    event, resource = json.loads(letters[1][2]), merchant.opened(letters[1][2])
    assert event["event_type"] == "REFUND.SUCCESS"
    assert event["resource"]["original_type"] == "refund"
    assert (resource["out_refund_no"], resource["refund_status"]) == ("REFUND-1", "SUCCESS")
    assert resource["amount"] == {"total": 100, "refund": 100, "payer_total": 100, "payer_refund": 100}
    assert refund_state(merchant) == "SUCCESS"


def test_the_same_number_refunds_once_and_other_parameters_are_refused(merchant: Any, letterbox: Any) -> None:
    merchant.paid_order()
    first, second = refund(merchant, fen=40), refund(merchant, fen=40)
    assert first.json()["refund_id"] == second.json()["refund_id"]
    other = refund(merchant, fen=41)
    assert (other.status_code, other.json()["code"]) == (400, "INVALID_REQUEST")
    letterbox.wait_for(2)
    assert len(merchant.state()["refunds"]) == 1


def test_refunds_together_never_pass_the_payment(merchant: Any, eventually: Any) -> None:
    merchant.paid_order()

    def accepted(number: str, fen: int) -> bool:
        answer = refund(merchant, number, fen)
        assert answer.status_code in (200, 400, 429)
        return bool(answer.status_code == 200)

    assert accepted("R-1", 60)
    assert refund(merchant, "R-2", 41).json()["code"] == "INVALID_REQUEST"
    eventually(lambda: accepted("R-3", 40))
    assert refund(merchant, "R-4", 1).json()["code"] == "INVALID_REQUEST"
    assert sum(each["amount"]["refund"] for each in merchant.state()["refunds"]) == 100


def test_two_refunds_of_one_order_lie_a_minute_apart(merchant: Any) -> None:
    merchant.control("clock", speed=1)
    merchant.paid_order()
    assert refund(merchant, "R-1", 1).status_code == 200
    assert refund(merchant, "R-2", 1).json()["code"] == "FREQUENCY_LIMITED"
    merchant.control("clock", advance_seconds=61)
    assert refund(merchant, "R-2", 1).status_code == 200


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"out_trade_no": "UNKNOWN-1"}, "RESOURCE_NOT_EXISTS"),
        ({"transaction_id": "42"}, "RESOURCE_NOT_EXISTS"),
        ({"amount": {"refund": 1, "total": 99, "currency": "CNY"}}, "INVALID_REQUEST"),
        ({"amount": {"refund": 1, "total": 100}}, "PARAM_ERROR"),
        ({"amount": {"refund": 1.0, "total": 100, "currency": "CNY"}}, "PARAM_ERROR"),
        ({"out_refund_no": "x" * 65}, "PARAM_ERROR"),
        ({"out_refund_no": "空"}, "PARAM_ERROR"),
        ({"reason": "长" * 81}, "PARAM_ERROR"),
    ],
)
def test_a_refund_that_cannot_be_is_refused(merchant: Any, changed: dict[str, Any], code: str) -> None:
    merchant.paid_order()
    assert refund(merchant, **changed).json()["code"] == code


def test_an_unpaid_order_is_not_refunded_and_after_a_year_no_order_is(merchant: Any) -> None:
    merchant.prepay()
    assert refund(merchant).json()["code"] == "RESOURCE_NOT_EXISTS"
    merchant.control("pay_late", out_trade_no="ORDER-0001")
    merchant.control("clock", advance_seconds=366 * 86_400)
    assert refund(merchant).json()["code"] == "INVALID_REQUEST"


def test_an_unknown_refund_is_not_found(merchant: Any) -> None:
    answer = merchant.call("GET", "/v3/refund/domestic/refunds/NONE")
    assert (answer.status_code, answer.json()["code"]) == (404, "RESOURCE_NOT_EXISTS")


@pytest.mark.parametrize(("kind", "end"), [("refund_abnormal", "ABNORMAL"), ("refund_closed", "CLOSED")])
def test_a_refund_can_be_made_to_fail(merchant: Any, letterbox: Any, kind: str, end: str) -> None:
    merchant.paid_order()
    merchant.control("faults", kind=kind)
    refund(merchant)
    event = json.loads(letterbox.wait_for(2)[1][2])
    assert event["event_type"] == f"REFUND.{end}"
    assert refund_state(merchant) == end
