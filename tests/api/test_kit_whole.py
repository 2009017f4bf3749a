"""A statement that is run wholly or not at all, by itself or as a part of a transaction."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import psycopg
import pytest
from builders import person
from evidence import morning
from flask import Flask
from shop import wait_for_a_lock
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from app.footprint import queries, services
from app.kit.database import db
from app.kit.transaction import ring_after_commit, run_whole, transaction

pytestmark = pytest.mark.usefixtures("app")

KEEP = (
    "INSERT INTO idempotency_key (holder_id, route, key, fingerprint, created_at) VALUES ({}) RETURNING key"
)
ROW = KEEP.format("%(holder)s::bigint, 'whole', %(key)s::text, 'print', now()")


def kept() -> list[str]:
    found = db.session.scalars(text("SELECT key FROM idempotency_key WHERE route = 'whole' ORDER BY key"))
    db.session.rollback()
    return list(found)


def test_alone_it_stands_at_once() -> None:
    assert run_whole(ROW, {"holder": 1, "key": "a"}) == ("a",)
    db.session.rollback()
    assert kept() == ["a"]


def test_alone_a_refusal_leaves_nothing_and_the_connection_is_good() -> None:
    run_whole(ROW, {"holder": 1, "key": "a"})
    for _ in range(20):  # more than there are connections
        with pytest.raises(psycopg.errors.UniqueViolation):
            run_whole(ROW, {"holder": 1, "key": "a"})
    with transaction():
        db.session.execute(text("SELECT 1"))
    assert kept() == ["a"]


def test_alone_it_keeps_no_connection_that_was_broken(app: Flask) -> None:
    for _ in range(3):
        with pytest.raises(psycopg.OperationalError):
            run_whole("SELECT pg_terminate_backend(pg_backend_pid()), %(n)s::int", {"n": 1})
    for number in range(20):
        assert run_whole("SELECT %(n)s::int", {"n": number}) == (number,)


def test_alone_whatever_goes_wrong_no_connection_is_left_that_commits_by_itself() -> None:
    with pytest.raises(KeyError):
        run_whole(ROW, {"holder": 1})
    with suppress(ZeroDivisionError), transaction():
        run_whole(ROW, {"holder": 1, "key": "a"})
        raise ZeroDivisionError
    assert kept() == []


def test_within_a_transaction_a_connection_that_breaks_takes_everything_and_is_not_kept() -> None:
    def broken() -> None:
        with transaction():
            run_whole(ROW, {"holder": 1, "key": "a"})
            run_whole("SELECT pg_terminate_backend(pg_backend_pid()), %(n)s::int", {"n": 1})

    for _ in range(3):
        with pytest.raises((psycopg.OperationalError, DBAPIError)):
            broken()
    with transaction():
        run_whole(ROW, {"holder": 1, "key": "b"})
    assert kept() == ["b"]


def test_within_a_transaction_it_stands_or_falls_with_it() -> None:
    with suppress(ZeroDivisionError), transaction():
        run_whole(ROW, {"holder": 1, "key": "a"})
        raise ZeroDivisionError
    assert kept() == []


def test_within_a_transaction_a_refusal_takes_only_itself_back() -> None:
    with transaction():
        run_whole(ROW, {"holder": 1, "key": "a"})
        with pytest.raises(psycopg.errors.UniqueViolation):
            run_whole(ROW, {"holder": 1, "key": "a"})
        run_whole(ROW, {"holder": 1, "key": "b"})
    assert kept() == ["a", "b"]


def test_a_bell_without_a_transaction_rings_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    rung: list[str] = []
    monkeypatch.setattr("app.kit.queue.ring", rung.append)
    ring_after_commit("x")
    assert rung == ["x"]
    with transaction():
        ring_after_commit("y")
        assert rung == ["x"]
    assert rung == ["x", "y"]


@pytest.mark.parametrize("keyed", [False, True])
def test_a_trip_over_another_counts_nothing_with_a_key_or_without(app: Flask, keyed: bool) -> None:
    rider = person(app)
    trip = {"scene": "bus", "started_at": morning(1).isoformat(), "distance_m": 900}

    def post(number: int, **told: object) -> int:
        key = {"Idempotency-Key": f"k{number}"} if keyed else {}
        answer = app.test_client().post("/v1/actions", json=trip | told, headers=rider.auth | key)
        return answer.status_code

    assert post(1) == 201
    assert post(2) == 200, "sent again it is the same"
    assert post(3, scene="metro") == 409
    acts = db.session.execute(
        text("SELECT acts, amount FROM scene_day WHERE holder_id = :h"), {"h": rider.holder_id}
    )
    assert [tuple(row) for row in acts] == [(1, 900)], "what was refused left no count behind"


def test_outside_a_transaction_a_held_act_and_its_review_are_one(app: Flask) -> None:
    rider = person(app)
    for number in range(5):
        act = services.record_action(rider.holder_id, "metro", morning(1, 30 * number), 5_000, 600).action
    db.session.rollback()
    assert act.status == "held"
    assert queries.get_action(rider.holder_id, act.code).held == {
        "rule": "same_speed",
        "allowed": 4,
        "found": 5,
    }
    reviews = db.session.execute(text("SELECT action_id, kind, rule, allowed, found FROM act_review"))
    assert [tuple(row) for row in reviews] == [(act.id, "hold", "same_speed", 4, 5)]


def test_a_trip_that_waits_for_one_that_waits_for_it_is_refused_and_not_lost(app: Flask) -> None:
    """An exclusion constraint looks when the row is written already, so two can wait for each other."""
    rider = person(app)

    def record(scene: str, minutes: int, seconds: int) -> None:
        services.record_action(rider.holder_id, scene, morning(1, minutes), seconds * 8, seconds)

    def over_both() -> int:
        trip = {"scene": "metro", "started_at": morning(1, 5).isoformat(), "distance_m": 15_000}
        with app.app_context():
            told = trip | {"duration_s": 1_500}
            return app.test_client().post("/v1/actions", json=told, headers=rider.auth).status_code

    with ThreadPoolExecutor(1) as pool:
        with transaction():
            record("bus", 0, 600)
            waits = pool.submit(over_both)
            wait_for_a_lock()
            record("bus", 20, 600)
        assert waits.result() == 409
    assert [act.scene for act in queries.list_actions(rider.holder_id, 9)] == ["bus", "bus"]
    assert all(proof.holds for proof in queries.prove())
