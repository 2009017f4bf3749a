"""What a partner tells that is no trip, and what becomes of it when methodologies change meanwhile."""

import json
from dataclasses import replace
from typing import Any

import pytest
from builders import Person, person
from flask import Flask
from flask.testing import FlaskClient
from partnering import Reporter, item, link, register
from rewarding import sponsor
from sqlalchemy import text

from app.accounts import chart
from app.accounts import queries as books
from app.footprint import queries
from app.footprint.queries import catalogue
from app.footprint.services import batches
from app.kit.database import db
from app.kit.transaction import transaction
from app.rewards.jobs.recorded import thank

SCENES = {"clothes_recycling": 100, "paperless": 100}


@pytest.fixture
def partners(app: Flask) -> list[Reporter]:
    """Two partners of one kind."""
    return [register(app.extensions["settings"].public_url, scenes=SCENES) for _ in range(2)]


@pytest.fixture
def giver(app: Flask) -> Person:
    """A person who hands things in."""
    return person(app)


def bag(token: str, number: str | None, **changes: Any) -> dict[str, Any]:
    """An item of clothes handed in."""
    told: dict[str, Any] = {"scene": "clothes_recycling", "distance_m": None, "duration_s": None}
    ride = number and {"carrier": "fuzhou_recycling", "number": number}
    return item(token, 480, **{**told, "quantity": 2000, "ride": ride, **changes})


def reasons(answer: Any) -> list[str]:
    """What became of each item, in a word."""
    assert answer.status_code == 201, answer.text
    return [each.get("reason", each["status"]) for each in answer.json["results"]]


def grams(holder_id: int) -> int:
    db.session.rollback()
    return books.get_balance(holder_id, chart.REDUCTIONS)


def test_what_is_no_trip_needs_the_number_of_its_receipt(
    client: FlaskClient, partners: list[Reporter], giver: Person
) -> None:
    token = link(giver.holder_id, partners[0], *SCENES)
    answer = partners[0].post(client, [bag(token, None) for _ in range(20)])
    assert set(reasons(answer)) == {"number_missing"}
    assert {each["field"] for each in answer.json["results"]} == {"ride"}
    assert "ride" in answer.json["reasons"]["number_missing"]
    assert grams(giver.holder_id) == 0


def test_the_same_receipt_counts_once_whoever_tells_it_and_however_often(
    client: FlaskClient, app: Flask, partners: list[Reporter], giver: Person
) -> None:
    mine, theirs = (link(giver.holder_id, each, *SCENES) for each in partners)
    told = [bag(mine, "A-1"), bag(mine, "a-1"), bag(mine, "A-2")]
    assert reasons(partners[0].post(client, told)) == ["accepted", "overlaps", "accepted"]
    once = grams(giver.holder_id)
    assert reasons(partners[0].post(client, [bag(mine, "A-1")])) == ["trip_counted"]
    assert reasons(partners[1].post(client, [bag(theirs, "A-2")])) == ["trip_counted"]
    other = link(person(app).holder_id, partners[1], *SCENES)
    assert reasons(partners[1].post(client, [bag(other, "A-1")])) == ["trip_counted"], "nor for another"
    assert grams(giver.holder_id) == once > 0


def test_a_number_is_one_of_its_scene_and_free_again_when_withdrawn(
    client: FlaskClient, partners: list[Reporter], giver: Person
) -> None:
    token = link(giver.holder_id, partners[0], *SCENES)
    bill = bag(token, "77", scene="paperless", quantity=1)
    assert reasons(partners[0].post(client, [bag(token, "77"), bill])) == ["accepted", "accepted"]
    [code] = [
        each["code"]
        for each in client.get("/v1/actions", headers=giver.auth).json["items"]
        if each["scene"] == "clothes_recycling"
    ]
    assert client.delete(f"/v1/actions/{code}", headers=giver.auth).status_code == 204
    again = [bag(token, "77"), {**bill, "id": "another"}]
    assert reasons(partners[0].post(client, again)) == ["accepted", "trip_counted"]


def test_what_was_announced_with_one_holder_for_all_is_still_thanked_for(
    client: FlaskClient, partners: list[Reporter], giver: Person
) -> None:
    sponsor()
    token = link(giver.holder_id, partners[0], *SCENES)
    assert reasons(partners[0].post(client, [bag(token, "77")])) == ["accepted"]
    told = db.session.scalar(text("SELECT payload FROM announcement WHERE listener LIKE '%.thank'"))
    [[action, avoided_g, scene, _]] = told["actions"]
    with transaction():
        thank({"holder_id": giver.holder_id, "actions": [[action, avoided_g, scene]]})
    assert books.get_balance(giver.holder_id, chart.PENDING_POINTS) == avoided_g // 10


def test_a_scene_that_takes_no_partners_word_any_more_is_refused_alone(
    app: Flask, client: FlaskClient, giver: Person
) -> None:
    partner = register(app.extensions["settings"].public_url)
    token = link(giver.holder_id, partner)
    metro = queries.find_scene("metro")
    assert metro is not None
    document = {**metro.document, "version": metro.method.version + 1, "sources": {"self": "declared"}}
    with transaction() as session:
        session.execute(
            text(
                "INSERT INTO methodology (key, version, scene, factor_id, document, loaded_at, pack)"
                " VALUES (:key, :version, 'metro', :factor, CAST(:document AS jsonb), now(), :pack)"
            ),
            {
                "key": metro.method.key,
                "version": document["version"],
                "factor": metro.factor.id,
                "document": json.dumps(document),
                "pack": metro.pack,
            },
        )
    catalogue.forget()
    told = [item(token), item(token, 700, scene="bus")]
    assert reasons(partner.post(client, told)) == ["scene_not_allowed", "accepted"]


def test_what_comes_into_force_while_a_batch_is_taken_concerns_the_next_one(
    app: Flask, client: FlaskClient, giver: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    partner = register(app.extensions["settings"].public_url)
    token = link(giver.holder_id, partner)
    judge = batches._judge

    def judge_last(*told: Any) -> Any:
        verdicts = judge(*told)
        nothing = replace(catalogue.catalogue(), scenes={})
        monkeypatch.setattr(catalogue, "catalogue", lambda: nothing)
        return verdicts

    monkeypatch.setattr(batches, "_judge", judge_last)
    assert reasons(partner.post(client, [item(token)])) == ["accepted"]
    assert grams(giver.holder_id) == 374
