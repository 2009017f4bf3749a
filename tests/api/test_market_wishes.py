"""Wishes over HTTP: posted, found, answered, bought from, ended; and that they say nothing of a person."""

import json
from datetime import timedelta
from typing import Any

import market
import psycopg
import pytest
from builders import Person, operator, person
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from app.accounts import services as accounts
from app.kit import clock
from app.kit.database import db
from app.kit.transaction import transaction
from app.offsets import jobs as offsets
from app.offsets import services as selling
from app.offsets.services.words import PaidWord
from app.registry import jobs, queries, services
from app.registry.errors import LotDoesNotFit, WishClosed, WishUnknown
from app.registry.rules import MOST_OFFERS, MOST_OPEN_WISHES
from app.registry.rules.sanctions import SanctionTerms

WISH = {"quantity_kg": 100, "most_fen_per_step": 100}


def post(client: FlaskClient, buyer: Person, **terms: Any) -> Any:
    body = {**WISH, "until": f"{market.last_day()}", **terms}
    answer = client.post("/v1/wishes", json=body, headers=buyer.auth)
    assert answer.status_code == 201, answer.text
    return answer.json


def found(client: FlaskClient, query: str = "") -> list[str]:
    answer = client.get(f"/v1/wishes?limit=100&{query}")
    assert answer.status_code == 200, answer.text
    return [item["code"] for item in answer.json["items"]]


def order(client: FlaskClient, buyer: Person, lot: str, quantity_kg: int, **more: Any) -> Any:
    body = {"purpose": "personal", "lot": lot, "quantity_kg": quantity_kg, **more}
    return client.post("/v1/orders", json=body, headers=buyer.auth)


def pay(ordered: Any) -> None:
    """Let the provider say that an order is paid, settle it, and tell its wish."""
    word = PaidWord(ordered["code"], f"T{ordered['code'][:20]}", ordered["amount_fen"], "CNY", clock.now())
    with transaction():
        selling.payments.record_payment(word)
    assert offsets.settle_paid() == 1


def test_a_wish_is_public_and_its_person_is_not(app: Flask, client: FlaskClient) -> None:
    buyer = person(app)
    wish = post(client, buyer, region="3507", forest_type="bamboo", vintage_from=2020, vintage_to=2022)
    assert wish["status"] == "open"
    assert (wish["quantity_kg"], wish["remaining_kg"], wish["most_fen_per_t"]) == (100, 100, 10_000)
    seen = client.get(f"/v1/wishes/{wish['code']}").json
    assert seen == {name: value for name, value in wish.items() if name != "reason"}
    listed = client.get("/v1/wishes").json["items"]
    assert listed == [seen]
    with transaction():
        holder = db.session.execute(
            text("SELECT code FROM holder WHERE id = :id"), {"id": buyer.holder_id}
        ).scalar_one()
    for said in (holder, buyer.openid):
        assert said not in json.dumps(listed)
    assert not {"holder", "holder_id", "name", "buyer", "id"} & seen.keys()


@pytest.mark.parametrize(
    "change",
    [
        {"quantity_kg": 15},
        {"quantity_kg": 0},
        {"quantity_kg": -10},
        {"quantity_kg": 10**18},
        {"quantity_kg": 2**64},
        {"quantity_kg": True},
        {"most_fen_per_step": 0},
        {"most_fen_per_step": 10**9},
        {"product": "gold"},
        {"region": "35072"},
        {"region": 35},
        {"forest_type": "oak"},
        {"vintage_from": 2023, "vintage_to": 2022},
        {"vintage_from": 1999},
        {"until": f"{market.last_day(-1)}"},
        {"until": f"{market.last_day(181)}"},
        {"until": "soon"},
        {"until": None},
        {"note": "call me: 13800138000"},
        {"status": "fulfilled"},
    ],
)
def test_a_wish_that_cannot_be_met_is_refused_by_its_field(
    app: Flask, client: FlaskClient, change: dict[str, Any]
) -> None:
    body = {**WISH, "until": f"{market.last_day()}", **change}
    answer = client.post("/v1/wishes", json=body, headers=person(app).auth)
    assert answer.status_code == 422, answer.text
    assert answer.json["errors"][0]["pointer"].removeprefix("#/") in (*change, "vintage_to")
    assert found(client) == []


def test_nobody_posts_a_wish_without_signing_in(app: Flask, client: FlaskClient) -> None:
    assert client.post("/v1/wishes", json=WISH).status_code == 401
    assert client.get("/v1/wishes/own").status_code == 401


def test_wishes_are_found_by_what_a_seller_has(app: Flask, client: FlaskClient) -> None:
    buyer = person(app)
    plain = post(client, buyer)["code"]
    county = post(client, buyer, region="350721", quantity_kg=1000)["code"]
    fir = post(client, buyer, forest_type="chinese_fir", most_fen_per_step=300)["code"]
    old = post(client, buyer, vintage_to=2019)["code"]
    expected = {
        "": [old, fir, county, plain],
        "sort=price": [fir, old, county, plain],
        "region=350721": [old, fir, county, plain],
        "region=35": [old, fir, county, plain],
        "region=33": [old, fir, plain],
        "forest_type=bamboo": [old, county, plain],
        "vintage_from=2020": [fir, county, plain],
        "vintage_from=2018&vintage_to=2020": [old, fir, county, plain],
        "least_fen_per_t=20000": [fir],
        "least_kg=500": [county],
        "product=yiyuan&least_kg=100": [old, fir, county, plain],
    }
    assert {query: found(client, query) for query in expected} == expected


def test_wishes_come_page_by_page_in_both_orders(app: Flask, client: FlaskClient) -> None:
    buyer = person(app)
    codes = [post(client, buyer, most_fen_per_step=price)["code"] for price in (100, 300, 200, 300)]
    for sort, order_ in (("newest", (3, 2, 1, 0)), ("price", (3, 1, 2, 0))):
        seen, after = [], ""
        while True:
            page = client.get(f"/v1/wishes?limit=1&sort={sort}{after}").json
            seen += [item["code"] for item in page["items"]]
            if page["next"] is None:
                break
            after = f"&after={page['next']}"
        assert seen == [codes[n] for n in order_]


@pytest.mark.parametrize(
    "query",
    ["region=x", "forest_type=x", "least_kg=x", "least_fen_per_t=-1", "sort=opened", "after=x", "name=x",
     "vintage_from=2022&vintage_to=2021", "least_kg=99999999999999999999"],
)  # fmt: skip
def test_a_filter_of_wishes_that_is_wrong_is_refused_by_its_name(
    app: Flask, client: FlaskClient, query: str
) -> None:
    answer = client.get(f"/v1/wishes?{query}")
    assert (answer.status_code, answer.content_type) == (422, "application/problem+json")
    assert answer.json["errors"][0]["pointer"].startswith("?")


def test_a_wish_shows_the_lots_that_fit_and_a_lot_its_wishes(app: Flask, client: FlaskClient) -> None:
    buyer = person(app)
    cheap, dear = market.lot(price_fen=90), market.lot(price_fen=110)
    far = market.lot(price_fen=80, region="330522")
    near = post(client, buyer, region="3507")["code"]
    anywhere = post(client, buyer)["code"]

    def lots(code: str) -> list[str]:
        return [item["code"] for item in client.get(f"/v1/wishes/{code}/lots").json["items"]]

    def wishes(code: str) -> list[str]:
        return [item["code"] for item in client.get(f"/v1/lots/{code}/wishes").json["items"]]

    assert lots(near) == [cheap.code]
    assert lots(anywhere) == [far.code, cheap.code]
    assert wishes(cheap.code) == [anywhere, near]
    assert wishes(far.code) == [anywhere]
    assert wishes(dear.code) == []
    assert queries.count_wishes_for(cheap.offer, 100) == 2
    assert queries.count_wishes_for(cheap.offer, 1) == 1


def test_a_seller_answers_a_wish_and_the_buyer_orders_until_it_is_fulfilled(
    app: Flask, client: FlaskClient
) -> None:
    buyer, seller = person(app), person(app)
    _, project = market.grow(1000, holder_id=seller.holder_id)
    wish = post(client, buyer)["code"]
    selling_ = {"project": project, "vintage": 2022, "quantity_kg": 500, "price_fen_per_step": 90}
    lot = client.post("/v1/lots", json=selling_, headers=seller.auth).json["code"]
    for _ in range(2):
        answer = client.post(f"/v1/wishes/{wish}/offers", json={"lot": lot}, headers=seller.auth)
        assert (answer.status_code, answer.json) == (201, {"wish": wish, "lot": lot})
    assert [each["code"] for each in client.get(f"/v1/wishes/{wish}/offers").json["items"]] == [lot]
    first = order(client, buyer, lot, 60, wish=wish)
    assert first.status_code == 201, first.text
    pay(first.json)
    assert client.get(f"/v1/wishes/{wish}").json["remaining_kg"] == 100
    assert (offsets.tell_wishes(), offsets.tell_wishes()) == (1, 0)
    assert client.get(f"/v1/wishes/{wish}").json["remaining_kg"] == 40
    pay(order(client, buyer, lot, 60, wish=wish).json)
    offsets.tell_wishes()
    ended = client.get(f"/v1/wishes/{wish}").json
    assert (ended["status"], ended["remaining_kg"]) == ("fulfilled", 0)
    assert found(client) == []
    again = order(client, buyer, lot, 10, wish=wish)
    assert (again.status_code, again.json["code"]) == (409, "wish_closed")
    assert queries.get_wish(wish).bought_kg == 120
    market.prove()


def test_an_order_that_comes_to_nothing_leaves_the_wish_as_it_was(app: Flask, client: FlaskClient) -> None:
    buyer, lot = person(app), market.lot()
    wish = post(client, buyer)["code"]
    assert order(client, buyer, lot.code, 50, wish=wish).status_code == 201
    assert offsets.tell_wishes() == 0
    with clock.frozen(clock.now() + timedelta(hours=2)):
        assert offsets.watch_unpaid() == 1
    assert (offsets.tell_wishes(), offsets.tell_wishes()) == (1, 0)
    assert client.get(f"/v1/wishes/{wish}").json["remaining_kg"] == 100


def test_an_order_answers_only_ones_own_wish_with_a_lot_that_fits(app: Flask, client: FlaskClient) -> None:
    buyer, other = person(app), person(app)
    lot, dear = market.lot(), market.lot(price_fen=200)
    wish = post(client, buyer)["code"]
    for who, code, number, status, refusal in (
        (other, lot.code, wish, 404, "wish_unknown"),
        (buyer, lot.code, "NONE", 404, "wish_unknown"),
        (buyer, dear.code, wish, 409, "lot_does_not_fit"),
        (buyer, "NONE", wish, 404, "lot_unknown"),
    ):
        answer = order(client, who, code, 10, wish=number)
        assert (answer.status_code, answer.json["code"]) == (status, refusal), answer.text
    body = {"purpose": "personal", "quantity_kg": 10, "wish": wish}
    assert client.post("/v1/orders", json=body, headers=buyer.auth).status_code == 422
    assert queries.get_lot(lot.code).remaining_kg == 1000
    assert order(client, buyer, lot.code, 10).status_code == 201


def test_a_lot_is_offered_by_its_seller_alone_and_only_where_it_fits(app: Flask, client: FlaskClient) -> None:
    buyer, seller = person(app), person(app)
    lot = market.lot(holder_id=seller.holder_id)
    wish, dear = post(client, buyer)["code"], post(client, buyer, most_fen_per_step=50)["code"]
    own = post(client, seller)["code"]

    def offer(who: Person, code: str, number: str = lot.code) -> tuple[int, str]:
        answer = client.post(f"/v1/wishes/{code}/offers", json={"lot": number}, headers=who.auth)
        return answer.status_code, answer.json.get("code", "")

    assert offer(buyer, wish) == (403, "not_the_seller")
    assert offer(seller, dear) == (409, "lot_does_not_fit")
    assert offer(seller, own) == (409, "own_wish")
    assert offer(seller, "NONE") == (404, "wish_unknown")
    assert offer(seller, wish, "NONE") == (404, "lot_unknown")
    with transaction():
        services.reserve(lot.id, 1000)
    assert offer(seller, wish) == (409, "lot_does_not_fit")
    assert client.get(f"/v1/wishes/{wish}/offers").json["items"] == []


def test_a_wish_takes_only_so_many_offers(app: Flask, client: FlaskClient) -> None:
    buyer, seller = person(app), person(app)
    wish = post(client, buyer)["code"]
    owner, project = market.grow(10 * (MOST_OFFERS + 1), holder_id=seller.holder_id)
    offering = services.Offering(project, 2022, 10, 100)
    with transaction():
        lots = [services.sell(owner, offering) for _ in range(MOST_OFFERS - 1)]
        for each in lots:
            services.offer_lot(owner, wish, each.code)
    others = [market.lot() for _ in range(2)]
    with transaction():
        services.offer_lot(others[0].seller_holder_id, wish, others[0].code)
    with pytest.raises(Exception, match="too_many_offers"), transaction():
        services.offer_lot(others[1].seller_holder_id, wish, others[1].code)
    with transaction():
        assert services.offer_lot(others[0].seller_holder_id, wish, others[0].code) is False


def test_a_wish_is_withdrawn_by_who_wished_and_once(app: Flask, client: FlaskClient) -> None:
    buyer, other = person(app), person(app)
    code = post(client, buyer)["code"]
    assert client.post(f"/v1/wishes/{code}/withdraw", headers=other.auth).status_code == 404
    done = client.post(f"/v1/wishes/{code}/withdraw", headers=buyer.auth)
    assert (done.status_code, done.json["status"]) == (200, "withdrawn")
    again = client.post(f"/v1/wishes/{code}/withdraw", headers=buyer.auth)
    assert (again.status_code, again.json["code"]) == (409, "wish_closed")
    assert found(client) == []
    assert client.get(f"/v1/wishes/{code}").json["status"] == "withdrawn"


def test_a_wish_ends_with_its_last_day_in_shanghai_before_any_chore(app: Flask, client: FlaskClient) -> None:
    buyer, lot = person(app), market.lot()
    code = post(client, buyer, until=f"{market.last_day(1)}")["code"]
    end = queries.get_wish(code).expires_at
    with clock.frozen(end - timedelta(seconds=1)):
        assert found(client) == [code]
    with clock.frozen(end):
        assert found(client) == []
        assert queries.count_wishes_for(lot.offer, 10) == 0
        assert queries.get_wish(code).status == "expired"
        with pytest.raises(WishClosed), transaction():
            services.offer_lot(lot.seller_holder_id, code, lot.code)
        assert (jobs.tidy_market(), jobs.tidy_market()) == (1, 0)
    assert queries.get_wish(code).status == "expired"
    assert (end.astimezone(clock.SHANGHAI).hour, end.astimezone(clock.SHANGHAI).minute) == (0, 0)


def test_one_has_only_so_many_open_wishes(app: Flask, client: FlaskClient) -> None:
    buyer = person(app)
    codes = [post(client, buyer)["code"] for _ in range(MOST_OPEN_WISHES)]
    body = {**WISH, "until": f"{market.last_day()}"}
    refused = client.post("/v1/wishes", json=body, headers=buyer.auth)
    assert (refused.status_code, refused.json["code"]) == (409, "too_many_wishes")
    client.post(f"/v1/wishes/{codes[0]}/withdraw", headers=buyer.auth)
    post(client, buyer)
    listed = client.get("/v1/wishes/own?limit=100", headers=buyer.auth).json["items"]
    assert len(listed) == MOST_OPEN_WISHES + 1
    assert client.get("/v1/wishes/own", headers=person(app).auth).json["items"] == []


def test_a_hidden_wish_is_gone_for_all_but_its_own_person(app: Flask, client: FlaskClient) -> None:
    buyer, lot = person(app), market.lot()
    code = post(client, buyer)["code"]
    officer = operator(app, app.test_client(), "registry")
    with transaction():
        services.hide_wish(officer, code, "刷单")
    assert found(client) == []
    assert client.get(f"/v1/wishes/{code}").status_code == 404
    assert client.get(f"/v1/wishes/{code}/lots").status_code == 404
    [own] = client.get("/v1/wishes/own", headers=buyer.auth).json["items"]
    assert (own["status"], own["reason"]) == ("hidden", "刷单")
    with pytest.raises(WishUnknown), transaction():
        services.hide_wish(officer, code, "again")
    with pytest.raises(WishUnknown), transaction():
        services.offer_lot(lot.seller_holder_id, code, lot.code)


def test_the_database_keeps_the_terms_and_the_end_of_a_wish(app: Flask, client: FlaskClient) -> None:
    buyer = person(app)
    post(client, buyer)
    with transaction():
        accounts.open_holder("village", "x", "350721")
    for change in (
        "quantity_kg = 10",
        "holder_id = 1",
        "region = '35'",
        "closed_as = 'withdrawn'",
        "closed_at = now(), closed_as = 'hidden'",
        "closed_at = now(), closed_as = 'fulfilled'",
        "closed_at = now(), closed_as = 'gone'",
        "bought_kg = -1",
    ):
        with pytest.raises(DBAPIError), transaction():
            db.session.execute(text(f"UPDATE wish SET {change}"))
    with pytest.raises(DBAPIError), transaction():
        db.session.execute(text("DELETE FROM wish"))
    with transaction():
        db.session.execute(text("UPDATE wish SET closed_at = now(), closed_as = 'withdrawn'"))
    with pytest.raises(DBAPIError) as refused, transaction():
        db.session.execute(text("UPDATE wish SET closed_at = NULL, closed_as = NULL"))
    assert isinstance(refused.value.orig, psycopg.IntegrityError)


def test_a_lot_that_a_sanction_halts_is_no_part_of_the_market(app: Flask, client: FlaskClient) -> None:
    lot, left = market.lot(), market.lot()
    code = post(client, person(app))["code"]
    with transaction():
        services.offer_lot(lot.seller_holder_id, code, lot.code)
    officer = operator(app, app.test_client(), "registry")
    with transaction():
        terms = SanctionTerms("suspend", "investigation", "举报待查")
        services.sanctions.impose(officer, f"project.{lot.project.code}", terms)
    for path in ("/v1/lots", f"/v1/wishes/{code}/lots"):
        assert [each["code"] for each in client.get(path).json["items"]] == [left.code]
    assert client.get(f"/v1/wishes/{code}/offers").json["items"] == []
    another = post(client, person(app))["code"]
    with pytest.raises(LotDoesNotFit), transaction():
        services.offer_lot(lot.seller_holder_id, another, lot.code)
