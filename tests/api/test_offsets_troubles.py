"""Lost, late, forged and doubled words of payment, outages, fires and races: what becomes of the money."""

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import requests
from builders import Person, forest, person
from flask import Flask
from shop import Shop, assert_books_prove, eventually, paid
from sqlalchemy import text

from app.kit import announcements, clock
from app.kit.database import db
from app.kit.transaction import transaction
from app.offsets import jobs
from app.offsets.services import settlement
from app.registry import services as registry


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


def test_an_order_paid_with_another_amount_expires_and_leaves_a_doubt(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.control("faults", kind="drop_notice", path="notice", count=99)
    order = shop.order()
    shop.pay(order)
    real = jobs.paid_word
    monkeypatch.setattr(jobs, "paid_word", lambda *told: replace(real(*told), amount_fen=99))
    with clock.frozen(clock.now() + timedelta(minutes=16)):
        jobs.watch_unpaid()
    assert shop.read(order)["status"] == "expired"
    assert db.session.scalar(text("SELECT count(*) FROM payment_doubt")) == 1
    assert_books_prove()


def test_wechat_is_never_called_inside_a_transaction(shop: Shop, app: Flask) -> None:
    inside: list[bool] = []
    client = app.extensions["wechat_pay"]
    kept = {name: getattr(client, name) for name in ("prepay", "query", "close", "refund", "query_refund")}

    def watched(name: str) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            inside.append(db.session().in_transaction())
            return kept[name](*args, **kwargs)

        return call

    for name in kept:
        setattr(client, name, watched(name))
    try:
        late = [shop.order() for _ in range(3)]
        for order in late:
            shop.sheet(order)
        with clock.frozen(clock.now() + timedelta(minutes=16)):
            assert jobs.watch_unpaid() == 3
        shop.control("pay_late", out_trade_no=late[0]["code"])
        eventually(lambda: shop.read(late[0])["status"] == "refunding")
        db.session.rollback()
        announcements.deliver()
        with clock.frozen(clock.now() + timedelta(minutes=2)):
            announcements.deliver()
    finally:
        for name, method in kept.items():
            setattr(client, name, method)
    assert len(inside) > 8
    assert not any(inside)


def test_a_refund_outlasts_any_outage(shop: Shop) -> None:
    order = shop.order()
    shop.sheet(order)
    with clock.frozen(clock.now() + timedelta(minutes=16)):
        jobs.watch_unpaid()
    shop.control("faults", kind="http_500", path="/v3/refund", count=1000)
    shop.control("pay_late", out_trade_no=order["code"])
    eventually(lambda: shop.read(order)["status"] == "refunding")
    at = clock.now()
    for _ in range(40):
        at += timedelta(minutes=30)
        with clock.frozen(at):
            announcements.deliver()
    requests.delete(f"{shop.phone.base_url}/control/faults", timeout=5)
    with clock.frozen(at + timedelta(minutes=30)):
        announcements.deliver()
    eventually(lambda: shop.read(order)["status"] == "refunded")
    assert_books_prove()


def test_one_lot_in_trouble_does_not_hold_up_the_others(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    other = forest(100)
    orders = [shop.order(), shop.order(lot=other.lot_code, amount_fen=100)]
    for order in orders:
        shop.pay(order)
        eventually(paid(shop, order))
    real = settlement.settle_lot

    def stumble(lot_id: int, *args: Any) -> Any:
        if lot_id == shop.lot.lot_id:
            raise ZeroDivisionError
        return real(lot_id, *args)

    monkeypatch.setattr(settlement, "settle_lot", stumble)
    with pytest.raises(ZeroDivisionError):
        jobs.settle_paid()
    assert [shop.read(order)["status"] for order in orders] == ["paid", "settled"]


def test_a_lost_notice_is_found_by_asking(shop: Shop) -> None:
    shop.control("faults", kind="drop_notice", path="notice", count=99)
    order = shop.order()
    shop.pay(order)
    with clock.frozen(clock.now() + timedelta(seconds=6)):
        assert jobs.watch_unpaid() == 1
    assert jobs.settle_paid() == 1
    assert shop.read(order)["status"] == "settled"
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
