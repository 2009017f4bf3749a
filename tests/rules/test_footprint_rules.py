"""Grams, weights, caps, plausibility and what a methodology may say. Pure; no database."""

from copy import deepcopy
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from app.footprint import rules
from app.footprint.rules import Decision, MethodologyRefused
from app.footprint.services.methodologies import FILE, read_documents

NOW = datetime(2026, 11, 21, 4, 0, tzinfo=UTC)
STEP, METRO, BIKE = Decimal("0.00002"), Decimal("0.0468"), Decimal("0.0487")


def documents() -> dict[str, dict[str, Any]]:
    return {each["scene"]: each for each in read_documents(FILE.read_text("utf-8"))}


def method(scene: str) -> rules.Method:
    return rules.read_method(documents()[scene])


@pytest.mark.parametrize(
    ("amount", "factor", "weight", "grams"),
    [
        ("8", "0.0468", "1", 374),  # 374.4
        ("8", "0.0468", "0.5", 187),  # 187.2
        ("1", "0.0009999", "1", 0),
        ("1", "0.001", "1", 1),
        ("10000", "0.00002", "1", 200),
        ("0", "0.0468", "1", 0),
    ],
)
def test_avoided_grams_round_down(amount: str, factor: str, weight: str, grams: int) -> None:
    assert rules.grams_avoided(Decimal(amount), Decimal(factor), Decimal(weight)) == grams


@pytest.mark.parametrize(
    ("amount", "factor", "grams"),
    [
        ("20", "0.4211", 8422),
        ("1", "0.4211", 422),
        ("1", "0.0000001", 1),
        ("0", "0.4211", 0),
        ("10", "0.3", 3000),
    ],
)
def test_emitted_grams_round_up(amount: str, factor: str, grams: int) -> None:
    assert rules.grams_emitted(Decimal(amount), Decimal(factor)) == grams


@pytest.mark.parametrize("amount", ["-1", "-0.001"])
def test_negative_amounts_are_refused(amount: str) -> None:
    with pytest.raises(ValueError, match="never negative"):
        rules.grams_avoided(Decimal(amount), METRO)
    with pytest.raises(ValueError, match="never negative"):
        rules.grams_emitted(Decimal(amount), METRO)


@pytest.mark.parametrize(
    ("computed", "before", "cap", "credited"),
    [(100, 0, 296, 100), (100, 200, 296, 96), (100, 296, 296, 0), (100, 500, 296, 0), (0, 0, 296, 0)],
)
def test_a_cap_credits_what_still_fits(computed: int, before: int, cap: int, credited: int) -> None:
    assert rules.credited_g(computed, before, cap) == credited


def test_a_decision_says_why_it_credits_less() -> None:
    full = Decision(method("metro"), METRO, "declared", {"distance_m": 8000}, before_g=2808)
    assert (full.computed_g, full.avoided_g, full.cap_reason) == (187, 0, rules.DAILY_CAP)
    free = Decision(method("metro"), METRO, "declared", {"distance_m": 8000})
    assert (free.computed_g, free.avoided_g, free.cap_reason) == (187, 187, None)


def test_better_evidence_counts_fully() -> None:
    grams = {
        grade: Decision(method("bus"), Decimal("0.0269"), grade, {"distance_m": 10_000}).computed_g
        for grade in rules.GRADES
    }
    assert grams == {"measured": 269, "partner": 269, "photo": 215, "declared": 134}


def test_only_the_growth_of_a_day_counts() -> None:
    grown = Decision(method("walking"), STEP, "measured", {"steps": 8040, "steps_before": 8000})
    assert grown.computed_g == 0  # 160.8 and 160.0 are both 160
    grown = Decision(method("walking"), STEP, "measured", {"steps": 8060, "steps_before": 8040})
    assert grown.computed_g == 1  # 161.2


def test_a_day_on_foot_is_full_at_the_published_cap() -> None:
    walking = method("walking")
    assert Decision(walking, STEP, "measured", {"steps": 14_800}).avoided_g == 296
    assert Decision(walking, STEP, "measured", {"steps": 30_000}).avoided_g == 296


@pytest.mark.parametrize(
    ("scene", "distance_m", "duration_s", "fields"),
    [
        ("metro", 8000, None, []),
        ("metro", 8000, 1200, []),
        ("metro", 499, None, ["distance_m"]),
        ("metro", 100_001, None, ["distance_m"]),
        ("metro", 100_000, 3600, []),
        ("metro", 100_000, 3599, ["duration_s"]),
        ("shared_bike", 10_000, 600, ["duration_s"]),
        ("shared_bike", 3000, 3601, ["duration_s"]),
        ("shared_bike", 3000, 3600, []),
        ("bus", 299, 1, ["distance_m"]),
    ],
)
def test_implausible_trips_name_their_field(
    scene: str, distance_m: int, duration_s: int | None, fields: list[str]
) -> None:
    assert [fault.where for fault in rules.trip_faults(method(scene), distance_m, duration_s)] == fields


@pytest.mark.parametrize(
    ("ago", "message"),
    [
        (timedelta(0), None),
        (timedelta(minutes=-2), None),
        (timedelta(minutes=-3), "footprint.field_future"),
        (timedelta(days=31), None),
        (timedelta(days=31, seconds=1), "footprint.field_too_old"),
    ],
)
def test_moments_lie_within_the_last_31_days(ago: timedelta, message: str | None) -> None:
    assert [fault.message for fault in rules.moment_faults(NOW - ago, NOW)] == ([message] if message else [])


@pytest.mark.parametrize(
    ("month", "refused"),
    [("2026-11", False), ("2026-12", True), ("2024-11", False), ("2024-10", True), ("2027-01", True)],
)
def test_months_lie_within_the_last_24(month: str, refused: bool) -> None:
    assert bool(rules.month_faults(month, "2026-11")) is refused


def test_the_oldest_month_is_right_at_the_turn_of_the_year() -> None:
    assert not rules.month_faults("2024-12", "2026-12")
    assert not rules.month_faults("2024-01", "2026-01")
    assert rules.month_faults("2023-12", "2026-01")


def test_a_trip_takes_its_minutes_on_its_holders_stretch() -> None:
    metro = method("metro")
    begin, end = rules.trip_minutes(metro, 1000, NOW, 8000, 1200)
    assert end - begin == 20
    assert begin // rules.MINUTES_PER_HOLDER == 1000
    begin, end = rules.trip_minutes(metro, 1000, NOW, 10_000, None)
    assert end - begin == 6, "10 km at 100 km/h, the fastest that is believed"
    begin, end = rules.trip_minutes(metro, 1000, NOW, 500, None)
    assert end - begin == 1, "a trip takes a minute at least"


def test_the_shipped_pack_is_whole() -> None:
    found = documents()
    assert set(found) == {"walking", "shared_bike", "bus", "metro", "no_cutlery"}
    for document in found.values():
        assert document["region"] == "CN-FJ"
        for text in ("name", "scene", "formula", "borrowed", "unit"):
            assert document[f"{text}_zh"]
            assert document[f"{text}_en"]
        assert document["cap"]["reason_zh"]
        assert document["cap"]["reason_en"]
    assert [scene for scene, each in found.items() if rules.SELF not in each["sources"]] == ["walking"]


def test_baselines_against_a_car_are_not_mixed_with_the_mean() -> None:
    pack = [method("bus"), method("metro")]
    rules.refuse_mixed_baselines("mean", pack)
    document = {**documents()["bus"], "baseline": {"type": "car"}}
    with pytest.raises(MethodologyRefused, match=r"bus\.distance"):
        rules.refuse_mixed_baselines("mean", [*pack, rules.read_method(document)])
    with pytest.raises(MethodologyRefused, match="no such baseline"):
        rules.refuse_mixed_baselines("best", pack)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("cap", "grams"), 1.5),
        (("cap", "grams"), 0),
        (("cap", "grams"), "296"),
        (("weights", "declared"), "1.5"),
        (("weights", "declared"), "-0.5"),
        (("weights", "declared"), "NaN"),
        (("weights", "declared"), "half"),
        (("weights", "declared"), 0.5),
        (("sources", "self"), "believed"),
        (("inputs_per_unit",), 0),
        (("bounds", "least"), 60_001),
        (("bounds", "fastest_kmh"), 0),
        (("version",), 0),
        (("baseline",), {}),
    ],
)
def test_a_methodology_that_would_compute_nonsense_is_refused(path: tuple[str, ...], value: object) -> None:
    document = deepcopy(documents()["bus"])
    place: Any = document
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    with pytest.raises(MethodologyRefused, match=r"bus\.distance|float"):
        rules.read_method(document)
