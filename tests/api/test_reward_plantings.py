"""A group plants together: parts are real from their first day, and it ends as it was told beforehand."""

from collections.abc import Iterator
from datetime import timedelta
from functools import partial

import pytest
from builders import forest, wechat_person
from crowd import at_once
from flask import Flask
from planting import Grove
from shop import Shop, assert_books_prove
from sqlalchemy import event, text
from sqlalchemy.exc import DBAPIError

import simulator
from app.accounts import queries as accounts
from app.kit import clock
from app.kit.database import db
from app.kit.problems import Problem
from app.kit.transaction import transaction
from app.offsets import jobs as offsets
from app.offsets import queries
from app.rewards.jobs import plantings as jobs
from app.rewards.routes import plantings as routes
from app.rewards.rules.plantings import Way
from app.rewards.services.plantings import NewPlanting, begin_planting
from app.web.notices import seen_at


@pytest.fixture
def grove(app: Flask, phone: simulator.Running, shop: Shop) -> Iterator[Grove]:
    return Grove(app, phone, shop)


def test_parts_of_three_become_a_forest_with_a_shared_certificate(grove: Grove) -> None:
    code = grove.begun()
    first, second, third = grove.people
    grove.plant(first, code, 20)
    half = grove.read(code, first)
    assert (half["status"], half["retired_kg"], half["own"]["retired_kg"], half["own"]["room_kg"]) == (
        "paying",
        20,
        20,
        40,
    )
    grove.plant(second, code, 30)
    grove.plant(third, code, 10)
    ended = grove.read(code, third)
    assert (ended["status"], ended["retired_kg"], ended["people"]) == ("reached", 60, 3)
    assert [part["own"] for part in ended["parts"]] == [False, False, True]
    attested = grove.client.get(f"/v1/attestations/{ended['attestation']}").json
    facts = attested["facts"]
    assert (facts["planted_kg"], facts["goal_kg"], facts["reached"], facts["people"]) == (60, 60, True, 3)
    assert [each["serial"] for each in facts["retirements"]] == [each["serial"] for each in ended["parts"]]
    assert "三楼" not in str(facts)
    for part in ended["parts"]:
        certificate = grove.client.get(f"/v1/certificates/{part['certificate_number']}").json
        assert (certificate["purpose"], certificate["serial"]) == ("planting", part["serial"])
    told = accounts.notices.list_notices(second.holder_id, 5)
    assert told[0].message == "rewards.notice_planting_reached"
    cause = queries.causes.find_cause(code)
    assert cause is not None
    assert cause.closed_at is not None
    stands = queries.causes.standing(cause.id)
    assert (stands.due_g, stands.owed_g, stands.carry_g) == (60_000, 0, 0)
    assert_books_prove()


def test_pledges_cost_nothing_until_they_cover_the_goal_and_then_keep_everybodys_share(grove: Grove) -> None:
    first, second, third = grove.people
    code = grove.begun(way="together")
    assert grove.order(first, code, 10).json["code"] == "planting_closed"
    assert grove.pledge(first, code, 30).json["pledged_kg"] == 30
    assert grove.pledge(second, code, 40).json["code"] == "planting_full"
    assert grove.pledge(second, code, 15).json["code"] == "quantity_not_sold"
    assert grove.pledge(second, code, 20).status_code == 200
    assert grove.pledge(first, code, 20).status_code == 200
    ready = grove.pledge(third, code, 20).json
    assert (ready["status"], ready["pledged_kg"]) == ("paying", 60)
    assert grove.pledge(third, code, 0).json["code"] == "planting_closed"
    assert grove.order(first, code, 30).json["code"] == "planting_full"
    grove.plant(first, code, 20)
    told = [each.message for each in accounts.notices.list_notices(second.holder_id, 5)]
    assert told == ["rewards.notice_planting_ready", "rewards.notice_planting_begun"]
    with clock.frozen(clock.now() + timedelta(days=8)):
        catching_up = routes.view(first.holder_id, routes.known.get_planting(first.holder_id, code))
        assert (catching_up["status"], catching_up["own"]["room_kg"]) == ("catching_up", 40)
    with clock.frozen(clock.now() + timedelta(days=11)):
        assert jobs.end_plantings() == 1
        assert jobs.end_plantings() == 0
    ended = grove.read(code)
    assert (ended["status"], ended["retired_kg"]) == ("short", 20)
    assert grove.client.get(f"/v1/attestations/{ended['attestation']}").json["facts"]["reached"] is False
    assert_books_prove()


def test_pledges_that_do_not_cover_the_goal_bind_nobody(grove: Grove) -> None:
    code = grove.begun(way="together")
    grove.pledge(grove.people[1], code, 50)
    lot = forest(1000).lot_code
    path, auth = f"/v1/plantings/{code}/forest", grove.people[0].auth
    assert grove.client.put(path, json={"lot": lot}, headers=auth).status_code == 200
    [told, _] = accounts.notices.list_notices(grove.people[1].holder_id, 2)
    assert told.message == "rewards.notice_planting_forest", "another forest than they promised to pay for"
    assert seen_at(told.message, told.reference) == f"/plantings/{code}"
    with clock.frozen(clock.now() + timedelta(days=11)):
        jobs.end_plantings()
    ended = grove.read(code)
    assert (ended["status"], ended["attestation"], ended["parts"]) == ("nothing", None, [])
    assert db.session.scalar(text("SELECT count(*) FROM orders")) == 0
    assert_books_prove()


def test_what_was_begun_in_time_is_waited_for_and_what_is_not_paid_gives_its_place_back(grove: Grove) -> None:
    code = grove.begun()
    first, second, _ = grove.people
    order = grove.order(first, code, 60).json
    assert grove.order(second, code, 10).json["code"] == "planting_full"
    late = clock.now() + timedelta(days=11)
    with clock.frozen(late):
        assert jobs.end_plantings() == 0
    with clock.frozen(clock.now() + timedelta(hours=1)):
        offsets.watch_unpaid()
        assert routes.known.get_planting(first.holder_id, code).room_of(second.holder_id) == 60
    with clock.frozen(late):
        assert jobs.end_plantings() == 1
    assert grove.read(code)["status"] == "nothing"
    assert queries.get_order(first.holder_id, order["order"]).status == "expired"


def test_of_thirty_who_order_at_once_as_many_plant_as_the_goal_holds(
    app: Flask, phone: simulator.Running, shop: Shop
) -> None:
    grove = Grove(app, phone, shop, size=6)
    code = grove.begun()

    def order(holder_id: int) -> str:
        try:
            routes.order_part(holder_id, code, 20)
        except Problem as problem:
            return problem.code
        return "had"

    acts = [partial(order, each.holder_id) for each in grove.people] * 5
    with app.test_request_context():
        told = at_once(app, acts, 30)
    assert sorted(told) == ["had"] * 3 + ["planting_full"] * 27
    assert grove.read(code)["taken_kg"] == 60
    assert_books_prove()


def test_beginning_and_calling_off_tells_a_group_no_more_than_five_times_a_day(grove: Grove) -> None:
    first = grove.people[0]
    for _ in range(5):
        assert grove.post(first, f"/{grove.begun()}/call-off").status_code == 201
    assert grove.begin().json["type"].endswith("too_many_plantings")
    with clock.frozen(clock.now() + timedelta(days=2)), transaction():
        until = clock.business_day() + timedelta(days=5)
        wish = NewPlanting(grove.group.code, 60, grove.shop.lot.lot_code, Way.AT_ONCE, until)
        assert begin_planting(first.holder_id, wish).ended_at is None


def test_however_many_plantings_are_listed_as_many_questions_are_asked(grove: Grove) -> None:
    asked: list[list[str]] = []
    for count in (1, 3):
        for _ in range(count):
            grove.order(grove.people[0], grove.begun(), 10)
        asked.append([])
        event.listen(db.engine, "before_cursor_execute", listener := lambda *args: asked[-1].append(args[2]))
        listed = grove.client.get("/v1/plantings", headers=grove.people[1].auth).json["items"]
        event.remove(db.engine, "before_cursor_execute", listener)
    assert [each["taken_kg"] for each in listed] == [10] * 4
    assert len(asked[0]) == len(asked[1])


def test_another_groups_planting_is_not_found_and_only_its_organiser_changes_it(
    app: Flask, grove: Grove, phone: simulator.Running
) -> None:
    code = grove.begun()
    stranger = wechat_person(app, phone.base_url)
    for asked in (
        grove.client.get(f"/v1/plantings/{code}", headers=stranger.auth),
        grove.pledge(stranger, code, 10),
        grove.order(stranger, code, 10),
        grove.post(stranger, f"/{code}/call-off"),
    ):
        assert asked.status_code == 404, asked.text
    assert grove.begin(stranger).status_code == 404
    told = {"cause": code, "quantity_kg": 10, "lot": grove.shop.lot.lot_code}
    answer = grove.client.post("/v1/orders", json=told, headers=grove.people[0].auth)
    assert answer.status_code == 404, "the ordinary way knows nothing of goals and shares"
    assert grove.post(grove.people[1], f"/{code}/call-off").json["code"] == "planting_organiser_only"
    other = forest(1000)
    path = f"/v1/plantings/{code}/forest"
    moved = grove.client.put(path, json={"lot": other.lot_code}, headers=grove.people[0].auth)
    assert moved.json["lot"] == other.lot_code
    assert grove.post(grove.people[0], f"/{code}/call-off").json["status"] == "called_off"
    assert grove.order(grove.people[0], code, 10).json["code"] == "planting_closed"


@pytest.mark.parametrize(
    ("wish", "refusal"),
    [
        ({"goal_kg": 65}, "quantity_not_sold"),
        ({"goal_kg": 0}, "#/goal_kg"),
        ({"way": "somehow"}, "#/way"),
        ({"last_day": "2020-01-01"}, "#/last_day"),
        ({"last_day": "2099-01-01"}, "#/last_day"),
        ({"lot": "none"}, "lot_unknown"),
        ({"group": "none"}, "group_unknown"),
    ],
)
def test_a_planting_that_cannot_be_is_refused(grove: Grove, wish: dict[str, object], refusal: str) -> None:
    answer = grove.begin(**wish)
    pointers = [each["pointer"] for each in answer.json.get("errors", ())]
    assert refusal in (answer.json["code"], *pointers), answer.text
    assert db.session.scalar(text("SELECT count(*) FROM planting")) == 0


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE planting SET goal_kg = 10",
        "UPDATE planting SET last_day = last_day + 1",
        "UPDATE planting SET outcome = 'reached'",
        "UPDATE planting SET ready_at = now()",
        "INSERT INTO planting_pledge SELECT cause_id, organiser_id, 10, now() FROM planting",
        "DELETE FROM planting",
    ],
)
def test_the_database_itself_keeps_the_terms(grove: Grove, change: str) -> None:
    grove.begun()
    with pytest.raises(DBAPIError):
        db.session.execute(text(change))
