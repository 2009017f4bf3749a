"""People's own reports of an event where things end: closed elsewhere, taken out, counted very often."""

from math import ceil

import pytest
from attending import LIST, Doorkeeper
from flask import Flask
from organising import hear
from shop import assert_books_prove
from sqlalchemy import text

from app.causes import jobs
from app.causes.services import participant_reports
from app.footprint.services import inventories
from app.kit.database import db


@pytest.fixture
def desk(app: Flask) -> Doorkeeper:
    return Doorkeeper(app)


def test_a_stage_that_is_closed_where_nobody_knows_of_events_counts_whoever_reported_last(
    desk: Doorkeeper,
) -> None:
    desk.tell(desk.event, "estimate", 1000)
    link = desk.open()
    desk.report(link)
    desk.done("POST", f"inventories/{desk.event['inventory']}/estimate/close")
    assert desk.lines()["people_metro", "surveyed"]["inputs"] == {"passenger_km": 24}
    assert desk.report(link, "phone-2").json["code"] == "reports_closed"
    hear()
    assert desk.read(desk.event)["standing"]["owed_g"] == 3_048_000 + ceil(24 * 28.6)
    assert_books_prove()


def test_reports_that_were_taken_out_make_room_and_whoever_is_on_the_list_always_has_some(
    desk: Doorkeeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.send(LIST)
    link, codes = desk.open(), desk.codes()
    monkeypatch.setattr(participant_reports, "LEAST_ROOM", 2)
    monkeypatch.setattr(participant_reports, "ROOM", 0)
    answers = [desk.report(link, f"stranger-{number}").status_code for number in range(3)]
    assert answers == [200, 200, 429]
    assert desk.report(link, "guest", code=codes["001"]).status_code == 200, "strangers keep no guest out"
    stranger = desk.done("GET", f"{desk.path}/reports")["items"][0]
    desk.done("DELETE", f"{desk.path}/reports/{stranger['id']}")
    assert desk.report(link, "stranger-2").status_code == 200
    assert desk.report(link, "stranger-3").status_code == 429


def test_a_code_says_nothing_without_the_list_that_it_is_of(desk: Doorkeeper) -> None:
    first = desk.send(LIST).json
    code, link = desk.codes()["001"], desk.open()
    desk.report(link, "phone-1", code=code)
    [report] = desk.done("GET", f"{desk.path}/reports")["items"]
    desk.done("DELETE", f"{desk.path}/reports/{report['id']}")
    desk.done("DELETE", f"{desk.path}/imports/{first['number']}")
    assert desk.report(link, "phone-2", code=code).json["code"] == "code_unknown"


def test_a_phone_that_has_told_with_a_code_tells_it_anew_when_the_list_is_gone(desk: Doorkeeper) -> None:
    first = desk.send(LIST).json
    code, link = desk.codes()["001"], desk.open()
    desk.report(link, code=code)
    desk.done("DELETE", f"{desk.path}/imports/{first['number']}")
    assert desk.report(link, code=code, there="bus").status_code == 200


def test_counting_every_hour_leaves_room_for_the_count_that_closes(
    desk: Doorkeeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.tell(desk.event, "estimate", 1000)
    link = desk.open()
    monkeypatch.setattr(inventories.rules, "MOST_REVISIONS", 8)
    for hour in range(20):
        assert desk.report(link, f"phone-{hour}").status_code == 200
        jobs.participants.count_reports()
    closed = desk.done("POST", f"events/{desk.event['code']}/estimate/close")
    assert closed["standing"]["owed_g"] == 3_048_000 + ceil(20 * 24 * 28.6)
    revisions = db.session.scalar(text("SELECT count(*) FROM inventory_line"))
    assert revisions is not None
    assert 2 < revisions <= 8


def test_a_report_with_a_very_large_number_can_be_taken_out(desk: Doorkeeper) -> None:
    db.session.execute(text("ALTER TABLE participant ALTER COLUMN id RESTART WITH 12345678901"))
    db.session.commit()
    desk.report(desk.open())
    [report] = desk.done("GET", f"{desk.path}/reports")["items"]
    desk.done("DELETE", f"{desk.path}/reports/{report['id']}")
    assert desk.people()["reported"] == 0


def test_what_a_list_came_to_is_still_told_when_its_stage_is_closed(desk: Doorkeeper) -> None:
    desk.tell(desk.event, "estimate", 1000)
    taken = desk.send(LIST).json
    assert taken["emitted_g"] > 0
    desk.done("POST", f"events/{desk.event['code']}/estimate/close")
    kept = desk.done("GET", f"{desk.path}/imports/{taken['number']}")
    assert (kept["state"], kept["emitted_g"]) == ("standing", taken["emitted_g"])


def test_what_bounds_reports_reads_reports_alone_and_not_the_list(desk: Doorkeeper) -> None:
    long = LIST + ",示例,,,地铁,12,,,,,\n" * 5_000
    desk.send(long)
    desk.report(desk.open())
    db.session.execute(text("ANALYZE participant"))
    asked = (
        "EXPLAIN SELECT count(*) FROM participant WHERE event_id = :event AND import_id IS NULL"
        " AND told_at > now() - interval '1 minute'"
    )
    [event] = db.session.scalars(text("SELECT cause_id FROM event")).all()
    assert "ix_participant_reports" in "\n".join(db.session.scalars(text(asked), {"event": event}))
