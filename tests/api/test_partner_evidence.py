"""What partners report beside what people declare: counted in its day, held by no limit, open to appeal."""

from typing import Any

import pytest
from builders import Person, operator, person
from evidence import morning
from flask import Flask
from flask.testing import FlaskClient
from partnering import Reporter, item, link, register
from sqlalchemy import text

from app.accounts import queries as books
from app.footprint import queries, services
from app.footprint.queries import Action
from app.footprint.queries import reviews as known
from app.kit.database import db
from app.kit.transaction import transaction
from app.rewards import queries as rewards


@pytest.fixture
def partner(app: Flask) -> Reporter:
    return register(app.extensions["settings"].public_url)


@pytest.fixture
def rider(app: Flask) -> Person:
    return person(app)


def statuses(answer: Any) -> list[str]:
    assert answer.status_code in (200, 201), answer.text
    return [each.get("reason", each["status"]) for each in answer.json["results"]]


def assert_proved() -> None:
    db.session.rollback()
    proofs = [*queries.prove(), *books.prove(), *rewards.prove()]
    assert [proof for proof in proofs if not proof.holds] == []


def declare(someone: Person, minutes: int, distance_m: int = 3_000, duration_s: int | None = None) -> Action:
    with transaction():
        return services.record_action(
            someone.holder_id, "metro", morning(1, minutes), distance_m, duration_s
        ).action


def day(someone: Person) -> Any:
    return db.session.execute(
        text("SELECT acts, amount, series FROM scene_day WHERE holder_id = :h"), {"h": someone.holder_id}
    ).one()


def test_partners_acts_are_never_held_but_the_next_declared_one_of_the_day_is(
    client: FlaskClient, partner: Reporter, rider: Person
) -> None:
    token = link(rider.holder_id, partner)
    rides = [item(token, 480 + 40 * n, distance_m=3_000, duration_s=600) for n in range(14)]
    assert statuses(partner.post(client, rides)) == ["accepted"] * 14
    assert {act.status for act in queries.list_actions(rider.holder_id, 20)} == {"credited"}
    assert tuple(day(rider)) == (14, 42_000, 0), "what a partner reports makes no series"
    act = declare(rider, 0)
    assert act.held == {"rule": "day_acts", "allowed": 12, "found": 15}
    assert_proved()


def test_a_partners_trip_between_does_not_break_a_series_of_declared_ones(
    client: FlaskClient, partner: Reporter, rider: Person
) -> None:
    token = link(rider.holder_id, partner)
    for number in range(4):
        assert declare(rider, 20 * number, 5_000, 600).status == "credited"
    assert statuses(partner.post(client, [item(token, 720)])) == ["accepted"]
    assert declare(rider, 100, 5_000, 600).held == {"rule": "same_speed", "allowed": 4, "found": 5}
    assert_proved()


def test_what_is_withdrawn_is_taken_from_the_days_counts_whoever_reported_it(
    client: FlaskClient, partner: Reporter, rider: Person
) -> None:
    token = link(rider.holder_id, partner)
    assert statuses(partner.post(client, [item(token, 720), item(token, 800)])) == ["accepted"] * 2
    mine = declare(rider, 0, 5_000, 600)
    for act in (mine, queries.list_actions(rider.holder_id, 9)[-1]):
        with transaction():
            services.withdraw_action(rider.holder_id, act.code)
    [standing] = [act for act in queries.list_actions(rider.holder_id, 9) if act.withdrawn_at is None]
    assert tuple(day(rider)) == (1, standing.inputs["distance_m"], 0)
    assert_proved()


def test_a_ride_whose_cap_was_lifted_is_still_the_ride_that_the_partner_reported(
    app: Flask, client: FlaskClient, rider: Person, partner: Reporter
) -> None:
    token = link(rider.holder_id, partner)
    rides = [
        item(
            token,
            60 * hour,
            distance_m=20_000,
            duration_s=3000,
            ride={"carrier": "metro", "number": f"{hour}"},
        )
        for hour in range(6, 11)
    ]
    assert statuses(partner.post(client, rides)) == ["accepted"] * 5
    capped = next(act for act in queries.list_actions(rider.holder_id, 9) if act.status == "capped")
    with transaction():
        review = services.appeal(rider.holder_id, capped.code, "I commute between two towns")
        code = review.code
    judge = operator(app, client, "footprint")
    with transaction():
        services.decide(judge, code, "seen", granted=True)
    [latest] = queries.list_actions(rider.holder_id, 1)
    assert (latest.source, latest.grade, latest.avoided_g) == (partner.code, "partner", 936)
    assert known.first_of(latest) == capped.id
    assert db.session.scalar(text("SELECT count(*) FROM trip_key")) == 5
    assert (
        db.session.scalar(text("SELECT count(*) FROM trip_key WHERE action_id = :id"), {"id": latest.id}) == 1
    )
    assert_proved()
    again = statuses(partner.post(client, rides))
    assert again == ["repeated"] * 5
    other = register(app.extensions["settings"].public_url)
    stranger = person(app)
    theirs = link(stranger.holder_id, other)
    told = [{**each, "link": theirs, "id": f"other-{each['id']}"} for each in rides]
    assert statuses(other.post(client, told)) == ["trip_counted"] * 5
    assert_proved()
