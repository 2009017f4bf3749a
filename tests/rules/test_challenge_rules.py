"""Who stands on which roster, who comes first, and how much of a planting is left for whom."""

from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.rewards.rules.challenge_themes import themes
from app.rewards.rules.challenges import Measure, Tally, begins, faulty_days, rank, rosters
from app.rewards.rules.plantings import Share, Status, Way, ends_on, outcome, pay_until, room_kg, status

DAY = date(2026, 11, 26)


@settings(max_examples=60, deadline=None)
@given(
    st.dictionaries(st.integers(1, 5), st.dictionaries(st.integers(1, 9), st.integers(0, 3)), max_size=5),
    st.integers(1, 3),
)
def test_everybody_counts_once_and_for_the_group_joined_first(
    joined: dict[int, dict[int, int]], least: int
) -> None:
    brought = rosters({group: list(people.items()) for group, people in joined.items()}, least)
    counted = [holder for people in brought.values() for holder in people]
    assert len(counted) == len(set(counted))
    for group, people in brought.items():
        assert len(people) >= least
        for holder in people:
            since = min(
                (moment, each) for each, held in joined.items() for h, moment in held.items() if h == holder
            )
            assert since[1] == group
    assert begins(brought) == (len(brought) > 1)


def test_equals_share_a_place_and_a_group_without_heads_scores_nothing() -> None:
    tallies = {
        1: Tally(3, 1, 100, 1),
        2: Tally(4, 4, 132, 9),
        3: Tally(0, 0, 0, 0),
        4: Tally(10, 9, 900, 9),
    }
    places = {
        measure: [(e.group_id, e.score, e.place) for e in rank(measure, tallies)] for measure in Measure
    }
    assert places == {
        Measure.PER_MEMBER: [(4, 90, 1), (1, 33, 2), (2, 33, 2), (3, 0, 4)],
        Measure.TOTAL: [(4, 900, 1), (2, 132, 2), (1, 100, 3), (3, 0, 4)],
        Measure.ACTIVE_DAYS: [(2, 225, 1), (4, 90, 2), (1, 33, 3), (3, 0, 4)],
    }


@pytest.mark.parametrize(
    ("first", "last", "fault"),
    [(1, 1, None), (1, 92, None), (0, 5, "early"), (181, 182, "late"), (5, 4, "days"), (1, 93, "days")],
)
def test_a_challenge_begins_tomorrow_at_the_earliest_and_lasts_a_quarter_at_most(
    first: int, last: int, fault: str | None
) -> None:
    found = faulty_days(DAY, DAY + timedelta(days=first), DAY + timedelta(days=last))
    assert (found is None) if fault is None else (found is not None and fault in found)


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(list(Way)),
    st.lists(st.integers(0, 9), min_size=1, max_size=5),
    st.lists(st.tuples(st.integers(0, 4), st.integers(1, 30), st.booleans()), max_size=25),
)
def test_nobody_takes_anothers_share_in_time_and_nobody_more_than_the_goal(
    way: Way, pledges: list[int], wishes: list[tuple[int, int, bool]]
) -> None:
    goal = sum(pledges) or 10
    taken = dict.fromkeys(range(5), 0)
    for who, wish, late in sorted(wishes, key=lambda each: each[2]):
        promised = pledges[who] if who < len(pledges) else 0
        now = Status.CATCHING_UP if late else Status.PAYING
        room = room_kg(now, way, goal, sum(taken.values()), Share(promised, taken[who], 0))
        taken[who] += min(wish, room)
        assert sum(taken.values()) <= goal
        assert late or way is Way.AT_ONCE or taken[who] <= promised


def test_a_planting_goes_its_way_by_the_days_alone() -> None:
    def stands(way: Way, ready_on: date | None, *days: int) -> list[str]:
        last = DAY + timedelta(days=5)
        return [str(status(DAY + timedelta(days=each), way, last, ready_on, None)) for each in days]

    assert stands(Way.AT_ONCE, DAY, 0, 5, 6) == ["paying", "paying", "ending"]
    assert stands(Way.TOGETHER, None, 0, 5, 6) == ["pledging", "pledging", "ending"]
    ready = DAY + timedelta(days=4)
    assert stands(Way.TOGETHER, ready, 4, 11, 12, 14, 15) == [
        "paying",
        "paying",
        "catching_up",
        "catching_up",
        "ending",
    ]
    assert pay_until(Way.TOGETHER, DAY, None) is None
    assert ends_on(Way.TOGETHER, DAY, None) == DAY
    assert [outcome(10, kg) for kg in (0, 9, 10)] == ["nothing", "short", "reached"]


def test_every_theme_says_in_both_languages_what_it_counts() -> None:
    assert set(themes()) >= {"all", "walking", "commute"}
    for theme in themes().values():
        assert all((theme.name_zh, theme.name_en, theme.says_zh, theme.says_en))
        assert (theme.code == "all") == (not theme.scenes)
