"""What a day is believed without a look, and what an action adds to it."""

from decimal import Decimal
from typing import Any

import pytest

from app.footprint import rules
from app.footprint.rules.plausibility import DAY_ACTS, DAY_TOTAL, SAME_SPEED, Limits, pace
from app.footprint.services.methodologies import FILE, read_documents

VALUES = {DAY_ACTS: 12, DAY_TOTAL: 200_000, SAME_SPEED: 4}


@pytest.mark.parametrize(
    ("document", "limits"),
    [
        ({}, Limits(12, 200_000, 4)),
        ({"kind": "trip", "per_day": 6}, Limits(6, 200_000, 4)),
        ({"kind": "count", "per_day": 3}, Limits(3, None, 4)),
    ],
)
def test_a_scene_has_its_own_number_a_day_and_only_trips_have_a_distance(
    document: dict[str, Any], limits: Limits
) -> None:
    assert rules.limits_of(document, VALUES) == limits


@pytest.mark.parametrize(
    ("kind", "measure", "inputs", "tally"),
    [
        ("trip", "distance_m", {"started_at": "x", "distance_m": 900, "duration_s": 60}, (1, 900, 15_000)),
        ("trip", "distance_m", {"started_at": "x", "distance_m": 900, "duration_s": None}, (1, 900, None)),
        ("count", "orders", {"orders": 3}, (3, 0, None)),
        ("count", "steps", {"steps": 9_000, "steps_before": 4_000}, (1, 0, None)),
        ("trip", "steps", {"steps": 9_000, "steps_before": 0}, (1, 0, None)),
    ],
)
def test_an_action_adds_its_acts_and_metres_and_a_day_that_grew_is_one(
    kind: str, measure: str, inputs: dict[str, Any], tally: tuple[int, int, int | None]
) -> None:
    assert tuple(rules.tally(kind, measure, inputs)) == tally


def test_a_speed_is_exact_to_the_millimetre() -> None:
    assert pace(5_000, 600) == pace(10_000, 1_200) == 8_333
    assert pace(5_001, 600) != pace(5_000, 600)


def test_a_held_act_counts_nothing_and_a_lifted_cap_counts_all() -> None:
    metro = next(each for each in read_documents(FILE.read_text("utf-8")) if each["scene"] == "metro")
    method = rules.read_method(metro)
    inputs = {"distance_m": 100_000}

    def decide(**more: Any) -> tuple[int, str | None]:
        found = rules.Decision(method, Decimal("0.0468"), "declared", {**inputs, **more}, before_g=2_000)
        return found.avoided_g, found.cap_reason

    assert decide() == (808, "daily_cap")
    assert decide(held={"rule": "day_acts", "allowed": 12, "found": 13}) == (0, "held")
    assert decide(cap_g=4_340) == (2_340, None)
