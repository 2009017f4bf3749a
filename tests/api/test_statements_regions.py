"""Totals of regions' people: published once a day, and nobody can be singled out by any arithmetic."""

import random
from collections import defaultdict
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from typing import Any

import pytest
from crowding import FIRST, at, at_home, avoid, move, published, seal, shares
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from app.kit import clock
from app.kit.database import db
from app.kit.transaction import transaction
from app.registry import services as registry
from app.statements import services
from app.statements.jobs import seal_regions
from app.statements.queries import prove
from app.statements.rules.crowds import DIGITS

DAY = timedelta(days=1)
TOWN = "350721105"
LAST = date(2026, 10, 31)


@pytest.fixture(autouse=True)
def villages(app: Flask) -> None:
    """Four sample villages in two townships."""
    lines = ["code,name_zh,name_en"]
    lines += [f"{town}90{n},示例村 {n},Village {n}" for town in (TOWN, "350721100") for n in (1, 2)]
    with transaction():
        registry.load_regions(lines)


def proves() -> bool:
    db.session.rollback()
    return all(proof.holds for proof in prove())


def test_ten_people_are_not_published_and_eleven_are(app: Flask, client: FlaskClient) -> None:
    few, enough = at_home(app, "350702", 10), at_home(app, "350721", 11)
    avoid([*few, *enough], 1500, FIRST)
    seal(FIRST)
    assert published(client, "350702") is None
    assert published(client, "350721") == 16_000, "11 × 1.5 kg, rounded down"
    assert published(client, "3507") == published(client) == 16_000
    assert published(client, "350721", "emitted") is None
    assert proves()


def test_at_a_months_end_the_few_of_many_parts_are_published_where_they_are_enough(
    app: Flask, client: FlaskClient
) -> None:
    for village in ("901", "902"):
        avoid(at_home(app, TOWN + village, 8), 1000, FIRST)
    for each in range((LAST - FIRST).days):
        seal(FIRST + each * DAY)
        assert published(client, "35") is None
    seal(LAST)
    assert [published(client, code) for code in (TOWN + "901", TOWN + "902", TOWN)] == [None, None, 16_000]
    told = client.get(f"/v1/regions/{TOWN}/footprint").json
    assert (told["parts"], told["unplaced"]["avoided_g"]) == ([], 16_000)
    assert proves()


def test_what_no_region_has_people_enough_for_waits(app: Flask, client: FlaskClient) -> None:
    avoid(at_home(app, "350702", 10), 1000, FIRST)
    seal(LAST)
    assert published(client) is None
    assert {row.region for row in shares()} == {""}
    avoid(at_home(app, "11", 1, LAST + DAY), 1000, LAST + DAY)
    seal(date(2026, 11, 30))
    assert published(client) == 11_000
    assert [published(client, code) for code in ("35", "11")] == [None, None]


def test_whoever_stands_out_keeps_the_batch_back_until_others_catch_up(
    app: Flask, client: FlaskClient
) -> None:
    people = at_home(app, "350721", 12)
    avoid(people[:2], 90_000, FIRST)
    avoid(people[2:], 1000, FIRST)
    seal(FIRST)
    assert published(client, "350721") is None, "the second largest would know the largest"
    avoid(people[2:], 4000, FIRST + DAY)
    seal(FIRST + DAY)
    assert published(client, "350721") == 230_000
    assert proves()


def test_joining_brings_no_past_along_and_leaving_takes_nothing_away(app: Flask, client: FlaskClient) -> None:
    people, late = at_home(app, "350721", 11), at_home(app, "350721", 1, FIRST + 2 * DAY)
    avoid([*people, *late], 3000, FIRST)
    avoid(people, 1000, FIRST + DAY)
    seal(FIRST)
    seal(FIRST + DAY)
    assert published(client, "350721") == 44_000
    seal(FIRST + 2 * DAY)
    assert published(client, "350721") == 44_000, "the day somebody joined shows nothing"
    avoid([people[0]], 7000, FIRST + 3 * DAY)
    with transaction():
        assert services.leave_home(people[0])
    seal(FIRST + 3 * DAY)
    assert published(client, "350721") == 44_000
    assert shares(f"person = {people[0]}") == []
    assert len({row.person for row in shares("s.day = '2026-10-01'")}) == 11, "still eleven people"
    linked = [row.person for row in shares() if row.person < 0]
    assert len(linked) == len(set(linked)) == 2, "two releases of the same person cannot be brought together"
    assert proves()


def test_moving_drops_what_waits_and_begins_anew(app: Flask, client: FlaskClient) -> None:
    people = at_home(app, "350721", 11)
    avoid(people[:10], 2000, FIRST)
    seal(FIRST)
    move(people[0], "350702", FIRST + DAY)
    avoid(people, 2000, FIRST + DAY)
    seal(FIRST + DAY)
    assert {row.region for row in shares(f"person = {people[0]}")} == {"350702"}
    assert published(client, "350721") is None, "ten are left"
    assert proves()


Contribution = tuple[int, date]


def smallest_crowd(cells: Iterable[frozenset[Contribution]]) -> int:
    """Of how few people anybody can learn a sum, by adding and subtracting published cells in any way.

    Whatever is added and subtracted, contributions that stand in exactly the same cells always come out
    with one factor: so a sum that can be learnt is made of whole classes of such contributions.
    """
    seen: dict[Contribution, list[int]] = defaultdict(list)
    for number, cell in enumerate(cells):
        for each in cell:
            seen[each].append(number)
    classes: dict[tuple[int, ...], set[int]] = defaultdict(set)
    for (person, _), where in seen.items():
        classes[tuple(where)].add(person)
    return min((len(people) for people in classes.values()), default=0)


class History:
    """Weeks in some villages, drawn at random, and what was published of every region on every day."""

    def __init__(self, app: Flask, seed: int, least: int) -> None:
        self.drawn = random.Random(seed)
        self.least = least
        self.places = [
            TOWN + "901",
            TOWN + "902",
            "350721100901",
            "350721100902",
            TOWN,
            "350721",
            "350702",
            "35",
        ]
        self.homes: dict[int, str] = {}
        self.truth: dict[int, Contribution] = {}
        self.done: dict[Contribution, tuple[str, int]] = {}
        self.cells: list[frozenset[Contribution]] = []
        self.shown: list[tuple[str, date, int]] = []
        for place in self.places:
            for each in at_home(app, place, self.drawn.randint(1, 9)):
                self.homes[each] = place

    def live(self, app: Flask, client: FlaskClient, days: int) -> None:
        for number in range(days):
            day = FIRST + number * DAY
            self._move_some(day)
            place = self.drawn.choice(self.places)
            self.homes |= dict.fromkeys(at_home(app, place, self.drawn.randint(0, 2), day), place)
            for each in self.drawn.sample(sorted(self.homes), self.drawn.randint(0, len(self.homes))):
                grams = self.drawn.choice([300, 900, 1100, 2500])
                avoid([each], grams, day)
                self.done[each, day] = (self.homes[each], grams)
            seal(day, self.least)
            for row in shares("person > 0"):
                self.truth[row.id] = (row.person, row.day)
            self._read(client, day)

    def _move_some(self, day: date) -> None:
        for each in self.drawn.sample(sorted(self.homes), min(2, len(self.homes))):
            if day == FIRST:
                continue
            if self.drawn.random() < 0.5:
                self.homes[each] = self.drawn.choice(self.places)
                move(each, self.homes[each], day)
            else:
                with transaction():
                    services.leave_home(each)
                del self.homes[each]

    def _read(self, client: FlaskClient, day: date) -> None:
        """What is out for every region after a day, and who is in it."""
        released = list(shares("release_id IS NOT NULL"))
        codes = {row.released_at[:digits] for row in released for digits in DIGITS}
        for code in codes:
            inside = [row for row in released if row.released_at.startswith(code)]
            self.cells.append(frozenset(self.truth[row.id] for row in inside))
            shown = published(client, code)
            exact = sum(row.grams for row in inside)
            batches = len({(row.released_at, row.on_day) for row in inside})
            assert shown is not None
            assert 0 <= exact - shown < 1000 * batches, (code, day)


@pytest.mark.parametrize("seed", range(6))
def test_no_arithmetic_on_all_published_figures_finds_fewer_people_than_the_least(
    app: Flask, client: FlaskClient, seed: int
) -> None:
    history = History(app, seed, least=5)
    history.live(app, client, 34)
    assert len(history.cells) > 30, "there is something to attack"
    assert smallest_crowd(history.cells) >= 5
    assert proves()


def plain_cells(history: History, days: int) -> list[frozenset[Contribution]]:
    """What suppressing small cells day by day would have published of the same weeks."""
    cells = []
    for number in range(days):
        day = FIRST + number * DAY
        told = {key: place for key, (place, _) in history.done.items() if key[1] <= day}
        for code in {place[:digits] for place in told.values() for digits in DIGITS if digits <= len(place)}:
            inside = frozenset(key for key, place in told.items() if place.startswith(code))
            if len({person for person, _ in inside}) >= history.least:
                cells.append(inside)
    return cells


def test_the_attack_does_find_people_where_small_cells_are_only_left_out(
    app: Flask, client: FlaskClient
) -> None:
    history = History(app, 1, least=5)
    history.live(app, client, 10)
    assert smallest_crowd(plain_cells(history, 10)) == 1


def test_parts_and_what_lies_in_none_sum_to_the_whole_at_every_level(app: Flask, client: FlaskClient) -> None:
    History(app, 3, least=5).live(app, client, 33)
    waiting = [""]
    while waiting:
        code = waiting.pop()
        told = client.get(f"/v1/regions/{code}/footprint" if code else "/v1/regions/footprint").json
        waiting += [part["code"] for part in told["parts"]]
        own = told["unplaced"]["avoided_g"] or 0
        assert told["published"]["avoided_g"] == own + sum(part["avoided_g"] for part in told["parts"])
        assert (
            sum(each["published"]["avoided_g"] for each in told["months"]) == told["published"]["avoided_g"]
        )


def test_what_is_released_and_sealed_cannot_be_changed(app: Flask) -> None:
    avoid(at_home(app, "350721", 11), 1000, FIRST)
    assert seal(FIRST) is not None
    assert seal(FIRST) is None, "a day is sealed once"
    for statement in (
        "UPDATE region_release SET published_g = 1",
        "DELETE FROM region_release",
        "UPDATE region_snapshot SET least_people = 5",
        "DELETE FROM region_share",
        "UPDATE region_share SET grams = 1",
        "UPDATE region_share SET release_id = NULL",
        "UPDATE region_share SET region = '35'",
        "UPDATE region_share SET person = person + 1",
        "INSERT INTO region_release (day, region, line, people, grams, published_g)"
        " VALUES ('2026-10-02', '35', 'avoided', 4, 1, 1)",
    ):
        with pytest.raises(DBAPIError):
            db.session.execute(text(statement))
        db.session.rollback()
    assert proves()


@pytest.mark.parametrize(
    ("claim", "fault"),
    [
        (
            "shares",
            "INSERT INTO posting (kind, reference, source, target, amount, posted_at)"
            " SELECT 1, 1, source, target, 5, posted_at FROM posting WHERE kind = 1 LIMIT 1",
        ),
        ("shares", "DELETE FROM home WHERE holder_id = (SELECT min(holder_id) FROM home)"),
        ("crowds", "UPDATE region_share SET grams = grams + 1"),
        (
            "crowds",
            "UPDATE region_share SET person = (SELECT min(person) FROM region_share), day = day + id::int",
        ),
        ("rolled", "UPDATE region_month SET published_g = published_g + 1000 WHERE region = '35'"),
        ("seals", "UPDATE region_release SET published_g = published_g + 1000"),
        ("seals", "UPDATE region_snapshot SET digest = 'f'"),
    ],
)
def test_proving_sees_what_was_tampered_with(app: Flask, claim: str, fault: str) -> None:
    avoid(at_home(app, "350721", 11), 1000, FIRST)
    seal(FIRST)
    assert proves()
    with db.engine.begin() as connection:
        connection.exec_driver_sql("SET session_replication_role = replica")
        connection.exec_driver_sql(fault)
    assert f"statements.prove_{claim}" in [each.claim for each in prove() if not each.holds]


def test_the_sweeper_makes_up_for_missed_days_and_waits_for_midnight(app: Flask, client: FlaskClient) -> None:
    with clock.frozen(at(FIRST)):
        assert seal_regions() == 0, "nobody is at home anywhere"
    people = at_home(app, "350721", 11)
    for each in range(3):
        avoid(people, 1000, FIRST + each * DAY)
    with clock.frozen(at(FIRST + 2 * DAY)):
        assert client.get("/readyz").json["region_days_unsealed"] == 2
        assert seal_regions() == 2
        assert client.get("/readyz").json["region_days_unsealed"] == 0
        assert seal_regions() == 0
        assert published(client, "350721") == 22_000
    answer = client.get("/v1/regions/footprint/snapshots/2026-10-02").json
    assert answer["items"] == [{"region": "350721", "line": "avoided", "published_g": 11_000}]
    assert answer["least_people"] == 11
    assert client.get("/v1/regions/footprint/snapshots/2026-10-03").status_code == 404
    for written in ("x", "2026-10", "%00", "2999-01-01"):
        assert client.get(f"/v1/regions/footprint/snapshots/{written}").status_code == 404
    assert client.get("/v1/regions/999999/footprint").status_code == 404


def test_a_home_is_chosen_looked_up_and_taken_back_by_its_holder_alone(
    app: Flask, client: FlaskClient
) -> None:
    from builders import person

    mine, other = person(app), person(app)

    def ask(method: str, **options: Any) -> Any:
        return client.open("/v1/me/home", method=method, **options)

    assert ask("GET").status_code == 401
    assert ask("GET", headers=mine.auth).json["region"] is None
    for region, status in (("350721", 200), ("999999", 422), ("35072", 422), ("", 422), (35, 422)):
        answer = ask("PUT", json={"region": region}, headers=mine.auth)
        assert answer.status_code == status, answer.text
    told = ask("GET", headers=mine.auth).json
    assert (told["region"], told["name"]["zh"]) == ("350721", "顺昌县")
    assert ask("GET", headers=other.auth).json["region"] is None
    assert ask("DELETE", headers=other.auth).status_code == 404
    assert ask("DELETE", headers=mine.auth).status_code == 204
    assert ask("GET", headers=mine.auth).json["region"] is None


def test_a_home_is_not_changed_in_the_middle_of_a_sealing(app: Flask, client: FlaskClient) -> None:
    from builders import person

    mine = person(app)
    with db.engine.connect() as sealing, ThreadPoolExecutor(1) as pool:
        sealing.exec_driver_sql("LOCK TABLE region_snapshot IN SHARE ROW EXCLUSIVE MODE")
        asked = pool.submit(
            app.test_client().put, "/v1/me/home", json={"region": "350721"}, headers=mine.auth
        )
        with pytest.raises(TimeoutError):
            asked.result(timeout=0.4)
        sealing.rollback()
        assert asked.result(timeout=5).status_code == 200
