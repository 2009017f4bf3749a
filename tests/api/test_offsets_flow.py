"""Due, order, payment, settlement, certificate: the whole flow, and every way it can go wrong."""

import threading
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import jwt
import pytest
import requests
from builders import Forest, Person, forest, person, wechat_person
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

import simulator
from app.accounts import chart, queries
from app.kit import announcements, clock
from app.kit.database import db
from app.kit.transaction import transaction
from app.offsets import jobs
from app.registry import services as registry
from app.web.queries import proofs_of_all_rooms


class Shop:
    """A buyer, a village, and the calls between them."""

    def __init__(self, app: Flask, phone: simulator.Running, lot: Forest) -> None:
        self.client = app.test_client()
        self.phone, self.lot = phone, lot
        self.buyer = wechat_person(app, phone.base_url)

    def order(self, **wish: Any) -> Any:
        body = {"purpose": "personal", "lot": self.lot.lot_code, **(wish or {"amount_fen": 100})}
        answer = self.client.post("/v1/orders", json=body, headers=self.buyer.auth)
        assert answer.status_code == 201, answer.text
        return answer.json

    def sheet(self, order: Any) -> Any:
        answer = self.client.post(f"/v1/orders/{order['code']}/payment", headers=self.buyer.auth)
        assert answer.status_code == 200, answer.text
        return answer.json

    def pay(self, order: Any) -> None:
        answer = requests.post(f"{self.phone.base_url}/phone/api/pay", json=self.sheet(order), timeout=5)
        assert answer.json() == {"result": "ok"}, answer.text

    def read(self, order: Any) -> Any:
        return self.client.get(f"/v1/orders/{order['code']}", headers=self.buyer.auth).json

    def control(self, act: str, **body: Any) -> None:
        assert requests.post(f"{self.phone.base_url}/control/{act}", json=body, timeout=5).ok


@pytest.fixture
def shop(app: Flask, phone: simulator.Running, live: str) -> Shop:
    """A signed-in buyer before a village with a tonne on sale."""
    return Shop(app, phone, forest(1000, fee_bp=1000))


def eventually(ask: Callable[[], Any], seconds: float = 8) -> Any:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        db.session.rollback()
        if found := ask():
            return found
        time.sleep(0.05)
    raise AssertionError("it did not happen in time")


def assert_books_prove() -> None:
    db.session.rollback()
    assert [proof for proof in proofs_of_all_rooms() if not proof.holds] == []


def paid(shop: Shop, order: Any) -> Callable[[], bool]:
    return lambda: shop.read(order)["status"] in ("paid", "settled", "refunding")


def test_a_yuan_becomes_ten_certified_kilograms(shop: Shop, app: Flask) -> None:
    due = shop.client.post(
        "/v1/dues",
        json={"month": "2026-11", "entries": [{"kind": "electricity", "quantity": 20}]},
        headers=shop.buyer.auth,
    ).json
    order = shop.order()
    assert (order["status"], order["quantity_kg"], order["amount_fen"]) == ("reserved", 10, 100)
    shop.pay(order)
    eventually(paid(shop, order))
    assert jobs.settle_paid() == 1
    settled = shop.read(order)
    closed = min(due["owed_g"], 10_000)
    assert (settled["status"], settled["due_g"], settled["carry_g"]) == ("settled", closed, 10_000 - closed)
    after = shop.client.get("/v1/dues", headers=shop.buyer.auth).json
    assert after["owed_g"] == due["owed_g"] - closed
    assert queries.get_balance(shop.lot.village_id, chart.PAYABLE) == 90
    assert_books_prove()


def test_a_certificate_is_public_signed_and_says_no_more_than_consented(shop: Shop, app: Flask) -> None:
    order = shop.order(amount_fen=100, beneficiary="示例 <b>")
    shop.pay(order)
    eventually(paid(shop, order))
    jobs.settle_paid()
    number = shop.read(order)["certificate_number"]
    stranger = app.test_client()
    certificate = stranger.get(f"/v1/certificates/{number[:8].lower()}-{number[8:]}").json
    assert certificate["serial"] == f"SH-350721-{shop.lot.project_code}-2022-1-10"
    assert certificate["beneficiary"] == "示例 <b>"
    jwk = stranger.get("/v1/keys").json["keys"][0]
    signed = jwt.PyJWS().decode(certificate["signature"], jwt.PyJWK(jwk).key, algorithms=["EdDSA"])
    assert number.encode() in signed
    assert shop.buyer.openid not in str(certificate)
    assert stranger.get(f"/v1/certificates/{number}/qr.svg").content_type == "image/svg+xml"
    assert stranger.get("/v1/certificates/0000000000000000*").status_code == 404
    assert stranger.get("/v1/certificates/%00%ff").status_code == 404


def test_what_exceeds_the_due_is_carried_to_the_next(shop: Shop) -> None:
    order = shop.order(quantity_kg=20)
    shop.pay(order)
    eventually(paid(shop, order))
    jobs.settle_paid()
    standing = shop.client.get("/v1/dues", headers=shop.buyer.auth).json
    assert (standing["owed_g"], standing["carry_g"]) == (0, 20_000)
    body = {"month": "2026-10", "entries": [{"kind": "electricity", "quantity": 10}]}
    after = shop.client.post("/v1/dues", json=body, headers=shop.buyer.auth).json
    assert after["owed_g"] == 0
    assert after["carry_g"] == 20_000 - after["items"][0]["due_g"]
    assert_books_prove()


def test_correcting_a_month_changes_the_due_by_the_difference(shop: Shop) -> None:
    def record(kwh: int) -> Any:
        body = {"month": "2026-10", "entries": [{"kind": "electricity", "quantity": kwh}]}
        answer = shop.client.post("/v1/dues", json=body, headers=shop.buyer.auth)
        assert answer.status_code == 201, answer.text
        return answer.json

    assert record(100)["owed_g"] == 42_110
    assert record(10)["owed_g"] == 4_211
    order = shop.order()
    shop.pay(order)
    eventually(paid(shop, order))
    jobs.settle_paid()
    assert record(20)["owed_g"] == 0
    less = record(1)
    assert (less["owed_g"], less["carry_g"]) == (0, 10_000 - 422)
    assert_books_prove()


def test_a_notice_delivered_ten_times_pays_once(shop: Shop) -> None:
    order = shop.order()
    shop.pay(order)
    eventually(paid(shop, order))
    shop.control("notice", out_trade_no=order["code"], count=10)
    time.sleep(0.5)
    jobs.settle_paid()
    shop.control("notice", out_trade_no=order["code"], count=3)
    time.sleep(0.5)
    jobs.settle_paid()
    assert queries.get_balance(shop.lot.village_id, chart.PAYABLE) == 90
    assert_books_prove()


@pytest.mark.parametrize("kind", ["wrong_signature", "unsigned", "stale_notice", "wrong_serial"])
def test_a_forged_notice_pays_nothing_and_the_true_one_still_does(shop: Shop, kind: str) -> None:
    shop.control("faults", kind=kind, path="notice", count=1)
    order = shop.order()
    shop.pay(order)
    eventually(paid(shop, order))
    attempts = requests.get(f"{shop.phone.base_url}/control/state", timeout=5).json()["notices"]
    assert 401 in [attempt["status"] for notice in attempts for attempt in notice["attempts"]]


def test_a_signature_probe_is_refused(shop: Shop) -> None:
    order = shop.order()
    shop.pay(order)
    eventually(paid(shop, order))
    answer = requests.post(
        f"{shop.phone.base_url}/control/signtest", json={"out_trade_no": order["code"]}, timeout=5
    )
    assert answer.json()["refused"] is True


def test_a_payment_of_another_amount_is_never_credited(shop: Shop) -> None:
    shop.control("faults", kind="wrong_amount", path="notice", count=1)
    order = shop.order()
    shop.pay(order)
    eventually(lambda: db.session.scalar(text("SELECT count(*) FROM payment_doubt")))
    assert shop.read(order)["status"] == "reserved"
    assert_books_prove()


def test_a_lost_notice_is_found_by_asking(shop: Shop) -> None:
    shop.control("faults", kind="drop_notice", path="notice", count=99)
    order = shop.order()
    shop.pay(order)
    with clock.frozen(clock.now() + timedelta(seconds=6)):
        assert jobs.watch_unpaid() == 1
    assert jobs.settle_paid() == 1
    assert shop.read(order)["status"] == "settled"
    assert_books_prove()


def test_an_unpaid_order_expires_and_gives_its_units_back(shop: Shop) -> None:
    order = shop.order(quantity_kg=1000)
    refused = shop.client.post(
        "/v1/orders",
        json={"purpose": "personal", "lot": shop.lot.lot_code, "quantity_kg": 10},
        headers=shop.buyer.auth,
    )
    assert (refused.status_code, refused.json["code"]) == (409, "sold_out")
    shop.sheet(order)
    with clock.frozen(clock.now() + timedelta(minutes=16)):
        jobs.watch_unpaid()
    assert shop.read(order)["status"] == "expired"
    assert shop.order(quantity_kg=1000)["status"] == "reserved"
    assert_books_prove()


def test_a_late_payment_is_refunded_by_itself(shop: Shop) -> None:
    order = shop.order()
    shop.sheet(order)
    with clock.frozen(clock.now() + timedelta(minutes=16)):
        jobs.watch_unpaid()
    assert shop.read(order)["status"] == "expired"
    shop.control("pay_late", out_trade_no=order["code"])
    eventually(lambda: shop.read(order)["status"] == "refunding")
    announcements.deliver()
    eventually(lambda: shop.read(order)["status"] == "refunded")
    assert jobs.settle_paid() == 0
    assert_books_prove()


def test_units_that_burn_before_settlement_are_refunded_by_themselves(shop: Shop) -> None:
    orders = [shop.order(quantity_kg=400) for _ in range(2)]
    for order in orders:
        shop.pay(order)
        eventually(paid(shop, order))
    with transaction():
        registry.cancel_units(shop.lot.issuance_id, 500, "fire")
    assert jobs.settle_paid() == 2
    announcements.deliver()
    assert shop.read(orders[0])["status"] == "settled"
    eventually(lambda: shop.read(orders[1])["status"] == "refunded")
    assert_books_prove()


def test_a_refund_that_wechat_answers_with_a_fault_is_asked_again_with_the_same_number(shop: Shop) -> None:
    order = shop.order()
    shop.sheet(order)
    with clock.frozen(clock.now() + timedelta(minutes=16)):
        jobs.watch_unpaid()
    shop.control("faults", kind="lost_answer", path="/v3/refund", count=1)
    shop.control("pay_late", out_trade_no=order["code"])
    eventually(lambda: shop.read(order)["status"] == "refunding")
    announcements.deliver()
    with clock.frozen(clock.now() + timedelta(minutes=3)):
        announcements.deliver()
    eventually(lambda: shop.read(order)["status"] == "refunded")
    refunds = requests.get(f"{shop.phone.base_url}/control/state", timeout=5).json()["refunds"]
    assert len([refund for refund in refunds if refund["out_trade_no"] == order["code"]]) == 1
    assert_books_prove()


def test_wechat_pay_being_away_leaves_the_order_payable(shop: Shop) -> None:
    order = shop.order()
    shop.control("faults", kind="http_500", path="/v3/pay", count=5)
    path = f"/v1/orders/{order['code']}/payment"
    assert shop.client.post(path, headers=shop.buyer.auth).status_code == 503
    requests.delete(f"{shop.phone.base_url}/control/faults", timeout=5)
    shop.pay(order)
    eventually(paid(shop, order))


def test_the_same_idempotency_key_orders_once(shop: Shop) -> None:
    body = {"purpose": "personal", "lot": shop.lot.lot_code, "amount_fen": 100}
    headers = {**shop.buyer.auth, "Idempotency-Key": '"k-1"'}
    first = shop.client.post("/v1/orders", json=body, headers=headers)
    again = shop.client.post("/v1/orders", json=body, headers=headers)
    other = shop.client.post("/v1/orders", json={**body, "amount_fen": 200}, headers=headers)
    assert (first.status_code, again.status_code, other.status_code) == (201, 201, 409)
    assert first.json == again.json
    assert again.headers["Idempotent-Replayed"] == "true"
    assert db.session.scalar(text("SELECT count(*) FROM orders")) == 1


def test_another_persons_order_does_not_exist(shop: Shop, app: Flask) -> None:
    order = shop.order()
    other = person(app)
    for method, path in (("GET", ""), ("POST", "/payment")):
        answer = shop.client.open(f"/v1/orders/{order['code']}{path}", method=method, headers=other.auth)
        assert answer.status_code == 404


@pytest.mark.parametrize(
    ("wish", "status"),
    [
        ({"amount_fen": 100, "quantity_kg": 10}, 422),
        ({}, 422),
        ({"quantity_kg": 15}, 422),
        ({"amount_fen": 99}, 422),
        ({"quantity_kg": 0}, 422),
        ({"quantity_kg": -10}, 422),
        ({"quantity_kg": 1.9}, 422),
        ({"quantity_kg": "10"}, 422),
        ({"quantity_kg": True}, 422),
        ({"quantity_kg": 2**63}, 422),
        ({"quantity_kg": 10**24}, 422),
        ({"quantity_kg": None}, 422),
        ({"quantity_kg": 10, "beneficiary": "a\nb"}, 422),
        ({"quantity_kg": 10, "beneficiary": "x" * 41}, 422),
        ({"quantity_kg": 10, "purpose": "judicial"}, 422),
        ({"quantity_kg": 10, "lot": "nobody"}, 404),
        ({"quantity_kg": 10, "surprise": 1}, 422),
        ({"quantity_kg": 10, "region": "999999", "lot": None}, 422),
    ],
)
def test_a_wish_that_makes_no_sense_is_refused_by_field(
    app: Flask, client: FlaskClient, wish: dict[str, Any], status: int
) -> None:
    lot, someone = forest(100), person(app)
    body = {"purpose": "personal", "lot": lot.lot_code, **wish}
    answer = client.post("/v1/orders", json=body, headers=someone.auth)
    assert answer.status_code == status, answer.text
    assert answer.content_type == "application/problem+json"
    assert db.session.scalar(text("SELECT count(*) FROM orders")) == 0


def test_without_a_lot_the_oldest_vintage_is_sold(app: Flask, client: FlaskClient) -> None:
    forest(1000, vintage=2023)
    old = forest(20, vintage=2021)
    someone = person(app)

    def buy(kg: int) -> None:
        body = {"purpose": "personal", "quantity_kg": kg, "region": "3507"}
        assert client.post("/v1/orders", json=body, headers=someone.auth).status_code == 201

    buy(20)
    buy(20)
    sold = db.session.execute(text("SELECT lot_id = :old FROM orders ORDER BY id"), {"old": old.lot_id})
    assert list(sold.scalars()) == [True, False]


def test_a_hundred_buyers_cannot_buy_more_than_there_is(app: Flask) -> None:
    lot = forest(100)
    buyers: list[Person] = [person(app) for _ in range(30)]
    outcomes: list[int] = []

    def buy(buyer: Person) -> None:
        body = {"purpose": "personal", "lot": lot.lot_code, "quantity_kg": 10}
        outcomes.append(app.test_client().post("/v1/orders", json=body, headers=buyer.auth).status_code)

    threads = [threading.Thread(target=buy, args=(buyers[i % 30],)) for i in range(100)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes.count(201) == 10
    assert outcomes.count(409) + outcomes.count(503) == 90
    assert_books_prove()
