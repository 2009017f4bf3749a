"""What an act earns, from whom, and how long it lives."""

from datetime import date, timedelta

import pytest

from app.rewards.rules.spending import take
from app.rewards.rules.tariffs import Act, Nothing, Offer, Tariff, in_order, thanks_for

DAY = date(2026, 3, 1)


def offer(programme_id: int = 1, region: str | None = None, *tariffs: Tariff, **dates: date) -> Offer:
    days = {"begins_on": date(2026, 1, 1), "ends_on": None} | dates
    return Offer(programme_id, region, tariffs=tariffs or (Tariff(1, date(2026, 1, 1), 10),), **days)  # type: ignore[arg-type]


def act(avoided_g: int, scene: str = "metro", day: date = DAY) -> Act:
    return Act(1, 1, avoided_g, scene, day, "partner")


@pytest.mark.parametrize(
    ("avoided_g", "points", "reason"),
    [(374, 37, None), (10, 1, None), (9, 0, Nothing.TOO_SMALL), (0, 0, Nothing.TOO_SMALL)],
)
def test_an_act_earns_whole_points_rounded_down(avoided_g: int, points: int, reason: Nothing | None) -> None:
    earned = thanks_for(act(avoided_g), None, [offer()], {1: 1000})
    assert (earned.points, earned.reason) == (points, reason)


def test_an_act_earns_by_the_tariff_of_its_own_day() -> None:
    changed = offer(1, None, Tariff(1, date(2026, 1, 1), 10), Tariff(2, date(2026, 4, 1), 100))
    before, after = (
        thanks_for(act(1000, day=day), None, [changed], {1: 1000})
        for day in (date(2026, 3, 31), date(2026, 4, 1))
    )
    assert (before.points, after.points) == (100, 10)


def test_the_nearest_sponsor_thanks_and_only_one() -> None:
    city, country = offer(2, "3507"), offer(1)
    first = in_order([country, city])
    assert thanks_for(act(100), "350721", first, {1: 99, 2: 99}).programme_id == 2
    assert thanks_for(act(100), "11", first, {1: 99, 2: 99}).programme_id == 1
    assert thanks_for(act(100), "350721", first, {1: 99, 2: 9}).programme_id == 1, "its budget is used up"


def test_what_nobody_can_pay_says_whose_budget_is_used_up() -> None:
    earned = thanks_for(act(100), None, [offer()], {1: 9})
    assert (earned.points, earned.reason, earned.short) == (0, Nothing.EXHAUSTED, (1,))
    paid = thanks_for(act(100), None, [offer(), offer(2)], {1: 9, 2: 99})
    assert (paid.programme_id, paid.short) == (2, (1,)), "whoever could not is named though another paid"


def test_a_scene_or_a_day_that_is_not_meant_earns_nothing() -> None:
    plain = offer(1, None, Tariff(1, date(2026, 1, 1), 10, {"metro": 0}))
    ended = offer(1, ends_on=date(2026, 2, 28))
    early = offer(1, None, Tariff(1, date(2026, 3, 2), 10))
    for each in (plain, ended, early):
        assert thanks_for(act(1000), None, [each], {1: 1000}).reason is Nothing.NO_PROGRAMME


@pytest.mark.parametrize(
    ("granted", "months", "last"),
    [
        (date(2026, 1, 31), 1, date(2026, 2, 28)),
        (date(2026, 12, 15), 1, date(2027, 1, 15)),
        (date(2024, 2, 29), 120, date(2034, 2, 28)),
    ],
)
def test_points_live_whole_months(granted: date, months: int, last: date) -> None:
    assert Tariff(1, granted, 10, life_months=months).last_day(granted) == last


def test_weaker_evidence_waits_longer_and_unknown_evidence_longest() -> None:
    waits = Tariff(1, DAY, 10).waits
    assert waits("measured") < waits("photo") < waits("declared") == waits("gossip") == timedelta(days=14)


def test_points_are_taken_from_the_first_lots_first() -> None:
    assert take([(1, 5), (2, 0), (3, 9)], 7) == [(1, 5), (3, 2)]
    assert take([(1, 5)], 7) == [(1, 5)]
