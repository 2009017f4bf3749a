"""Where buying is switched off: no price, no order, no payment; and nobody holds more than they may."""

import threading
from dataclasses import replace
from datetime import timedelta

import pytest
from builders import forest, person
from flask import Flask
from shop import Shop, assert_books_prove, eventually, paid
from visiting import Visitor

from app.config import PURCHASE_PLATFORMS
from app.kit import clock
from app.offsets import jobs

WECHAT_ON_IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) MicroMessenger/8.0.55 miniProgram"


@pytest.fixture
def careful(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Flask:
    """The application with production's switches."""
    found = replace(app.extensions["settings"], purchase_platforms=PURCHASE_PLATFORMS)
    monkeypatch.setitem(app.extensions, "settings", found)
    return app


@pytest.mark.parametrize(
    ("headers", "platform", "open_there"),
    [
        ({"X-Client-Platform": "android"}, "android", True),
        ({"X-Client-Platform": "iOS"}, "ios", False),
        ({"X-Client-Platform": "toaster"}, "unknown", False),
        ({}, "unknown", False),
        ({"X-Client-Platform": "android", "User-Agent": WECHAT_ON_IPHONE}, "ios", False),
    ],
)
def test_the_shop_is_open_by_platform_and_shut_to_who_does_not_say(
    careful: Flask, headers: dict[str, str], platform: str, open_there: bool
) -> None:
    lot = forest(100, fee_bp=1000)
    client = careful.test_client()
    told = client.get("/v1/shop", headers=headers).json
    assert told == {"platform": platform, "purchase_available": open_there}
    seen = client.get(f"/v1/lots/{lot.lot_code}", headers=headers).json
    assert seen["purchase_available"] is open_there
    assert seen["terms"]["price_fen_per_step"] == (100 if open_there else None)
    assert seen["shares"]["seller_fen"] == (90 if open_there else None)


def test_a_shut_shop_takes_no_order_and_opens_no_payment(shop: Shop, careful: Flask) -> None:
    headers = {**shop.buyer.auth, "X-Client-Platform": "ios"}
    body = {"purpose": "personal", "lot": shop.lot.lot_code, "amount_fen": 100}
    refused = shop.client.post("/v1/orders", json=body, headers=headers)
    assert (refused.status_code, refused.json["code"]) == (403, "purchase_closed")
    headers["X-Client-Platform"] = "android"
    order = shop.client.post("/v1/orders", json=body, headers=headers).json
    path = f"/v1/orders/{order['code']}/payment"
    assert shop.client.post(path, headers=headers | {"X-Client-Platform": "ios"}).status_code == 403
    assert shop.client.post(path, headers=headers).status_code == 200


def test_pages_in_wechat_on_an_iphone_show_no_price(careful: Flask, live: str) -> None:
    lot = forest(100, fee_bp=1000)
    visitor = Visitor(careful).sign_in()
    apple = {"User-Agent": WECHAT_ON_IPHONE}
    for path in ("/forest", f"/forest/{lot.lot_code}"):
        assert "¥1.00" in visitor.get(path).text
        told = visitor.get(path, headers=apple).text
        assert "¥" not in told
        assert "/orders" not in told.replace('href="/orders"', "")
    form = {"lot": lot.lot_code, "steps": "1"}
    bought = visitor.post("/orders", form, Origin=visitor.home, User_Agent=WECHAT_ON_IPHONE)
    assert bought.status_code == 403


def test_five_unpaid_orders_are_the_most_that_one_person_holds(shop: Shop) -> None:
    orders = [shop.order() for _ in range(5)]
    body = {"purpose": "personal", "lot": shop.lot.lot_code, "amount_fen": 100}
    refused = shop.client.post("/v1/orders", json=body, headers=shop.buyer.auth)
    assert (refused.status_code, refused.json["code"]) == (409, "too_many_unpaid")
    shop.pay(orders[0])
    eventually(paid(shop, orders[0]))
    shop.order()
    with clock.frozen(clock.now() + timedelta(minutes=16)):
        jobs.watch_unpaid()
    shop.order()
    assert_books_prove()


def test_orders_placed_at_once_are_counted_too(app: Flask) -> None:
    lot, buyer = forest(1000), person(app)
    body = {"purpose": "personal", "lot": lot.lot_code, "amount_fen": 100}
    answers: list[int] = []

    def buy() -> None:
        answer = app.test_client().post("/v1/orders", json=body, headers=buyer.auth)
        answers.append(answer.status_code)

    threads = [threading.Thread(target=buy) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers.count(201) == 5
