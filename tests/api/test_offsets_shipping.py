"""Where WeChat holds funds until it is told of deliveries: what is told, what is refused, what is lost."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import requests
from flask import Flask
from shop import Shop, eventually, paid
from sqlalchemy import text

from app.clients.miniprogram import MiniProgram
from app.kit import clock
from app.kit.database import db
from app.offsets import jobs, queries

UPLOAD = "/wxa/sec/order/upload_shipping_info"


@pytest.fixture
def managed(app: Flask, shop: Shop, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    """A shop whose trade WeChat manages, and that knows it."""
    shop.control("trade", managed=True)
    found = replace(app.extensions["settings"], trade_managed=True)
    monkeypatch.setitem(app.extensions, "settings", found)
    yield shop
    shop.control("trade", managed=False)


def settled(shop: Shop, count: int = 1) -> list[Any]:
    orders = [shop.order() for _ in range(count)]
    for order in orders:
        shop.pay(order)
        eventually(paid(shop, order))
    jobs.settle_paid()
    return orders


def frozen(shop: Shop, order: Any) -> bool:
    told = requests.get(f"{shop.phone.base_url}/control/state", timeout=5).json()["transactions"]
    [found] = [each["frozen"] for each in told if each["out_trade_no"] == order["code"]]
    return bool(found)


def uploads(shop: Shop) -> set[str]:
    """The ids of the reports that the simulator remembers."""
    told = requests.get(f"{shop.phone.base_url}/control/state", timeout=5).json()["requests"]
    return {each["request_id"] for each in told if each["path"] == UPLOAD}


def test_settled_orders_are_reported_once_and_their_funds_released(managed: Shop, app: Flask) -> None:
    orders = settled(managed, 3)
    assert all(frozen(managed, order) for order in orders)
    assert jobs.upload_shippings() == 3
    assert not any(frozen(managed, order) for order in orders)
    assert jobs.upload_shippings() == 0
    program: MiniProgram = app.extensions["miniprogram"]
    mchid = app.extensions["settings"].wechat.mchid
    assert program.shipping_state(mchid=mchid, out_trade_no=orders[0]["code"]) == 2


def test_nothing_is_reported_where_wechat_manages_nothing(shop: Shop) -> None:
    before = uploads(shop)
    settled(shop)
    assert jobs.upload_shippings() == 0
    assert uploads(shop) <= before
    assert db.session.scalar(text("SELECT count(*) FROM shipping")) == 0


@pytest.mark.parametrize("fault", ["reset", "lost_answer", "http_500"])
def test_a_report_that_meets_a_fault_is_made_again(managed: Shop, fault: str) -> None:
    [order] = settled(managed)
    managed.control("faults", kind=fault, path=UPLOAD, count=1)
    assert jobs.upload_shippings() == 0
    assert queries.count_refused_shippings() == 0
    with clock.frozen(clock.now() + timedelta(minutes=2)):
        assert jobs.upload_shippings() == 1
        assert jobs.upload_shippings() == 0
    assert not frozen(managed, order)


def test_what_wechat_refuses_is_shown_and_reported_again_later(managed: Shop) -> None:
    [order] = settled(managed)
    managed.control("faults", kind="errcode", errcode=10060001, path=UPLOAD, count=1)
    jobs.upload_shippings()
    assert queries.list_refused_shippings() == [(order["code"], "10060001", 1)]
    assert queries.count_refused_shippings() == 1
    jobs.upload_shippings()
    assert frozen(managed, order)
    with clock.frozen(clock.now() + timedelta(minutes=5)):
        jobs.upload_shippings()
    assert not frozen(managed, order)
    assert queries.count_refused_shippings() == 0


def test_an_access_token_that_ended_is_renewed(managed: Shop) -> None:
    [order] = settled(managed)
    managed.control("faults", kind="errcode", errcode=40001, path=UPLOAD, count=1)
    assert jobs.upload_shippings() == 1
    assert not frozen(managed, order)


def test_a_days_quota_that_is_spent_stops_the_round(managed: Shop) -> None:
    settled(managed, 3)
    managed.control("faults", kind="errcode", errcode=45009, path=UPLOAD, count=1)
    before = uploads(managed)
    assert jobs.upload_shippings() == 0
    assert len(uploads(managed) - before) == 1
    assert queries.count_refused_shippings() == 0


def test_two_sweepers_report_each_order_once(managed: Shop) -> None:
    settled(managed, 3)
    before = uploads(managed)
    with jobs.transaction():
        jobs.shipping.list_settled()
        first = jobs.shipping.claim_parcels(2)
    assert jobs.upload_shippings() == 1
    assert len(first) == 2
    assert len(uploads(managed) - before) == 1


@pytest.mark.parametrize("is_managed", [True, False])
def test_the_command_says_whether_the_setting_is_right(app: Flask, shop: Shop, is_managed: bool) -> None:
    shop.control("trade", managed=is_managed)
    told = app.test_cli_runner().invoke(args=["trade-managed"])
    shop.control("trade", managed=False)
    assert told.exit_code == (1 if is_managed else 0), told.output
    assert f"should be {'on' if is_managed else 'off'} and is off" in told.output


def test_wechat_is_not_told_inside_a_transaction(
    managed: Shop, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    settled(managed)
    inside: list[bool] = []
    program = app.extensions["miniprogram"]
    real = program.upload_shipping_info

    def watched(**fields: Any) -> None:
        inside.append(db.session().in_transaction())
        real(**fields)

    monkeypatch.setattr(program, "upload_shipping_info", watched)
    db.session.rollback()
    assert jobs.upload_shippings() == 1
    assert inside == [False]


def test_transfers_and_refunded_orders_are_not_reported(managed: Shop) -> None:
    order = managed.order()
    managed.sheet(order)
    with clock.frozen(clock.now() + timedelta(minutes=16)):
        jobs.watch_unpaid()
    managed.control("pay_late", out_trade_no=order["code"])
    eventually(lambda: managed.read(order)["status"] == "refunding")
    assert jobs.upload_shippings() == 0
    assert db.session.scalar(text("SELECT count(*) FROM shipping")) == 0
