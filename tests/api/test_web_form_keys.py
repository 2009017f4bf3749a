"""A form of the console that is sent twice makes one thing."""

import re
import threading
from typing import Any

import pytest
from builders import forest, operator
from flask import Flask
from flask.testing import FlaskClient
from shop import Shop, eventually, paid
from sqlalchemy import text
from werkzeug.test import TestResponse

from app.kit import announcements
from app.kit.database import db
from app.offsets import jobs

ACCOUNT = {"account_name": "示例村集体", "number": "6222020000112233445", "bank_name": "示例银行"}
AT_ONCE = 6


class Desk:
    """One operator's browser, from whose cookie others can be opened."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self.home: str = app.extensions["settings"].public_url
        self.client: FlaskClient = app.test_client()
        operator(app, self.client, "finance")

    def key(self, path: str) -> str:
        found = re.search(r'name="form_key" value="([\w-]{20,64})"', self.client.get(path).text)
        assert found is not None
        return found[1]

    def post(self, path: str, form: dict[str, Any], client: FlaskClient | None = None) -> TestResponse:
        return (client or self.client).post(path, data=form, headers={"Origin": self.home})

    def post_at_once(self, path: str, form: dict[str, Any]) -> list[TestResponse]:
        """The same form from several tabs at the same moment."""
        answers: list[TestResponse] = []
        barrier = threading.Barrier(AT_ONCE)

        def send() -> None:
            client = self.app.test_client()
            client._cookies = dict(self.client._cookies)  # type: ignore[attr-defined]
            barrier.wait()
            answers.append(self.post(path, form, client))

        threads = [threading.Thread(target=send) for _ in range(AT_ONCE)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return answers


@pytest.fixture
def desk(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """An operator of finance."""
    monkeypatch.setattr(announcements, "ring", lambda: None)
    return Desk(app)


def count(table: str) -> int:
    return int(db.session.scalar(text(f"SELECT count(*) FROM {table}")) or 0)


def assert_one(answers: list[TestResponse]) -> None:
    assert [answer.status_code for answer in answers] == [303] * AT_ONCE, answers[0].text
    assert len({answer.location for answer in answers}) == 1


def test_a_courtesy_that_is_sent_six_times_at_once_is_asked_for_once(shop: Shop, desk: Desk) -> None:
    order = shop.order(amount_fen=1000)
    shop.pay(order)
    eventually(paid(shop, order))
    jobs.settle_paid()
    form = {
        "order": order["code"],
        "amount": "0.30",
        "note": "late",
        "form_key": desk.key("/console/refunds"),
    }
    assert_one(desk.post_at_once("/console/refunds", form))
    assert count("refund") == 1


def test_a_transfer_order_that_is_sent_six_times_at_once_is_placed_once(desk: Desk) -> None:
    key = desk.key("/console/transfers/new")
    form = {"name": "示例中学", "lot": forest(1000).lot_code, "steps": "10", "form_key": key}
    assert_one(desk.post_at_once("/console/transfers", form))
    assert count("transfer") == 1
    assert count("holder WHERE kind = 'organisation'") == 1


def test_an_account_that_is_sent_six_times_at_once_is_entered_once(desk: Desk) -> None:
    path = "/console/payees/PLATFORM"
    assert_one(desk.post_at_once(path, {**ACCOUNT, "form_key": desk.key(path)}))
    assert count("payee_account") == 1


def test_a_form_that_comes_again_with_other_content_changes_nothing_and_can_be_sent_anew(desk: Desk) -> None:
    lot = forest(1000).lot_code
    form = {"name": "示例中学", "lot": lot, "steps": "10", "form_key": desk.key("/console/transfers/new")}
    assert desk.post("/console/transfers", form).status_code == 303
    again = desk.post("/console/transfers", {**form, "steps": "20"})
    assert (again.status_code, "这张表单已经提交过" in again.text) == (409, True)
    assert count("transfer") == 1
    fresh = re.search(r'name="form_key" value="([\w-]+)"', again.text)
    assert fresh is not None
    assert desk.post("/console/transfers", {**form, "steps": "20", "form_key": fresh[1]}).status_code == 303
    assert count("transfer") == 2


def test_a_refused_form_may_be_sent_again_as_it_is(desk: Desk) -> None:
    form = {
        "name": "示例中学",
        "lot": "NOWHERE",
        "steps": "1",
        "form_key": desk.key("/console/transfers/new"),
    }
    assert [desk.post("/console/transfers", form).status_code for _ in range(2)] == [404, 404]
    form["lot"] = forest(1000).lot_code
    assert desk.post("/console/transfers", form).status_code == 303


def test_a_form_without_its_key_makes_nothing(desk: Desk) -> None:
    answer = desk.post("/console/transfers", {"name": "示例中学", "lot": forest(1000).lot_code, "steps": "1"})
    assert (answer.status_code, "页面已过期" in answer.text) == (422, True)
    assert count("transfer") == 0
