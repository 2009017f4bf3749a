"""A buyer before a village: the calls of a purchase, for the tests of its flow and of its troubles."""

import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import requests
from builders import Forest, wechat_person
from flask import Flask
from sqlalchemy import text

import simulator
from app.kit import clock
from app.kit.database import db
from app.web.queries import proofs_of_all_rooms

THIS_MONTH = f"{clock.business_day():%Y-%m}"
LAST_MONTH = f"{clock.business_day().replace(day=1) - timedelta(days=1):%Y-%m}"


class Shop:
    """A buyer, a village, and the calls between them."""

    def __init__(self, app: Flask, phone: simulator.Running, lot: Forest) -> None:
        self.client = app.test_client()
        self.phone, self.lot = phone, lot
        self.buyer = wechat_person(app, phone.base_url)

    def order(self, **wish: Any) -> Any:
        whose = {} if "cause" in wish else {"purpose": "personal"}
        body = {**whose, "lot": self.lot.lot_code, **(wish or {"amount_fen": 100})}
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


def eventually(ask: Callable[[], Any], seconds: float = 8) -> Any:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        db.session.rollback()
        if found := ask():
            return found
        time.sleep(0.05)
    raise AssertionError("it did not happen in time")


def wait_for_a_lock() -> None:
    """Until somebody waits for what this transaction holds."""
    waiting = "NOT granted AND pg_backend_pid() = ANY(pg_blocking_pids(pid))"
    for _ in range(500):
        if db.session.scalar(text(f"SELECT count(*) FROM pg_locks WHERE {waiting}")):
            return
        time.sleep(0.01)
    raise AssertionError("nobody waits")


def assert_books_prove() -> None:
    db.session.rollback()
    assert [proof for proof in proofs_of_all_rooms() if not proof.holds] == []


def paid(shop: Shop, order: Any) -> Callable[[], bool]:
    return lambda: shop.read(order)["status"] in ("paid", "settled", "refunding")
