"""Any result of one's own is computed again by its code: acts, emissions, kept months, events' stages."""

from datetime import timedelta
from typing import Any

import pytest
from builders import Person, operator, person
from evidence import held_trip, trips
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from app.footprint import queries, services
from app.footprint.queries import results
from app.footprint.queries import reviews as known
from app.kit import clock
from app.kit.database import db
from app.kit.transaction import transaction

STARTS = clock.business_day() - timedelta(days=20)


@pytest.fixture
def me(app: Flask) -> Person:
    return person(app)


def replay(client: FlaskClient, someone: Person, code: str, status: int = 200) -> Any:
    answer = client.post(f"/v1/results/{code}/replay", headers=someone.auth)
    assert answer.status_code == status, answer.text
    return answer.json


def keep_month(someone: Person, **answers: Any) -> queries.Calculation:
    with transaction():
        return services.keep_month(someone.holder_id, f"{clock.business_day():%Y-%m}", answers, {})


def event(client: FlaskClient, someone: Person, starts_on: str = STARTS.isoformat()) -> str:
    """An inventory whose estimate has two lines of one factor."""
    facts = {"starts_on": starts_on, "ends_on": starts_on, "onsite_heads": 40, "online_heads": 0}
    body = {"name": "研讨会", "region": "CN-FJ", **facts}
    code = client.post("/v1/inventories", json=body, headers=someone.auth).json["code"]
    lines = f"/v1/inventories/{code}/estimate/lines"
    for item in ("electricity", "electric_vehicles"):
        line = {"item": item, "inputs": {"kwh": 100}, "grade": "assumed"}
        assert client.post(lines, json=line, headers=someone.auth).status_code == 201
    return str(code)


def test_an_emission_has_a_code_of_its_month_kind_and_revision(client: FlaskClient, me: Person) -> None:
    month = f"{clock.business_day() - timedelta(days=40):%Y-%m}"
    for quantity in (100, 120):
        with transaction():
            services.record_emission(me.holder_id, month, [("electricity", quantity)])
    listed = client.get(f"/v1/emissions?month={month}", headers=me.auth).json["items"]
    assert [each["code"] for each in listed] == [f"{month}.electricity.2", f"{month}.electricity.1"]
    for each in listed:
        told = replay(client, me, each["code"])
        assert (told["kind"], told["same"], told["methodology"]) == ("emission", True, None)
        assert told["recorded"] == told["replayed"] == {"emitted_g": each["emitted_g"]}
        assert told["inputs"]["quantity"] == each["inputs"]["quantity"]
        assert [factor["key"] for factor in told["factors"]] == ["elec.grid.fj.2023"]


def test_a_kept_month_shows_every_factor_once(client: FlaskClient, me: Person) -> None:
    kept = keep_month(me, transit="metro")
    told = replay(client, me, kept.code)
    assert (told["kind"], told["same"], told["differences"]) == ("calculation", True, [])
    assert told["recorded"]["emitted_g"] == kept.emitted_g
    assert told["inputs"] == {"answers": {"transit": "metro"}, "measured": {}}
    keys = [factor["key"] for factor in told["factors"]]
    assert len(keys) == len(set(keys)) > 5
    assert {"elec.grid.fj.2023", "travel.metro.bj"} <= set(keys)


def test_an_event_is_computed_again_line_by_line_open_or_closed(client: FlaskClient, me: Person) -> None:
    code = event(client, me)
    there = f"/v1/inventories/{code}/estimate"
    result = client.get(f"/v1/inventories/{code}", headers=me.auth).json["stages"]["estimate"]["code"]
    told = replay(client, me, result)
    assert (told["kind"], told["same"]) == ("inventory", True)
    assert told["recorded"] == {"1": 42_110, "2": 42_110, "emitted_g": 84_220}
    assert told["inputs"] == {"1": {"kwh": 100}, "2": {"kwh": 100}}
    assert [factor["key"] for factor in told["factors"]] == ["elec.grid.fj.2023"]
    left_out = dict.fromkeys(("fuel", "transport", "stay", "materials", "waste"), "nothing of it")
    body = {"starts_on": f"{STARTS}", "ends_on": f"{STARTS}", "onsite_heads": 40, "online_heads": 0}
    client.put(there, json={**body, "excluded": left_out}, headers=me.auth)
    assert client.post(f"{there}/close", headers=me.auth).status_code == 200
    assert replay(client, me, result) == told


def test_a_held_act_and_what_was_decided_of_it_replay_alike(app: Flask, client: FlaskClient) -> None:
    rider, act = held_trip(app)
    told = replay(client, rider, act.code)
    assert (told["same"], told["replayed"]["cap_reason"]) == (True, "held")
    judge = operator(app, client, "footprint")
    waiting = known.find_waiting(act)
    assert waiting is not None
    with transaction():
        services.decide(judge, waiting.code, "看过了", granted=True)
    [latest] = queries.list_actions(rider.holder_id, 1)
    for code in (act.code, latest.code):
        assert replay(client, rider, code)["same"]
    assert replay(client, rider, latest.code)["recorded"]["avoided_g"] == 70


def test_nobody_replays_what_is_anothers(app: Flask, client: FlaskClient, me: Person) -> None:
    month = f"{clock.business_day() - timedelta(days=40):%Y-%m}"
    with transaction():
        [emission] = services.record_emission(me.holder_id, month, [("electricity", 100)])
    event(client, me)
    stage = db.session.scalar(text("SELECT code FROM inventory_stage"))
    codes = [trips(me, 1)[0].code, emission.code, keep_month(me).code, stage]
    stranger = person(app)
    for code in codes:
        assert replay(client, me, code)["same"]
        replay(client, stranger, code, 404)


@pytest.mark.parametrize(
    "code", ["2026-13.electricity.1", "2026-10.electricity.99999999999", "2026-10..1", "2026-10.x.1/2", "..."]
)
def test_a_code_of_nothing_is_not_found(client: FlaskClient, me: Person, code: str) -> None:
    replay(client, me, code, 404)


def test_a_factor_is_in_use_whatever_kind_of_result_names_it(client: FlaskClient, me: Person) -> None:
    def used(key: str) -> bool:
        db.session.rollback()
        return results.exist_by_factors([queries.get_factor(key).id])

    assert not used("travel.metro.bj")
    keep_month(me, transit="metro")
    assert used("travel.metro.bj")
    assert not used("elec.grid.fj.2022")
    event(client, me, "2022-05-01")
    assert used("elec.grid.fj.2022")


@pytest.mark.parametrize(("starts_on", "key"), [("2021-06-01", "elec.grid.fj.2021"), ("2023-06-01", None)])
def test_an_event_uses_the_grid_of_its_year(
    client: FlaskClient, me: Person, starts_on: str, key: str | None
) -> None:
    code = event(client, me, starts_on)
    told = client.get(f"/v1/inventories/{code}", headers=me.auth).json
    assert (key or "elec.grid.fj.2023") in str(told)
    assert str(told).count("elec.grid.fj.202") == str(told).count(key or "elec.grid.fj.2023")


def test_an_event_of_a_year_without_a_grid_is_refused_by_the_item(client: FlaskClient) -> None:
    facts = {"starts_on": "2019-06-01", "ends_on": "2019-06-01", "onsite_heads": 40, "online_heads": 0}
    lines = [{"item": "electricity", "inputs": {"kwh": 1}, "grade": "assumed"}]
    body = {"region": "CN-FJ", **facts, "lines": lines}
    answer = client.post("/v1/calculators/event", json=body)
    assert answer.status_code == 422
    assert [each["pointer"] for each in answer.json["errors"]] == ["#/lines/0/item"]
