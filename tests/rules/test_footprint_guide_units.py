"""What calculators compute by is checked unit by unit, and says what its sources say."""

import csv
from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from app.footprint import queries
from app.footprint.queries import EVENT_INVENTORY, PERSON_MONTH
from app.footprint.rules import GuideRefused, counts
from app.footprint.services.factors import FILE
from app.footprint.services.guide_units import refuse_items, refuse_kinds, refuse_measures, units_of
from app.footprint.services.guides import check_files, read_file
from app.footprint.services.methodologies import FOLDER, read_folder

with FILE.open(encoding="utf-8", newline="") as lines:
    ROWS = {row["key"]: row for row in csv.DictReader(lines)}
FACTORS = [(row["key"], row["unit"]) for row in ROWS.values()]
KNOWN = units_of(FACTORS)
KINDS = queries.emission_kinds()
DOCUMENTS = {each["key"]: each for each in read_folder(FOLDER)}


def test_the_shipped_files_are_sound() -> None:
    assert check_files(FACTORS) == 3


@pytest.mark.parametrize("kind", sorted(name for name, each in KINDS.items() if each.per != 1))
def test_a_kind_that_drops_its_per_is_refused_with_file_kind_and_why(kind: str) -> None:
    with pytest.raises(GuideRefused, match=rf"mine\.toml: {kind}: .* is "):
        refuse_kinds("mine.toml", [replace(KINDS[kind], per=1)], KNOWN)


@pytest.mark.parametrize(
    ("kind", "unit", "why"),
    [
        ("petrol_car", "L", r"1 L × .* is not in kgCO2"),
        ("electricity", "MJ", "is 5/18|is 0.27"),
        ("metro", "km", "is not in kgCO2"),
        ("diet_vegan", "day", "is not in kgCO2e"),
        ("gas", "cubit", "no such unit: cubit"),
    ],
)
def test_a_kind_in_another_unit_than_its_factors_is_refused(kind: str, unit: str, why: str) -> None:
    with pytest.raises(GuideRefused, match=f"mine.toml: {kind}: .*({why})"):
        refuse_kinds("mine.toml", [replace(KINDS[kind], unit=unit)], KNOWN)


def test_a_kind_without_a_factor_in_one_of_its_provinces_is_refused() -> None:
    kind = replace(KINDS["electricity"], provinces=("fj", "xz"))
    with pytest.raises(GuideRefused, match=r"electricity: no factor elec\.grid\.xz"):
        refuse_kinds("mine.toml", [kind], KNOWN)


def event(change: Callable[[dict[str, Any], dict[str, Any]], None]) -> dict[str, Any]:
    """The event guide, changed; the change gets its items and its measures by key."""
    document = deepcopy(read_file(EVENT_INVENTORY))
    change({each["key"]: each for each in document["item"]}, document["measure"])
    return document


SCALED = [each["key"] for each in read_file(EVENT_INVENTORY)["item"] if each.get("per", 1) != 1]


@pytest.mark.parametrize("item", SCALED)
def test_an_item_that_drops_its_per_is_refused_with_file_item_and_why(item: str) -> None:
    document = event(lambda items, _: items[item].pop("per"))
    with pytest.raises(GuideRefused, match=rf"^mine\.toml: {item}: .* is "):
        refuse_items("mine.toml", document, KNOWN)


def test_litres_against_a_factor_a_kilometre_are_refused() -> None:
    document = event(lambda items, _: items["car"].update(measures=["litres"]))
    with pytest.raises(GuideRefused, match=r"mine\.toml: car: .*L × .*kgCO2/km is not in kgCO2"):
        refuse_items("mine.toml", document, KNOWN)


def test_a_measure_without_a_unit_is_refused() -> None:
    document = event(lambda _, measures: measures["kwh"].pop("unit"))
    with pytest.raises(GuideRefused, match="electricity: no such unit"):
        refuse_items("mine.toml", document, KNOWN)


@pytest.mark.parametrize(
    ("question", "unit", "amount", "why"),
    [
        ("water", "m3", 100, "1 m3 is not 100 L"),
        ("water", "kWh", 1000, "kWh is not a measure of L"),
        ("waste", "g", 1, "1 g is not 1 kg"),
        ("waste", "", 1, "no such unit"),
    ],
)
def test_a_measure_that_is_not_in_the_units_of_its_kind_is_refused(
    question: str, unit: str, amount: int, why: str
) -> None:
    document = deepcopy(read_file(PERSON_MONTH))
    [told] = [each for each in document["question"] if each["key"] == question]
    [measure] = told["measure"]
    measure["unit"] = unit
    measure["feeds"] = dict.fromkeys(measure["feeds"], amount)
    with pytest.raises(GuideRefused, match=f"mine.toml: {question}, {question}: .*{why}"):
        refuse_measures("mine.toml", document, KINDS)


def test_parcel_boxes_are_board_and_the_lower_difference_counts() -> None:
    document = DOCUMENTS["parcel_recycling.mass"]
    used = ROWS[document["factor"]]
    difference = Decimal(ROWS["material.board"]["value"]) - Decimal(ROWS["material.board.recycled"]["value"])
    assert (used["key"], Decimal(used["value"])) == ("er.board_recycle.gb", difference)
    assert (used["verified"], used["note"][:6]) == ("no", "[calc]")
    assert document["conservative"]["compared"] == ["er.paper_recycle.gb"]


def test_a_flight_abroad_is_a_kind_of_its_own_by_the_higher_sourced_figure() -> None:
    economy = [f"travel.flight.gb.{haul}.eco.rf" for haul in ("short", "long", "intl")]
    highest = max(economy, key=lambda key: Decimal(ROWS[key]["value"]))
    items = {each["key"]: each for each in read_file(EVENT_INVENTORY)["item"]}
    assert KINDS["flight_international"].factor_key == highest == items["flight_international"]["factor"]
    [trips] = [each for each in read_file(PERSON_MONTH)["question"] if each["key"] == "trips"]
    feeds = {each["key"]: each["feeds"] for each in trips["measure"]}
    assert feeds["flight_international"] == {"flight_international": 1}


def test_no_text_says_of_a_standard_what_was_not_seen_in_it() -> None:
    told = [each for each in DOCUMENTS.values() if each["pack"]["key"] == "beijing-jjj-2026"]
    for document in filter(counts, told):
        assert "was not seen" in document["baseline"]["text_en"]
        assert "未见" in document["baseline"]["text_zh"]


def test_the_same_car_is_not_left_at_home_twice() -> None:
    here = [each for each in DOCUMENTS.values() if each["pack"]["key"] == "beijing-maas-2026"]
    counted = {each["scene"] for each in here if counts(each)}
    assert counted == {"walk_trip", "shared_bike", "ev_charging"}


def test_whoever_charges_at_home_is_told_not_to_count_it_twice() -> None:
    [car] = [each for each in read_file(PERSON_MONTH)["question"] if each["key"] == "car"]
    assert "charged at home is in the household's electricity already" in car["hint_en"]
    assert "在家充的电已在家庭用电里" in car["hint_zh"]


def test_nothing_that_a_report_may_say_is_more_than_its_day_holds() -> None:
    for document in filter(counts, DOCUMENTS.values()):
        if document["kind"] == "count" and "per_day" in document:
            assert document["bounds"]["most"] <= document["per_day"], document["key"]
