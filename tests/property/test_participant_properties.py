"""Lists of any bytes, and people of any kind: refused by name or counted, and counted alike everywhere."""

import csv
import io
from fractions import Fraction
from math import ceil
from typing import Any

import pytest
from builders import person
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from organising import TOLD, day
from sqlalchemy import text

from app.causes.queries import participants as known
from app.causes.queries.events import get_own_event
from app.causes.queries.words import document, words
from app.causes.rules.lists import Listed, ListRefused, read_list
from app.causes.rules.participants import (
    RECORDED,
    SURVEYED,
    ListedPerson,
    amounts_of,
    people_of,
    summed,
)
from app.footprint.rules import kg_in
from app.kit.database import db
from app.kit.messages import exists

COLUMNS = [word for each in document()["column"] for word in (each["zh"][0], each["en"][0])]
MEANS = [word for each in document()["means"] for word in (*each["zh"], *each["en"])]
CELLS = st.one_of(
    st.sampled_from(
        [
            *MEANS,
            "现场",
            "线上",
            "厦门",
            "北京",
            "火星",
            "是",
            "否",
            "",
            "-",
            "0",
            "3",
            "1,200.5",
            "-7",
            "1e9",
        ]
    ),
    st.integers(-(10**9), 10**9).map(str),
    st.text(max_size=12),
    st.sampled_from(["=1+1", "@x", "+cmd", "＝A1", '"', "\x00", "\n", ";", "\t"]),
)


@st.composite
def lists(draw: st.DrawFn) -> bytes:
    """A file that looks like a list, more or less, in some encoding, with some bytes broken."""
    head = draw(st.lists(st.sampled_from(COLUMNS), min_size=1, max_size=8, unique=True))
    if draw(st.integers(0, 4)) and not {"去程交通", "there by"} & set(head):
        head.append("去程交通")
    rows = draw(st.lists(st.lists(CELLS, max_size=9), max_size=12))
    out = io.StringIO()
    writer = csv.writer(out, delimiter=draw(st.sampled_from(",;\t")))
    writer.writerows([head, *rows])
    content = out.getvalue().encode(draw(st.sampled_from(["utf-8", "utf-8-sig", "gb18030"])), "ignore")
    for place, byte in draw(st.lists(st.tuples(st.integers(0, 500), st.integers(0, 255)), max_size=2)):
        content = content[:place] + bytes([byte]) + content[place + 1 :]
    return content


@given(st.one_of(st.binary(max_size=600), st.text(max_size=300).map(lambda each: each.encode()), lists()))
def test_whatever_the_bytes_a_file_is_read_or_refused_by_a_name_that_has_a_sentence(content: bytes) -> None:
    refused, listed = _read(content)
    if listed is None:
        assert exists(f"causes.{refused}")
        return
    people, faults = people_of(listed, words(), words().cities.by_code["350100"])
    assert {fault.line for fault in faults}.isdisjoint(each.line for each in people)
    assert len(people) + len(faults) == len(listed.rows) + len(listed.faults), "no line is lost or told twice"
    assert all(exists(f"causes.{fault.reason}") for fault in faults)
    _assert_countable(listed, people)


def _read(content: bytes) -> tuple[str | None, Listed | None]:
    """The list, or the name of the refusal."""
    try:
        return None, read_list(content, words().head)
    except ListRefused as refused:
        return refused.reason, None


def _assert_countable(listed: Listed, people: list[ListedPerson]) -> None:
    """What stands in the database has to fit it."""
    for each in people:
        legs = [leg for leg in (each.person.there, each.person.back) if leg]
        assert all(0 <= leg.km <= 25_000 and leg.means in words().means for leg in legs)
        assert (each.person.attendance == "online") == (not legs)
        for amount in amounts_of(each.person, RECORDED, words().means):
            assert amount.amount > 0
    assert not any(key in ("name", "number") for key in listed.unused)


class Desk:
    """An organiser's event, for one test of many examples."""

    def __init__(self, app: Flask) -> None:
        self.client = app.test_client()
        self.who = person(app)
        facts = {"region": "CN-FJ", "starts_on": day(5), "ends_on": day(6), "onsite_heads": 10}
        answer = self.client.post("/v1/events", json={**TOLD, **facts}, headers=self.who.auth)
        assert answer.status_code == 201, answer.text
        self.code = answer.json["code"]
        self.inventory = answer.json["inventory"]

    def send(self, content: bytes) -> Any:
        headers = {**self.who.auth, "Content-Type": "text/csv"}
        path = f"/v1/events/{self.code}/participants/imports?take=partial&city=350100"
        return self.client.post(path, data=content, headers=headers)

    def lines(self) -> dict[tuple[str, str], int]:
        found = self.client.get(f"/v1/inventories/{self.inventory}", headers=self.who.auth).json
        return {
            (each["item"], each["grade"]): each["emitted_g"] for each in found["stages"]["estimate"]["lines"]
        }


@pytest.fixture
def desk(app: Flask) -> Desk:
    return Desk(app)


_FEW = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@_FEW
@given(lists())
def test_whatever_is_sent_is_answered_and_the_people_are_what_the_lines_say(
    desk: Desk, content: bytes
) -> None:
    answer = desk.send(content)
    assert answer.status_code < 500, answer.text
    db.session.rollback()
    event = get_own_event(desk.who.holder_id, desk.code)
    tally = known.tally(event.id)
    books = known.open_books(event)
    exact: dict[tuple[str, str], Fraction] = {}
    own: list[Any] = []
    for each in known.list_people(event.id, 100_000):
        amounts = amounts_of(each.person, each.grade, words().means)
        own += amounts
        for amount in amounts:
            key = amount.item, amount.grade
            exact[key] = exact.get(key, Fraction()) + books.kilograms([amount]) * 1000
    assert [(each.item, each.grade, each.amount, each.listed) for each in tally.counts] == [
        (each.item, each.grade, each.amount, each.people) for each in summed(own)
    ], "the database sums as the rule does"
    assert desk.lines() == {key: ceil(grams) for key, grams in exact.items()}, (
        "rounded once, for all together"
    )


_REPORTS = st.fixed_dictionaries(
    {"there": st.sampled_from(MEANS), "there_km": st.integers(1, 3000)},
    optional={
        "back": st.sampled_from(MEANS),
        "back_km": st.integers(1, 3000),
        "nights": st.integers(0, 5),
        "meals": st.integers(0, 9),
        "vegetarian": st.booleans(),
    },
)


@_FEW
@given(st.lists(st.tuples(st.integers(0, 5), _REPORTS), min_size=1, max_size=8))
def test_reports_of_phones_are_what_each_said_last(
    desk: Desk, told: list[tuple[int, dict[str, Any]]]
) -> None:
    path = f"/v1/events/{desk.code}/participants"
    db.session.execute(text("DELETE FROM participant"))
    db.session.commit()
    opened = desk.client.put(f"{path}/reports", json={"open": True}, headers=desk.who.auth).json
    link = opened["link"].removeprefix("/participate/")
    last: dict[int, int] = {}
    for phone, report in told:
        body = {"device": f"phone-{phone}", **report}
        answer = desk.client.put(f"/v1/participant-reports/{link}", json=body)
        assert answer.status_code == 200, answer.text
        last[phone] = answer.json["emitted_g"]
    counted = desk.client.post(f"{path}/reports/count", headers=desk.who.auth).json
    assert counted["reported"] == len(last)
    assert counted["emitted_g"] == counted["counted_g"] == sum(desk.lines().values())
    assert {grade for _, grade in desk.lines()} <= {SURVEYED}
    # Each person's figure is rounded up for them to see, each line once for all: the lines never say more.
    assert sum(last.values()) - len(last) <= counted["emitted_g"] <= sum(last.values()) + len(desk.lines())


def test_every_factor_of_people_says_what_is_emitted(desk: Desk) -> None:
    books = known.open_books(get_own_event(desk.who.holder_id, desk.code))
    assert all(kg_in(books.factor(item).unit) == 1 for item in known.PEOPLE_ITEMS)
