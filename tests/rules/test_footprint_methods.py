"""Each methodology against a worked example from its source; formulas of several factors; units."""

import csv
from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.footprint import rules
from app.footprint.rules import units
from app.footprint.services.factor_file import FactorsRefused, read_factors
from app.footprint.services.factors import FILE
from app.footprint.services.methodologies import FOLDER, read_folder

with FILE.open(encoding="utf-8", newline="") as lines:
    VALUES = {(row["key"], 1): Decimal(row["value"]) for row in csv.DictReader(lines)}
DOCUMENTS = {each["key"]: each for each in read_folder(FOLDER) if rules.counts(each)}
METHODS = {key: rules.read_method(each).bind(VALUES) for key, each in DOCUMENTS.items()}


def grams(key: str, grade: str, inputs: Mapping[str, Any]) -> int:
    method, document = METHODS[key], DOCUMENTS[key]
    return rules.Decision(method, VALUES[document["factor"], 1], grade, inputs).computed_g


EXAMPLES = [
    # What the source prints, in the source's own words where it has any; not computed from our files.
    ("walking.werun", "measured", {"steps": 10_000}, 200),  # 0.02 points a step, a point is a gram
    ("shared_bike.distance", "partner", {"distance_m": 10_000}, 487),  # 48.7 g a km
    ("shared_ebike.distance", "partner", {"distance_m": 10_000}, 618),  # 61.8 g a km
    ("bus.distance", "partner", {"distance_m": 10_000}, 269),  # 26.9 g a passenger-km
    ("metro.distance", "partner", {"distance_m": 10_000}, 468),  # 46.8 g a passenger-km
    ("paperless.sheets", "partner", {"sheets": 1000}, 6710),  # 0.06237 m2 × 80 g × 1.34508 kg/kg a sheet
    ("no_cutlery.count", "partner", {"orders": 1}, 16),
    ("second_hand.phone", "partner", {"phones": 1}, 25_000),  # about 25 kg a deal
    ("clothes_recycling.mass", "partner", {"mass_g": 1000}, 3600),  # 3.6 kg a kg of textile
    ("parcel_recycling.mass", "partner", {"mass_g": 1000}, 101),  # 1.19973 − 1.09811 kg a kg
    # 公告2025年第47号: Fujian 0.4211 kg a kWh
    ("electricity_saving.month", "partner", {"saved_wh": 50_000}, 21_055),
    ("shenzhen.bus.distance", "partner", {"distance_m": 1000}, 26),
    ("shenzhen.metro.distance", "partner", {"distance_m": 1000}, 46),
    ("shenzhen.shared_bike.distance", "partner", {"distance_m": 1000}, 48),
    ("shenzhen.shared_ebike.distance", "partner", {"distance_m": 1000}, 61),
    ("hubei.walking.werun", "measured", {"steps": 50}, 1),
    ("hubei.bus.trip", "partner", {"distance_m": 9000}, 105),
    ("hubei.bus.trip", "declared", {"distance_m": 300}, 52),  # the platform prints 52, half rounded down
    ("hubei.metro.trip", "partner", {"distance_m": 9000}, 274),
    ("hubei.metro.trip", "declared", {"distance_m": 900}, 137),
    ("beijing.walk.distance", "partner", {"distance_m": 1000}, 300),  # 1 km gives 0.3 kg
    ("beijing.bike.distance", "partner", {"distance_m": 1500}, 400),  # 1.5 km gives 0.4 kg
    # 100 km: 7 l × 2.175 kg − 15 kWh × 0.5554 kg
    ("beijing.ev_charging.energy", "partner", {"energy_wh": 15_000}, 6894),
    ("jjj.bus.distance", "partner", {"distance_m": 10_000}, 520),  # (0.104 − 0.052) kg × 10
    ("jjj.metro.distance", "partner", {"distance_m": 10_000}, 720),
    ("jjj.shared_bike.distance", "partner", {"distance_m": 10_000}, 953),
]


@pytest.mark.parametrize(("key", "grade", "inputs", "expected"), EXAMPLES)
def test_a_methodology_gives_what_its_source_prints(
    key: str, grade: str, inputs: dict[str, int], expected: int
) -> None:
    assert grams(key, grade, inputs) == expected


def test_every_methodology_that_counts_has_an_example_here() -> None:
    assert {key for key, *_ in EXAMPLES} == set(DOCUMENTS)


def test_a_declaration_earns_half_or_nothing_by_the_scenes_terms() -> None:
    weights = {document["weights"]["declared"] for document in DOCUMENTS.values()}
    assert weights == {"0", "0.5"}
    for key, document in DOCUMENTS.items():
        inputs = {"distance_m": 10**6, document["measure"]: 10**6}
        graded = [grams(key, grade, inputs) for grade in rules.GRADES]
        assert graded == sorted(graded, reverse=True), key
        assert (graded[-1] == 0) == (document["weights"]["declared"] == "0")


def test_a_grid_dirtier_than_petrol_makes_charging_avoid_nothing() -> None:
    method = rules.read_method(DOCUMENTS["beijing.ev_charging.energy"])
    dirty = method.bind({("elec.grid.bj.2023", 1): Decimal("1.5")})
    assert rules.Decision(dirty, Decimal("2.175"), "partner", {"energy_wh": 15_000}).computed_g == 0


amounts = st.integers(0, 10**9)
shares = st.fractions(-10, 10, max_denominator=100)
values = st.decimals(0, 100, places=6, allow_nan=False, allow_infinity=False)


@given(amounts, shares, values, st.lists(st.tuples(shares, values), max_size=3), st.integers(1, 1000))
def test_any_formula_rounds_down_once_and_never_below_zero(
    amount: int, share: Fraction, value: Decimal, others: list[tuple[Fraction, Decimal]], per: int
) -> None:
    terms = [
        {"factor": f"f.{place}", "factor_version": 1, "per_unit": str(part)}
        for place, (part, _) in enumerate(others)
    ]
    document = {**DOCUMENTS["metro.distance"], "inputs_per_unit": per, "per_unit": str(share), "terms": terms}
    bound = {(f"f.{place}", 1): each for place, (_, each) in enumerate(others)}
    method = rules.read_method(document).bind(bound)
    exact = share * Fraction(value) + sum((part * Fraction(each) for part, each in others), Fraction(0))
    exact = Fraction(amount, per) * max(Fraction(0), exact) * 1000
    computed = rules.Decision(method, value, "partner", {"distance_m": amount}).computed_g
    assert 0 <= computed <= exact < computed + 1
    assert computed == rules.Decision(method, value, "partner", {"distance_m": amount}).computed_g


days = st.dates(date(2026, 1, 1), date(2027, 12, 31))


@given(st.none() | days, days, st.booleans())
def test_what_replaces_results_never_counts_on_a_day_that_has_begun(
    asked: date | None, today: date, replaces: bool
) -> None:
    try:
        day = rules.effective_day("x", asked, today, replaces)
    except rules.ChangeRefused:
        assert replaces
        assert asked is not None
        assert asked <= today
        return
    assert day == asked or (asked is None and replaces)
    assert not replaces or (day is not None and day > today)


class Version:
    def __init__(self, effective_from: date | None) -> None:
        self.effective_from = effective_from


@given(st.lists(st.none() | days, max_size=8), days)
def test_the_last_loaded_version_that_has_begun_counts(starts: list[date | None], day: date) -> None:
    versions = [Version(start) for start in starts]
    found = rules.current(versions, day)
    begun = [each for each in versions if each.effective_from is None or each.effective_from <= day]
    assert found is (begun[-1] if begun else None)


@pytest.mark.parametrize(
    ("key", "series"),
    [
        ("elec.grid.fj.2023", "elec.grid.fj"),
        ("elec.grid.cn.fossil.2021", "elec.grid.cn.fossil"),
        ("elec.grid.cn.ets_2022", None),
        ("fuel.natural_gas.cc.db2026", None),
        ("er.metro.sz", None),
        ("elec.grid.fj.9999", None),
    ],
)
def test_a_key_that_ends_in_a_year_belongs_to_a_series(key: str, series: str | None) -> None:
    assert rules.series_of(key) == series


def test_derived_factors_agree_with_what_they_are_derived_from() -> None:
    def of(*keys: str) -> Decimal:
        product = Decimal(1)
        for key in keys:
            product *= VALUES[key, 1]
        return product

    carbon = Decimal(44) / 12 / 1000  # tC/TJ × GJ/t = kgC/t; to kg of CO2 a kg
    for fuel in ("petrol", "diesel", "lpg"):
        parts = of(f"fuel.{fuel}.ncv", f"fuel.{fuel}.cc", f"fuel.{fuel}.of") * carbon
        assert abs(parts - VALUES[f"fuel.{fuel}.co2_per_kg", 1]) < Decimal("0.0002")
    gas = of("fuel.natural_gas.ncv", "fuel.natural_gas.cc.db2026", "fuel.natural_gas.of") * 44 / 12
    assert abs(gas - VALUES["fuel.natural_gas.co2", 1]) < Decimal("0.0005")


@pytest.mark.parametrize(
    ("category", "unit"),
    [
        ("electricity", "kgCO2/km"),
        ("electricity", "kgCO2/kwh"),
        ("electricity", "kgCO2/"),
        ("electricity", "kgCO2/p.0"),
        ("electricity", "1/0"),
        ("electricity", "__import__('os')"),
        ("electricity", "kWh/kgCO2"),
        ("passenger_transport", "kgCO2/p"),
        ("diet", "kgCO2e/p.km"),
        ("nonsense", "kgCO2/kWh"),
    ],
)
def test_a_unit_that_is_unknown_or_does_not_fit_is_refused(category: str, unit: str) -> None:
    with pytest.raises(units.UnitsRefused):
        units.check_unit(category, unit)


@given(st.text(max_size=30))
def test_whatever_stands_as_a_unit_is_refused_by_name_or_fits(written: str) -> None:
    try:
        units.check_unit("electricity", written)
    except units.UnitsRefused:
        return
    assert "Wh" in written or "J" in written


@pytest.mark.parametrize(
    ("terms", "amount", "why"),
    [
        ([("1", "kgCO2/p.km")], (1000, "m"), "is not in kgCO2"),
        ([("1", "kgCO2/km")], (100, "m"), "is 0.1"),
        ([("1", "kgCO2/km"), ("1", "kgCO2e/km")], (1000, "m"), "do not add up"),
        ([("L/kWh", "kgCO2/kg")], (1000, "Wh"), "is not in kgCO2"),
    ],
)
def test_a_formula_that_does_not_come_out_in_kilograms_is_refused(
    terms: list[tuple[str, str]], amount: tuple[int, str], why: str
) -> None:
    told = [((Fraction(1), share), unit) for share, unit in terms]
    with pytest.raises(units.UnitsRefused, match=why):
        units.check_formula(told, (Fraction(amount[0]), amount[1]))


SOUND = (
    "er.x.y,名,Name,behaviour_er,0.5,kgCO2/km,CN-FJ,2023-01-01,2023-12-31,source,r"
    "ef,https://e.org,yes,[A] note"
)
HEAD = FILE.read_text("utf-8").splitlines()[0]


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        (",0.5,", ",-0.5,", "not a plain number above zero"),
        (",0.5,", ",0,", "not a plain number above zero"),
        (",0.5,", ",5e-1,", "not a plain number above zero"),
        (",0.5,", ",NaN,", "not a plain number above zero"),
        (",0.5,", ",,", "value is missing"),
        (",0.5,", ',"0,5",', "not a plain number above zero"),
        ("er.x.y", "Er.X", "small letters"),
        ("er.x.y", "x" * 61, "longer than 60"),
        ("CN-FJ", "fujian", "is not like CN"),
        ("kgCO2/km", "kgCO2/kWhh", "no such unit"),
        ("kgCO2/km", "kgCO2/room.night", "is not in"),
        ("behaviour_er", "behaviour", "no such category"),
        ("2023-01-01", "2023-13-01", "not a day"),
        ("2023-01-01", "2023-1-1", "not a day"),
        ("2023-12-31", "2022-12-31", "before valid_from"),
        ("2023-01-01,2023-12-31", ",2023-12-31", "without valid_from"),
        (",yes,", ",maybe,", "longer than 3"),
        (",yes,", ",y,", "neither yes nor no"),
        ("[A] note", "note", "does not begin with a tier"),
        ("[A] note", "[D] note", "cannot be verified"),
        ("名", "", "name_zh is missing"),
        (",source,", ",,", "source_title is missing"),
        (",ref,", ",re\u0000f,", "cannot be seen"),
        ("[A] note", "[A] note,more", "has 15 columns"),
        ("er.x.y,名,", "er.x.y,", "has 13 columns"),
    ],
)
def test_a_broken_row_is_refused_with_its_line_and_why(tmp_path: Path, old: str, new: str, why: str) -> None:
    file = tmp_path / "mine.csv"
    assert old in SOUND
    file.write_text("\n".join([HEAD, SOUND.replace("er.x.y", "er.a.b"), SOUND.replace(old, new, 1)]), "utf-8")
    with pytest.raises(FactorsRefused) as refused:
        read_factors(file)
    assert len(refused.value.faults) == 1
    assert refused.value.faults[0].startswith("mine.csv:3:")
    assert why in refused.value.faults[0]


def test_every_broken_row_is_named_at_once(tmp_path: Path) -> None:
    file = tmp_path / "mine.csv"
    rows = [HEAD, SOUND, SOUND, SOUND.replace("er.x.y", "bad"), SOUND.replace("er.x.y", "er.c.d")]
    file.write_text("\n".join(rows), "utf-8")
    with pytest.raises(FactorsRefused) as refused:
        read_factors(file)
    assert [fault.split(": ")[0] for fault in refused.value.faults] == ["mine.csv:3", "mine.csv:4"]


@pytest.mark.parametrize("content", [b"", b"key,value\n", b"\xff\xfe\x00", b'"open', HEAD.encode()])
def test_a_file_that_is_no_table_of_factors_is_refused(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "mine.csv"
    file.write_bytes(content)
    with pytest.raises(FactorsRefused):
        read_factors(file)


@given(st.text(max_size=300))
def test_whatever_stands_in_a_file_is_read_or_refused_by_line(tmp_path_factory: Any, content: str) -> None:
    file = tmp_path_factory.mktemp("factors") / "mine.csv"
    file.write_text(f"{HEAD}\n{content}", "utf-8", errors="replace")
    with pytest.raises(FactorsRefused, match=r"mine\.csv"):
        read_factors(file)


def test_a_title_of_ditto_is_the_one_above(tmp_path: Path) -> None:
    file = tmp_path / "mine.csv"
    ditto = SOUND.replace("er.x.y", "er.x.z").replace(",source,", ",同上,")
    file.write_text("\n".join([HEAD, SOUND, ditto]), "utf-8")
    assert [row["source_title"] for row in read_factors(file)] == ["source", "source"]


def test_the_shipped_factors_speak_of_days_in_order() -> None:
    for row in read_factors(FILE):
        if row["valid_until"]:
            span = date.fromisoformat(str(row["valid_until"])) - date.fromisoformat(str(row["valid_from"]))
            assert timedelta(364) <= span <= timedelta(365)
