"""The calculator's pages: without JavaScript, in both languages, for anyone and for whoever signed in."""

import html
import re

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from seeing import assert_sound
from sqlalchemy import text
from visiting import Visitor

import simulator
from app.footprint import queries
from app.kit import clock
from app.kit.database import db
from app.kit.transaction import transaction
from app.web.rings import WHOLE, ring
from app.web.routes.home import neighbour

ANSWERS = {"province": "CN-SC", "people": "2", "car": "petrol_some", "m_electricity": "186"}


@pytest.fixture
def stranger(app: Flask, phone: simulator.Running) -> Visitor:
    return Visitor(app)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_pages_are_safe_and_whole_for_anyone(stranger: Visitor, language: str) -> None:
    stranger.speak(language)
    for path in (
        "/calculator",
        "/calculator?diet=vegan&m_gas=0",
        "/calculator/result",
        "/calculator/result?diet=vegan",
    ):
        answer = stranger.get(path)
        assert answer.status_code == 200
        assert_sound(answer.text, language, path)
    if language == "en":
        seen = re.sub(r"<[^>]*>", " ", stranger.get("/calculator").text)
        assert "Sichuan" in seen
        assert not re.findall(r"[\u4e00-\u9fff]{3,}", seen.replace("森惠", "").replace("中文", ""))


def test_what_is_skipped_is_called_a_default_in_the_result(stranger: Visitor) -> None:
    told = stranger.get("/calculator/result", query_string=ANSWERS).text
    assert "默认值" in told
    assert "实际数字" in told
    assert "14.546" in told, "186 kWh shared by two are 93, times the 0.1564 of Sichuan"
    assert "未核实" in told


def test_the_result_leads_back_to_the_filled_form(stranger: Visitor) -> None:
    told = stranger.get("/calculator", query_string=ANSWERS).text
    assert re.search(r'value="petrol_some" checked', told)
    assert re.search(r'<option value="CN-SC" selected', told)
    assert re.search(r'id="m_electricity"[^>]*value="186"', told)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("people", "0"),
        ("people", "-2"),
        ("people", "2.5"),
        ("diet", "stones"),
        ("province", "CN-XZ"),
        ("m_electricity", "-5"),
        ("m_electricity", "1e9"),
        ("m_electricity", "999999"),
    ],
)
def test_what_cannot_be_is_said_beside_its_question(stranger: Visitor, name: str, value: str) -> None:
    answer = stranger.get("/calculator/result", query_string={name: value})
    assert answer.status_code == 422
    assert f'id="{name}-fault"' in answer.text


def test_a_stranger_is_led_to_sign_in_and_back_to_the_result(stranger: Visitor) -> None:
    told = stranger.get("/calculator/result", query_string=ANSWERS).text
    assert "/sign-in?back=%2Fcalculator%2Fresult%3F" in told
    assert stranger.post("/calculator", ANSWERS).status_code == 401


def test_a_month_is_kept_owed_and_corrected(stranger: Visitor) -> None:
    visitor, month = stranger.sign_in(), f"{clock.business_day():%Y-%m}"
    kept = visitor.post("/calculator", {**ANSWERS, "month": month})
    assert kept.status_code == 303
    there = kept.location.partition("?")[0]
    told = visitor.get(kept.location)
    assert told.status_code == 200
    assert_sound(told.text, "zh", there)
    assert "一克不差" in visitor.get(f"{there}?replay=1").text
    owed = visitor.post(f"{there}/dues")
    assert owed.location == f"/footprint?month={month}&said=due_opened"
    shown = visitor.get(owed.location).text
    assert_sound(shown, "zh", "/footprint")
    assert "汽油小汽车" in shown
    again = visitor.post("/calculator", {**ANSWERS, "car": "none", "month": month}).location.partition("?")[0]
    assert visitor.post(f"{again}/dues").status_code == 303
    found = queries.get_calculation(visitor.holder_id, again.rsplit("/", 1)[1])
    assert queries.month_summary(visitor.holder_id, month).emitted_g == found.emitted_g
    other = Visitor(stranger.app).sign_in()
    assert other.get(there).status_code == 404
    assert other.post(f"{there}/dues").status_code == 404


def test_what_was_skipped_and_left_as_it_stands_is_said_on_the_page(stranger: Visitor) -> None:
    visitor, month = stranger.sign_in(), f"{clock.business_day():%Y-%m}"
    assert visitor.post("/footprint", {"month": month, "gas": "99"}).status_code == 303
    there = visitor.post("/calculator", {"waste": "much", "month": month}).location.partition("?")[0]
    told = visitor.get(there).text
    assert re.search(r"没有回答，按原记录不动[^<]*家庭天然气", told)
    visitor.post(f"{there}/dues")
    told = visitor.get(there).text
    assert re.search(r"没有回答，按原记录不动[^<]*家庭天然气", told)
    assert "已经与这份测算一致" not in told
    assert_sound(told, "zh", there)
    assert re.search(r'id="gas"[^>]*value="99"', visitor.get(f"/footprint?month={month}").text)


def test_the_month_one_came_with_is_offered_and_selected(stranger: Visitor) -> None:
    visitor = stranger.sign_in()
    asked = neighbour(f"{clock.business_day():%Y-%m}", -7)
    told = visitor.get("/calculator/result", query_string={**ANSWERS, "month": asked}).text
    assert re.search(rf'<option value="{asked}" selected', told)
    assert told.count(" selected") == 1
    there = visitor.post("/calculator", {**ANSWERS, "month": asked}).location.partition("?")[0]
    again = re.search(r'href="(/calculator\?[^"]*)"', visitor.get(there).text)
    assert again is not None
    form = visitor.get(html.unescape(again[1])).text
    assert f'<input type="hidden" name="month" value="{asked}">' in form
    query = html.unescape(again[1]).partition("?")[2]
    assert re.search(rf'<option value="{asked}" selected', visitor.get(f"/calculator/result?{query}").text)


@pytest.mark.parametrize("month", ["2015-01", "2099-12", "soon", "2026-13"])
def test_a_month_that_cannot_be_is_refused_before_it_is_computed(stranger: Visitor, month: str) -> None:
    answer = stranger.get("/calculator/result", query_string={**ANSWERS, "month": month})
    assert answer.status_code == 422
    assert 'id="month-fault"' in answer.text


def test_the_result_of_an_asked_month_has_the_grid_of_that_month(stranger: Visitor) -> None:
    this = f"{clock.business_day():%Y-%m}"
    publish_the_grid_of(int(this[:4]), f"{this}-01")
    shown = [
        stranger.get("/calculator/result", query_string={**ANSWERS, "m_electric_car": "10", "month": month})
        for month in (this, neighbour(this, -1))
    ]
    now, before = (set(re.findall(r"/factors/(elec.grid.sc.\d{4})", answer.text)) for answer in shown)
    assert (now, before) == ({f"elec.grid.sc.{this[:4]}"}, {"elec.grid.sc.2023"}), "of the home and the car"


def publish_the_grid_of(year: int, since: str) -> None:
    with transaction():
        db.session.execute(
            text(
                "INSERT INTO factor (key, version, value, unit, region, category, name_zh, name_en,"
                "  source_title, source_ref, verified, tier, note, valid_from, valid_until, loaded_at)"
                " SELECT 'elec.grid.sc.' || :year, 1, value * 2, unit, region, category, name_zh, name_en,"
                "  source_title, source_ref, verified, tier, note, CAST(:since AS date), NULL, now()"
                " FROM factor WHERE key = 'elec.grid.sc.2023'"
            ),
            {"year": str(year), "since": since},
        )
    queries.catalogue.forget()


def test_a_month_too_far_back_is_refused_on_the_form(stranger: Visitor) -> None:
    visitor = stranger.sign_in()
    answer = visitor.post("/calculator", {**ANSWERS, "month": "2015-01"})
    assert answer.status_code == 422
    assert "24 个月" in answer.text


@given(st.lists(st.tuples(st.text(min_size=1, max_size=5), st.integers(0, 10**12)), max_size=8))
def test_a_ring_is_whole_and_leaves_no_part_out(amounts: list[tuple[str, int]]) -> None:
    parts = ring(amounts)
    assert [(part.name, part.amount) for part in parts] == [each for each in amounts if each[1]]
    assert sum(part.share_bp for part in parts) == (WHOLE if parts else 0)
    total = sum(amount for _, amount in amounts)
    start = 0
    for part in parts:
        assert abs(part.share_bp * total - part.amount * WHOLE) <= total
        assert (part.start, part.stroke > 0) == (start, True)
        start += part.share_bp


def test_a_recorded_kind_can_be_corrected_to_nothing_on_the_months_form(stranger: Visitor) -> None:
    visitor, month = stranger.sign_in(), f"{clock.business_day():%Y-%m}"
    assert visitor.post("/footprint", {"month": month, "gas": "0"}).status_code == 422
    assert visitor.post("/footprint", {"month": month, "gas": "12"}).status_code == 303
    assert visitor.post("/footprint", {"month": month, "gas": "0"}).status_code == 303
    assert queries.month_summary(visitor.holder_id, month).emitted_g == 0
    assert re.search(r'id="gas"[^>]*value="0"', visitor.get(f"/footprint?month={month}").text)
