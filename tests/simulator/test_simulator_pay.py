"""WeChat Pay v3 requests: signatures, field rules, states of an order; also with a third party's client."""

import json
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

from wechatpayv3 import WeChatPay

from simulator.clock import SHANGHAI

PREPAY = "/v3/pay/transactions/jsapi"
CLOSE = "/v3/pay/transactions/out-trade-no/ORDER-0001/close"


def deadline(seconds: float) -> str:
    return (datetime.now(SHANGHAI) + timedelta(seconds=seconds)).isoformat(timespec="seconds")


def test_the_oracle_prepays_queries_and_closes(merchant: Any, oracle: WeChatPay) -> None:
    payer = {"openid": merchant.openid()}
    status, text = oracle.pay(
        description="一元碳汇",
        out_trade_no="ORACLE-01",
        amount={"total": 100},
        payer=payer,
        time_expire=deadline(900),
        attach="a",
    )
    assert status == 200
    assert merchant.pay(json.loads(text)["prepay_id"]).json() == {"result": "ok"}
    status, text = oracle.query(out_trade_no="ORACLE-01")
    found = json.loads(text)
    assert (status, found["trade_state"], found["amount"]["total"]) == (200, "SUCCESS", 100)
    status, by_id = oracle.query(transaction_id=found["transaction_id"])
    assert (status, json.loads(by_id)) == (200, found)
    assert json.loads(oracle.close("ORACLE-01")[1])["code"] == "ORDERPAID"
    oracle.pay(description="一元碳汇", out_trade_no="ORACLE-02", amount={"total": 100}, payer=payer)
    assert [oracle.close("ORACLE-02")[0] for _ in range(2)] == [204, 204]
    assert json.loads(oracle.query(out_trade_no="ORACLE-02")[1])["trade_state"] == "CLOSED"


def test_every_granted_answer_is_signed_and_carries_a_request_id(merchant: Any) -> None:
    prepay = merchant.call("POST", PREPAY, merchant.order())
    query = merchant.query("ORDER-0001")
    close = merchant.call("POST", CLOSE, {"mchid": merchant.mchid})
    assert [prepay.status_code, query.status_code, close.status_code] == [200, 200, 204]
    assert all(merchant.verified(answer.headers, answer.content) for answer in (prepay, query, close))
    refused = merchant.query("NO-SUCH-ORDER")
    assert refused.status_code == 404
    assert refused.json()["code"] == "ORDER_NOT_EXIST"
    assert all(answer.headers["Request-ID"] for answer in (prepay, query, close, refused))


def test_a_request_whose_signature_is_wrong_is_refused(merchant: Any) -> None:
    now = int(time.time())
    for changed in (
        {"signed_at": str(now - 400)},
        {"signed_at": str(now + 400)},
        {"signed_at": "soon"},
        {"signature": "AAAA"},
        {"signature": "%%%"},
        {"nonce_str": "another"},
        {"serial_no": "0" * 40},
        {"mchid": "1900000109"},
        {"timestamp": str(now - 9)},
    ):
        answer = merchant.call("POST", PREPAY, merchant.order(), **changed)
        assert (answer.status_code, answer.json()["code"]) == (401, "SIGN_ERROR"), changed
    assert not merchant.state()["transactions"]


def test_a_malformed_authorization_is_refused(merchant: Any) -> None:
    scheme = "WECHATPAY2-SHA256-RSA2048"
    for header in ("", scheme, "Bearer x", f'{scheme} mchid="1"', f"{scheme} a=b"):
        headers = merchant.headers("GET", "/v3/x", "") | {"Authorization": header}
        answer = merchant.session.get(f"{merchant.base_url}/v3/bill/tradebill", headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (401, "SIGN_ERROR"), header


def test_the_signature_covers_the_raw_path_and_the_raw_body(merchant: Any) -> None:
    merchant.prepay(out_trade_no="A|B*C-0001")
    target = f"/v3/pay/transactions/out-trade-no/A%7CB%2AC-0001?mchid={merchant.mchid}"
    assert merchant.call("GET", target).status_code == 200
    decoded = merchant.headers("GET", target.replace("%7C", "|").replace("%2A", "*"), "")
    assert merchant.session.get(merchant.base_url + target, headers=decoded).status_code == 401
    compact = json.dumps(merchant.order("RAW-BODY-1"), separators=(",", ":"))
    headers = merchant.headers("POST", PREPAY, compact)
    spaced = json.dumps(json.loads(compact), indent=1).encode()
    url = merchant.base_url + PREPAY
    assert merchant.session.post(url, data=spaced, headers=headers).status_code == 401
    assert merchant.session.post(url, data=compact.encode(), headers=headers).status_code == 200


def test_a_request_without_the_headers_of_the_rules_is_refused(merchant: Any) -> None:
    body = json.dumps(merchant.order())
    for changed in ({"Accept": "text/html"}, {"User-Agent": ""}, {"Content-Type": "text/plain"}):
        headers = merchant.headers("POST", PREPAY, body) | changed
        answer = merchant.session.post(merchant.base_url + PREPAY, data=body, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (400, "INVALID_REQUEST"), changed


BROKEN_FIELDS: list[dict[str, Any]] = [
    {"out_trade_no": "short"},
    {"out_trade_no": "x" * 33},
    {"out_trade_no": "with space"},
    {"out_trade_no": 7},
    {"amount": {"total": 1.0}},
    {"amount": {"total": 0}},
    {"amount": {"total": True}},
    {"amount": {"total": "1"}},
    {"amount": {"total": 2**63}},
    {"amount": None},
    {"amount": {"total": 1, "currency": "USD"}},
    {"description": ""},
    {"description": "长" * 128},
    {"attach": "x" * 129},
    {"time_expire": "2026-11-21 10:00:00"},
    {"time_expire": "2026-13-41T10:00:00+08:00"},
    {"notify_url": "https://example.com/notices"},
    {"notify_url": "http://127.0.0.1:1/n?x=1"},
    {"payer": {"openid": "o-somebody-else"}},
    {"payer": {}},
    {"settle_info": {"profit_sharing": "yes"}},
]


def test_a_field_that_breaks_a_rule_is_named(merchant: Any) -> None:
    for changed in BROKEN_FIELDS:
        answer = merchant.call("POST", PREPAY, merchant.order() | changed)
        assert (answer.status_code, answer.json()["code"]) == (400, "PARAM_ERROR"), changed
        assert answer.json()["detail"]["field"].startswith(f"/body/{next(iter(changed))}")


def test_a_body_that_is_no_json_object_is_refused(merchant: Any) -> None:
    for body in ("", "[]", "{", "1", '{"a": NaN}', '{"a": "\\ud800"}', "[" * 100_000, "{}"):
        answer = merchant.call("POST", PREPAY, body)
        assert (answer.status_code, answer.json()["code"]) == (400, "PARAM_ERROR"), body[:20]


def test_another_app_is_refused(merchant: Any) -> None:
    answer = merchant.call("POST", PREPAY, merchant.order(appid="wx0000000000000000"))
    assert (answer.status_code, answer.json()["code"]) == (400, "APPID_MCHID_NOT_MATCH")


def test_the_same_order_again_gets_a_new_prepay_id_and_a_changed_one_is_refused(merchant: Any) -> None:
    order = merchant.order(time_expire=deadline(600))
    first, second = (merchant.call("POST", PREPAY, order) for _ in range(2))
    assert first.json()["prepay_id"] != second.json()["prepay_id"]
    dearer = {"amount": {"total": 200, "currency": "CNY"}}
    for change in (dearer, {"time_expire": deadline(700)}, {"attach": "z"}):
        answer = merchant.call("POST", PREPAY, order | change)
        assert (answer.status_code, answer.json()["code"]) == (403, "OUT_TRADE_NO_USED")
    assert merchant.pay(first.json()["prepay_id"]).status_code == 200
    assert merchant.call("POST", PREPAY, order).json()["code"] == "ORDERPAID"


def test_money_and_payer_appear_only_once_paid(merchant: Any) -> None:
    prepay_id = merchant.prepay()
    before = merchant.query("ORDER-0001").json()
    assert before["trade_state"] == "NOTPAY"
    assert not {"amount", "payer", "transaction_id", "attach", "success_time"} & set(before)
    merchant.pay(prepay_id)
    after = merchant.query("ORDER-0001").json()
    assert after["payer"] == {"openid": merchant.openid()}
    assert after["amount"] == {"total": 100, "payer_total": 100, "currency": "CNY", "payer_currency": "CNY"}
    assert (after["trade_type"], after["attach"], len(after["transaction_id"])) == ("JSAPI", "x,y", 28)


def test_spoilt_pay_parameters_pay_nothing(merchant: Any) -> None:
    parameters = merchant.pay_parameters(merchant.prepay())
    for change in (
        {"paySign": "AAAA"},
        {"nonceStr": "x"},
        {"appId": "wx00"},
        {"signType": "MD5"},
        {"timeStamp": "1"},
        {"package": "prepay_id=wx123"},
    ):
        answer = merchant.session.post(f"{merchant.base_url}/phone/api/pay", json=parameters | change)
        assert (answer.status_code, answer.json()["result"]) == (400, "fail"), change
    assert merchant.query("ORDER-0001").json()["trade_state"] == "NOTPAY"


def test_a_well_signed_but_unknown_prepay_id_pays_nothing(merchant: Any) -> None:
    assert merchant.pay("wx20261121000000deadbeef").json()["error"] == "unknown prepay_id"


def test_an_order_is_paid_once(merchant: Any) -> None:
    prepay_id = merchant.prepay()
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: merchant.pay(prepay_id).status_code, range(16)))
    assert sorted(answers) == [200] + [409] * 15
    assert len(merchant.state()["notices"]) == 1


def test_a_deadline_ends_paying_but_does_not_close(merchant: Any) -> None:
    prepay_id = merchant.prepay(time_expire=deadline(300))
    merchant.control("clock", advance_seconds=301)
    assert merchant.pay(prepay_id).status_code == 409
    assert merchant.query("ORDER-0001").json()["trade_state"] == "NOTPAY"


def test_a_deadline_that_is_too_near_is_moved_to_one_minute(merchant: Any) -> None:
    prepay_id = merchant.prepay(time_expire=deadline(1))
    merchant.control("clock", advance_seconds=30)
    assert merchant.pay(prepay_id).json() == {"result": "ok"}


def test_a_prepay_id_lives_two_hours_and_can_be_renewed(merchant: Any) -> None:
    old = merchant.prepay()
    merchant.control("clock", advance_seconds=7201)
    assert merchant.pay(old).status_code == 409
    assert merchant.pay(merchant.prepay()).json() == {"result": "ok"}


def test_an_unpaid_order_closes_by_itself_after_seven_days(merchant: Any) -> None:
    merchant.prepay()
    merchant.control("clock", advance_seconds=7 * 86_400 + 1)
    assert merchant.query("ORDER-0001").json()["trade_state"] == "CLOSED"


def test_a_closed_order_cannot_be_paid_unless_the_payment_came_first(merchant: Any, letterbox: Any) -> None:
    prepay_id = merchant.prepay()
    merchant.call("POST", CLOSE, {"mchid": merchant.mchid})
    assert merchant.pay(prepay_id).status_code == 409
    assert merchant.call("POST", PREPAY, merchant.order()).json()["code"] == "ORDER_CLOSED"
    assert merchant.control("pay_late", out_trade_no="ORDER-0001").json()["trade_state"] == "SUCCESS"
    assert merchant.opened(letterbox.wait_for(1)[0][2])["out_trade_no"] == "ORDER-0001"


def test_another_merchants_id_in_the_query_is_refused(merchant: Any) -> None:
    merchant.prepay()
    answer = merchant.call("GET", "/v3/pay/transactions/out-trade-no/ORDER-0001?mchid=1900000109")
    assert (answer.status_code, answer.json()["code"]) == (400, "PARAM_ERROR")


def test_an_unknown_path_answers_in_wechats_shape(merchant: Any) -> None:
    answer = merchant.call("GET", "/v3/nothing")
    assert (answer.status_code, answer.json()["code"]) == (404, "RESOURCE_NOT_EXISTS")


def test_48_slow_requests_are_served_at_the_same_time(merchant: Any) -> None:
    merchant.prepay()
    merchant.control("faults", kind="delay", path="/v3", count=48, seconds=1)
    began = time.monotonic()
    with ThreadPoolExecutor(48) as pool:
        answers = list(pool.map(lambda _: merchant.query("ORDER-0001").status_code, range(48)))
    assert answers == [200] * 48
    assert time.monotonic() - began < 20
