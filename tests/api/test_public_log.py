"""The public log: what is sealed when, that nothing is left out, and what a stranger can ask of it."""

import json
import threading
from contextlib import suppress
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from builders import Forest, forest
from flask import Flask
from flask.testing import FlaskClient
from shop import assert_books_prove
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from stranger import DAY, MONDAY, NIGHT, at, sell
from woods import act, broken, free_forest, owner, serial_of

from app.cli.processes import CHORES
from app.kit import clock
from app.kit.database import db
from app.kit.transaction import transaction
from app.offsets import jobs
from app.registry import services as registry
from app.registry.errors import LogGap
from app.registry.queries import log as queries
from app.registry.rules.log import SAFE_AFTER
from app.registry.services import log


@pytest.fixture
def lot(app: Flask) -> Forest:
    with at(MONDAY):
        return forest(1000)


def head(client: FlaskClient) -> Any:
    answer = client.get("/v1/log/head")
    assert answer.status_code == 200, answer.text
    return answer.json


def count(table: str) -> int:
    return int(db.session.scalar(text(f"SELECT count(*) FROM {table}")) or 0)


def test_a_day_is_sealed_after_its_midnight_with_its_line(
    app: Flask, client: FlaskClient, lot: Forest
) -> None:
    with at(MONDAY):
        sell(app, lot, 10, 20)
        assert jobs.seal_days() == 0
    with at(MONDAY + timedelta(hours=12) + SAFE_AFTER - timedelta(seconds=1)):
        assert jobs.seal_days() == 0, "what was begun before midnight may still come"
    assert client.get("/v1/log/head").status_code == 404
    with at(MONDAY + NIGHT):
        sell(app, lot, 40)  # after midnight: the next day's
        assert jobs.seal_days() == 1
        assert jobs.seal_days() == 0
    found = head(client)
    assert (found["day"], found["size"], found["number"]) == ("2026-11-02", 3, 1)
    assert found["line"] == {
        "issued_kg": 1000,
        "active_kg": 970,
        "reserved_kg": 0,
        "pledged_kg": 0,
        "retired_kg": 30,
        "cancelled_kg": 0,
    }
    assert_books_prove()


def test_days_that_nobody_sealed_are_sealed_in_order_and_none_is_skipped(
    app: Flask, client: FlaskClient, lot: Forest
) -> None:
    with at(MONDAY + 2 * DAY):
        sell(app, lot, 10)
    with at(MONDAY + 3 * DAY + NIGHT):
        assert client.get("/readyz").json["days_unsealed"] == 3, "and the last one has until one o'clock"
        assert jobs.seal_days() == 4
        assert client.get("/readyz").json["days_unsealed"] == 0
    heads = client.get("/v1/log/heads").json["items"]
    assert [(each["day"], each["size"], each["line"]["retired_kg"]) for each in heads] == [
        ("2026-11-05", 2, 10),
        ("2026-11-04", 2, 10),
        ("2026-11-03", 1, 0),
        ("2026-11-02", 1, 0),
    ]
    midnight = MONDAY + 6 * DAY + timedelta(hours=12)
    with at(midnight + NIGHT), pytest.raises(IntegrityError):
        jobs.seal_log(midnight, date(2026, 11, 8))  # the sixth was not sealed


def test_a_head_in_between_seals_what_there_is_and_the_day_is_sealed_all_the_same(
    app: Flask, client: FlaskClient, lot: Forest
) -> None:
    with at(MONDAY + timedelta(minutes=1)):
        sell(app, lot, 10)
    with at(MONDAY + timedelta(minutes=2)):
        assert jobs.seal_so_far() == 1
        assert jobs.seal_so_far() is None
    assert (head(client)["day"], head(client)["size"]) == (None, 2)
    with at(MONDAY + timedelta(hours=1)):
        sell(app, lot, 10)
    with at(MONDAY + NIGHT):
        assert jobs.seal_days() == 1
    assert (head(client)["day"], head(client)["size"]) == ("2026-11-02", 3)
    assert_books_prove()


def test_no_head_in_between_takes_the_place_of_a_day_that_waits_for_its_own(app: Flask, lot: Forest) -> None:
    with at(MONDAY):
        sell(app, lot, 10)
    with at(MONDAY + timedelta(hours=12, minutes=5)):  # after midnight, and too early for the day's head
        sell(app, lot, 20)
        assert jobs.seal_days() == 0
        assert jobs.seal_so_far() is None
    with at(MONDAY + NIGHT):
        assert jobs.seal_days() == 1
        assert jobs.seal_so_far() == 2


def test_what_cancelled_units_were_stands_in_the_line(app: Flask, client: FlaskClient, lot: Forest) -> None:
    with at(MONDAY + DAY), transaction():
        registry.cancel_units(lot.issuance_id, 7, "fire")
    with at(MONDAY + DAY + NIGHT):
        assert jobs.seal_days() == 2
    heads = client.get("/v1/log/heads").json["items"]
    assert [each["line"]["cancelled_kg"] for each in heads] == [7, 0]
    assert_books_prove()


def test_a_retirement_that_commits_late_goes_under_the_next_head_and_none_is_lost(
    app: Flask, client: FlaskClient, lot: Forest
) -> None:
    with at(MONDAY):
        sell(app, lot, 10)
    began, go_on = threading.Event(), threading.Event()

    def slow() -> None:
        with app.app_context(), transaction():
            db.session.execute(text("SELECT 1"))
            began.set()
            go_on.wait(10)

    writer = threading.Thread(target=slow)
    writer.start()
    began.wait(10)
    with transaction():
        assert log.decided_until() < clock.now(), "somebody is still writing"
        started = log.decided_until()
    go_on.set()
    writer.join()
    with transaction():
        assert log.decided_until() > started
    with at(MONDAY + NIGHT):
        jobs.seal_days()
    with at(MONDAY + timedelta(minutes=1)):
        sell(app, lot, 20)  # its time lies before the sealed midnight
    with at(MONDAY + DAY + NIGHT):
        jobs.seal_days()
    assert head(client)["line"]["retired_kg"] == 30
    assert_books_prove()


def test_what_a_holder_retires_of_their_own_is_logged_and_names_nobody(
    app: Flask, client: FlaskClient
) -> None:
    with at(MONDAY):
        made = free_forest(1000)
        me, serial = owner(app, made)
        told = act(client, me, serial, "retirements", quantity_kg=600, purpose="public_good")
        assert told.status_code == 201, told.text
    with at(MONDAY + NIGHT):
        assert jobs.seal_days() == 1
    found = head(client)
    assert found["line"]["retired_kg"] == 600
    leaves = [
        json.loads(each["leaf"]) for each in client.get("/v1/log/entries?start=0&end=2").json["entries"]
    ]
    [leaf] = [leaf for leaf in leaves if leaf["kind"] == "retirement"]
    assert (leaf["quantity_kg"], leaf["serial"]) == (600, serial_of(made, 1, 600))
    assert told.json["number"] not in str(leaves)
    assert broken() == set()


def test_sealing_twice_at_once_seals_once(app: Flask, lot: Forest) -> None:
    with at(MONDAY):
        sell(app, lot, *[10] * 20)
    faults: list[BaseException] = []

    def seal() -> None:
        with app.app_context(), at(MONDAY + NIGHT):
            try:
                while jobs.seal_days() == 0 and queries.find_head() is None:
                    pass  # the other's transaction is still open: not decided yet
            except BaseException as error:
                faults.append(error)
            db.session.remove()

    threads = [threading.Thread(target=seal) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    assert (count("log_entry"), count("log_head")) == (21, 1)
    assert_books_prove()


@pytest.mark.parametrize("batches", [0, 1, 2, 3])
def test_a_sealing_that_dies_is_gone_on_from(
    app: Flask, client: FlaskClient, lot: Forest, monkeypatch: pytest.MonkeyPatch, batches: int
) -> None:
    monkeypatch.setattr(log, "BATCH", 2)
    with at(MONDAY):
        sell(app, lot, 10, 10, 10)
    appended = 0
    real = log.append_unlogged

    def dies(*args: Any) -> Any:
        nonlocal appended
        found = real(*args)
        if appended == batches:
            raise SystemExit
        appended += 1
        return found

    with at(MONDAY + NIGHT):
        monkeypatch.setattr(log, "append_unlogged", dies)
        with suppress(SystemExit):
            jobs.seal_days()
        monkeypatch.setattr(log, "append_unlogged", real)
        if batches < 3:
            assert client.get("/v1/log/head").status_code == 404
            assert client.get("/v1/log/entries?start=0&end=9").json == {"entries": []}
        jobs.seal_days()
    assert head(client)["size"] == 4
    assert_books_prove()


def test_a_log_that_lacks_a_retirement_is_not_signed(app: Flask, lot: Forest) -> None:
    with at(MONDAY), transaction():
        registry.reserve(lot.lot_id, 10)
        registry.retire_run(lot.lot_id, [10])  # retired, and no source tells of it
    with at(MONDAY + NIGHT), pytest.raises(LogGap):
        jobs.seal_days()
    assert count("log_head") == 0


def test_the_log_cannot_be_changed_nor_have_a_gap(app: Flask, lot: Forest) -> None:
    with at(MONDAY + NIGHT):
        jobs.seal_days()
    for tampering in (
        "DELETE FROM log_entry",
        "UPDATE log_node SET hash = hash",
        "UPDATE log_head SET size = 2",
        "TRUNCATE log_head",
        "INSERT INTO log_entry VALUES (7, 'order', 1, 'retirement', 1, '{}')",
        "INSERT INTO log_entry VALUES (1, 'issuance', 1, 'issuance', 1, '{}')",
    ):
        with pytest.raises(IntegrityError), transaction() as session:
            session.execute(text(tampering))


@pytest.mark.parametrize(
    "tampering",
    [
        "DELETE FROM log_entry WHERE source = 'order'",
        "UPDATE log_entry SET reference = reference + 900 WHERE source = 'order'",
        "UPDATE log_entry SET quantity_kg = 11 WHERE source = 'order'",
        "UPDATE log_entry SET leaf = leaf || ' ' WHERE position = 2",
        "DELETE FROM log_node",
        "UPDATE log_head SET retired_kg = retired_kg + 1, active_kg = active_kg - 1",
    ],
)
def test_proving_the_books_finds_a_log_that_was_tampered_with(
    app: Flask, lot: Forest, tampering: str
) -> None:
    from app.web.queries import proofs_of_all_rooms

    with at(MONDAY):
        sell(app, lot, 10, 10)
    with at(MONDAY + NIGHT):
        jobs.seal_days()
    with transaction() as session:
        session.execute(text("SET LOCAL session_replication_role = replica"))
        session.execute(text(tampering))
    assert not all(proof.holds for proof in proofs_of_all_rooms())


def test_leaves_name_nobody(app: Flask, client: FlaskClient, lot: Forest) -> None:
    with at(MONDAY):
        [number] = sell(app, lot, 10, beneficiary="示例受益人")
        [silent] = sell(app, lot, 10)
    with at(MONDAY + NIGHT):
        jobs.seal_days()
    with client.get("/v1/log/export") as answer:
        export = answer.text
    for personal in ("示例受益人", number, silent):
        assert personal not in export
    told, other = (client.get(f"/v1/certificates/{each}").json for each in (number, silent))
    assert (told["beneficiary"], other["beneficiary"]) == ("示例受益人", None)
    leaves = [json.loads(each["log"]["leaf"]) for each in (told, other)]
    assert leaves[0]["beneficiary"] != leaves[1]["beneficiary"], "and nobody sees which of them names someone"
    assert set(leaves[0]) == set(leaves[1])


def test_entries_and_proofs_are_given_for_what_is_sealed_and_nothing_else(
    app: Flask, client: FlaskClient, lot: Forest
) -> None:
    with at(MONDAY):
        sell(app, lot, *[10] * 6)
    with at(MONDAY + NIGHT):
        jobs.seal_days()
    with transaction():
        log.append_unlogged(jobs.SOURCES[0], MONDAY - DAY, MONDAY + DAY)
    entries = client.get("/v1/log/entries?start=2&end=4").json["entries"]
    assert [each["position"] for each in entries] == [2, 3, 4]
    proof = client.get("/v1/log/proofs/inclusion?position=3").json
    assert (proof["size"], len(proof["path"])) == (7, 3)
    assert client.get("/v1/log/proofs/consistency?first=3").json["second"] == 7
    for asked in (
        "inclusion?position=7",
        "inclusion?position=0&size=8",
        "inclusion?position=5&size=5",
        "consistency?first=5&second=4",
        "consistency?first=1&second=8",
        f"inclusion?position={2**63 - 1}",
    ):
        answer = client.get(f"/v1/log/proofs/{asked}")
        assert (answer.status_code, answer.json["code"]) == (404, "proof_unknown"), asked
    for asked in (
        "proofs/inclusion?position=-1",
        "proofs/inclusion?position=x",
        "proofs/inclusion",
        "proofs/inclusion?position=0&size=0",
        "proofs/consistency?first=0",
        "entries?start=0",
        f"entries?start=0&end={2**63}",
        "heads?after=xyz",
    ):
        assert client.get(f"/v1/log/{asked}").status_code == 422, asked
    assert client.get(f"/v1/log/entries?start={2**63 - 1}&end={2**63 - 1}").json == {"entries": []}
    assert client.get(f"/v1/log/heads/{2**70}").status_code == 404
    assert client.get("/v1/log/heads/2").status_code == 404
    assert client.get("/v1/log/heads/1").json == head(client)


def test_the_commands_seal_now_print_the_head_and_write_the_log_out(
    app: Flask, client: FlaskClient, tmp_path: Path
) -> None:
    run = app.test_cli_runner().invoke
    assert "no head has been signed yet" in run(args=["log", "head"]).output
    assert "no head yet" in run(args=["log", "seal"]).output
    sell(app, forest(1000), 10)
    assert "0 days sealed, 1 in between; head 1, 2 entries" in run(args=["log", "seal", "--now"]).output
    assert run(args=["log", "head"]).output.strip() == head(client)["document"]
    file = tmp_path / "log.ndjson"
    assert run(args=["log", "export", str(file)]).exit_code == 0
    with client.get("/v1/log/export") as answer:
        assert answer.data == file.read_bytes()
    with transaction():
        lot = forest_lot()
        registry.reserve(lot, 10)
        registry.retire_run(lot, [10])
    refused = run(args=["log", "seal", "--now"])
    assert (refused.exit_code, "not sealed: logged" in refused.output) == (1, True)


def forest_lot() -> int:
    return int(db.session.scalar(text("SELECT min(id) FROM lot")) or 0)


def test_the_sweeper_seals() -> None:
    assert jobs.seal_days in [chore.do for chore in CHORES]
