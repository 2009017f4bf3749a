"""Levels, streaks and badges as rules: what counts, what is forgiven, and what is drawn."""

import tomllib
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.rewards.rules.badges import MEASURES, Life, badges, earned, figure
from app.rewards.rules.days import BITS, ActiveDays, read_days
from app.rewards.rules.levels import level_of, levels
from app.rewards.rules.streaks import RESTS, SPAN, streak
from app.web.charts import week_field, year_wheel
from app.web.documents.paper import shapes_of

TODAY = date(2026, 11, 25).toordinal()


def forgiven(first: int, last: int, acted: set[int]) -> bool:
    """The rule as it is published, asked of every seven days."""
    return all(
        sum(day not in acted for day in range(start, min(start + SPAN, last + 1))) <= RESTS
        for start in range(first, last + 1)
    )


@settings(max_examples=60, deadline=None)
@given(st.sets(st.integers(TODAY - 20, TODAY), min_size=1))
def test_a_streak_is_the_longest_stretch_that_the_published_rule_allows(acted: set[int]) -> None:
    found = streak(acted, TODAY)
    end = TODAY if TODAY in acted else TODAY - 1
    running = [s for s in acted if forgiven(s, end, acted)]
    assert found.current == max((sum(day >= s for day in acted) for s in running), default=0)
    assert found.since == min(running, default=None)
    assert found.longest == max(
        sum(first <= day <= last for day in acted)
        for first in acted
        for last in acted
        if first <= last and forgiven(first, last, acted)
    )


@settings(max_examples=40, deadline=None)
@given(st.sets(st.integers(TODAY - 15, TODAY), min_size=1))
def test_resting_as_long_as_one_may_keeps_a_streak_and_a_day_more_cuts_it(acted: set[int]) -> None:
    now = streak(acted, TODAY)
    if now.current:
        first_rest = TODAY + (TODAY in acted)
        back = first_rest + now.rests
        assert streak({*acted, back}, back).current == now.current + 1
        assert streak({*acted, back + 1}, back + 1).current <= now.current
        assert streak({*acted, back + 1}, back + 1).since != now.since


def test_today_breaks_nothing_before_it_is_over_and_a_late_report_mends() -> None:
    days = {TODAY - gap for gap in (1, 2, 5, 6, 7)}
    assert streak(days, TODAY).current == 5
    broken = days - {TODAY - 5}
    assert streak(broken, TODAY).current == 2
    assert streak(broken | {TODAY - 5}, TODAY).current == 5
    assert streak(set(), TODAY).rests == RESTS


def test_days_are_kept_as_bits_to_the_last_day_of_a_leap_year() -> None:
    told = {date(2024, 2, 29), date(2024, 12, 31), date(2025, 1, 1)}
    rows = []
    for year in (2024, 2025):
        bits = ["0"] * BITS
        for day in told:
            if day.year == year:
                bits[day.timetuple().tm_yday - 1] = "1"
        rows.append((year, "metro", "".join(bits)))
    days = read_days(rows)
    assert {date.fromordinal(day) for day in days.all} == told
    assert len(days.within(date(2024, 1, 1), date(2024, 12, 31)).all) == 2


def life(*days: date, scene: str = "metro", **more: bool | int) -> Life:
    found = ActiveDays({scene: frozenset(day.toordinal() for day in days)})
    return Life(found, int(more.get("months", 0)), bool(more.get("forest", False)), TODAY)


def test_coming_back_counts_from_a_pause_on_and_only_within_its_month() -> None:
    before, back = date(2026, 3, 1), date(2026, 4, 15)
    once = life(before, *(back.replace(day=day) for day in range(15, 21)))
    assert len(once.days.returned) == 6
    assert "return" not in earned(once)
    assert "return" in earned(life(before, *(back.replace(day=day) for day in range(15, 22))))
    assert not life(before, date(2026, 3, 31)).days.returned, "thirty days apart is no pause"


def test_the_four_seasons_are_those_of_one_year() -> None:
    spread = [date(2025, 1, 1), date(2025, 5, 1), date(2026, 8, 1), date(2026, 12, 31)]
    assert len(life(*spread).days.seasons) == 2
    assert "four_seasons" in earned(life(*(day.replace(year=2026) for day in spread)))


def test_a_day_counts_once_however_much_was_done_on_it_and_in_whatever_way() -> None:
    day = date(2026, 5, 1).toordinal()
    both = Life(ActiveDays({"bus": frozenset({day}), "metro": frozenset({day})}), 0, False, TODAY)
    assert figure(both, badges()["transit_30"]) == 1
    assert figure(both, badges()["days_30"]) == 1
    assert figure(both, badges()["five_ways"]) == 2
    assert set(earned(both)) == {"first_day"}


@given(st.integers(0, 5_000_000))
@settings(max_examples=40)
def test_more_grams_never_mean_a_lower_level(avoided_g: int) -> None:
    now, more = level_of(avoided_g), level_of(avoided_g + 1)
    assert now.level.number <= more.level.number
    assert 0 <= now.percent <= 100
    assert level_of(avoided_g + now.lacking_g).level == (now.following or now.level)


def test_levels_rise_and_every_rule_can_be_fulfilled() -> None:
    steps = [each.from_g for each in levels()]
    assert steps == sorted(set(steps))
    assert steps[0] == 0
    packs = Path("app/footprint/data/packs").glob("*.toml")
    scenes = {
        each["scene"] for pack in packs for each in tomllib.loads(pack.read_text("utf-8"))["methodology"]
    }
    for badge in badges().values():
        assert badge.measure in MEASURES
        assert set(badge.scenes) <= scenes, badge.code
        assert badge.needed >= 1


@pytest.mark.parametrize(
    "inside", [each.picture for each in badges().values()] + [each.drawing for each in levels()]
)
def test_every_drawing_is_printed_whole(inside: str) -> None:
    drawn = ElementTree.fromstring(f"<g>{inside}</g>")
    printed = ElementTree.fromstring(f"<g>{shapes_of(inside)}</g>")
    assert [(each.tag, each.attrib) for each in printed] == [(each.tag, each.attrib) for each in drawn]


def test_the_years_leaves_are_as_long_as_their_months_weigh() -> None:
    months = [0, 50, 100, *[0] * 9]
    tips = [path.split("Q")[1].split()[2:4] for path in year_wheel(months)]
    far = [round((float(x) ** 2 + float(y.split("Q")[0]) ** 2) ** 0.5) for x, y in tips]
    assert far[:3] == [55, 78, 100]


def test_a_field_of_weeks_ends_with_this_one_and_tells_rests_from_misses() -> None:
    today = date(2026, 11, 25)
    acted = {TODAY - 1, TODAY - 3}
    dots = week_field(acted, TODAY - 3, today)
    told = {each.day.toordinal(): each.state for each in dots}
    assert len(dots) == 35
    assert dots[-1].day.weekday() == 6
    assert [told[TODAY - gap] for gap in (4, 3, 2, 1, 0, -1)] == [
        *("missed", "acted", "rested", "acted", "today", "to-come")
    ]


@settings(max_examples=40, deadline=None)
@given(
    st.dictionaries(st.sampled_from(["walking", "metro", "own_cup"]), st.sets(st.integers(TODAY - 60, TODAY)))
)
def test_a_badge_was_earned_on_the_first_day_that_fulfils_its_rule(told: dict[str, set[int]]) -> None:
    whole = Life(ActiveDays({scene: frozenset(days) for scene, days in told.items()}), 0, False, TODAY)
    for code, found in earned(whole).items():
        by_then = replace(whole, days=whole.days.within(date.min, found.on))
        before = replace(whole, days=whole.days.within(date.min, found.on - timedelta(1)))
        assert code in earned(by_then)
        assert code not in earned(before)
