"""The account's pages as a person goes through them."""

import json
import re
from datetime import date, timedelta

import pytest
from crowding import FIRST, at, at_home, avoid, seal
from flask import Flask
from seeing import assert_sound
from visiting import Visitor

import simulator
from app.footprint import services as footprint
from app.kit import clock
from app.kit.transaction import transaction
from app.web.columns import HEIGHT, WIDTH, column_chart

TODAY = date(2026, 11, 20)


@pytest.fixture
def visitor(app: Flask, phone: simulator.Running) -> Visitor:
    """Somebody with a trip a day for three weeks, and two months of emissions."""
    someone = Visitor(app).sign_in()
    me = someone.holder_id
    for number in range(21):
        started = at(TODAY - timedelta(days=number))
        with clock.frozen(started + timedelta(hours=5)), transaction():
            footprint.record_action(me, "metro", started, 3000, 900)
    for month in ("2026-10", "2026-11"):
        with transaction():
            footprint.record_emission(me, month, [("electricity", 100)])
    return someone


def links(page: str) -> set[str]:
    """Where a page's own parts lead to; the frame around them is left out."""
    inside = page[page.index("<main") : page.index("</main>")]
    return {each.replace("&amp;", "&").split("#")[0] for each in re.findall(r'href="(/[^"]*)"', inside)}


@pytest.mark.parametrize(
    "path", ["/account/2026-11", "/account/2026", "/account/life", "/account/2026-11-18"]
)
def test_every_figure_leads_to_where_it_comes_from(visitor: Visitor, path: str) -> None:
    page = visitor.get(path).text
    found = links(page)
    assert any(each.startswith("/factors/") for each in found)
    assert {f"line={name}" for name in ("avoided", "emitted", "offset")} <= {
        each.rsplit("&", 1)[-1] for each in found if "statement?" in each
    }
    for each in found:
        assert visitor.get(each).status_code == 200, each


def test_columns_lead_to_the_days_and_months_they_count(visitor: Visitor) -> None:
    month, year = visitor.get("/account/2026-11").text, visitor.get("/account/2026").text
    assert "/account/2026-11-20" in links(month)
    assert "/account/2026-11-21" not in links(month), "nothing was done on that day"
    assert {"/account/2026-10", "/account/2026-11"} <= links(year)
    assert "/account/2026-11" in links(visitor.get("/account/2026-11-20").text)


def test_nobody_pages_into_the_future_or_before_the_beginning(visitor: Visitor) -> None:
    assert 'rel="next"' not in visitor.get("/account").text
    assert 'rel="prev"' not in visitor.get("/account/2015").text
    assert visitor.get("/account/2999").status_code == 404


def test_a_statement_pages_to_its_end_and_its_exports_are_whole(visitor: Visitor) -> None:
    me = visitor.holder_id
    for number in range(40):
        started = at(date(2026, 9, 1) + timedelta(days=number))
        with clock.frozen(started + timedelta(hours=5)), transaction():
            footprint.record_action(me, "bus", started, 2000, 900)
    path, seen = "/account/statement?from=2026-01-01&to=2026-12-31", set()
    while path:
        page = visitor.get(path).text
        seen |= {each for each in links(page) if each.startswith("/actions/")}
        further = [each for each in links(page) if "after=" in each]
        path = further[0] if further else ""
    assert len(seen) == 61
    query = "from=2026-01-01&to=2026-12-31"
    table = visitor.get(f"/account/statement.csv?{query}")
    assert table.data.startswith(b"\xef\xbb\xbf")
    assert table.data.count(b"\r\n") == 1 + 61 + 2
    assert len(json.loads(visitor.get(f"/account/statement.json?{query}").data)["items"]) == 63


@pytest.mark.parametrize(
    "query",
    ["from=x", "from=2026-02-01&to=2026-01-01", "line=all", "after=x", "from=2026-01-01&from=2026-01-02"],
)
def test_what_the_form_cannot_read_is_said_beside_it(visitor: Visitor, query: str) -> None:
    answer = visitor.get(f"/account/statement?{query}")
    assert answer.status_code == 422
    assert_sound(answer.text, "zh", query)
    for ending in ("csv", "json"):
        assert (
            visitor.get(f"/account/statement.{ending}?{query}").status_code in (303, 422) or "after" in query
        )


def test_a_home_is_found_step_by_step_chosen_and_taken_back(visitor: Visitor) -> None:
    assert "/account/region?in=35" in links(visitor.get("/account/region").text)
    assert "/account/region?in=350721" in links(visitor.get("/account/region?in=3507").text)
    assert (
        visitor.post("/account/region", {"region": "350721"}).location == "/account/region?said=home_chosen"
    )
    page = visitor.get("/account/region?said=home_chosen").text
    assert "顺昌县" in page
    assert "撤回归属地" in page
    assert "顺昌县" in visitor.get("/account").text
    for region in ("999999", "19", "x", ""):
        answer = visitor.post("/account/region", {"region": region})
        assert answer.status_code == 422, region
        assert_sound(answer.text, "zh", region)
    assert visitor.post("/account/region/leave").location == "/account/region?said=home_left"
    assert "撤回归属地" not in visitor.get("/account/region").text


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_region_shows_its_people_or_why_it_does_not(app: Flask, visitor: Visitor, language: str) -> None:
    visitor.speak(language)
    few = visitor.get("/regions/350721")
    assert ("至少要有 11 个人" if language == "zh" else "at least 11 people") in few.text
    avoid([*at_home(app, "350721", 11), *at_home(app, "350721105", 11)], 1500, FIRST)
    seal(FIRST)
    page = visitor.get("/regions/3507").text
    assert_sound(page, language, "/regions/3507")
    assert '<b class="num">32<i>kg CO₂e</i></b>' in page
    assert "/v1/regions/footprint/snapshots/2026-10-01" in page
    assert "16\u00a0kg" in visitor.get("/regions/350721").text, "of the county itself and of its township"


def test_columns_stand_in_their_frame_on_one_scale() -> None:
    starts = [date(2026, month, 1) for month in range(1, 13)]
    amounts = {starts[0]: {"a": 30, "b": 20}, starts[5]: {"b": 10, "c": -5}}
    chart = column_chart(starts, amounts, ["b"], lambda each: str(each.month))
    assert chart.parts == ("b", "a")
    assert (chart.top, chart.total) == (50, 55)
    first = chart.columns[0]
    assert sum(piece.height for piece in first.pieces) == pytest.approx(HEIGHT)
    assert all(each.x >= 0 and each.x + each.width <= WIDTH for each in chart.columns)
    assert column_chart([], {}, [], str).columns == ()
