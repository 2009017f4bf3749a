"""Participants of an event: lists, reports by a link, one-time codes; what they come to in the inventory."""

import csv
import hashlib
import io
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from fractions import Fraction
from math import ceil
from typing import Any

import pytest
from attending import HEAD, LIST, Doorkeeper
from builders import person
from flask import Flask
from organising import day
from shop import assert_books_prove
from sqlalchemy import text

from app.causes import jobs
from app.causes.queries.participant_proofs import prove_participants
from app.causes.services import participant_reports
from app.kit import clock
from app.kit.database import db


@pytest.fixture
def desk(app: Flask) -> Doorkeeper:
    return Doorkeeper(app)


def test_a_list_becomes_lines_that_are_computed_by_the_guides_factors(desk: Doorkeeper) -> None:
    answer = desk.send(LIST)
    assert answer.status_code == 201, answer.text
    told = answer.json
    assert (told["state"], told["people"], told["online"], told["faults"]) == ("standing", 5, 1, 0)
    lines = desk.lines()
    assert {key: each["inputs"] for key, each in lines.items()} == {
        ("people_car", "recorded"): {"vehicle_km": 120},
        ("people_flight", "recorded"): {"passenger_km": 1700},
        ("people_high_speed_rail", "recorded"): {"passenger_km": 276 * 2 + 2000},
        ("people_hotel", "recorded"): {"room_nights": 3},
        ("people_meal_meat", "recorded"): {"person_meals": 9},
        ("people_meal_vegetarian", "recorded"): {"person_meals": 3},
    }
    assert lines["people_flight", "recorded"]["emitted_g"] == ceil(1700 * Fraction("0.1129") * 1000)
    assert lines["people_car", "recorded"]["emitted_g"] == 120 * 273
    assert lines["people_hotel", "recorded"]["emitted_g"] == 3 * 53_500
    assert lines["people_meal_meat", "recorded"]["emitted_g"] == ceil(Fraction(9, 3) * 5630)
    assert lines["people_meal_meat", "recorded"]["verified"] is False, "a third of a day is our own choice"
    people = desk.people()
    assert people["emitted_g"] == people["counted_g"] == sum(each["emitted_g"] for each in lines.values())
    assert (people["listed"], people["onsite"], people["online"], people["waits"]) == (5, 4, 1, False)
    assert people["by_means"]["shared_car"] == 1


def test_every_line_says_of_which_file_and_of_how_many_people_it_was_counted(desk: Doorkeeper) -> None:
    desk.send(LIST)
    desk.report(desk.open(), there="高铁", there_km=100)
    desk.done("POST", f"{desk.path}/reports/count")
    told = desk.lines()["people_high_speed_rail", "recorded"]
    assert told["evidence"] == f"SHA-256 {hashlib.sha256(LIST.encode()).hexdigest()}"
    assert told["source"].startswith("名单 #1：2 人")
    assert "own reports: 1" in desk.lines()["people_high_speed_rail", "surveyed"]["source"]
    traced = db.session.execute(
        text(
            "SELECT item, line.grade, amount, listed, reported, imported.number FROM participant_line told"
            " JOIN inventory_line line USING (inventory_id, stage, number, revision)"
            " LEFT JOIN participant_import imported ON imported.id = import_id WHERE item LIKE '%rail'"
            " ORDER BY line.grade"
        )
    ).all()
    assert traced == [
        ("people_high_speed_rail", "recorded", 2552, 2, 0, 1),
        ("people_high_speed_rail", "surveyed", 200, 0, 1, None),
    ]


def test_nobodys_name_or_number_is_kept_anywhere(desk: Doorkeeper) -> None:
    desk.send(LIST.replace("自驾", "骑马王伟"), "partial")
    tables = db.session.scalars(
        text("SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'idempotency_key'")
    ).all()
    for table in tables:
        rows = db.session.scalars(text(f'SELECT told::text FROM "{table}" told')).all()
        assert not [row for row in rows if any(name in row for name in ("林晓", "王伟", "骑马"))], table
    assert db.session.scalar(text("SELECT count(*) FROM participant WHERE person IS NOT NULL")) == 4


def test_a_draft_counts_nothing_and_shows_what_it_would_come_to(desk: Doorkeeper) -> None:
    draft = desk.send(LIST, "preview").json
    assert draft["state"] == "draft"
    assert draft["emitted_g"] > 0
    assert desk.lines() == {}
    assert desk.people()["listed"] == 0
    again = desk.send(LIST, "preview").json
    assert desk.people()["draft"] == again["number"], "a draft takes the place of the one before"
    taken = desk.done("POST", f"{desk.path}/imports/{again['number']}/take", {})
    assert taken["emitted_g"] == draft["emitted_g"] == desk.people()["emitted_g"]
    assert (
        desk.call("POST", f"{desk.path}/imports/{again['number']}/take", {}).json["code"] == "import_decided"
    )


def test_faulty_lines_stop_a_whole_import_and_are_named_and_left_out_of_a_partial_one(
    desk: Doorkeeper,
) -> None:
    faulty = LIST.replace("飞机,1700", "骆驼,1700").replace("自驾,60", "自驾,-60")
    answer = desk.send(faulty)
    assert (answer.status_code, answer.json["code"]) == (409, "list_faulty")
    assert desk.people()["listed"] == 0
    assert desk.people()["draft"] is None, "nothing is half-done"
    draft = desk.send(faulty, "preview").json
    assert [(each["line"], each["column"], each["reason"]) for each in draft["faulty"]] == [
        (3, "去程交通", "cell_word"),
        (5, "去程公里", "cell_between"),
    ]
    path = f"{desk.path}/imports/{draft['number']}/take"
    assert desk.call("POST", path, {}).json["code"] == "list_faulty"
    taken = desk.done("POST", path, {"sound_only": True})
    assert (taken["people"], taken["is_partial"], desk.people()["listed"]) == (3, True, 3)
    english = {**desk.who.auth, "Accept-Language": "en"}
    said = desk.client.get(f"/v1/{desk.path}/imports/{draft['number']}", headers=english).json["faulty"][0]
    assert (said["column"], said["detail"]) == ("there by", "is none of the template's words")


def test_another_import_replaces_the_list_as_a_whole(desk: Doorkeeper) -> None:
    first = desk.send(LIST).json
    second = desk.send(f"{HEAD}\n009,赵,现场,,地铁,5,,,,,\n").json
    assert {key: each["inputs"] for key, each in desk.lines().items()} == {
        ("people_metro", "recorded"): {"passenger_km": 10}
    }
    assert db.session.scalar(text("SELECT count(*) FROM participant")) == 1, (
        "whoever counts no more is forgotten"
    )
    imports = desk.done("GET", f"{desk.path}/imports")["items"]
    assert [(each["number"], each["state"]) for each in imports] == [
        (second["number"], "standing"),
        (first["number"], "ended"),
    ]
    kept = desk.done("GET", f"{desk.path}/imports/{first['number']}")
    assert kept["emitted_g"] == first["emitted_g"], "what it came to is kept"
    desk.done("DELETE", f"{desk.path}/imports/{second['number']}")
    assert desk.lines() == {}


def test_the_same_list_again_changes_no_line_but_its_source(desk: Doorkeeper) -> None:
    desk.send(LIST)
    before = {key: (each["emitted_g"], each["revision"]) for key, each in desk.lines().items()}
    desk.done("POST", f"{desk.path}/reports/count")
    assert {key: (each["emitted_g"], each["revision"]) for key, each in desk.lines().items()} == before
    desk.send(LIST)
    after = {key: (each["emitted_g"], each["revision"]) for key, each in desk.lines().items()}
    assert after == {key: (grams, revision + 1) for key, (grams, revision) in before.items()}


@pytest.mark.parametrize(
    ("content", "status", "code"),
    [
        (b"", 422, "list_unreadable"),
        (b"PK\x03\x04zip", 422, "list_unreadable"),
        (b"there by\nhs\0r", 422, "list_unreadable"),
        ("去程交通\n高铁\n".encode("utf-16"), 422, "list_unreadable"),
        (b'there by\n"hsr', 422, "list_unreadable"),
        (b"there by\ncamel\n", 409, "list_has_nobody"),
        (b"there by\n" + b"walk\n" * 900_000, 413, "list_too_large"),
    ],
)
def test_what_is_no_list_is_refused_and_nothing_is_kept(
    desk: Doorkeeper, content: bytes, status: int, code: str
) -> None:
    answer = desk.send(content, "partial")
    assert (answer.status_code, answer.json["code"]) == (status, code)
    assert db.session.scalar(text("SELECT count(*) FROM participant_import")) == 0


def test_a_refusal_says_in_both_languages_what_to_do(desk: Doorkeeper) -> None:
    assert "另存为 CSV" in desk.send(b"PK\x03\x04").json["detail"]
    english = desk.send(b"PK\x03\x04", **{"Accept-Language": "en"}).json
    assert "Save it as CSV" in english["detail"]


def test_only_csv_is_taken(desk: Doorkeeper) -> None:
    assert desk.send(LIST, **{"Content-Type": "application/json"}).status_code == 415


@pytest.mark.parametrize("encoding", ["gbk", "utf-8-sig"])
def test_a_list_as_excel_writes_it_counts_the_same(desk: Doorkeeper, encoding: str) -> None:
    assert desk.send(LIST.encode(encoding)).json["people"] == 5


def test_distances_by_city_are_marked_and_only_as_good_as_assumed(desk: Doorkeeper) -> None:
    rows = f"{HEAD}\n1,,现场,厦门,高铁,,,,,,\n"
    assert desk.send(rows).json["code"] == "list_has_nobody", "without the event's city nothing is guessed"
    assert desk.send(rows, city="火星").json["errors"][0]["pointer"] == "?city"
    assert desk.send(rows, city="福州").status_code == 201
    [(key, line)] = desk.lines().items()
    assert key == ("people_high_speed_rail", "assumed")
    assert line["evidence"].startswith("参考值")
    [told] = desk.done("GET", f"{desk.path}/people")["items"]
    assert told["person"]["there"]["by_city"] is True
    assert told["person"]["city"] == "350200"
    # 214 km on the map; the railway is 276 km long.
    assert 276 < told["person"]["there"]["km"] < 300


def test_whoever_has_the_link_reports_without_an_account_and_is_counted_once(desk: Doorkeeper) -> None:
    link = desk.open()
    answer = desk.report(link, there="高铁", there_km=100, nights=1)
    assert answer.status_code == 200, answer.text
    grams = ceil(200 * Fraction("0.03048") * 1000 + 53_500)
    assert (answer.json["emitted_g"], answer.json["event"]) == (grams, "第一次论坛")
    assert desk.report(link, there="bus", there_km=3).status_code == 200
    assert desk.report(link, "phone-2", there="walk", there_km=None).status_code == 422, (
        "null is no kilometre"
    )
    people = desk.people()
    assert (people["reported"], people["waits"]) == (1, True)
    assert desk.lines() == {}
    assert jobs.participants.count_reports() == 1
    assert jobs.participants.count_reports() == 0, "nothing was told since"
    assert desk.lines()["people_bus", "surveyed"]["inputs"] == {"passenger_km": 6}
    assert desk.people()["waits"] is False


def test_a_report_with_the_one_time_code_takes_the_place_of_the_persons_line(desk: Doorkeeper) -> None:
    desk.send(LIST)
    codes = desk.codes()
    assert len(set(codes.values())) == 5
    assert codes == desk.codes(), "the same number has the same code on every list of an event"
    link = desk.open()
    typed = codes["002"].lower()
    assert desk.report(link, there="高铁", there_km=1900, code=f"{typed[:5]}-{typed[5:]}").status_code == 200
    people = desk.people()
    assert (people["listed"], people["reported"], people["replaced"]) == (4, 1, 1)
    desk.done("POST", f"{desk.path}/reports/count")
    assert ("people_flight", "recorded") not in desk.lines()
    assert desk.lines()["people_high_speed_rail", "surveyed"]["inputs"] == {"passenger_km": 3800}
    desk.send(LIST)
    assert desk.people()["replaced"] == 1, "also of the next list"
    assert desk.report(link, "phone-2", code=codes["002"]).json["code"] == "code_used"
    assert desk.report(link, code=codes["002"], there="bus").status_code == 200, (
        "the same phone tells it anew"
    )
    [report] = desk.done("GET", f"{desk.path}/reports")["items"]
    assert report["with_code"] is True
    desk.done("DELETE", f"{desk.path}/reports/{report['id']}")
    assert (desk.people()["listed"], desk.people()["reported"]) == (5, 0), "their line counts again"
    assert ("people_flight", "recorded") in desk.lines()


@pytest.mark.parametrize("code", ["0000000000", "ABCDEFGHJKM", "1", "💥", "x" * 20])
def test_a_code_of_nobody_on_the_list_is_refused(desk: Doorkeeper, code: str) -> None:
    desk.send(LIST)
    answer = desk.report(desk.open(), code=code)
    assert (answer.status_code, answer.json["code"]) == (422, "code_unknown")


def test_codes_of_one_event_are_nothing_at_another(desk: Doorkeeper) -> None:
    codes = desk.codes()
    other = Doorkeeper(desk.app)
    other.send(LIST)
    assert other.report(other.open(), code=codes["001"]).json["code"] == "code_unknown"


def test_a_link_that_was_never_ours_or_is_ended_leads_nowhere(desk: Doorkeeper) -> None:
    code = desk.event["code"]
    assert desk.report(f"{code}/{'0' * 20}").status_code == 404
    link = desk.open()
    assert desk.client.get(f"/v1/participant-reports/{link}").json["open"] is True
    renewed = desk.done("POST", f"{desk.path}/reports/link")["link"].removeprefix("/participate/")
    assert desk.report(link).status_code == 404
    assert desk.report(renewed).status_code == 200
    desk.done("PUT", f"{desk.path}/reports", {"open": False})
    assert desk.report(renewed).json["code"] == "reports_closed"
    assert desk.people()["reported"] == 1, "what was told stands"


def test_a_report_that_was_taken_out_does_not_come_back(desk: Doorkeeper) -> None:
    link = desk.open()
    desk.report(link)
    [report] = desk.done("GET", f"{desk.path}/reports")["items"]
    desk.done("DELETE", f"{desk.path}/reports/{report['id']}")
    assert desk.report(link).json["code"] == "report_removed"
    assert desk.people()["reported"] == 0


@pytest.mark.parametrize(
    ("told", "pointer"),
    [
        ({"there": "骆驼"}, "#/there"),
        ({"there_km": 0}, "#/there_km"),
        ({"there_km": 30_000}, "#/there_km"),
        ({"there_km": "12"}, "#/there_km"),
        ({"nights": -1}, "#/nights"),
        ({"name": "林晓"}, "#/name"),
        ({"device": ""}, "#/device"),
        ({"attendance": "online"}, "#/there"),
        ({"there": "=cmd"}, "#/there"),
    ],
)
def test_a_report_that_cannot_be_is_refused_by_its_field(desk: Doorkeeper, told: Any, pointer: str) -> None:
    answer = desk.report(desk.open(), **told)
    assert answer.status_code == 422
    assert [each["pointer"] for each in answer.json["errors"]] == [pointer]
    assert desk.people()["reported"] == 0


def test_reports_are_bounded_a_minute_a_phone_and_in_all(
    desk: Doorkeeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = desk.open()
    monkeypatch.setattr(participant_reports, "MOST_A_MINUTE", 2)
    answers = [desk.report(link, f"phone-{number}") for number in range(3)]
    assert [each.status_code for each in answers] == [200, 200, 429]
    assert answers[-1].headers["Retry-After"] == "60"
    later = clock.now() + timedelta(minutes=2)
    monkeypatch.setattr(clock, "now", lambda: later)
    monkeypatch.setattr(participant_reports, "MOST_A_MINUTE", 1000)
    monkeypatch.setattr(participant_reports, "MOST_TIMES", 2)
    assert [desk.report(link, "phone-0").status_code for _ in range(2)] == [200, 429]
    monkeypatch.setattr(participant_reports, "LEAST_ROOM", 2)
    monkeypatch.setattr(participant_reports, "ROOM", 0)
    assert desk.report(link, "phone-9").status_code == 429


def test_a_hundred_reports_at_once_with_one_code_are_one_person(desk: Doorkeeper) -> None:
    desk.send(LIST)
    code, link = desk.codes()["001"], desk.open()

    def tell(number: int) -> int:
        client = desk.app.test_client()
        body = {"device": f"phone-{number}", "there": "metro", "there_km": 12, "code": code}
        return client.put(f"/v1/participant-reports/{link}", json=body).status_code

    with ThreadPoolExecutor(10) as threads:
        answers = list(threads.map(tell, range(100)))
    assert (answers.count(200), answers.count(409)) == (1, 99)
    assert desk.people()["reported"] == 1


def test_whoever_reports_while_a_stage_closes_is_counted_or_turned_away(desk: Doorkeeper) -> None:
    desk.tell(desk.event, "estimate", 1000)
    link, code = desk.open(), desk.event["code"]

    def tell(number: int) -> int:
        client = desk.app.test_client()
        if number == 20:
            return client.post(f"/v1/events/{code}/estimate/close", headers=desk.who.auth).status_code
        body = {"device": f"phone-{number}", "there": "metro", "there_km": 12}
        return client.put(f"/v1/participant-reports/{link}", json=body).status_code

    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(tell, range(150)))
    assert answers.pop(20) == 200
    assert set(answers) == {200, 409}, "some were in time and some were not"
    counted = desk.lines()["people_metro", "surveyed"]["inputs"]
    assert counted == {"passenger_km": 24 * answers.count(200)}


def test_closing_counts_whoever_reported_last_and_then_nothing_is_taken(desk: Doorkeeper) -> None:
    desk.tell(desk.event, "estimate", 1000)
    link = desk.open()
    desk.report(link)
    closed = desk.done("POST", f"events/{desk.event['code']}/estimate/close")
    assert closed["standing"]["owed_g"] == 3_048_000 + ceil(24 * Fraction("28.6"))
    assert desk.report(link, "phone-2").json["code"] == "reports_closed"
    for take in ("preview", "whole"):
        assert desk.send(LIST, take).json["code"] == "nothing_open"
    assert_books_prove()


def test_people_are_counted_into_the_final_figure_and_into_a_correction_of_it(app: Flask) -> None:
    desk = Doorkeeper(app)
    desk.event = desk.register()
    desk.path = f"events/{desk.event['code']}/participants"
    desk.tell(desk.event, "estimate", 1000)
    desk.send(LIST)
    code = desk.event["code"]
    desk.done("POST", f"events/{code}/estimate/close")
    facts = {"starts_on": day(-5), "ends_on": day(-4), "onsite_heads": 4, "online_heads": 1}
    desk.done("POST", f"events/{code}/final", facts)
    assert desk.lines("final") == {}
    desk.done("POST", f"{desk.path}/reports/count")
    assert desk.lines("final").keys() == desk.lines("estimate").keys() - {("high_speed_rail", "recorded")}
    desk.tell(desk.event, "final", 1000)
    desk.done("POST", f"events/{code}/final/close")
    desk.done("POST", f"events/{code}/corrections", {"reason": "名单有误"})
    desk.send(f"{HEAD}\n009,赵,现场,,地铁,5,,,,,\n")
    correction = desk.read(desk.event)["inventory"]
    inventory = desk.done("GET", f"inventories/{correction}")
    lines = inventory["stages"]["final"]["lines"]
    people = [each["item"] for each in lines if each["item"].startswith("people_")]
    assert people == ["people_metro"], "the lines of the copy are replaced, not added to"


def test_anothers_participants_look_as_if_there_were_none(desk: Doorkeeper, app: Flask) -> None:
    desk.send(LIST)
    other = person(app)
    for method, path, body in (
        ("GET", desk.path, None),
        ("GET", f"{desk.path}/people", None),
        ("GET", f"{desk.path}/people.csv", None),
        ("GET", f"{desk.path}/imports", None),
        ("GET", f"{desk.path}/imports/1", None),
        ("POST", f"{desk.path}/imports/1/take", {}),
        ("DELETE", f"{desk.path}/imports/1", None),
        ("PUT", f"{desk.path}/reports", {"open": True}),
        ("POST", f"{desk.path}/reports/link", None),
        ("POST", f"{desk.path}/reports/count", None),
        ("DELETE", f"{desk.path}/reports/1", None),
    ):
        assert desk.call(method, path, body, who=other).status_code == 404, (method, path)
    assert desk.send(LIST, **other.auth).status_code == 404


def test_what_is_exported_is_never_computed(desk: Doorkeeper) -> None:
    desk.send(LIST)
    codes = desk.codes(f"{HEAD}\n=cmd|'/C calc'!A0,林,,,地铁,1,,,,,\n@SUM,王,,,地铁,1,,,,,\n")
    assert list(codes) == ["'=cmd|'/C calc'!A0", "'@SUM"]
    answer = desk.client.get(f"/v1/{desk.path}/people.csv", headers=desk.who.auth)
    rows = list(csv.reader(io.StringIO(answer.text.removeprefix("\ufeff"))))
    assert [row[0] for row in rows[1:]] == ["2", "3", "4", "5", "6"]
    assert not [cell for row in rows for cell in row if cell.startswith(("=", "+", "-", "@"))]


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_template_can_be_sent_as_it_is(desk: Doorkeeper, language: str) -> None:
    template = desk.client.get("/v1/participants/template.csv", headers={"Accept-Language": language})
    told = desk.send(template.data, city="福州").json
    assert (told["people"], told["faults"], told["encoding"]) == (3, 0, "UTF-8 BOM")


def test_a_draft_that_nobody_takes_is_forgotten(desk: Doorkeeper, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.send(LIST, "preview")
    assert jobs.participants.forget_drafts() == 0
    later = clock.now() + timedelta(days=2)
    monkeypatch.setattr(clock, "now", lambda: later)
    assert jobs.participants.forget_drafts() == 1
    assert db.session.scalar(text("SELECT count(*) FROM participant")) == 0


def test_the_same_key_takes_a_list_once(desk: Doorkeeper) -> None:
    key = {"Idempotency-Key": "list-1"}
    long = LIST + ",示例,,,地铁,12,,,,,\n" * 5_000  # more than any other request may be
    first = desk.send(long, **key)
    assert first.status_code == 201
    assert desk.send(long, **key).json == first.json
    assert desk.send(LIST, **key).json["code"] == "key_reused"
    assert desk.send(b"x" * 5_000_000, **{"Idempotency-Key": "list-2"}).json["code"] == "list_too_large"
    assert len(desk.done("GET", f"{desk.path}/imports")["items"]) == 1


def test_the_proofs_find_a_line_that_says_something_else_and_a_list_that_lost_somebody(
    desk: Doorkeeper,
) -> None:
    desk.send(LIST)
    assert all(proof.holds for proof in prove_participants())
    db.session.execute(text("UPDATE participant SET import_id = import_id, line = 99 WHERE line = 2"))
    assert all(proof.holds for proof in prove_participants()), "which line it was proves nothing"
    db.session.execute(text("DELETE FROM participant WHERE line = 99"))
    db.session.execute(text("ALTER TABLE participant_line DISABLE TRIGGER participant_line_kept"))
    db.session.execute(text("UPDATE participant_line SET amount = amount + 1 WHERE number = 1"))
    assert [proof.holds for proof in prove_participants()] == [False, False, True]
