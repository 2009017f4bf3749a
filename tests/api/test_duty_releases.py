"""Releasing a person's year that somebody else entered in their name, and bought a little for."""

from typing import Any

import pytest
from builders import forest, operator, person
from duty_desk import CHEN, REGION, YEAR, buy, settle, start, told
from flask import Flask
from paying import colleague
from refund_desk import refused
from shop import Shop, assert_books_prove, eventually, paid
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

import simulator
from app.accounts.queries.notices import list_notices
from app.causes.queries.duty_batches import count_reached
from app.causes.rules.duties import Person
from app.causes.services import duty_batches
from app.causes.services.duties import release_duty
from app.kit.database import db
from app.kit.transaction import transaction
from app.offsets import jobs

SEEN = "持身份证到场核对"


@pytest.fixture
def shop(app: Flask, phone: simulator.Running, live: str) -> Shop:
    """A buyer before a village with a hundred tonnes."""
    return Shop(app, phone, forest(100_000))


@pytest.fixture
def anna(app: Flask) -> int:
    return operator(app, app.test_client(), "duties")


def release(operator_id: int, told: dict[str, Any] = CHEN, year: int = YEAR) -> str:
    who = Person(told["name"], told["birth_year"], told["id_suffix"])
    with transaction():
        return release_duty(operator_id, who, year, SEEN)


def read(shop: Shop, code: str) -> Any:
    return shop.client.get(f"/v1/duties/{code}", headers=shop.buyer.auth).json


def standing_of(shop: Shop, number: str) -> str | None:
    return shop.client.get(f"/v1/attestations/{number}").json["revoked_reason"]


def test_what_another_entered_and_bought_for_is_released_to_its_person(shop: Shop, anna: int) -> None:
    squatted = start(shop.client, shop.buyer).json
    buy(shop, squatted["code"], 1_500)
    documents = read(shop, squatted["code"])
    rightful = person(shop.client)
    assert start(shop.client, rightful).json["code"] == "duty_taken"
    assert release(anna) == squatted["code"]
    after = read(shop, squatted["code"])
    assert (after["name"], after["voucher"], after["equivalence"]) == (None, None, None)
    for kind in ("voucher", "equivalence"):
        assert standing_of(shop, documents[kind]) == "duty_released"
    assert start(shop.client, rightful).status_code == 201
    [notice] = list_notices(shop.buyer.holder_id, 10)
    assert notice.message == "causes.duty_told_released"
    kept = db.session.execute(text("SELECT released_by, released_reason FROM duty ORDER BY 1")).first()
    assert kept == (anna, SEEN)
    told_of = db.session.execute(
        text("SELECT operator_id, subject, details::text FROM audit_entry WHERE action = 'duty_released'")
    ).one()
    assert (told_of[0], told_of[1]) == (anna, squatted["code"])
    assert CHEN["name"] not in told_of[2]
    assert count_reached() == []
    assert_books_prove()


def test_nothing_more_is_bought_for_what_was_released(shop: Shop, anna: int) -> None:
    duty = start(shop.client, shop.buyer).json
    buy(shop, duty["code"], 1_500)
    release(anna)
    body = {"cause": duty["code"], "amount_fen": 1_500}
    closed = shop.client.post("/v1/orders", json=body, headers=shop.buyer.auth)
    assert (closed.status_code, closed.json["code"]) == (409, "cause_closed")
    assert refused(lambda: release_duty(anna, Person(**CHEN), YEAR, SEEN)) == "duty_unknown"


def test_an_order_on_its_way_is_waited_for(shop: Shop, anna: int) -> None:
    duty = start(shop.client, shop.buyer).json
    buy(shop, duty["code"], 1_500)
    order = shop.order(cause=duty["code"], amount_fen=1_500)
    assert refused(lambda: release_duty(anna, Person(**CHEN), YEAR, SEEN)) == "duty_on_its_way"
    shop.pay(order)
    eventually(paid(shop, order))
    jobs.settle_paid()
    assert refused(lambda: release_duty(anna, Person(**CHEN), YEAR, SEEN)) == "duty_on_its_way", "not counted"
    settle()
    assert read(shop, duty["code"])["amount_fen"] == 3_000
    assert release(anna) == duty["code"]


def test_what_an_office_was_asked_for_is_not_released(shop: Shop, anna: int) -> None:
    duty = start(shop.client, shop.buyer).json
    buy(shop, duty["code"], 4_500)
    with transaction():
        batch = duty_batches.prepare_batch(anna, "35", YEAR).number
    assert refused(lambda: release_duty(anna, Person(**CHEN), YEAR, SEEN)) == "duty_sent"
    with pytest.raises(DBAPIError, match="was bought"), transaction():
        db.session.execute(
            text(
                "UPDATE duty SET withdrawn_at = now(), released_by = :anna, released_reason = 'x',"
                " name_sealed = NULL, id_suffix_sealed = NULL"
            ),
            {"anna": anna},
        )
    bao = colleague("duties")
    with transaction():
        duty_batches.withdraw_batch(bao, batch)
    assert release(anna) == duty["code"]
    assert refused(lambda: duty_batches.prepare_batch(anna, "35", YEAR)) == "duty_batch_empty"


def test_a_groups_voucher_counts_one_less_and_says_all_that_was_paid(shop: Shop, anna: int) -> None:
    people = [told(0), told(1)]
    body = {"kind": "staff", "title": "示例公司", "region": REGION, "people": people}
    code = shop.client.post("/v1/duty-groups", json=body, headers=shop.buyer.auth).json["code"]
    path = f"/v1/duty-groups/{code}"
    buy(shop, code, 9_000)
    before = shop.client.get(path, headers=shop.buyer.auth).json["voucher"]
    release(anna, people[0])
    group = shop.client.get(path, headers=shop.buyer.auth).json
    assert standing_of(shop, before) == "duty_released"
    facts = shop.client.get(f"/v1/attestations/{group['voucher']}").json["facts"]
    assert (facts["persons"], facts["trees"], facts["paid_fen"]) == (1, 3, 9_000)
    assert sum(each["quantity_kg"] for each in facts["retirements"]) == facts["quantity_kg"]
    buy(shop, code, 3_000)
    release(anna, people[1])
    assert shop.client.get(path, headers=shop.buyer.auth).json["voucher"] is None
    assert_books_prove()
