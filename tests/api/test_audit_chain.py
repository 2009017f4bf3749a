"""The operators' log: sealed soon, in order, and no tampering goes unseen."""

import threading
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
from builders import operator
from flask import Flask
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from app.accounts import jobs, services
from app.accounts import queries as accounts
from app.kit import clock
from app.kit.database import db
from app.kit.transaction import transaction


def write(count: int, by: int | None = None) -> None:
    with transaction():
        for number in range(count):
            services.audit.record(by, "tested", f"thing-{number}", {"number": number})


def as_superuser(statement: str, **values: Any) -> None:
    """What somebody can do who owns the database: no trigger and no foreign key holds them."""
    with transaction() as session:
        session.execute(text("SET LOCAL session_replication_role = replica"))
        session.execute(text(statement), values)


def lose_one() -> None:
    """Take an id and roll back."""
    with suppress(ZeroDivisionError), transaction():
        services.audit.record(None, "rolled back", "x")
        raise ZeroDivisionError


def reason() -> tuple[str, int] | None:
    fault = accounts.audit.check_chain().fault
    return (fault.reason.removeprefix("accounts.audit_"), fault.position) if fault else None


def test_what_operators_did_is_sealed_in_the_order_of_its_ids(app: Flask) -> None:
    someone = operator(app, app.test_client())
    write(5, someone)
    assert jobs.seal_audit() == 6
    assert jobs.seal_audit() == 0
    write(2)
    assert jobs.seal_audit() == 2
    verdict = accounts.audit.check_chain()
    assert (verdict.sealed, verdict.waiting, verdict.fault) == (8, 0, None)
    assert [entry.position for entry in accounts.audit.list_entries(20)] == [8, 7, 6, 5, 4, 3, 2, 1]


def test_an_entry_that_commits_late_is_waited_for_and_a_gap_is_not(app: Flask) -> None:
    write(1)
    began, go_on = threading.Event(), threading.Event()

    def slow_writer() -> None:
        with app.app_context(), transaction():
            services.audit.record(None, "slow", "x")
            began.set()
            go_on.wait(10)

    writer = threading.Thread(target=slow_writer)
    writer.start()
    began.wait(10)
    lose_one()
    write(1)  # a later id, visible before the slow writer's
    assert jobs.seal_audit() == 0, "the earlier id may still come"
    go_on.set()
    writer.join()
    assert jobs.seal_audit() == 3
    assert accounts.audit.check_chain().fault is None
    ids = [entry.id for entry in accounts.audit.list_entries(9)]
    assert len(ids) == 3
    assert ids[0] - ids[-1] == 3, "one id was lost with its transaction"


def test_many_writers_and_sealers_at_once_leave_one_whole_chain(app: Flask) -> None:
    def work(what: Any) -> None:
        with app.app_context():
            for _ in range(15):
                what()
            db.session.remove()

    tasks = [lambda: write(2)] * 4 + [jobs.seal_audit] * 3
    threads = [threading.Thread(target=work, args=(task,)) for task in tasks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    jobs.seal_audit()
    verdict = accounts.audit.check_chain()
    assert (verdict.sealed, verdict.waiting, verdict.fault) == (120, 0, None)


def test_the_chain_and_its_heads_cannot_be_changed(app: Flask) -> None:
    write(1)
    jobs.seal_audit()
    for table in ("audit_seal", "audit_head"):
        with pytest.raises(IntegrityError), transaction() as session:
            session.execute(text(f"DELETE FROM {table}"))


@pytest.mark.parametrize(
    ("tampering", "found"),
    [
        ("UPDATE audit_entry SET action = 'other' WHERE subject = 'thing-3'", ("changed", 4)),
        ("UPDATE audit_entry SET subject = 'thing-x' WHERE subject = 'thing-3'", ("changed", 4)),
        ("UPDATE audit_entry SET details = '{\"number\": 3.0}' WHERE subject = 'thing-3'", ("changed", 4)),
        ("UPDATE audit_entry SET operator_id = NULL WHERE subject = 'thing-3'", ("changed", 4)),
        ("UPDATE audit_entry SET acted_at = acted_at + '1 us' WHERE subject = 'thing-3'", ("changed", 4)),
        ("UPDATE audit_entry SET written_at = now() WHERE subject = 'thing-3'", ("changed", 4)),
        ("UPDATE operator SET name = 'somebody else'", ("changed", 1)),
        ("DELETE FROM audit_entry WHERE subject = 'thing-3'", ("entry_gone", 4)),
        ("DELETE FROM audit_seal WHERE position = 4", ("missing", 4)),
        ("DELETE FROM audit_seal WHERE position > 4", ("cut", 5)),
        ("UPDATE audit_seal SET link = sha256('x') WHERE position = 4", ("changed", 4)),
        ("UPDATE audit_seal SET entry_id = -entry_id WHERE position = 4", ("entry_gone", 4)),
        ("UPDATE audit_head SET document = document || 'x'", ("head_forged", 10)),
        ("UPDATE audit_head SET document = 'x'", ("head_forged", 10)),
        (
            "INSERT INTO audit_entry (id, action, subject, details, acted_at) OVERRIDING SYSTEM VALUE"
            " VALUES (-1, 'slipped', 'x', '{}', now())",
            ("slipped_in", 10),
        ),
    ],
)
def test_tampering_is_found_at_the_first_wrong_place(
    app: Flask, tampering: str, found: tuple[str, int]
) -> None:
    someone = operator(app, app.test_client())
    as_superuser("DELETE FROM audit_entry")  # the enrolment's own would come before them
    write(10, someone)
    jobs.seal_audit()
    assert reason() is None
    as_superuser(tampering)
    assert reason() == found


def test_a_chain_written_anew_differs_from_its_signed_head(app: Flask) -> None:
    write(5)
    jobs.seal_audit()
    as_superuser("UPDATE audit_entry SET action = 'other' WHERE subject = 'thing-1'")
    rewrite()
    assert reason() == ("rewritten", 5)


def test_a_head_kept_outside_finds_what_the_database_alone_cannot_show(app: Flask) -> None:
    write(5)
    jobs.seal_audit()
    head = accounts.audit.get_head()
    assert head is not None
    kept = head.document
    assert accounts.audit.check_chain(kept).fault is None
    as_superuser("DELETE FROM audit_head")
    as_superuser("DELETE FROM audit_seal WHERE position > 2")
    as_superuser("DELETE FROM audit_entry WHERE subject > 'thing-1'")
    assert reason() is None, "the end was cut off together with its head"
    fault = accounts.audit.check_chain(kept).fault
    assert fault is not None
    assert (fault.reason, fault.position) == ("accounts.audit_cut", 3)
    with pytest.raises(ValueError, match="not signed"):
        accounts.audit.check_chain(kept[:-3] + "AAA")


def rewrite() -> None:
    """Compute every link anew, as somebody would who has the database and this very code."""
    from app.accounts.rules import CHAIN_START

    link = CHAIN_START
    for line in accounts.audit.list_lines(0, 0, 100):
        link = line.follow(link)
        as_superuser("UPDATE audit_seal SET link = :link WHERE position = :at", link=link, at=line.position)


def test_a_head_is_signed_at_most_once_an_hour_and_when_the_chain_has_grown(app: Flask) -> None:
    def heads() -> int:
        return int(db.session.scalar(text("SELECT count(*) FROM audit_head")))

    start = clock.now()
    assert jobs.seal_audit() == 0
    assert heads() == 0, "nothing to sign"
    for minutes, grown, signed in ((0, 1, 1), (30, 1, 1), (61, 0, 2), (200, 0, 2), (201, 1, 3)):
        with clock.frozen(start + timedelta(minutes=minutes)):
            write(grown)
            jobs.seal_audit()
            assert heads() == signed, minutes


def test_an_entry_that_nobody_seals_fails_the_proof(app: Flask) -> None:
    def holds() -> bool:
        return all(proof.holds for proof in accounts.audit.prove())

    write(2)
    assert holds(), "the sealer has a minute"
    as_superuser("UPDATE audit_entry SET written_at = now() - interval '61 s'")
    assert not holds()
    jobs.seal_audit()
    assert holds()
    as_superuser("DELETE FROM audit_seal WHERE position = 1")
    assert not holds()


def test_the_daily_check_says_whether_the_chain_holds(app: Flask) -> None:
    write(3)
    jobs.seal_audit()
    assert jobs.check_audit()
    as_superuser("UPDATE audit_entry SET subject = 'x' WHERE subject = 'thing-1'")
    assert not jobs.check_audit()
