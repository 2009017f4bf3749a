"""Tree duties: a person's year from start to documents, over HTTP, and all that is refused."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from builders import operator, person
from duty_desk import CHEN, REGION, YEAR, buy, settle, start, told
from flask import Flask
from flask.testing import FlaskClient
from paying import colleague
from refund_desk import refused
from shop import Shop, assert_books_prove
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from app.causes.jobs.duties import tend_duties
from app.causes.services import duties
from app.kit import clock
from app.kit.database import db
from app.kit.transaction import transaction
from app.offsets.queries.causes import find_cause, standing
from app.offsets.services import refunds, transfers
from app.offsets.services.orders import Wish


def test_a_citizen_buys_three_trees_and_has_a_voucher_and_a_statement(shop: Shop) -> None:
    started = start(shop.client, shop.buyer, print_name=True)
    assert started.status_code == 201, started.text
    duty = started.json
    assert (duty["duty_trees"], duty["trees_lacking"], duty["lacking"]) == (0, 3, 4_500)
    assert (duty["tariff"]["code"], duty["tariff"]["use"], duty["tariff"]["grade"]) == (
        "fujian-2022",
        "sample",
        "C",
    )
    assert duty["voucher"] is None

    buy(shop, duty["code"], 2_000)
    duty = shop.client.get(f"/v1/duties/{duty['code']}", headers=shop.buyer.auth).json
    assert (duty["amount_fen"], duty["quantity_kg"]) == (2_000, 200)
    assert (duty["duty_trees"], duty["rest"], duty["lacking"], duty["reached"]) == (1, 500, 2_500, False)
    first = duty["equivalence"]

    buy(shop, duty["code"], 2_500)
    duty = shop.client.get(f"/v1/duties/{duty['code']}", headers=shop.buyer.auth).json
    assert (duty["duty_trees"], duty["honour_trees"], duty["rest"], duty["reached"]) == (3, 0, 0, True)
    replaced = shop.client.get(f"/v1/attestations/{first}").json
    assert replaced["revoked_at"]
    assert replaced["replaced_by"] == duty["equivalence"]
    facts = shop.client.get(f"/v1/attestations/{duty['equivalence']}").json["facts"]
    assert facts["person"] == {"name": "陈小明"}
    assert (facts["trees"], facts["trees_needed"], facts["paid_fen"]) == (3, 3, 4_500)
    assert "绿化委员会办公室" in facts["discharged_by"]["zh"]
    assert (facts["tariff"]["fen_per_tree"], facts["tariff"]["grade"], facts["tariff"]["sample"]) == (
        1500,
        "C",
        True,
    )
    assert [each["quantity_kg"] for each in facts["retirements"]] == [200, 250]
    assert "123X" not in str(facts)
    assert str(CHEN["birth_year"]) not in str(facts)
    cause = find_cause(duty["code"])
    assert cause
    stands = standing(cause.id)
    assert (stands.due_g, stands.owed_g, stands.carry_g) == (450_000, 0, 0)
    assert_books_prove()


def test_what_goes_beyond_five_trees_is_honoured(shop: Shop) -> None:
    duty = start(shop.client, shop.buyer).json
    buy(shop, duty["code"], 10_000)
    duty = shop.client.get(f"/v1/duties/{duty['code']}", headers=shop.buyer.auth).json
    assert (duty["duty_trees"], duty["honour_trees"], duty["rest"]) == (5, 1, 1_000)
    facts = shop.client.get(f"/v1/attestations/{duty['equivalence']}").json["facts"]
    assert (facts["duty_trees"], facts["surplus_trees"], facts["rest"]["en"]) == (
        5,
        1,
        "10 yuan short of the next tree",
    )
    assert facts["person"]["name"]["zh"] == "（姓名未公开）", "nobody is named without their consent"


def test_a_family_pays_once_and_everybody_has_their_part(shop: Shop) -> None:
    people = [told(n, print_name=n == 0) for n in range(2)]
    body = {"kind": "family", "title": "陈家", "region": REGION, "people": people}
    group = shop.client.post("/v1/duty-groups", json=body, headers=shop.buyer.auth)
    assert group.status_code == 201, group.text
    assert group.json["lacking"] == 9_000
    buy(shop, group.json["code"], 9_000)
    group = shop.client.get(f"/v1/duty-groups/{group.json['code']}", headers=shop.buyer.auth).json
    assert [(each["amount_fen"], each["quantity_kg"], each["duty_trees"]) for each in group["people"]] == [
        (4_500, 450, 3),
        (4_500, 450, 3),
    ]
    voucher = shop.client.get(f"/v1/attestations/{group['voucher']}").json["facts"]
    assert (voucher["payer"], voucher["persons"], voucher["paid_fen"]) == ("陈家", 2, 9_000)
    assert "陈甲" not in str(voucher), "the payer's voucher names nobody"
    ranges = []
    for each in group["people"]:
        own = shop.client.get(f"/v1/duties/{each['code']}", headers=shop.buyer.auth).json
        facts = shop.client.get(f"/v1/attestations/{own['voucher']}").json["facts"]
        assert facts["payer"] == "陈家"
        ranges += [tuple(map(int, told["serial"].split("-")[-2:])) for told in facts["retirements"]]
    assert ranges[0][1] + 1 == ranges[1][0], "their serials lie side by side, none shared"
    assert all(last - first + 1 == 450 for first, last in ranges)
    assert_books_prove()


def test_a_staff_comes_as_a_list_all_of_it_or_nobody(shop: Shop) -> None:
    body = {"kind": "staff", "title": "示例公司", "region": REGION, "people": [told(0)]}
    group = shop.client.post("/v1/duty-groups", json=body, headers=shop.buyer.auth).json
    path = f"/v1/duty-groups/{group['code']}/people"

    def send(content: bytes, media: str = "text/csv") -> Any:
        return shop.client.post(path, data=content, content_type=media, headers=shop.buyer.auth)

    head = "姓名,出生年,证件后四位,性别,同意印名\n"
    bad = (
        head
        + f"张三,{YEAR - 30},1111,男,\n李四,{YEAR - 70},2222,,\n"
        + f"陈甲,{YEAR - 20},0000,,\n张三,{YEAR - 30},1111,,\n"
    )
    refused = send(bad.encode("gbk"))
    assert (refused.status_code, refused.json["code"]) == (422, "duty_list_refused")
    assert [each["pointer"] for each in refused.json["errors"]] == ["#/3", "#/5"]
    taken = send((head + f"张三,{YEAR - 30},1111,,\n陈甲,{YEAR - 20},0000,,\n").encode("utf-8-sig"))
    assert [each["pointer"] for each in taken.json["errors"]] == ["#/3"], "whose year stands already is named"
    stands = shop.client.get(f"/v1/duty-groups/{group['code']}", headers=shop.buyer.auth).json
    assert len(stands["people"]) == 1, "a list with a fault enters nobody"
    for broken in (b"PK\x03\x04", b"\xff\xfe", b'"', "电话\n1\n".encode(), b"\x00"):
        refused = send(broken)
        assert (refused.status_code, refused.json["code"]) == (422, "duty_list_refused"), refused.text
    assert send(b"{}", "application/json").status_code == 415
    good = send(
        (
            head + "".join(f"员{'甲乙丙丁戊己庚辛壬癸'[n]},{YEAR - 40},{n:04d},,是\n" for n in range(10))
        ).encode()
    )
    assert good.status_code == 201, good.text
    assert len(good.json["people"]) == 11


REFUSALS: list[tuple[dict[str, Any], int, str]] = [
    ({"region": "510104"}, 422, "duty_tariff_refused"),
    ({"region": "420102"}, 422, "duty_tariff_refused"),
    ({"region": "330502"}, 422, "duty_tariff_refused"),
    ({"region": "440106"}, 422, "duty_tariff_refused"),
    ({"region": "99"}, 422, "duty_tariff_refused"),
    ({"region": "福建"}, 422, "unprocessable"),
    ({"year": YEAR - 1}, 422, "duty_year_over"),
    ({"year": YEAR + 1}, 422, "duty_year_to_come"),
    ({"year": 0}, 422, "unprocessable"),
    ({"birth_year": YEAR - 10}, 422, "duty_age_outside"),
    ({"birth_year": YEAR - 61}, 422, "duty_age_outside"),
    ({"birth_year": YEAR - 56, "sex": "female"}, 422, "duty_age_outside"),
    ({"birth_year": YEAR + 1}, 422, "duty_age_impossible"),
    ({"birth_year": YEAR - 121}, 422, "duty_age_impossible"),
    ({"birth_year": -1}, 422, "unprocessable"),
    ({"name": "=1+1"}, 422, "unprocessable"),
    ({"name": "陈\x00"}, 400, "bad_request"),
    ({"id_suffix": "12"}, 422, "unprocessable"),
    ({"print_name": "yes"}, 422, "unprocessable"),
    ({"sex": "x"}, 422, "unprocessable"),
]


@pytest.mark.parametrize(("wrong", "status", "code"), REFUSALS)
def test_what_cannot_be_a_duty_is_refused_by_name_in_both_languages(
    app: Flask, client: FlaskClient, wrong: dict[str, Any], status: int, code: str
) -> None:
    citizen = person(app)
    details = set()
    for language in ("zh", "en"):
        body = {"region": REGION, **CHEN, **wrong}
        refused = client.post(f"/v1/duties?lang={language}", json=body, headers=citizen.auth)
        assert (refused.status_code, refused.json["code"]) == (status, code), refused.text
        details.add(refused.json["detail"])
    assert len(details) == 2
    assert client.get("/v1/duties", headers=citizen.auth).json["items"] == []


@pytest.mark.parametrize("amount", [-1, 0, 10**9, 2**62, 1.5, "4500", 10**30])
def test_money_that_cannot_be_is_refused(app: Flask, client: FlaskClient, amount: Any) -> None:
    citizen = person(app)
    duty = start(client, citizen).json
    wish = {"cause": duty["code"], "amount_fen": amount}
    refused = client.post("/v1/orders", json=wish, headers=citizen.auth)
    assert refused.status_code in (400, 422), refused.text
    assert client.get("/v1/orders", headers=citizen.auth).json["items"] == []


def test_whoever_owes_no_duty_is_honoured_if_they_ask_for_it(shop: Shop) -> None:
    duty = start(shop.client, shop.buyer, birth_year=YEAR - 70, honour=True).json
    assert duty["honour"] is True
    buy(shop, duty["code"], 4_500)
    duty = shop.client.get(f"/v1/duties/{duty['code']}", headers=shop.buyer.auth).json
    assert (duty["duty_trees"], duty["honour_trees"], duty["reached"]) == (0, 3, False)
    of_age = start(shop.client, shop.buyer, honour=True).json
    assert of_age["honour"] is False, "whoever owes the duty owes it"


def test_a_persons_year_stands_once_though_a_hundred_ask_at_once(app: Flask) -> None:
    people = [person(app) for _ in range(10)]

    def ask(place: int) -> tuple[int, str]:
        with app.app_context():
            answer = start(app.test_client(), people[place % 10])
            return answer.status_code, answer.json["code"]

    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(ask, range(100)))
    statuses = [status for status, _ in answers]
    assert statuses.count(201) == 1
    assert all(code == "duty_taken" for status, code in answers if status == 409)
    assert set(statuses) <= {201, 409, 503}
    assert statuses.count(409) >= 90
    db.session.rollback()
    assert db.session.scalar(text("SELECT count(*) FROM duty")) == 1
    assert db.session.scalar(text("SELECT count(*) FROM cause")) == 1, "nothing is left of the others"


def test_the_same_key_starts_once(app: Flask, client: FlaskClient) -> None:
    citizen = person(app)
    headers = {**citizen.auth, "Idempotency-Key": "duty-1"}
    body = {"region": REGION, **CHEN}
    first, again = (client.post("/v1/duties", json=body, headers=headers) for _ in range(2))
    assert (first.status_code, again.status_code, first.json) == (201, 201, again.json)


def test_anothers_duty_looks_as_if_it_did_not_exist(app: Flask, client: FlaskClient) -> None:
    duty = start(client, person(app)).json
    stranger = person(app)
    for method, path in (("get", ""), ("post", "/withdraw")):
        refused = getattr(client, method)(f"/v1/duties/{duty['code']}{path}", headers=stranger.auth)
        assert refused.status_code == 404
    assert client.get("/v1/duty-groups/NONE", headers=stranger.auth).status_code == 404
    wish = {"cause": duty["code"], "amount_fen": 100}
    assert client.post("/v1/orders", json=wish, headers=stranger.auth).status_code == 404


def test_a_duty_without_purchase_is_withdrawn_and_forgets_its_person(shop: Shop) -> None:
    duty = start(shop.client, shop.buyer).json
    path = f"/v1/duties/{duty['code']}"
    order = shop.order(cause=duty["code"], amount_fen=4_500)
    refused = shop.client.post(f"{path}/withdraw", headers=shop.buyer.auth)
    assert (refused.status_code, refused.json["code"]) == (409, "duty_bought")
    with transaction():
        db.session.execute(text("UPDATE orders SET expired_at = now() WHERE code = :c"), {"c": order["code"]})
        db.session.execute(text("UPDATE lot SET reserved_kg = 0"))
    assert shop.client.post(f"{path}/withdraw", headers=shop.buyer.auth).status_code == 204
    told = shop.client.get(path, headers=shop.buyer.auth).json
    assert (told["name"], bool(told["withdrawn_at"])) == (None, True)
    assert db.session.scalar(text("SELECT num_nonnulls(name_sealed, id_suffix_sealed) FROM duty")) == 0
    assert shop.client.post(f"{path}/withdraw", headers=shop.buyer.auth).status_code == 404
    closed = shop.client.post(
        "/v1/orders", json={"cause": duty["code"], "amount_fen": 100}, headers=shop.buyer.auth
    )
    assert (closed.status_code, closed.json["code"]) == (409, "cause_closed")
    assert start(shop.client, shop.buyer).status_code == 201, "the person may start anew"


def test_what_was_bought_cannot_be_withdrawn_by_anybody(shop: Shop) -> None:
    duty = start(shop.client, shop.buyer).json
    buy(shop, duty["code"], 1_500)
    refused = shop.client.post(f"/v1/duties/{duty['code']}/withdraw", headers=shop.buyer.auth)
    assert (refused.status_code, refused.json["code"]) == (409, "duty_bought")
    for change in (
        "withdrawn_at = now(), name_sealed = NULL, id_suffix_sealed = NULL",
        "year = year - 1",
        "person_digest = 'x'",
        "name_sealed = ''::bytea",
    ):
        with pytest.raises(DBAPIError), transaction():
            db.session.execute(text(f"UPDATE duty SET {change}"))
    for table in ("duty_share", "duty_tariff"):
        with pytest.raises(DBAPIError), transaction():
            db.session.execute(text(f"DELETE FROM {table}"))


def test_an_unbought_year_lapses_after_three_days_and_a_bought_one_stays(shop: Shop) -> None:
    bought = start(shop.client, shop.buyer).json
    buy(shop, bought["code"], 1_500)
    body = {"kind": "family", "title": "陈家", "region": REGION, "people": [told(0), told(1)]}
    group = shop.client.post("/v1/duty-groups", json=body, headers=shop.buyer.auth).json
    assert tend_duties() == 0
    with clock.frozen(clock.now() + timedelta(days=4)):
        assert tend_duties() == 2
        assert tend_duties() == 0
    cause = find_cause(group["code"])
    assert cause
    assert cause.closed_at, "with its last person a group takes no more orders"
    assert start(shop.client, shop.buyer).json["code"] == "duty_taken"


def test_a_groups_voucher_says_what_was_paid_for_the_group_and_nothing_else(shop: Shop) -> None:
    body = {"kind": "family", "title": "陈家", "region": REGION, "people": [told(0)]}
    group = shop.client.post("/v1/duty-groups", json=body, headers=shop.buyer.auth).json
    [member] = group["people"]
    for code in (group["code"], member["code"], group["code"]):
        buy(shop, code, 1_500)
    seen = shop.client.get(f"/v1/duty-groups/{group['code']}", headers=shop.buyer.auth).json
    facts = shop.client.get(f"/v1/attestations/{seen['voucher']}").json["facts"]
    assert (facts["paid_fen"], facts["trees"], len(facts["retirements"])) == (3_000, 2, 2)
    assert facts["quantity_kg"] == sum(each["quantity_kg"] for each in facts["retirements"])
    assert seen["people"][0]["duty_trees"] == 3


def test_who_came_to_a_list_after_its_payment_lapses_like_everybody(shop: Shop) -> None:
    body = {"kind": "family", "title": "陈家", "region": REGION, "people": [told(0)]}
    group = shop.client.post("/v1/duty-groups", json=body, headers=shop.buyer.auth).json
    buy(shop, group["code"], 4_500)
    path = f"/v1/duty-groups/{group['code']}"
    rows = "".join(
        f"{each['name']},{each['birth_year']},{each['id_suffix']}\n" for each in (told(1), told(2))
    )
    headers = {**shop.buyer.auth, "Content-Type": "text/csv"}
    late = shop.client.post(f"{path}/people", data=f"姓名,出生年,证件后四位\n{rows}", headers=headers).json
    first, second, third = (each["code"] for each in late["people"])
    withdrawn = [
        shop.client.post(f"/v1/duties/{code}/withdraw", headers=shop.buyer.auth).status_code
        for code in (first, second)
    ]
    assert withdrawn == [409, 204]
    with clock.frozen(clock.now() + timedelta(days=4)):
        assert tend_duties() == 1
    people = shop.client.get(path, headers=shop.buyer.auth).json["people"]
    assert [each["code"] for each in people] == [first]
    assert shop.client.get(f"/v1/duties/{third}", headers=shop.buyer.auth).json["withdrawn_at"]
    assert_books_prove()


def test_those_who_wait_for_their_transfer_keep_nobody_from_lapsing(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = {"kind": "staff", "title": "示例公司", "region": REGION, "people": [told(0), told(1)]}
    group = shop.client.post("/v1/duty-groups", json=body, headers=shop.buyer.auth).json
    start(shop.client, shop.buyer)
    monkeypatch.setattr(duties, "list_unbought", partial(duties.list_unbought, limit=2))
    anna = colleague()
    cause = find_cause(group["code"])
    assert cause
    with transaction():
        wish = Wish(cause=group["code"], amount_fen=9_000)
        transfers.place_transfer_order(anna, cause.id, wish, timedelta(days=10))
    with clock.frozen(clock.now() + timedelta(days=4)):
        assert tend_duties() == 1
    assert start(shop.client, shop.buyer).status_code == 201


def test_a_year_that_is_over_takes_no_more_orders_and_forgets_suffixes_in_time(shop: Shop) -> None:
    duty = start(shop.client, shop.buyer).json
    buy(shop, duty["code"], 1_500)
    with clock.frozen(datetime(YEAR + 1, 1, 2, tzinfo=UTC)):
        assert tend_duties() == 1
    closed = shop.client.post(
        "/v1/orders", json={"cause": duty["code"], "amount_fen": 100}, headers=shop.buyer.auth
    )
    assert (closed.status_code, closed.json["code"]) == (409, "cause_closed")
    assert db.session.scalar(text("SELECT id_suffix_sealed FROM duty")) is not None
    with clock.frozen(datetime(YEAR + 2, 1, 2, tzinfo=UTC)):
        assert tend_duties() == 1
    db.session.rollback()
    assert db.session.scalar(text("SELECT id_suffix_sealed FROM duty")) is None


def test_a_settled_order_is_counted_once_however_often_it_is_told(shop: Shop) -> None:
    from app.causes.services.duty_purchases import count_purchase

    duty = start(shop.client, shop.buyer).json
    buy(shop, duty["code"], 1_500)
    cause = find_cause(duty["code"])
    assert cause
    order_id = db.session.scalar(text("SELECT order_id FROM duty_share"))
    assert order_id
    for _ in range(2):
        with transaction():
            count_purchase(cause.id, order_id)
        settle()
    assert shop.client.get(f"/v1/duties/{duty['code']}", headers=shop.buyer.auth).json["duty_trees"] == 1
    assert_books_prove()


def test_a_company_may_pay_for_its_staff_by_bank(shop: Shop) -> None:
    body = {"kind": "staff", "title": "示例公司", "region": REGION, "people": [told(0), told(1)]}
    group = shop.client.post("/v1/duty-groups", json=body, headers=shop.buyer.auth).json
    anna, bao = colleague(), colleague()
    wish = Wish("tree_duty", amount_fen=9_000, cause=group["code"])
    with transaction():
        order = transfers.place_transfer_order(anna, shop.buyer.holder_id, wish, timedelta(days=3))
    for reader in (anna, bao):
        with transaction():
            read = transfers.Statement(9_000, "BANK-1", clock.business_day())
            transfers.confirm_transfer(reader, order.code, read)
    settle()
    group = shop.client.get(f"/v1/duty-groups/{group['code']}", headers=shop.buyer.auth).json
    assert [each["duty_trees"] for each in group["people"]] == [3, 3]
    assert_books_prove()


def test_two_lists_with_the_same_people_are_not_both_taken_and_do_not_block_one_another(app: Flask) -> None:
    people = [told(n) for n in range(60)]
    payers = [person(app) for _ in range(4)]

    def ask(place: int) -> int:
        order = people if place % 2 else people[::-1]
        body = {"kind": "staff", "title": "示例公司", "region": REGION, "people": order}
        with app.app_context():
            answer = app.test_client().post("/v1/duty-groups", json=body, headers=payers[place].auth)
            assert answer.status_code in (201, 422), answer.text
            return answer.status_code

    with ThreadPoolExecutor(4) as pool:
        statuses = sorted(pool.map(ask, range(4)))
    assert statuses == [201, 422, 422, 422]
    db.session.rollback()
    assert db.session.scalar(text("SELECT count(*) FROM duty")) == 60
    assert db.session.scalar(text("SELECT count(*) FROM cause")) == 61


def test_nobody_fills_the_books_with_years_that_nobody_buys_for(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.causes.services.duties.MOST_WAITING", 2)
    citizen = person(app)
    body = {"kind": "family", "title": "陈家", "region": REGION, "people": [told(n) for n in range(3)]}
    refused = client.post("/v1/duty-groups", json=body, headers=citizen.auth)
    assert (refused.status_code, refused.json["code"]) == (409, "duty_too_many")
    for place in range(2):
        assert start(client, citizen, **told(place)).status_code == 201
    assert start(client, citizen).json["code"] == "duty_too_many"


def test_what_was_paid_for_trees_does_not_go_back_as_a_courtesy(shop: Shop, app: Flask) -> None:
    duty = start(shop.client, shop.buyer).json
    order = buy(shop, duty["code"], 4_500)
    asking = operator(app, app.test_client(), "finance")
    ask = refunds.request_goodwill
    assert refused(lambda: ask(asking, order["code"], 4_500, "a courtesy")) == "courtesy_barred"
    told = shop.client.get(f"/v1/duties/{duty['code']}", headers=shop.buyer.auth).json
    assert (told["reached"], told["amount_fen"]) == (True, 4_500)
