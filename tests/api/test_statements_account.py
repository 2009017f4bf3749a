"""The personal carbon account: three lines over a day, a month, a year and a life, and the statement."""

import csv
import io
import itertools
import json
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from builders import Person, person
from crowding import at
from flask import Flask
from flask.testing import FlaskClient
from shop import Shop, eventually, paid

from app.footprint import services as footprint
from app.footprint.models import MethodologyRow
from app.footprint.queries import catalogue
from app.kit import clock
from app.kit.database import db
from app.kit.transaction import transaction
from app.statements import queries
from app.statements.queries import lines
from app.statements.queries.lines import Stretch, all_lines
from app.statements.rules import LINES
from app.statements.rules.periods import read_period

LINE = ("avoided_g", "emitted_g", "offset_g")


class Life:
    """One person who did something in two years."""

    def __init__(self, app: Flask, client: FlaskClient) -> None:
        self.client, self.me = client, person(app)
        for month, day in ((date(2025, 12, 1), 30), (date(2026, 10, 1), 3), (date(2026, 10, 1), 5)):
            self.trip(month.replace(day=day), "metro")
            self.trip(month.replace(day=day), "shared_bike", hour=9)
        self.emit("2025-12", electricity=100)
        self.emit("2026-10", electricity=200, gas=20)

    def trip(self, day: date, scene: str, hour: int = 8) -> Any:
        started = at(day).replace(hour=hour)
        with clock.frozen(started + timedelta(hours=5)), transaction():
            return footprint.record_action(self.me.holder_id, scene, started, 3000, 900).action

    def emit(self, month: str, **entries: int) -> None:
        with clock.frozen(datetime(2026, 11, 2, tzinfo=UTC)), transaction():
            footprint.record_emission(self.me.holder_id, month, list(entries.items()))

    def account(self, period: str) -> Any:
        answer = self.client.get(f"/v1/account/{period}", headers=self.me.auth)
        assert answer.status_code == 200, answer.text
        return answer.json

    def lines(self, query: str = "from=2025-01-01", limit: int = 100) -> list[Any]:
        found, after = [], ""
        while True:
            path = f"/v1/account/statement?{query}&limit={limit}{after}"
            answer = self.client.get(path, headers=self.me.auth)
            assert answer.status_code == 200, answer.text
            found += answer.json["items"]
            if not answer.json["next"]:
                return found
            after = f"&after={answer.json['next']}"

    def export(self, ending: str, query: str = "from=2025-01-01", who: Person | None = None) -> Any:
        who = who or self.me
        return self.client.get(f"/v1/account/statement.{ending}?{query}", headers=who.auth)


@pytest.fixture
def life(app: Flask, client: FlaskClient) -> Life:
    return Life(app, client)


def test_every_view_agrees_with_the_statement_of_its_days(life: Life) -> None:
    for period in ("2026-10-03", "2026-10", "2025", "2026", "life"):
        told = life.account(period)
        found = life.lines(f"from={told['first_day']}&to={told['last_day']}")
        for name in LINES:
            counted = sum(line["counted_g"] for line in found if line["line"] == name)
            assert told[name]["grams"] == counted, (period, name)
            assert sum(sum(each.values()) for each in told[name]["by_start"].values()) == counted
            if name != "offset":
                assert sum(part["grams"] for part in told[name]["parts"]) == counted
    assert life.account("2026-10")["avoided"]["grams"] > 0
    assert life.account("2026-10-04")["avoided"]["grams"] == 0
    assert life.account("life")["first_day"] == "2025-01-01", "no empty years before the first"


def test_every_part_carries_its_factor_source_and_mark(life: Life) -> None:
    told = life.account("2026-10")
    for part in told["avoided"]["parts"] + told["emitted"]["parts"]:
        factor = part["factor"]
        assert factor["source_title"]
        assert (factor["mark"] is None) == factor["verified"]
    assert all(part["methodology"]["key"] for part in told["avoided"]["parts"])
    for line in life.lines():
        assert line["factor"]["source_title"]


def publish_metro(version: int, verified: bool) -> None:
    """Another version of what counts metro rides from now on, by a factor that is verified or not."""
    known = catalogue.catalogue()
    now = known.scenes["metro"]
    factors = (each for each in known.factors.values() if each.unit == now.factor.unit)
    factor = next(each for each in factors if each.verified is verified)
    document = {**now.document, "version": version, "factor": factor.key, "factor_version": factor.version}
    with transaction() as session:
        row = MethodologyRow(
            key=document["key"],
            version=version,
            scene="metro",
            factor_id=factor.id,
            document=document,
            pack=now.pack,
            loaded_at=clock.now(),
        )
        session.add(row)
    catalogue.forget()


def test_grams_of_an_unverified_factor_keep_their_mark_when_a_verified_one_counts_today(
    app: Flask, client: FlaskClient
) -> None:
    publish_metro(98, verified=False)
    life = Life(app, client)
    publish_metro(99, verified=True)
    today = clock.business_day()
    tomorrow = today + timedelta(days=1)
    parts = {part["name"]: part for part in life.account("2026-10")["avoided"]["parts"]}
    assert parts["metro"]["factor"]["verified"]
    assert parts["metro"]["mark"]["en"]
    with clock.frozen(at(tomorrow)):
        found = queries.get_account(life.me.holder_id, read_period("life", tomorrow))
        assert {part.name for part in found.avoided.parts if part.mark} >= {"metro"}
        life.trip(tomorrow, "metro", hour=9)
    with clock.frozen(at(tomorrow + timedelta(days=1))):
        [part] = queries.get_account(life.me.holder_id, read_period(f"{tomorrow}", tomorrow)).avoided.parts
        assert part.mark is None, "nothing unverified has counted since"


def test_no_figure_adds_two_lines(life: Life) -> None:
    told = life.account("2026-10")
    sums = {name: told[name]["grams"] for name in LINES}
    assert set(told) == {"period", "kind", "first_day", "last_day", *LINES, "owed_g", "carry_g"}
    added = {a + b for a, b in itertools.permutations(sums.values(), 2) if a and b}
    assert added.isdisjoint({told["owed_g"], told["carry_g"], *sums.values()})


def test_a_statement_runs_in_the_order_of_days_with_a_total_for_each_line(life: Life) -> None:
    found = life.lines()
    assert [line["day"] for line in found] == sorted(line["day"] for line in found)
    totals = dict.fromkeys(LINE, 0)
    for line in found:
        totals[f"{line['line']}_g"] += line["counted_g"]
        assert line["totals"] == totals
    assert len(found) == 9


@pytest.mark.parametrize("limit", [1, 2, 4])
def test_pages_of_any_length_are_the_same_statement(life: Life, limit: int) -> None:
    assert life.lines(limit=limit) == life.lines()
    assert life.lines("from=2026-01-01&line=emitted", limit) == [
        {**line, "totals": {**line["totals"], "avoided_g": 0}}
        for line in life.lines("from=2026-01-01")
        if line["line"] == "emitted"
    ]


def test_what_was_withdrawn_or_corrected_stands_there_and_counts_nothing(life: Life) -> None:
    action = life.trip(date(2026, 10, 8), "metro")
    with transaction():
        footprint.withdraw_action(life.me.holder_id, action.code)
    life.emit("2026-10", electricity=150)
    found = life.lines("from=2026-10-01&to=2026-10-31")
    states = [(line["line"], line["state"], line["counted_g"] == line["grams"]) for line in found]
    assert states.count(("avoided", "withdrawn", False)) == 1
    assert states.count(("emitted", "corrected", False)) == 1
    told = life.account("2026-10")
    assert found[-1]["totals"] == {name: told[name.removesuffix("_g")]["grams"] for name in LINE}


def test_a_table_opens_in_a_spreadsheet_and_holds_every_line(life: Life) -> None:
    answer = life.export("csv")
    assert answer.content_type == "text/csv; charset=utf-8"
    assert answer.data.startswith(b"\xef\xbb\xbf")
    assert 'filename="senhui-account-2025-01-01-' in answer.headers["Content-Disposition"]
    rows = list(csv.DictReader(io.StringIO(answer.data.decode("utf-8-sig"), newline="")))
    lines = life.lines()
    assert [(row["编号"], int(row["计入（克）"])) for row in rows] == [
        (line["code"], line["counted_g"]) for line in lines
    ]
    assert {row["栏目"] for row in rows} == {"减排量", "排放量"}
    assert all(row["因子来源"] and row["原始输入"] for row in rows)
    english = life.export("csv", "from=2025-01-01&lang=en").data.decode("utf-8-sig")
    assert english.startswith("Day,Line,Name,Code")


def test_a_document_holds_every_line_and_the_totals(life: Life) -> None:
    told = json.loads(life.export("json").data)
    lines = life.lines()
    assert told["items"] == lines
    assert told["totals"] == lines[-1]["totals"]
    assert "从不相加" in told["note"]["zh"]
    empty = json.loads(life.export("json", "from=2024-01-01&to=2024-02-01").data)
    assert (empty["items"], empty["totals"]) == ([], dict.fromkeys(LINE, 0))


def test_an_export_reads_a_batch_at_a_time(life: Life, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = list(all_lines(Stretch(life.me.holder_id, date(2025, 1, 1), date(2026, 12, 31))))
    asked: list[int] = []
    merged = lines._merged

    def counted(stretch: Stretch, after: Any, limit: int) -> Any:
        found = merged(stretch, after, limit)
        asked.append(len(found))
        return found

    monkeypatch.setattr(lines, "_merged", counted)
    monkeypatch.setattr(lines, "BATCH", 2)
    stream = all_lines(Stretch(life.me.holder_id, date(2025, 1, 1), date(2026, 12, 31)))
    first = next(stream)
    assert asked == [2], "the first line is out before the rest was read"
    assert [first, *stream] == whole
    assert max(asked) == 2


def test_days_of_one_moment_stay_apart_by_list_and_place(life: Life) -> None:
    for hour in (10, 11, 12):
        life.trip(date(2026, 10, 1), "metro", hour)
    found = life.lines("from=2026-10-01&to=2026-10-01", limit=1)
    assert [line["line"] for line in found] == ["avoided"] * 3 + ["emitted"] * 2
    assert len({line["code"] for line in found}) == 5


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("2026-13", 404),
        ("2999", 404),
        ("1999-01", 404),
        ("lifetime", 404),
        ("2026-02-30", 404),
        ("%00", 404),
        ("statement?from=2026-02-30", 422),
        ("statement?from=2026-02-01&to=2026-01-01", 422),
        ("statement?after=nonsense", 422),
        ("statement?after=AAAAAAAAAAAAAAAAAA", 422),
        ("statement?after=__________________", 422),
        ("statement?line=all", 422),
        ("statement?limit=0", 422),
        ("statement.csv?from=x", 422),
        ("statement.json?to=1", 422),
        ("statement?from=2099-01-01", 200),
        ("statement?to=2100-12-31", 200),
    ],
)
def test_what_cannot_be_read_is_refused_by_name(life: Life, path: str, status: int) -> None:
    answer = life.client.get(f"/v1/account/{path}", headers=life.me.auth)
    assert answer.status_code == status, answer.text
    if status == 422:
        assert answer.json.get("errors") or answer.json["code"] == "stretch_backwards"


def test_an_account_is_its_holders_alone(life: Life, app: Flask) -> None:
    other = person(app)
    for path in ("life", "statement", "statement.csv", "statement.json"):
        assert life.client.get(f"/v1/account/{path}").status_code == 401
    assert json.loads(life.export("json", who=other).data)["items"] == []
    assert life.client.get("/v1/account/life", headers=other.auth).json["avoided"]["grams"] == 0


def test_what_was_bought_and_retired_is_the_third_line_with_its_certificate(shop: Shop) -> None:
    order = shop.order(amount_fen=300)
    shop.pay(order)
    eventually(paid(shop, order))
    from app.offsets.jobs import settle_paid

    settle_paid()
    told = eventually(lambda: _offset(shop))
    found = shop.client.get("/v1/account/statement?line=offset", headers=shop.buyer.auth).json["items"]
    assert [line["grams"] for line in found] == [told["offset"]["grams"]] == [30_000]
    line = found[0]
    assert shop.client.get(f"/v1/certificates/{line['code']}").status_code == 200
    assert (line["sample"], line["totals"]["offset_g"], line["factor"]) == (True, 30_000, None)
    assert line["serial"].startswith("SH-350721-")
    assert told["avoided"]["grams"] == told["emitted"]["grams"] == 0
    table = shop.client.get("/v1/account/statement.csv", headers=shop.buyer.auth).data.decode("utf-8-sig")
    assert line["serial"] in table
    assert "示例" in table


def _offset(shop: Shop) -> Any:
    db.session.rollback()
    told = shop.client.get("/v1/account/life", headers=shop.buyer.auth).json
    return told if told["offset"]["grams"] else None


def test_home_and_account_say_nothing_of_each_other(life: Life) -> None:
    before = life.account("life")
    answer = life.client.put("/v1/me/home", json={"region": "350721"}, headers=life.me.auth)
    assert answer.status_code == 200
    assert life.account("life") == before
