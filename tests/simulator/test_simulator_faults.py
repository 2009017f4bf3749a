"""Each fault does what it says, as often as it was asked for, and only where it was put."""

import json
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests

from simulator.faults import KINDS

PREPAY = "/v3/pay/transactions/jsapi"


def switch_on(merchant: Any, kind: str, **wish: Any) -> None:
    assert merchant.control("faults", kind=kind, **wish).status_code == 201


def prepay_status(merchant: Any) -> int:
    return int(merchant.call("POST", PREPAY, merchant.order()).status_code)


@pytest.mark.parametrize(
    ("kind", "status", "code"), [("http_500", 500, "SYSTEM_ERROR"), ("http_429", 429, "FREQUENCY_LIMITED")]
)
def test_a_refusing_fault_has_no_effect_and_ends_after_its_count(
    merchant: Any, kind: str, status: int, code: str
) -> None:
    switch_on(merchant, kind, path="/v3/pay", count=2)
    for _ in range(2):
        answer = merchant.call("POST", PREPAY, merchant.order())
        assert (answer.status_code, answer.json()["code"]) == (status, code)
        assert answer.headers["Request-ID"]
    assert not merchant.state()["transactions"]
    assert prepay_status(merchant) == 200


def test_a_fault_waits_only_under_its_path(merchant: Any) -> None:
    switch_on(merchant, "http_500", path="/v3/refund")
    assert prepay_status(merchant) == 200
    assert merchant.call("GET", "/v3/refund/domestic/refunds/X").status_code == 500


def test_a_reset_breaks_the_connection_before_any_effect(merchant: Any) -> None:
    order = merchant.order()
    switch_on(merchant, "reset", path="/v3")
    with pytest.raises(requests.ConnectionError) as broken:
        merchant.call("POST", PREPAY, order)
    assert "reset" in str(broken.value).lower()
    assert not merchant.state()["transactions"]


def test_a_lost_answer_breaks_the_connection_after_the_effect(merchant: Any) -> None:
    order = merchant.order()
    switch_on(merchant, "lost_answer", path="/v3")
    with pytest.raises(requests.ConnectionError):
        merchant.call("POST", PREPAY, order)
    assert merchant.query("ORDER-0001").json()["trade_state"] == "NOTPAY"
    assert prepay_status(merchant) == 200


def test_a_delay_comes_before_the_effect_and_a_late_answer_after_it(merchant: Any, eventually: Any) -> None:
    for kind, seen_at_once in (("delay", False), ("late", True)):
        order = merchant.order(f"ORDER-{kind}")
        switch_on(merchant, kind, path="/v3", seconds=2)
        with pytest.raises(requests.ReadTimeout):
            requests.post(
                merchant.base_url + PREPAY,
                data=json.dumps(order),
                timeout=0.3,
                headers=merchant.headers("POST", PREPAY, json.dumps(order)),
            )

        def known(name: str = order["out_trade_no"]) -> bool:
            return name in [each["out_trade_no"] for each in merchant.state()["transactions"]]

        assert known() is seen_at_once
        eventually(known)


@pytest.mark.parametrize("kind", ["wrong_signature", "wrong_serial", "stale_answer"])
def test_a_forged_answer_does_not_verify(merchant: Any, kind: str) -> None:
    merchant.prepay()
    switch_on(merchant, kind, path="/v3/pay")
    forged, honest = merchant.query("ORDER-0001"), merchant.query("ORDER-0001")
    assert forged.json() == honest.json()
    assert not merchant.verified(forged.headers, forged.content)
    assert merchant.verified(honest.headers, honest.content)


def test_an_unsigned_answer_has_no_signature_headers(merchant: Any) -> None:
    merchant.prepay()
    switch_on(merchant, "unsigned", path="/v3/pay")
    answer = merchant.query("ORDER-0001")
    assert answer.status_code == 200
    assert not [name for name in answer.headers if name.lower().startswith("wechatpay")]


def test_the_mini_program_api_can_answer_any_errcode(merchant: Any) -> None:
    for code in (-1, 45011, 40226):
        switch_on(merchant, "errcode", path="/sns", errcode=code)
        answer = merchant.session.get(f"{merchant.base_url}/sns/jscode2session")
        assert (answer.status_code, answer.json()["errcode"]) == (200, code)
    switch_on(merchant, "http_500", path="/cgi-bin")
    assert merchant.session.post(f"{merchant.base_url}/cgi-bin/stable_token").status_code == 500


@pytest.mark.parametrize("kind", ["wrong_signature", "wrong_serial", "stale_notice"])
def test_a_forged_notice_does_not_verify_and_its_repetition_does(
    merchant: Any, letterbox: Any, kind: str
) -> None:
    switch_on(merchant, kind, path="notice")
    letterbox.statuses = [401]
    merchant.paid_order()
    (_, *forged), (_, *honest) = letterbox.wait_for(2)
    assert not merchant.verified(*forged)
    assert merchant.verified(*honest)
    assert merchant.state()["notices"][0]["attempts"][0]["faults"] == [kind]


def test_a_stale_notice_is_signed_by_the_right_key_an_hour_ago(merchant: Any, letterbox: Any) -> None:
    switch_on(merchant, "stale_notice")
    merchant.paid_order()
    headers = letterbox.wait_for(1)[0][1]
    assert 3595 < time.time() - int(headers["Wechatpay-Timestamp"]) < 3610


def test_an_unsigned_notice_has_no_signature_headers(merchant: Any, letterbox: Any) -> None:
    switch_on(merchant, "unsigned", path="notice")
    merchant.paid_order()
    assert not [name for name in letterbox.wait_for(1)[0][1] if name.lower().startswith("wechatpay")]


def test_a_wrong_amount_is_signed_correctly_and_one_fen_off(merchant: Any, letterbox: Any) -> None:
    switch_on(merchant, "wrong_amount")
    merchant.paid_order()
    _, headers, body = letterbox.wait_for(1)[0]
    assert merchant.verified(headers, body)
    assert merchant.opened(body)["amount"]["total"] == 101
    assert merchant.query("ORDER-0001").json()["amount"]["total"] == 100


def test_a_duplicate_arrives_twice_at_the_same_moment(merchant: Any, letterbox: Any) -> None:
    letterbox.wait_s = 2
    switch_on(merchant, "duplicate")
    merchant.paid_order()
    first, second = letterbox.wait_for(2)
    assert abs(first[0] - second[0]) < 1.5
    assert json.loads(first[2])["id"] == json.loads(second[2])["id"]
    assert first[1]["Wechatpay-Nonce"] != second[1]["Wechatpay-Nonce"]


def test_a_reordered_notice_comes_after_the_next_one(merchant: Any, letterbox: Any) -> None:
    switch_on(merchant, "reorder", seconds=30)
    merchant.paid_order()
    merchant.call(
        "POST",
        "/v3/refund/domestic/refunds",
        {
            "out_trade_no": "ORDER-0001",
            "out_refund_no": "R-1",
            "notify_url": merchant.notify_url,
            "amount": {"refund": 100, "total": 100, "currency": "CNY"},
        },
    )
    kinds = [json.loads(body)["event_type"] for _, _, body in letterbox.wait_for(2)]
    assert kinds == ["REFUND.SUCCESS", "TRANSACTION.SUCCESS"]


def test_a_reordered_notice_without_a_follower_goes_out_after_a_while(merchant: Any, letterbox: Any) -> None:
    switch_on(merchant, "reorder", seconds=0.4)
    began = time.time()
    merchant.paid_order()
    assert letterbox.wait_for(1)[0][0] - began >= 0.4


def test_a_delayed_notice_waits(merchant: Any, letterbox: Any) -> None:
    switch_on(merchant, "delay", path="notice", seconds=0.5)
    began = time.time()
    merchant.paid_order()
    assert letterbox.wait_for(1)[0][0] - began >= 0.5


def test_a_dropped_notice_never_comes_and_only_asking_finds_out(merchant: Any, letterbox: Any) -> None:
    switch_on(merchant, "drop_notice")
    merchant.paid_order()
    time.sleep(0.3)
    assert not letterbox.letters
    assert merchant.state()["notices"][0]["status"] == "dropped"
    assert merchant.query("ORDER-0001").json()["trade_state"] == "SUCCESS"


def test_a_reset_notice_hangs_up_and_is_repeated(merchant: Any, letterbox: Any, eventually: Any) -> None:
    letterbox.wait_s = 0.1
    switch_on(merchant, "reset", path="notice")
    merchant.paid_order()
    eventually(lambda: merchant.state()["notices"][0]["status"] == "delivered")
    attempts = merchant.state()["notices"][0]["attempts"]
    assert [(each["status"], each["error"]) for each in attempts] == [(None, "connection reset"), (204, "")]


def test_a_notice_can_arrive_before_the_prepay_call_has_its_answer(
    merchant: Any, letterbox: Any, eventually: Any
) -> None:
    order = merchant.order()
    switch_on(merchant, "late", path="/v3/pay", seconds=1)
    with ThreadPoolExecutor(1) as pool:
        prepay = pool.submit(merchant.call, "POST", PREPAY, order)
        eventually(lambda: merchant.control("pay_late", out_trade_no="ORDER-0001").ok)
        letterbox.wait_for(1)
        assert not prepay.done()
        assert prepay.result().status_code == 200


NONSENSE: list[dict[str, Any]] = [
    {},
    {"kind": "earthquake"},
    {"kind": ["reset"]},
    {"kind": "reset"},
    {"kind": "reset", "path": "/phone"},
    {"kind": "http_500", "path": "notice"},
    {"kind": "duplicate", "path": "/v3"},
    {"kind": "duplicate", "count": 0},
    {"kind": "duplicate", "count": 1.5},
    {"kind": "duplicate", "count": True},
    {"kind": "delay", "path": "/v3", "seconds": -1},
    {"kind": "delay", "path": "/v3", "seconds": "long"},
]


def test_a_fault_that_makes_no_sense_is_refused(merchant: Any) -> None:
    for wish in NONSENSE:
        answer = merchant.session.post(f"{merchant.base_url}/control/faults", json=wish)
        assert (answer.status_code, bool(answer.json()["error"])) == (400, True), wish
    assert merchant.state()["faults"] == []


def test_all_faults_can_be_switched_off_and_every_kind_is_described(merchant: Any) -> None:
    for kind, (places, _) in KINDS.items():
        switch_on(merchant, kind, path="/v3" if places[0] == "api" else places[0])
    listed = merchant.session.get(f"{merchant.base_url}/control/faults").json()
    assert set(listed["kinds"]) == {each["kind"] for each in listed["waiting"]} == set(KINDS)
    assert merchant.session.delete(f"{merchant.base_url}/control/faults").status_code == 204
    assert merchant.state()["faults"] == []
    assert prepay_status(merchant) == 200
