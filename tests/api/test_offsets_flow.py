"""Due, order, payment, settlement, certificate: the flow as it should go, and who may do what in it."""

import time
from datetime import timedelta
from typing import Any

import jwt
import pytest
from builders import forest, person
from flask import Flask
from flask.testing import FlaskClient
from shop import LAST_MONTH, THIS_MONTH, Shop, assert_books_prove, eventually, paid
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from app.accounts import chart, queries
from app.kit import clock
from app.kit.database import db
from app.kit.transaction import transaction
from app.offsets import jobs


def test_a_yuan_becomes_ten_certified_kilograms(shop: Shop, app: Flask) -> None:
    due = shop.client.post(
        "/v1/dues",
        json={"month": THIS_MONTH, "entries": [{"kind": "electricity", "quantity": 20}]},
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
    body = {"month": LAST_MONTH, "entries": [{"kind": "electricity", "quantity": 10}]}
    after = shop.client.post("/v1/dues", json=body, headers=shop.buyer.auth).json
    assert after["owed_g"] == 0
    assert after["carry_g"] == 20_000 - after["items"][0]["due_g"]
    assert_books_prove()


def test_correcting_a_month_changes_the_due_by_the_difference(shop: Shop) -> None:
    def record(kwh: int) -> Any:
        body = {"month": LAST_MONTH, "entries": [{"kind": "electricity", "quantity": kwh}]}
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


def test_readiness_tells_how_many_paid_orders_wait_for_settlement(shop: Shop) -> None:
    def waiting() -> int:
        return int(shop.client.get("/readyz").json["paid_orders_waiting"])

    placed = [shop.order() for _ in range(3)]
    assert waiting() == 0
    for order in placed[:2]:
        shop.pay(order)
        eventually(paid(shop, order))
    assert waiting() == 2
    jobs.settle_paid()
    assert waiting() == 0


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


def test_what_a_certificate_says_cannot_be_changed_afterwards(shop: Shop) -> None:
    shop.order(amount_fen=100, beneficiary="示例")
    with pytest.raises(IntegrityError), transaction():
        db.session.execute(text("UPDATE orders SET beneficiary = '另一个'"))
    with transaction():
        db.session.execute(text("UPDATE orders SET beneficiary = NULL"))


def test_a_village_can_be_chosen_by_its_name(shop: Shop, client: FlaskClient) -> None:
    body = {"purpose": "personal", "quantity_kg": 10, "village": "示例村"}
    assert client.post("/v1/orders", json=body, headers=shop.buyer.auth).status_code == 201
    nobody = client.post("/v1/orders", json={**body, "village": "没有的村"}, headers=shop.buyer.auth)
    assert (nobody.status_code, nobody.json["code"]) == (409, "sold_out")


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


@pytest.mark.parametrize(
    ("beside", "said"),
    [("product", "A lot has its product"), ("region", "Give one of lot, region and village")],
)
def test_what_a_lot_says_already_is_refused_beside_it_in_its_own_words(
    app: Flask, client: FlaskClient, beside: str, said: str
) -> None:
    lot, someone = forest(100), person(app)
    body = {"purpose": "personal", "lot": lot.lot_code, "quantity_kg": 10}
    body |= {beside: {"product": "yiyuan", "region": "350721"}[beside]}
    answer = client.post("/v1/orders", json=body, headers={**someone.auth, "Accept-Language": "en"})
    assert answer.status_code == 422
    assert said in answer.json["errors"][0]["detail"]


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
