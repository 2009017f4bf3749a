"""Dockets as a clerk, the platform's operator and a party see them in a browser."""

import re
from datetime import timedelta
from io import BytesIO
from typing import Any

import pytest
from court import PDF, Court, bought, heard, loss, money
from flask import Flask
from flask.testing import FlaskClient
from shop import Shop, eventually

from app.kit import clock
from app.kit.database import db
from app.kit.identity import signer
from app.offsets import jobs
from app.web import session


@pytest.fixture
def court(app: Flask) -> Court:
    return Court(app)


def send(client: FlaskClient, path: str, **form: Any) -> Any:
    return client.post(path, data=form, headers={"Origin": "http://localhost"})


def browser(app: Flask, shop: Shop) -> FlaskClient:
    """A browser of the shop's buyer."""
    client = app.test_client()
    seen = signer().read(shop.buyer.token, "api")
    with app.test_request_context():
        token = signer().issue(seen.holder_id, seen.session_id, "web")
        client.set_cookie(session.cookie_name(), token)
    return client


def new(whose: Court, **form: Any) -> Any:
    told = {
        "form_key": "k" * 20,
        "court": whose.facts.code,
        "case_number": "（2022）闽0627刑初321号",
        "stage": "trial",
        "product": "any",
        "persons": "张三\r\n张小四\r\n",
        **form,
    }
    return send(whose.clerk_desk, "/console/dockets", **told)


def ruled(court: Court, base: str, **form: Any) -> Any:
    today = clock.business_day()
    told = {
        "basis": "tonnes",
        "ruled_on": today.isoformat(),
        "legal_basis": "法释〔2022〕16号第二十条",
        "loss": "0.045",
        "multiplier": "2",
        "rounding": "kilogram",
        "instalments": f"{today + timedelta(days=5)} 0.06\r\n{today + timedelta(days=35)} 0.03",
        **form,
    }
    return send(court.clerk_desk, f"{base}/ruling", **told)


def test_a_clerk_opens_a_case_and_another_confirms_and_the_party_pays(
    court: Court, shop: Shop, app: Flask
) -> None:
    opened = new(court)
    assert opened.status_code == 303, opened.text
    assert new(court).location == opened.location, "the same form sent twice opens one docket"
    base = opened.location.split("?")[0].removeprefix("http://localhost")
    page = court.clerk_desk.get(base).text
    assert "张三" in page
    assert "张某甲、张某乙" in page
    for kind in ("undertaking", "measurement_notice", "commission", "opinion", "payment_notice"):
        file = {"kind": kind, "title": kind, "paper": (BytesIO(PDF + kind.encode()), "a.pdf")}
        assert send(court.clerk_desk, f"{base}/papers", **file).status_code == 303
    assert ruled(court, base).status_code == 303
    ruling_id = re.search(r"rulings/(\d+)/refuse", court.clerk_desk.get(base).text)[1]  # type: ignore[index]
    confirm = f"{base}/rulings/{ruling_id}/confirm"
    assert send(court.clerk_desk, confirm).status_code == 403
    assert send(court.desk, confirm).status_code == 303
    link = "/dockets/" + re.search(r"/dockets/([\w-]{32})", court.desk.get(base).text)[1]  # type: ignore[index]
    seen = app.test_client().get(link)
    assert seen.status_code == 200
    assert seen.headers["X-Robots-Tag"] == "noindex"
    assert "张三" not in seen.text
    assert f"/sign-in?back={link}" in seen.text
    buyer = browser(app, shop)
    sheet = send(buyer, f"{link}/orders", lot=shop.lot.lot_code, part="now")
    assert sheet.status_code == 303, sheet.text
    shop.pay(shop.client.get("/v1/orders", headers=shop.buyer.auth).json["items"][0])
    eventually(lambda: court.read(base.rsplit("/", 1)[1]).standing.paid_kg == 60)
    jobs.settle_paid()
    heard()
    bought(shop, link.removeprefix("/dockets/"), part="all")
    assert "已履行，待出证明" in court.desk.get("/console/dockets").text
    assert "裁判待确认" in court.desk.get("/console").text
    assert send(court.clerk_desk, f"{base}/letter").status_code == 403
    assert send(court.desk, f"{base}/letter").status_code == 303
    number = re.search(r"/attestations/(\w{17})", court.desk.get(base).text)[1]  # type: ignore[index]
    for language in ("zh", "en"):
        letter = app.test_client().get(f"/attestations/{number}?lang={language}")
        assert letter.status_code == 200
        assert "（2022）闽0627刑初321号" in letter.text
        assert "张三" not in letter.text
        for path in (base, "/console/dockets", "/console/courts"):
            assert court.desk.get(f"{path}?lang={language}").status_code == 200
        assert buyer.get(f"{link}?lang={language}").status_code == 200


@pytest.mark.parametrize(
    ("form", "told"),
    [
        ({"loss": "-5"}, "不带正负号"),
        ({"loss": "1e9"}, "不带正负号"),
        ({"loss": "0"}, "损失量须大于 0"),
        ({"loss": "999999999"}, "不超过一百万吨"),
        ({"multiplier": "0"}, "倍数须大于 0"),
        ({"multiplier": "11"}, "不超过 10"),
        ({"rounding": ""}, "请选择取整方式"),
        ({"instalments": "2099-01-01 0.09"}, "十年"),
        ({"instalments": "2015-01-01 0.09"}, "不能早于裁判日期"),
        ({"instalments": "2015-13-01 0.09"}, "看不懂"),
        ({"instalments": "明天"}, "看不懂"),
        ({"instalments": "2026-12-31 -1"}, "看不懂"),
        ({"instalments": "\n"}, ""),
        ({"basis": "money"}, "金额须大于 0"),
        ({"basis": "money", "amount": "100", "price": "92.71"}, "单价的来源"),
        ({"basis": "barter"}, ""),
        ({"ruled_on": "2099-01-01"}, "不能晚于今天"),
    ],
)
def test_what_cannot_be_ruled_is_said_on_the_page(court: Court, form: Any, told: str) -> None:
    base = f"/console/dockets/{court.docket()}"
    refused = ruled(court, base, **form)
    assert refused.status_code == 422
    assert told in refused.text
    db.session.rollback()
    assert court.read(base.rsplit("/", 1)[1]).waiting is None


def test_instalments_that_do_not_add_up_are_said_on_the_page(court: Court) -> None:
    base = f"/console/dockets/{court.docket()}"
    today = clock.business_day()
    refused = ruled(court, base, instalments=f"{today} 0.06\n{today + timedelta(1)} 0.04")
    assert refused.status_code == 422
    assert "相加须正好等于" in refused.text


@pytest.mark.parametrize(
    "form",
    [
        {"case_number": "321"},
        {"case_number": "（2022）闽0627刑初321号" * 5},
        {"persons": ""},
        {"persons": "张三\n张三"},
        {"persons": "张" * 61},
        {"persons": "\n".join(f"张{n}" for n in range(41))},
        {"stage": "investigation"},
        {"stage": "sleep"},
        {"product": "gold"},
        {"region": "abc"},
        {"court": "0" * 26},
    ],
)
def test_a_case_that_cannot_be_is_refused(court: Court, form: Any) -> None:
    refused = new(court, **form)
    assert refused.status_code in (404, 422), refused.text
    assert 'role="alert"' in refused.text or refused.status_code == 404


def test_a_case_number_twice_is_said(court: Court) -> None:
    assert new(court).status_code == 303
    again = new(court, form_key="x" * 20, case_number="(2022)闽0627刑初0321号")
    assert again.status_code == 409
    assert "案号已经登记" in again.text


def test_another_courts_clerk_sees_nothing(court: Court, app: Flask) -> None:
    other = Court(app, "示例二县人民法院")
    code = court.ruled()
    base = f"/console/dockets/{code}"
    paper = court.read(code).papers[0].id
    theirs = other.clerk_desk
    assert theirs.get(base).status_code == 404
    assert theirs.get(f"{base}/papers/{paper}").status_code == 404
    assert "321号" not in theirs.get("/console/dockets?number=321").text
    posts = {
        "ruling": {
            "basis": "money",
            "ruled_on": "2026-01-01",
            "legal_basis": "x",
            "instalments": "2026-01-02",
        },
        "papers": {"kind": "other", "title": "x", "paper": (BytesIO(PDF), "a.pdf")},
        f"papers/{paper}/drop": {},
        "waivers": {"kind": "opinion", "reason": "x"},
        "description": {"stage": "trial", "persons": "李四"},
        "withdraw": {"reason": "x"},
        "link": {},
        "rulings/1/refuse": {},
        "reminders/1/deliver": {},
    }
    for path, form in posts.items():
        assert send(theirs, f"{base}/{path}", **form).status_code == 404, path
    for path in ("/console/courts", "/console/transfers", "/console/audit", "/console/registry"):
        assert theirs.get(path).status_code == 403, path
    assert "案卷" in theirs.get("/console").text
    assert "321号" in court.clerk_desk.get("/console/dockets?number=321").text


def test_a_clerk_of_no_court_has_no_dockets(court: Court, app: Flask) -> None:
    from builders import operator

    court.docket()
    desk = app.test_client()
    operator(app, desk, "clerk")
    page = desk.get("/console/dockets")
    assert page.status_code == 200
    assert "还没有绑定办案机关" in page.text
    assert "321号" not in page.text
    assert new(court).status_code == 409


def test_courts_and_clerks_are_looked_after_on_one_page(court: Court) -> None:
    form = {"form_key": "k" * 20, "name": "示例林业局", "kind": "administration", "region": "350627"}
    assert send(court.desk, "/console/courts", **form).status_code == 303
    assert send(court.desk, "/console/courts", **{**form, "form_key": "x" * 20}).status_code == 409
    assert send(court.desk, "/console/courts", **{**form, "kind": "club"}).status_code == 422
    bad = send(court.desk, "/console/courts/clerks", court=court.facts.code, clerk="nobody")
    assert bad.status_code == 422
    assert "没有这个名字" in bad.text
    assert send(court.desk, "/console/courts/clerks", court="0" * 26, clerk="nobody").status_code == 404
    assert send(court.clerk_desk, "/console/courts", **form).status_code == 403


def test_a_party_by_bank_is_told_what_to_write(court: Court, shop: Shop, app: Flask) -> None:
    code = court.ruled(money(900))
    base = f"/console/dockets/{code}"
    form = {"form_key": "k" * 20, "lot": shop.lot.lot_code, "part": "all"}
    assert send(court.clerk_desk, f"{base}/orders", **form).status_code == 303
    assert send(court.clerk_desk, f"{base}/orders", **form).status_code == 303
    assert len(court.read(code).orders) == 1
    for page in (court.clerk_desk.get(base), app.test_client().get(f"/dockets/{court.link(code)}")):
        assert "附言码" in page.text
    again = send(court.clerk_desk, f"{base}/orders", **{**form, "form_key": "x" * 20})
    assert again.status_code == 409
    finance = court.desk.get("/console/transfers")
    assert finance.status_code == 403, "money is finance's, not the courts'"


def test_a_link_in_the_wrong_hands_is_replaced(court: Court, app: Flask) -> None:
    code = court.ruled()
    old = court.link(code)
    assert send(court.clerk_desk, f"/console/dockets/{code}/link").status_code == 303
    new = court.link(code)
    client = app.test_client()
    assert [client.get(f"/dockets/{link}").status_code for link in (old, new)] == [404, 200]


def test_a_link_that_is_no_link_leads_nowhere(app: Flask) -> None:
    client = app.test_client()
    for link in ("x", "0" * 32, "a" * 64):
        assert client.get(f"/dockets/{link}").status_code == 404
        assert client.get(f"/v1/dockets/{link}").status_code == 404


def test_a_penalty_of_an_administration_goes_the_same_way(app: Flask, shop: Shop) -> None:
    """云霄: 1,000 yuan in an administrative penalty (platforms: J9), at a hundredth of its size."""
    bureau = Court(app, "示例县林业局", "administration")
    code = bureau.ruled(money(1_000), case_number="云林罚决字〔2025〕第012号", stage="administrative")
    bought(shop, bureau.link(code), part="all")
    found = bureau.read(code)
    assert (found.docket.case_number, found.fulfilled) == ("云林罚决字〔2025〕12号", True)


def test_what_is_refused_of_a_purchase_is_said_on_the_partys_page(
    court: Court, shop: Shop, app: Flask
) -> None:
    code = court.ruled(loss(90_000))
    link = f"/dockets/{court.link(code)}"
    buyer = browser(app, shop)
    beyond = send(buyer, f"{link}/orders", lot=shop.lot.lot_code, part="other", quantity_kg="500")
    assert beyond.status_code == 409
    assert "超过裁判确定的数量" in beyond.text
    assert (
        send(buyer, f"{link}/orders", lot=shop.lot.lot_code, part="other", quantity_kg="-1").status_code
        == 422
    )
    assert send(buyer, f"{link}/orders", lot=shop.lot.lot_code, part="other").status_code == 422
    assert send(buyer, f"{link}/orders", lot="nowhere", part="all").status_code == 404
    assert send(app.test_client(), f"{link}/orders", lot=shop.lot.lot_code).status_code == 401
