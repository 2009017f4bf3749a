"""What a season is, and under which names people stand who gave none."""

import hashlib
from datetime import date, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from app.rewards.rules.boards import alias, kept
from app.rewards.rules.groups import per_member_g
from app.rewards.rules.seasons import Season, read_season, season_of


@settings(max_examples=50, deadline=None)
@given(st.dates(date(2015, 1, 1), date(2100, 1, 1)))
def test_seasons_tile_the_calendar(day: date) -> None:
    season = season_of(day)
    assert season.starts_on <= day <= season.ends_on
    assert season.next.starts_on - season.ends_on == timedelta(days=1)
    assert season.next.before == season == season.before.next
    assert read_season(str(season)) == season
    assert str(season) < str(season.next), "their names stand in the order of time"
    assert kept(season) == (season.before, season)


def test_only_a_season_is_read_as_one() -> None:
    assert read_season("2026-Q4") == Season(2026, 4)
    assert [read_season(each) for each in ("2026-Q5", "2026-q4", "2026", "", "2026-Q4 ", "２026-Q4")] == [
        None
    ] * 6


def test_nobody_is_known_on_one_board_by_their_name_on_another() -> None:
    def digest(text: str) -> bytes:
        return hashlib.sha256(text.encode()).digest()

    names = {
        alias(digest, board, 7)[0]
        for board in ("2026-Q3:all", "2026-Q4:all", "2026-Q4:p:350721", "2026-Q4:g:1")
    }
    assert len(names) == 4
    people = {alias(digest, "2026-Q4:all", member) for member in range(3000)}
    assert len(people) > 2990, "hardly two people of a board are called the same"


def test_a_group_of_two_tells_no_average() -> None:
    assert [per_member_g(1000, members) for members in (0, 2, 3)] == [None, None, 333]
