"""How the pages write, draw and arrange; without a database."""

import re
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.web import words
from app.web.api_document import chapters
from app.web.charts import HEIGHT, bar_chart, round_up, tree_rings

GAP = words.GAP


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (0, f"0{GAP}g"),
        (296, f"296{GAP}g"),
        (999, f"999{GAP}g"),
        (1000, f"1{GAP}kg"),
        (12345, f"12.345{GAP}kg"),
        (10_000, f"10{GAP}kg"),
        (999_999, f"999.999{GAP}kg"),
        (1_000_000, f"1{GAP}t"),
        (1_234_567_891, f"1,234.567891{GAP}t"),
    ],
)
def test_grams_are_written_exactly(value: int, written: str) -> None:
    assert words.grams(value) == written


@given(st.integers(0, 10**15))
def test_no_gram_is_lost_in_writing(value: int) -> None:
    number, unit = words.mass(value)
    assert Decimal(number.replace(",", "")) * {"g": 1, "kg": 1000, "t": 1_000_000}[unit] == value


@pytest.mark.parametrize(
    ("fen", "written"),
    [(0, "¥0.00"), (1, "¥0.01"), (100, "¥1.00"), (123456789, "¥1,234,567.89"), (-50, "−¥0.50")],
)
def test_money_is_written_to_the_fen(fen: int, written: str) -> None:
    assert words.yuan(fen) == written


def test_times_are_shanghais() -> None:
    assert words.moment(datetime(2026, 11, 20, 17, 30, tzinfo=UTC)) == "2026-11-21 01:30"


@pytest.mark.parametrize(
    ("written", "set_in_print"),
    [
        ("kgCO2/kWh", f"kg{GAP}CO₂/kWh"),
        ("kgCO2e/p.km", f"kg{GAP}CO₂e/p·km"),
        ("tCO2/GJ", f"t{GAP}CO₂/GJ"),
        ("m3", "m³"),
        ("CNY/day", "CNY/day"),
    ],
)
def test_units_are_set_as_in_print(written: str, set_in_print: str) -> None:
    assert words.unit(written) == set_in_print


@pytest.mark.parametrize(
    ("value", "written"), [("0.42110", "0.4211"), ("2E-5", "0.00002"), ("100", "100"), ("1E+2", "100")]
)
def test_factors_are_written_without_exponent_or_idle_zeros(value: str, written: str) -> None:
    assert words.plain(Decimal(value)) == written


def test_code_in_backticks_is_set_as_code_and_all_else_escaped() -> None:
    assert words.with_code("pay `a<b` & <go>") == "pay <code>a&lt;b</code> &amp; &lt;go&gt;"


@given(
    st.dictionaries(
        st.integers(1, 28), st.dictionaries(st.sampled_from("abc"), st.integers(0, 10**7)), max_size=28
    )
)
def test_bars_stand_on_the_ground_and_stay_in_the_picture(amounts: dict[int, dict[str, int]]) -> None:
    days = [date(2026, 11, day) for day in range(1, 29)]
    chart = bar_chart(days, {date(2026, 11, day): by_scene for day, by_scene in amounts.items()}, ("b", "a"))
    assert len(chart.bars) == 28
    assert chart.total == sum(sum(by_scene.values()) for by_scene in amounts.values())
    for bar in chart.bars:
        assert bar.total <= chart.top
        ground = float(HEIGHT)
        for piece in bar.pieces:
            assert piece.y + piece.height == pytest.approx(ground, abs=0.05)
            assert piece.y >= -0.05
            ground = piece.y


def test_scenes_stack_in_the_order_given() -> None:
    day = date(2026, 11, 1)
    chart = bar_chart(
        [day], {day: {"bus": 10, "walking": 10, "new": 10, "metro": 0}}, ("walking", "metro", "bus")
    )
    assert chart.scenes == ("walking", "bus", "new")
    assert [piece.scene for piece in chart.bars[0].pieces] == ["walking", "bus", "new"]


@given(st.integers(0, 10**12))
def test_the_scale_is_a_round_number_not_far_above(value: int) -> None:
    top = round_up(value)
    assert value <= top <= max(10, 2 * value)
    assert re.fullmatch(r"[1-9]0+", str(top))


def test_a_certificate_has_its_own_tree_rings() -> None:
    assert tree_rings("A") == tree_rings("A")
    assert tree_rings("A") != tree_rings("B")
    assert all(re.fullmatch(r"M[-\d.,L]+Z", path) for path in tree_rings("A"))


def test_the_document_unfolds_references_and_nested_lists() -> None:
    spec = {
        "tags": [{"name": "dues", "description": "Owed"}],
        "paths": {
            "/v1/dues": {
                "post": {
                    "tags": ["dues"],
                    "summary": "Record",
                    "requestBody": {
                        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/New"}}}
                    },
                    "responses": {"201": {"description": "Created"}, "default": {"description": "Error"}},
                }
            }
        },
        "components": {
            "schemas": {
                "New": {
                    "type": "object",
                    "required": ["entries"],
                    "properties": {
                        "entries": {"type": "array", "items": {"$ref": "#/components/schemas/Entry"}}
                    },
                },
                "Entry": {"type": "object", "properties": {"kind": {"type": "string", "maxLength": 40}}},
            }
        },
    }
    [chapter] = chapters(spec, {("POST", "/v1/dues"): "signed_in"})
    [operation] = chapter.operations
    assert [field.name for field in operation.body] == ["entries", "entries[].kind"]
    assert operation.body[0].required
    assert operation.body[1].kind == "string (length ≤ 40)"
    assert (operation.policy, [answer.status for answer in operation.answers]) == ("signed_in", ["201"])
