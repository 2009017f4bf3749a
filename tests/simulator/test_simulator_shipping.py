"""Deliveries behave as WeChat's documents say: funds are frozen until an order is reported."""

from typing import Any

import pytest


@pytest.fixture
def ask(merchant: Any) -> Any:
    """Call one of the delivery APIs with a good token."""
    body = {
        "grant_type": "client_credential",
        "appid": merchant.appid,
        "secret": merchant.env["WECHAT_SECRET"],
    }
    told = merchant.session.post(f"{merchant.base_url}/cgi-bin/stable_token", json=body, timeout=5).json()

    def call(name: str, token: str = told["access_token"], **fields: Any) -> Any:
        url = f"{merchant.base_url}/wxa/sec/order/{name}?access_token={token}"
        return merchant.session.post(url, json=fields, timeout=5).json()

    return call


@pytest.fixture
def report(merchant: Any) -> dict[str, Any]:
    """The report of a paid order, as it should be."""
    merchant.control("trade", managed=True)
    number = merchant.paid_order()
    state = merchant.session.get(f"{merchant.base_url}/control/state", timeout=5).json()
    [order] = [each for each in state["transactions"] if each["out_trade_no"] == number]
    assert order["frozen"] is True
    return {
        "order_key": {"order_number_type": 1, "mchid": merchant.mchid, "out_trade_no": number},
        "logistics_type": 3,
        "delivery_mode": 1,
        "shipping_list": [{"item_desc": "10 kg"}],
        "upload_time": "2026-11-25T15:00:00.000+08:00",
        "payer": {"openid": order["openid"]},
    }


def test_a_report_releases_the_funds_once(merchant: Any, ask: Any, report: dict[str, Any]) -> None:
    key = report["order_key"]
    named = {"merchant_id": key["mchid"], "merchant_trade_no": key["out_trade_no"]}
    assert ask("is_trade_managed", appid=merchant.appid)["is_trade_managed"] is True
    assert ask("get_order", **named)["order"]["order_state"] == 1
    assert ask("upload_shipping_info", **report) == {"errcode": 0, "errmsg": "ok"}
    assert ask("get_order", **named)["order"]["order_state"] == 2
    assert ask("upload_shipping_info", **report)["errcode"] == 10060023
    mended = report | {"shipping_list": [{"item_desc": "10 kg CO2e"}]}
    assert ask("upload_shipping_info", **mended)["errcode"] == 0
    assert ask("upload_shipping_info", **report)["errcode"] == 10060003
    state = merchant.session.get(f"{merchant.base_url}/control/state", timeout=5).json()
    assert [each["frozen"] for each in state["transactions"]] == [False]


@pytest.mark.parametrize(
    ("changed", "errcode"),
    [
        ({"order_key": {"order_number_type": 1, "mchid": "1", "out_trade_no": "X"}}, 10060001),
        ({"order_key": "ORDER-0001"}, 10060001),
        ({"logistics_type": 9}, 10060005),
        ({"delivery_mode": 2}, 10060006),
        ({"shipping_list": []}, 10060006),
        ({"shipping_list": [{"item_desc": ""}]}, 10060008),
        ({"shipping_list": [{"item_desc": "x" * 121}]}, 10060009),
        ({"upload_time": "yesterday"}, 47001),
        ({"payer": {"openid": "another"}}, 10060031),
        ({"payer": None}, 10060031),
    ],
)
def test_a_report_that_is_wrong_is_refused(
    ask: Any, report: dict[str, Any], changed: dict[str, Any], errcode: int
) -> None:
    assert ask("upload_shipping_info", **(report | changed))["errcode"] == errcode


def test_a_stranger_reports_nothing(merchant: Any, ask: Any, report: dict[str, Any]) -> None:
    assert ask("upload_shipping_info", token="none", **report)["errcode"] == 40001
    assert ask("is_trade_managed", appid="another")["errcode"] == 40013
    assert merchant.control("trade", managed="yes").status_code == 400
