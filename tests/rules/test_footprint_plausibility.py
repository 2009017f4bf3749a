"""What a day is believed without a look, and what an action adds to it."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from app.footprint import rules
from app.footprint.rules import Limits, Method
from app.footprint.rules.plausibility import pace
from app.footprint.services.methodologies import FILE, read_documents

DOCUMENTS = {each["scene"]: each for each in read_documents(FILE.read_text("utf-8")) if rules.counts(each)}


def method(scene: str, **changed: Any) -> Method:
    return rules.read_method({**DOCUMENTS[scene], **changed})


@pytest.mark.parametrize(
    ("scene", "changed", "limits"),
    [
        ("metro", {}, Limits(12, 200_000, 4)),
        ("metro", {"per_day": 6}, Limits(6, 200_000, 4)),
        ("no_cutlery", {}, Limits(3, None, None)),
        ("walking", {}, Limits(12, None, None)),
        ("metro", {"pack": {}}, Limits()),
    ],
)
def test_a_scene_has_its_own_number_a_day_and_only_trips_have_a_distance(
    scene: str, changed: dict[str, Any], limits: Limits
) -> None:
    assert method(scene, **changed).limits == limits


@pytest.mark.parametrize("limits", [{"day_acts": {"value": 0}}, {"day_speed": {"value": 3}}])
def test_a_pack_with_a_limit_that_means_nothing_is_refused(limits: dict[str, Any]) -> None:
    with pytest.raises(rules.MethodologyRefused):
        method("metro", pack={"limits": limits})


def test_what_is_counted_is_counted_in_something() -> None:
    with pytest.raises(rules.MethodologyRefused, match="has a measure"):
        method("no_cutlery", measure="act")


def test_a_day_may_be_told_as_late_as_the_methodology_says() -> None:
    today, window = date(2026, 11, 26), timedelta(days=62)
    assert rules.day_faults(today - window, today, window) == []
    [fault] = rules.day_faults(today - window - timedelta(days=1), today, window)
    assert (fault.where, fault.params) == ("occurred_on", {"days": 62})


def test_a_pack_says_why_it_holds() -> None:
    document = {**DOCUMENTS["metro"], "pack": {"limits": {"day_acts": {"value": 12, "name_zh": "次数"}}}}
    with pytest.raises(rules.MethodologyRefused, match=r"pack\.limits\.day_acts\.reason_zh"):
        rules.check_document(document)


RIDE = {"started_at": "x", "distance_m": 900, "duration_s": 60}


@pytest.mark.parametrize(
    ("scene", "source", "inputs", "tally"),
    [
        ("metro", "self", RIDE, (1, 900, 15_000)),
        ("metro", "self", {**RIDE, "duration_s": None}, (1, 900, None)),
        ("metro", "fuzhou_metro", RIDE, (1, 900, None)),
        ("no_cutlery", "self", {"orders": 3}, (3, 0, None)),
        ("no_cutlery", "meals", {"orders": 3, "started_at": "x"}, (3, 0, None)),
        ("walking", "werun", {"steps": 9_000, "steps_before": 4_000}, (1, 0, None)),
    ],
)
def test_an_action_adds_its_acts_and_metres_and_a_day_that_grew_is_one(
    scene: str, source: str, inputs: dict[str, Any], tally: tuple[int, int, int | None]
) -> None:
    assert tuple(rules.tally(method(scene), source, inputs)) == tally


def test_a_day_of_steps_is_one_act_where_no_kind_was_told_yet() -> None:
    told = {name: value for name, value in DOCUMENTS["walking"].items() if name != "kind"}
    steps = {"steps": 9_000, "steps_before": 0}
    assert tuple(rules.tally(rules.read_method(told), "werun", steps)) == (1, 0, None)


def test_a_speed_is_exact_to_the_millimetre() -> None:
    assert pace(5_000, 600) == pace(10_000, 1_200) == 8_333
    assert pace(5_001, 600) != pace(5_000, 600)


def test_a_held_act_counts_nothing_and_a_lifted_cap_counts_all() -> None:
    metro = method("metro")
    inputs = {"distance_m": 100_000}

    def decide(**more: Any) -> tuple[int, str | None]:
        found = rules.Decision(metro, Decimal("0.0468"), "declared", {**inputs, **more}, before_g=2_000)
        return found.avoided_g, found.cap_reason

    assert decide() == (808, "daily_cap")
    assert decide(held={"rule": "day_acts", "allowed": 12, "found": 13}) == (0, "held")
    assert decide(cap_g=4_340) == (2_340, None)
