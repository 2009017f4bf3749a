"""Announcements: heard once, kept until heard, delivered without Redis."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text

from app.kit import announcements, clock, queue
from app.kit.database import db
from app.kit.transaction import transaction


@pytest.fixture
def heard(app: Flask) -> Iterator[list[dict[str, Any]]]:
    """What the test's own listener of `tests.happened` has heard."""
    notes: list[dict[str, Any]] = []

    def hear_in_tests(payload: dict[str, Any]) -> None:
        if payload.get("fail", 0) > len(notes):
            notes.append({"failed": True})
            raise ValueError("not yet")
        notes.append(payload)

    announcements.listens("tests.happened")(hear_in_tests)
    yield notes
    announcements._listeners.pop("tests.happened")


def test_what_is_rolled_back_is_not_announced(heard: list[Any]) -> None:
    def announce_and_fail() -> None:
        with transaction():
            announcements.announce("tests.happened", {"n": 1})
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        announce_and_fail()
    announcements.deliver()
    assert heard == []


def test_it_is_heard_once_however_often_delivery_runs(heard: list[Any]) -> None:
    with transaction():
        announcements.announce("tests.happened", {"n": 1})
    for _ in range(3):
        announcements.deliver()
    assert heard == [{"n": 1}]


def test_a_failing_listener_hears_again_later(heard: list[Any]) -> None:
    with transaction():
        announcements.announce("tests.happened", {"fail": 1})
    announcements.deliver()
    announcements.deliver()
    assert heard == [{"failed": True}], "not before its time"
    with clock.frozen(clock.now() + timedelta(seconds=2)):
        announcements.deliver()
    assert heard == [{"failed": True}, {"fail": 1}]


def test_a_crash_between_claim_and_effect_only_delays(heard: list[Any]) -> None:
    with transaction():
        announcements.announce("tests.happened", {"n": 1})
    announcements._lease(10)
    announcements.deliver()
    assert heard == []
    with clock.frozen(clock.now() + announcements.LEASE + timedelta(seconds=1)):
        announcements.deliver()
    assert heard == [{"n": 1}]


def test_what_fails_for_days_is_counted_and_still_tried(heard: list[Any]) -> None:
    with transaction():
        announcements.announce("tests.happened", {"fail": 50})
    at = clock.now()
    for _ in range(50):
        at += timedelta(hours=1)
        with clock.frozen(at):
            announcements.deliver()
    assert announcements.backlog()["troubled"] == 1
    with clock.frozen(at + timedelta(hours=1)):
        announcements.deliver()
    assert heard[-1] == {"fail": 50}
    assert announcements.backlog()["waiting"] == 0


def test_what_was_heard_is_forgotten_and_what_waits_is_not(heard: list[Any]) -> None:
    with transaction():
        announcements.announce("tests.happened", {"n": 1})
    announcements.deliver()
    with transaction():
        announcements.announce("tests.happened", {"n": 2})
    with transaction():
        assert announcements.forget_before(clock.now() + timedelta(seconds=1)) == 1
    announcements.deliver()
    assert heard == [{"n": 1}, {"n": 2}]


def test_outside_calls_happen_without_a_transaction(app: Flask) -> None:
    seen: list[bool] = []

    def call_outside(payload: dict[str, Any]) -> Any:
        seen.append(db.session.info.get("in_transaction", False))
        return lambda: seen.append(db.session.info.get("in_transaction", False))

    announcements.listens("tests.outside", outside=True)(call_outside)
    try:
        with transaction():
            announcements.announce("tests.outside", {})
        announcements.deliver()
    finally:
        announcements._listeners.pop("tests.outside")
    assert seen == [False, True]


def test_announcing_does_not_need_redis(
    heard: list[Any], app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    from redis import Redis

    monkeypatch.setitem(app.extensions, "redis", Redis.from_url("unix:///nowhere/redis.sock"))
    with transaction():
        announcements.announce("tests.happened", {"n": 1})
    announcements.deliver()
    assert heard == [{"n": 1}]


@pytest.mark.parametrize(
    "forged",
    [
        {"func_name": "os.system", "args": ["true"]},
        {"func_name": "app.offsets.jobs.settle_paid", "args": [1]},
        {"func_name": "app.cli.dev.dev", "args": []},
    ],
)
def test_the_worker_runs_only_what_is_on_the_list(app: Flask, forged: dict[str, Any]) -> None:
    queue.ListedJob.app = app
    job = queue.ListedJob.create(
        forged["func_name"], args=forged["args"], connection=queue.redis(), serializer=queue.JSONSerializer
    )
    with pytest.raises(queue.JobRefused):
        job.perform()


def test_a_job_stays_while_there_is_work_and_is_not_rung_for(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue.ListedJob.app = app
    found = [3, 0, 5, 0, 0]
    rung: list[bool] = []

    def look() -> int:
        rung.append(bool(queue.redis().exists("senhui:rung:tests.look")))
        return found.pop(0) if found else 0

    monkeypatch.setitem(queue._jobs, "tests.look", look)
    monkeypatch.setattr(queue, "LINGERS_S", 0.05)
    job = queue.ListedJob.create("tests.look", connection=queue.redis(), serializer=queue.JSONSerializer)
    assert job.perform() == 8
    assert found == []
    assert all(rung[:-1]), "while it stays nobody needs to ring"
    assert not rung[-1], "what arrives when it leaves rings again, or is seen by the last look"


def test_a_job_leaves_when_another_kind_waits(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    queue.ListedJob.app = app
    looks: list[int] = []
    monkeypatch.setitem(queue._jobs, "tests.busy", lambda: (looks.append(1), 1)[1])
    assert queue.ring("app.kit.announcements.deliver")
    queue.ListedJob.create("tests.busy", connection=queue.redis(), serializer=queue.JSONSerializer).perform()
    assert len(looks) == 2, "one look, and the last one"


def test_a_backlog_calls_for_one_more_worker(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    queue.ListedJob.app = app
    found = [queue._PLENTY, queue._PLENTY]
    monkeypatch.setitem(queue._jobs, "tests.pile", lambda: found.pop(0) if found else 0)
    monkeypatch.setattr(queue, "LINGERS_S", 0.01)
    queue.ListedJob.create("tests.pile", connection=queue.redis(), serializer=queue.JSONSerializer).perform()
    assert queue.redis().llen(f"rq:queue:{queue.QUEUE}") == 1


def test_bells_within_a_second_are_one(app: Flask) -> None:
    for _ in range(5):
        assert queue.ring("app.kit.announcements.deliver")
    assert queue.redis().llen(f"rq:queue:{queue.QUEUE}") == 1


def test_migrated_tables_are_the_models(app: Flask) -> None:
    from alembic import command
    from alembic.config import Config

    command.check(Config(toml_file="pyproject.toml"))
    assert db.session.scalar(text("SELECT version_num FROM alembic_version"))
