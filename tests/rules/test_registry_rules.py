"""Serials, splits, prices and shares: exact for every input."""

import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.kit import messages
from app.registry import rules
from app.registry.rules import NotWholeSteps, Serial, Serials, Terms

kilograms = st.integers(1, 10**12)
fen = st.integers(1, 10**12)
SAMPLES = Path(rules.__file__).parents[1] / "data" / "samples.toml"


@st.composite
def shares(draw: st.DrawFn) -> Terms:
    village_bp = draw(st.integers(0, 10_000))
    fee_bp = draw(st.integers(0, 10_000 - village_bp))
    return Terms("yiyuan", 10, 100, village_holder_id=7, village_bp=village_bp, fee_bp=fee_bp)


@given(st.integers(1, 10**15), st.integers(2, 10**12), st.data())
def test_a_split_loses_and_doubles_nothing(first: int, size: int, data: st.DataObject) -> None:
    whole = Serials(first, first + size - 1)
    cut = data.draw(st.integers(1, size - 1))
    front, back = rules.split(whole, cut)
    assert (front.first, back.last) == whole
    assert front.last + 1 == back.first
    assert (front.quantity_kg, back.quantity_kg) == (cut, size - cut)


@pytest.mark.parametrize("cut", [-1, 0, 1000, 1001])
def test_a_split_leaves_something_on_both_sides(cut: int) -> None:
    with pytest.raises(ValueError, match="cannot be cut"):
        rules.split(Serials(1, 1000), cut)


@given(st.integers(1, 10**15), st.lists(kilograms, max_size=50))
def test_quantities_lie_end_to_end(first: int, quantities: list[int]) -> None:
    firsts = rules.place(first, quantities)
    assert len(firsts) == len(quantities)
    ends = [start + quantity for start, quantity in zip(firsts, quantities, strict=True)]
    assert firsts == [first, *ends][: len(firsts)]


@given(st.lists(kilograms, max_size=50), st.integers(0, 10**13))
def test_the_longest_beginning_that_fits_is_taken(quantities: list[int], room_kg: int) -> None:
    fitting = rules.fitting(quantities, room_kg)
    assert sum(quantities[:fitting]) <= room_kg
    assert fitting == len(quantities) or sum(quantities[: fitting + 1]) > room_kg


@pytest.mark.parametrize("quantities", [[0], [10, -1], [10, 0, 10]])
def test_nothing_can_be_retired_in_quantities_that_are_not_positive(quantities: list[int]) -> None:
    with pytest.raises(ValueError, match="positive"):
        rules.fitting(quantities, 1000)


def test_one_yuan_buys_ten_kilograms() -> None:
    assert rules.price_fen(10, 10, 100) == 100
    assert rules.quantity_kg(100, 10, 100) == 10


@given(st.integers(1, 10**9), st.integers(1, 1000), st.integers(1, 10**6))
def test_price_and_quantity_are_each_others_inverse(steps: int, step_kg: int, price: int) -> None:
    cost = rules.price_fen(steps * step_kg, step_kg, price)
    assert cost == steps * price
    assert rules.quantity_kg(cost, step_kg, price) == steps * step_kg


@pytest.mark.parametrize("wish", [0, -10, 1, 9, 11, 15])
def test_only_whole_steps_are_sold(wish: int) -> None:
    with pytest.raises(NotWholeSteps):
        rules.price_fen(wish, 10, 100)
    with pytest.raises(NotWholeSteps):
        rules.quantity_kg(wish * 10 + 5 if wish > 0 else wish, 10, 100)


@given(shares(), fen)
def test_shares_sum_to_the_price_exactly(terms: Terms, amount_fen: int) -> None:
    parts = rules.allot(terms, amount_fen)
    assert parts.seller_fen + parts.village_fen + parts.fee_fen == amount_fen
    assert min(parts.seller_fen, parts.village_fen, parts.fee_fen) >= 0


@given(shares(), fen)
def test_rounding_is_in_favour_of_the_seller(terms: Terms, amount_fen: int) -> None:
    parts = rules.allot(terms, amount_fen)
    assert parts.seller_fen * 10_000 >= amount_fen * terms.seller_bp
    assert parts.village_fen * 10_000 <= amount_fen * terms.village_bp
    assert parts.fee_fen * 10_000 <= amount_fen * terms.fee_bp


def test_shares_of_a_household_lot() -> None:
    terms = Terms("yiyuan", 10, 100, village_holder_id=7, village_bp=2000, fee_bp=1000)
    assert rules.allot(terms, 100) == rules.Allotment(seller_fen=70, village_fen=20, fee_fen=10)
    assert rules.allot(terms, 99) == rules.Allotment(seller_fen=71, village_fen=19, fee_fen=9)


@st.composite
def promised_blocks(draw: st.DrawFn) -> list[tuple[int, int]]:
    sizes = draw(st.lists(st.integers(1, 1000), max_size=8))
    return [(size, draw(st.integers(0, size))) for size in sizes]


@given(st.integers(1, 10_000), promised_blocks())
def test_a_cancellation_spares_promises_while_it_can(quantity_kg: int, blocks: list[tuple[int, int]]) -> None:
    taken = rules.spread_cancellation(quantity_kg, blocks)
    held = sum(size for size, _ in blocks)
    free = sum(size - promised for size, promised in blocks)
    assert sum(taken) == min(quantity_kg, held)
    assert all(0 <= kg <= size for kg, (size, _) in zip(taken, blocks, strict=True))
    broken = sum(max(kg - size + promised, 0) for kg, (size, promised) in zip(taken, blocks, strict=True))
    assert broken == max(sum(taken) - free, 0)


def test_a_serial_is_written_and_read() -> None:
    written = rules.serial_text("350721", "SC-DG", 2021, 1, 10)
    assert written == "SH-350721-SC-DG-2021-1-10"
    assert rules.read_serial(written) == Serial("350721", "SC-DG", 2021, 1, 10)


@given(
    st.from_regex(r"[0-9]{6}", fullmatch=True).filter(str.isascii),
    st.from_regex(r"[A-Z0-9]{1,6}(-[A-Z0-9]{1,6}){0,3}", fullmatch=True),
    st.integers(2000, 2100),
    st.integers(1, 10**15),
    st.integers(0, 10**12),
)
def test_every_serial_reads_back_as_it_was_written(
    region: str, project: str, vintage: int, first: int, more: int
) -> None:
    serial = Serial(region, project, vintage, first, first + more)
    assert rules.read_serial(rules.serial_text(*serial)) == serial


@pytest.mark.parametrize(
    "written",
    [
        "",
        "SH-350721-SC-DG-2021-10-1",
        "SH-350721-SC-DG-2021-0-10",
        "SH-350721-SC-DG-2021-01-10",
        "SH-350721-sc-dg-2021-1-10",
        "SH-350721--2021-1-10",
        "SH-350721-SC-DG-2021-1-10\n",
        "SH-３５０７２１-SC-DG-2021-1-10",
        "SH-350721-SC-DG-2021-1-" + "9" * 40,
        "VCS-350721-SC-DG-2021-1-10",
    ],
)
def test_what_is_no_serial_is_not_read_as_one(written: str) -> None:
    assert rules.read_serial(written) is None


def test_samples_say_that_they_are_samples() -> None:
    samples = tomllib.loads(SAMPLES.read_text("utf-8"))
    assert all("示例" in holder["name"] for holder in samples["holder"].values())
    for project in samples["project"]:
        facts = project["facts"]
        assert "示例" in facts["name_zh"]
        assert "示例" in facts["village_zh"]
        assert "示例数据，非真实项目" in facts["description_zh"]
        assert "Sample" in facts["name_en"]
        assert "Sample" in facts["village_en"]
        assert "Sample data, not a real project" in facts["description_en"]


@pytest.mark.parametrize(
    "name",
    [
        *(f"forest_type_{forest_type}" for forest_type in rules.FOREST_TYPES),
        *(f"methodology_{methodology}" for methodology in rules.METHODOLOGIES),
        *(f"product_{product}" for product in rules.PRODUCTS),
        *(f"reason_{reason}" for reason in rules.REASONS),
        *(f"note_{note}" for note in rules.notes(sample=True)),
    ],
)
def test_every_word_has_its_sentence(name: str) -> None:
    assert all(messages.t(f"registry.{name}", lang) for lang in messages.LANGUAGES)
