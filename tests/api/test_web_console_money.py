"""The operators' desk for refunds and bank transfers, and what an organisation sees by its link."""

import re
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from builders import forest, operator
from flask import Flask
from flask.testing import FlaskClient
from shop import Shop, assert_books_prove, eventually, paid
from werkzeug.test import TestResponse

from app.kit import announcements, clock
from app.kit.codes import random_code
from app.offsets import jobs, queries

PNG = b"\x89PNG\r\n\x1a\n" + bytes(1000)


class Desk:
    """One operator's browser."""

    def __init__(self, app: Flask, *roles: str) -> None:
        self.home: str = app.extensions["settings"].public_url
        self.client: FlaskClient = app.test_client()
        self.id = operator(app, self.client, *(roles or ("finance",)))

    def get(self, path: str) -> str:
        answer = self.client.get(path)
        assert answer.status_code == 200, answer.text
        return answer.text

    def post(self, path: str, **form: Any) -> TestResponse:
        if path in ("/console/refunds", "/console/transfers"):
            form = {"form_key": random_code(20)} | form
        return self.client.post(path, data=form, headers={"Origin": self.home})

    def done(self, path: str, **form: Any) -> str:
        """Post, and the address that the answer leads to."""
        answer = self.post(path, **form)
        assert answer.status_code == 303, answer.text
        return urlsplit(answer.location).path


def upload(browser: FlaskClient, path: str, content: bytes, origin: str, name: str = "proof") -> TestResponse:
    """Send a file as a form does; put together here, since werkzeug's own leaves a file open."""
    disposition = f'Content-Disposition: form-data; name="{name}"; filename="proof.png"'
    head = f"--frontier\r\n{disposition}\r\nContent-Type: image/png\r\n\r\n".encode()
    return browser.post(
        path,
        data=head + content + b"\r\n--frontier--\r\n",
        content_type="multipart/form-data; boundary=frontier",
        headers={"Origin": origin},
    )


@pytest.fixture
def desks(app: Flask, monkeypatch: pytest.MonkeyPatch) -> tuple[Desk, Desk]:
    """Two operators of finance."""
    monkeypatch.setattr(announcements, "ring", lambda: None)
    return Desk(app), Desk(app)


def settled(shop: Shop) -> Any:
    order = shop.order(amount_fen=1000)
    shop.pay(order)
    eventually(paid(shop, order))
    jobs.settle_paid()
    return order


def test_a_courtesy_goes_from_one_desk_to_the_other_and_to_the_buyer(
    shop: Shop, desks: tuple[Desk, Desk]
) -> None:
    first, second = desks
    order = settled(shop)
    place = first.done("/console/refunds", order=order["code"], amount="0.30", note="late certificate")
    assert "您申请的" in first.get(place)
    assert f"{place}/approve" not in first.get(place)
    refused = first.post(f"{place}/approve")
    assert (refused.status_code, "申请人不能批准自己的申请" in refused.text) == (403, True)
    assert "退款等人处理" in second.get("/console")
    assert "late certificate" in second.get(place)
    second.done(f"{place}/approve")
    announcements.deliver()
    eventually(lambda: shop.read(order)["refunded_fen"] == 30)
    assert "已退成" in second.get(place)
    assert_books_prove()


@pytest.mark.parametrize(
    ("form", "status", "said"),
    [
        ({"amount": "0.301"}, 422, "应为金额"),
        ({"amount": "0"}, 422, "应为金额"),
        ({"amount": "1e3"}, 422, "应为金额"),
        ({"note": ""}, 422, "必填"),
        ({"amount": "11.00"}, 409, "服务费"),
        ({"order": "NOBODYS"}, 404, "没有这个编号"),
        ({"reference": "B-1"}, 409, "状态已变"),
    ],
)
def test_a_courtesy_that_is_wrong_is_refused_beside_its_form(
    shop: Shop, desks: tuple[Desk, Desk], form: dict[str, str], status: int, said: str
) -> None:
    order = settled(shop)
    wish = {"order": order["code"], "amount": "0.30", "note": "a courtesy"} | form
    answer = desks[0].post("/console/refunds", **wish)
    assert (answer.status_code, said in answer.text) == (status, True), answer.text
    assert queries.list_refunds(10) == []


def test_a_stuck_refund_says_what_to_do_and_goes_back_by_bank(shop: Shop, desks: tuple[Desk, Desk]) -> None:
    first, second = desks
    shop.control("faults", kind="refund_abnormal", path="refund", count=1)
    order = shop.order()
    shop.sheet(order)
    with clock.frozen(clock.now() + timedelta(minutes=16)):
        jobs.watch_unpaid()
    shop.control("pay_late", out_trade_no=order["code"])
    eventually(lambda: shop.read(order)["status"] == "refunding")
    announcements.deliver()
    [stuck] = eventually(queries.list_stuck_refunds)
    place = f"/console/refunds/{stuck.code}"
    assert "微信无法退回" in first.get("/console/refunds")
    assert "现在查询" in first.get(place)
    assert "换新单号" not in first.get(place)
    assert first.post(f"{place}/return", returned_reference="B 1", returned_note="x").status_code == 422
    instead = first.done(f"{place}/return", returned_reference="B-1", returned_note="to her new card")
    second.done(f"{instead}/approve")
    assert shop.read(order)["status"] == "refunded"
    assert "没有需要处理的退款" in first.get("/console/refunds")
    assert_books_prove()


def test_an_auditor_sees_refunds_and_transfers_but_moves_nothing(app: Flask, shop: Shop) -> None:
    auditor = Desk(app, "auditor")
    assert "补偿退款" not in auditor.get("/console/refunds").split("<main", 1)[1].split("<h2", 2)[2]
    assert "/console/transfers/new" not in auditor.get("/console/transfers")
    for path in ("/console/refunds", "/console/transfers", "/console/refunds/X/approve"):
        assert auditor.post(path).status_code == 403
    assert app.test_client().get("/console/refunds").status_code == 302


def test_a_transfer_from_the_order_to_the_certificate(app: Flask, desks: tuple[Desk, Desk]) -> None:
    first, second = desks
    lot = forest(1000, fee_bp=1000)
    form = {"name": "示例中学", "lot": lot.lot_code, "steps": "10", "beneficiary": "示例中学"}
    place = first.done("/console/transfers", **form)
    shown = first.get(place)
    [link] = re.findall(r'href="http[^"]*(/transfer/[^"]+)"', shown)
    school = app.test_client()
    told = school.get(link)
    assert (told.headers["Referrer-Policy"], told.headers["X-Robots-Tag"]) == ("same-origin", "noindex")
    transfer = queries.get_transfer(place.rsplit("/", 1)[1])
    for said in ("¥10.00", "示例银行", transfer.remittance_code[:4], "示例中学"):
        assert said in told.text
    sent = upload(school, f"{link}/proof", PNG, first.home)
    assert sent.status_code == 303, sent.text
    assert "对公转账待核对" in second.get("/console")
    [proof] = re.findall(rf'href="({place}/proofs/\d+)"', first.get(place))
    kept = first.client.get(proof)
    assert (kept.data, kept.mimetype) == (PNG, "image/png")
    assert kept.headers["Content-Disposition"].startswith("attachment")
    assert "sandbox" in kept.headers["Content-Security-Policy"]
    assert school.get(proof).status_code == 302
    reading = {"amount": "10.00", "reference": "B-77", "received_on": f"{clock.business_day()}"}
    first.done(f"{place}/confirm", **reading)
    assert "B-77" not in second.get(place), "the second reads for themselves"
    wrong = second.post(f"{place}/confirm", **(reading | {"amount": "9.99"}))
    assert (wrong.status_code, "两人填写的内容不一致" in wrong.text) == (409, True)
    tomorrow = clock.business_day() + timedelta(days=1)
    early = second.post(f"{place}/confirm", **(reading | {"received_on": f"{tomorrow}"}))
    assert (early.status_code, 'id="received_on-fault"' in early.text) == (422, True)
    second.done(f"{place}/confirm", **reading)
    assert jobs.settle_paid() == 1
    told_after = school.get(link).text
    for said in ("看凭证", "¥10.00", transfer.remittance_code[:4], f"{clock.business_day()}"):
        assert said in told_after
    certificate = queries.get_transfer(transfer.order.code).order.certificate_number
    assert "示例中学" in school.get(f"/c/{certificate}").text
    assert_books_prove()


def test_a_proof_too_large_or_of_another_kind_is_refused_on_the_page(
    app: Flask, desks: tuple[Desk, Desk]
) -> None:
    lot = forest(1000)
    place = desks[0].done("/console/transfers", name="示例法院", lot=lot.lot_code, steps="1")
    [link] = re.findall(r'href="http[^"]*(/transfer/[^"]+)"', desks[0].get(place))
    browser = app.test_client()

    def send(content: bytes, name: str = "proof") -> TestResponse:
        return upload(browser, f"{link}/proof", content, desks[0].home, name)

    assert send(b"<script>alert(1)</script>").status_code == 422
    assert send(PNG + bytes(2 * 1024 * 1024)).status_code == 413
    assert send(PNG + bytes(4 * 1024 * 1024)).status_code == 413
    assert send(PNG, "another").status_code == 422
    assert send(b"").status_code == 422
    plain = browser.post(f"{link}/proof", data={"proof": "text"}, headers={"Origin": desks[0].home})
    assert plain.status_code == 422
    assert send(PNG + bytes(1024 * 1024)).status_code == 303
    assert browser.get(f"{link}x").status_code == 404
    big = browser.post("/lang/en", data={"x": "y" * 100_000}, headers={"Origin": desks[0].home})
    assert big.status_code in (405, 413)


def test_five_files_by_the_link_leave_the_operators_places_free(app: Flask, desks: tuple[Desk, Desk]) -> None:
    place = desks[0].done("/console/transfers", name="示例法院", lot=forest(1000).lot_code, steps="1")
    [link] = re.findall(r'href="http[^"]*(/transfer/[^"]+)"', desks[0].get(place))
    browser, home = app.test_client(), desks[0].home
    for client, page, path in (
        (browser, link, f"{link}/proof"),
        (desks[0].client, place, f"{place}/proofs"),
    ):
        for number in range(5):
            assert f'action="{path}"' in client.get(page).text
            assert upload(client, path, PNG + page.encode() + bytes([number]), home).status_code == 303
        assert f'action="{path}"' not in client.get(page).text
        more = upload(client, path, PNG + b"more", home)
        assert (more.status_code, "回单已达上限" in more.text) == (409, True)


@pytest.mark.parametrize(
    ("form", "status"),
    [
        ({"name": ""}, 422),
        ({"organisation": "SOMEBODY"}, 422),
        ({"name": "", "organisation": "SOMEBODY"}, 422),
        ({"steps": "0"}, 422),
        ({"steps": "101"}, 409),
        ({"lot": "NOWHERE"}, 404),
    ],
)
def test_an_order_that_cannot_be_placed_says_why(
    app: Flask, desks: tuple[Desk, Desk], form: dict[str, str], status: int
) -> None:
    lot = forest(1000)
    wish = {"name": "示例法院", "lot": lot.lot_code, "steps": "1"} | form
    assert desks[0].post("/console/transfers", **wish).status_code == status
    assert queries.list_transfers(10) == []


def test_a_payment_in_doubt_is_sent_back_and_explained(shop: Shop, desks: tuple[Desk, Desk]) -> None:
    first, second = desks
    shop.control("faults", kind="wrong_amount", path="notice", count=1)
    shop.pay(shop.order())
    eventually(queries.count_open_doubts)
    assert "存疑付款待查" in first.get("/console")
    [place] = re.findall(r'href="(/console/doubts/\d+)"', first.get("/console/doubts"))
    assert "¥1.01" in first.get(place)
    assert first.post(f"{place}/refund", note="").status_code == 422
    refund = first.done(f"{place}/refund", note="another amount than asked for")
    assert f"{place}/refund" not in first.get(place)
    assert first.post(f"{place}/refund", note="twice").status_code == 409
    second.done(f"{refund}/approve")
    assert first.post(f"{place}/explain", explanation=" ").status_code == 422
    assert first.done(f"{place}/explain", explanation="a test of ours") == place
    assert first.post(f"{place}/explain", explanation="again").status_code == 409
    assert "没有存疑付款" in first.get("/console/doubts")
    assert place in first.get("/console/doubts?all=1")
    assert first.post("/console/doubts/999/refund", note="x").status_code == 404


def test_a_second_transfer_is_read_kept_in_doubt_and_sent_back_by_bank(desks: tuple[Desk, Desk]) -> None:
    first, second = desks
    lot = forest(1000)
    place = first.done("/console/transfers", name="示例中学", lot=lot.lot_code, steps="10")
    reading = {"amount": "10.00", "reference": "B-78", "received_on": "2026-11-25"}
    for desk in desks:
        desk.done(f"{place}/confirm", **reading)
    assert "又收到一笔转账" in first.get(place)
    again = reading | {"reference": "b-79"}
    first.done(f"{place}/confirm", **again)
    assert "B-79" not in second.get(place), "the second reads for themselves"
    assert first.done(f"{place}/take-back") == place
    first.done(f"{place}/confirm", **again)
    kept = second.post(f"{place}/confirm", **again)
    assert kept.location.endswith("said=transfer_doubt")
    assert "已记为存疑付款" in second.get(kept.location)
    assert "B-79" in first.get(place)
    [doubt] = re.findall(r'href="(/console/doubts/\d+)"', first.get("/console/doubts"))
    assert first.post(f"{doubt}/refund", note="no reference").status_code == 409
    assert 'name="reference"' in first.get(doubt)
    refund = first.done(f"{doubt}/refund", note="sent back", reference="out-1")
    second.done(f"{refund}/approve")
    jobs.settle_paid()
    assert_books_prove()
