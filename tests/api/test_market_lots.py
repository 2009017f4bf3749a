"""Selling and searching over HTTP: who may sell what, what is found by which filter, what it costs."""

from typing import Any

import market
import pytest
from builders import forest, person
from flask import Flask
from flask.testing import FlaskClient

from app.accounts import services as accounts
from app.kit.transaction import transaction
from app.registry import jobs, queries, services
from app.registry.rules import MOST_OPEN_LOTS, allot


def found(client: FlaskClient, query: str = "") -> list[str]:
    """The codes of all lots that a search finds, page by page of two."""
    codes: list[str] = []
    after = ""
    while True:
        answer = client.get(f"/v1/lots?limit=2&{query}{after}")
        assert answer.status_code == 200, answer.text
        codes += [item["code"] for item in answer.json["items"]]
        if answer.json["next"] is None:
            return codes
        after = f"&after={answer.json['next']}"


def test_every_filter_keeps_what_it_says(app: Flask, client: FlaskClient) -> None:
    plain = market.lot(seller="洋墩集体")
    dear = market.lot(price_fen=250)
    old = market.lot(vintage=2019, name_zh="顺昌高阳杉木林")
    fir = market.lot(forest_type="chinese_fir", county_en="Shunchang County")
    far = market.lot(region="330522", quantity_kg=50)
    everything = {each.code for each in (plain, dear, old, fir, far)}
    expected = {
        "": everything,
        "product=yiyuan": everything,
        "region=33": {far.code},
        "region=3507": everything - {far.code},
        "region=350721001": set(),
        "forest_type=chinese_fir": {fir.code},
        "vintage_to=2020": {old.code},
        "vintage_from=2020&vintage_to=2022": everything - {old.code},
        "most_fen_per_t=10000": everything - {dear.code},
        "most_fen_per_t=24999": everything - {dear.code},
        "most_fen_per_t=25000": everything,
        "least_kg=60": everything - {far.code},
        "name=高阳": {old.code},
        "name=shunchang+county": {fir.code},
        "name=洋墩": {plain.code},
        "name=%25": set(),
        "name=_": set(),
        f"project={old.project.code}": {old.code},
        "region=3507&forest_type=bamboo&vintage_from=2022&most_fen_per_t=10000": {plain.code},
    }
    assert {query: set(found(client, query)) for query in expected} == expected


def test_lots_come_in_four_orders_and_no_page_loses_or_repeats_one(app: Flask, client: FlaskClient) -> None:
    lots = [
        market.lot(price_fen=price, vintage=vintage)
        for price, vintage in zip((300, 100, 200, 100, 100), (2019, 2022, 2019, 2021, 2022), strict=True)
    ]
    codes = [each.code for each in lots]
    assert found(client) == found(client, "sort=opened") == codes
    assert found(client, "sort=newest") == codes[::-1]
    assert found(client, "sort=price") == [codes[i] for i in (1, 3, 4, 2, 0)]
    assert found(client, "sort=vintage") == [codes[i] for i in (0, 2, 3, 1, 4)]


def test_a_page_goes_on_where_the_one_before_ended_though_its_last_lot_was_closed(
    app: Flask, client: FlaskClient
) -> None:
    lots = [market.lot(price_fen=100 + n) for n in range(4)]
    page = client.get("/v1/lots?limit=2&sort=price").json
    with transaction():
        services.close_lot(lots[1].id)
    rest = client.get(f"/v1/lots?limit=2&sort=price&after={page['next']}").json
    assert [item["code"] for item in rest["items"]] == [lots[2].code, lots[3].code]


def test_what_cannot_be_bought_is_no_part_of_the_market(app: Flask, client: FlaskClient) -> None:
    closed, sold, left = (market.lot() for _ in range(3))
    with transaction():
        services.close_lot(closed.id)
        services.reserve(sold.id, 1000)
    assert found(client) == [left.code]
    assert set(found(client, "available=false")) == {closed.code, sold.code}
    market.prove()


@pytest.mark.parametrize(
    "query",
    [
        "product=gold", "region=3", "region=35_7", "region=3507210321011", "region=顺昌",
        "forest_type=oak", "forest_type=", "vintage_from=twenty", "vintage_from=1999", "vintage_to=20222",
        "vintage_from=2022&vintage_to=2021", "most_fen_per_t=0", "most_fen_per_t=-1", "most_fen_per_t=1.5",
        "most_fen_per_t=99999999999999999999", "least_kg=0", "least_kg=1e3", "least_kg=9223372036854775808",
        "name=", f"name={'林' * 61}", "name=a%00b", "sort=random", "sort=price&sort=price",
        "available=false&name=a", "available=false&sort=price", "after=!!", "limit=0", "seller=1",
    ],
)  # fmt: skip
def test_a_filter_that_is_wrong_is_refused_by_its_name(app: Flask, client: FlaskClient, query: str) -> None:
    answer = client.get(f"/v1/lots?{query}")
    assert answer.status_code == 422, answer.text
    assert answer.content_type == "application/problem+json"
    assert answer.json["errors"][0]["pointer"].startswith("?")


def test_a_cursor_of_a_lot_that_never_was_ends_the_list(app: Flask, client: FlaskClient) -> None:
    market.lot()
    nowhere = "f" + "_" * 9 + "8"
    for sort in ("opened", "newest", "price", "vintage"):
        answer = client.get(f"/v1/lots?sort={sort}&after={nowhere}")
        assert (answer.status_code, answer.json["items"]) == (200, [])


def test_a_holder_sells_what_they_hold_and_takes_back_what_is_left(app: Flask, client: FlaskClient) -> None:
    seller = person(app)
    _, project = market.grow(1000, holder_id=seller.holder_id)
    listed = client.get("/v1/lots/sellable", headers=seller.auth).json["items"]
    assert [(each["project"], each["free_kg"], each["largest_kg"]) for each in listed] == [
        (project, 1000, 1000)
    ]
    wish = {"project": project, "vintage": 2022, "quantity_kg": 300, "price_fen_per_step": 150}
    answer = client.post("/v1/lots", json=wish, headers=seller.auth)
    assert answer.status_code == 201, answer.text
    lot = answer.json
    assert (lot["remaining_kg"], lot["seller"]) == (300, "")
    assert lot["terms"]["fee_bp"] == 1000
    assert client.get("/v1/lots/sellable", headers=seller.auth).json["items"][0]["free_kg"] == 700
    with transaction():
        services.reserve(queries.get_lot(lot["code"]).id, 100)
    closed = client.post(f"/v1/lots/{lot['code']}/close", headers=seller.auth)
    assert (closed.status_code, closed.json["unsold_kg"]) == (200, 200)
    assert client.get("/v1/lots/sellable", headers=seller.auth).json["items"][0]["free_kg"] == 900
    assert [each["code"] for each in client.get("/v1/lots/own", headers=seller.auth).json["items"]] == [
        lot["code"]
    ]
    market.prove()


def test_a_village_that_a_seller_names_gets_its_share(app: Flask, client: FlaskClient) -> None:
    seller = person(app)
    _, project = market.grow(1000, holder_id=seller.holder_id)
    with transaction():
        village = accounts.open_holder("village", "示例村集体 V", "350721")
    wish = {
        "project": project,
        "vintage": 2022,
        "quantity_kg": 1000,
        "price_fen_per_step": 100,
        "village": village.code,
        "village_bp": 2500,
    }
    lot = client.post("/v1/lots", json=wish, headers=seller.auth).json
    assert lot["shares"] == {"seller_fen": 65, "village_fen": 25, "fee_fen": 10}
    assert lot["village"] == "示例村集体 V"


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"quantity_kg": 1010}, 409),
        ({"quantity_kg": 15}, 422),
        ({"quantity_kg": 0}, 422),
        ({"quantity_kg": -10}, 422),
        ({"quantity_kg": 2**63}, 422),
        ({"quantity_kg": "10"}, 422),
        ({"quantity_kg": 10.0}, 422),
        ({"price_fen_per_step": 0}, 422),
        ({"price_fen_per_step": 10**9}, 422),
        ({"vintage": 2021}, 409),
        ({"vintage": 99999}, 422),
        ({"project": "NONE"}, 409),
        ({"project": "%"}, 422),
        ({"product": "gold"}, 422),
        ({"village": "NOBODY", "village_bp": 100}, 404),
        ({"village_bp": 5001}, 422),
        ({"seller": "me"}, 422),
    ],
)
def test_what_cannot_be_sold_is_refused_and_changes_nothing(
    app: Flask, client: FlaskClient, change: dict[str, Any], status: int
) -> None:
    seller = person(app)
    _, project = market.grow(1000, holder_id=seller.holder_id)
    wish = {"project": project, "vintage": 2022, "quantity_kg": 100, "price_fen_per_step": 100} | change
    answer = client.post("/v1/lots", json=wish, headers=seller.auth)
    assert answer.status_code == status, answer.text
    assert found(client) == []
    assert client.get("/v1/lots/sellable", headers=seller.auth).json["items"][0]["free_kg"] == 1000


def test_nobody_sells_or_closes_what_is_anothers(app: Flask, client: FlaskClient) -> None:
    seller, other = person(app), person(app)
    _, project = market.grow(1000, holder_id=seller.holder_id)
    wish = {"project": project, "vintage": 2022, "quantity_kg": 100, "price_fen_per_step": 100}
    assert client.post("/v1/lots", json=wish, headers=other.auth).json["code"] == "block_not_free"
    assert client.post("/v1/lots", json=wish).status_code == 401
    lot = client.post("/v1/lots", json=wish, headers=seller.auth).json["code"]
    assert client.post(f"/v1/lots/{lot}/close", headers=other.auth).status_code == 403
    assert client.post("/v1/lots/NONE/close", headers=other.auth).status_code == 404
    assert found(client) == [lot]


def test_the_same_key_opens_one_lot(app: Flask, client: FlaskClient) -> None:
    seller = person(app)
    _, project = market.grow(1000, holder_id=seller.holder_id)
    wish = {"project": project, "vintage": 2022, "quantity_kg": 100, "price_fen_per_step": 100}
    headers = seller.auth | {"Idempotency-Key": "once"}
    first, second = (client.post("/v1/lots", json=wish, headers=headers) for _ in range(2))
    assert first.json == second.json
    assert found(client) == [first.json["code"]]


def test_a_seller_has_no_more_lots_than_people_can_read(app: Flask, client: FlaskClient) -> None:
    seller = person(app)
    _, project = market.grow(10 * (MOST_OPEN_LOTS + 1), holder_id=seller.holder_id)
    wish = {"project": project, "vintage": 2022, "quantity_kg": 10, "price_fen_per_step": 100}
    for _ in range(MOST_OPEN_LOTS):
        assert client.post("/v1/lots", json=wish, headers=seller.auth).status_code == 201
    refused = client.post("/v1/lots", json=wish, headers=seller.auth)
    serial = f"SH-350721-{project}-2022-1-{10 * (MOST_OPEN_LOTS + 1)}"
    offer = {"quantity_kg": 10, "price_fen_per_step": 100}
    other = client.post(f"/v1/holdings/{serial}/offers", json=offer, headers=seller.auth)
    assert (other.status_code, other.json["code"]) == (409, "too_many_lots"), "by every door"
    assert (refused.status_code, refused.json["code"]) == (409, "too_many_lots")


def test_a_quote_says_what_settlement_then_does(app: Flask, client: FlaskClient) -> None:
    with transaction():
        village = accounts.open_holder("village", "示例村集体 V", "350721")
    lot = forest(1000, village_holder_id=village.id, village_bp=1234, fee_bp=777)
    by_quantity = client.get(f"/v1/lots/{lot.lot_code}/quote?quantity_kg=70").json
    assert by_quantity == client.get(f"/v1/lots/{lot.lot_code}/quote?amount_fen=700").json
    terms = queries.get_lot(lot.lot_code).terms
    shares = allot(terms, 700)
    assert by_quantity["shares"] == {
        "seller_fen": shares.seller_fen,
        "village_fen": shares.village_fen,
        "fee_fen": shares.fee_fen,
    }
    assert sum(by_quantity["shares"].values()) == by_quantity["amount_fen"] == 700
    assert by_quantity["compliance"] is False
    assert any("CCER" in note["en"] for note in by_quantity["notes"])
    assert len(by_quantity["refunds"]) == 4
    assert by_quantity["available"] is True
    assert client.get(f"/v1/lots/{lot.lot_code}/quote?quantity_kg=1010").json["available"] is False


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("", 422),
        ("quantity_kg=10&amount_fen=100", 422),
        ("quantity_kg=15", 422),
        ("amount_fen=150", 422),
        ("quantity_kg=0", 422),
        ("quantity_kg=ten", 422),
        ("quantity_kg=99999999999999999999", 422),
        ("amount_fen=9223372036854775800", 200),
        ("steps=1", 422),
    ],
)
def test_a_quote_of_anything_else_is_refused(
    app: Flask, client: FlaskClient, query: str, status: int
) -> None:
    answer = client.get(f"/v1/lots/{forest().lot_code}/quote?{query}")
    assert answer.status_code == status, answer.text
    assert client.get(f"/v1/lots/NONE/quote?{query}").status_code in (404, 422)


def test_a_lot_of_which_nothing_is_left_closes_by_itself(app: Flask, client: FlaskClient) -> None:
    empty, promised, left = (market.lot() for _ in range(3))
    with transaction():
        services.cancel_units(empty.issuance.id, 1000, "fire")
        services.reserve(promised.id, 1000)
    assert jobs.tidy_market() == 1
    assert jobs.tidy_market() == 0
    assert queries.get_lot(empty.code).closed_at is not None
    with transaction():
        services.release(promised.id, 1000)
    assert found(client) == [promised.code, left.code]
    market.prove()
