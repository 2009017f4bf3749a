"""Boards follow the database, whatever happens to Redis, and nobody stands on them who does not want to."""

import random
from collections.abc import Iterator
from datetime import timedelta
from functools import partial

import psycopg
import pytest
from boards import Act, acted, boards_in_database, boards_in_redis, empty_redis, follow
from builders import person
from flask import Flask

from app.accounts.services import homes
from app.kit import ranking
from app.kit.announcements import deliver
from app.kit.problems import Problem
from app.kit.queue import redis
from app.kit.ranking import RankingsAway, TurnLost
from app.kit.transaction import transaction
from app.rewards.jobs.boards import follow_boards, rebuild_boards
from app.rewards.queries import boards
from app.rewards.queries import scores as known
from app.rewards.rules.boards import kept
from app.rewards.rules.seasons import Season
from app.rewards.services import groups, scores

VILLAGES = ("350721105201", "350721105202", "350702001001", "3507")


@pytest.fixture(autouse=True)
def _without_history(app: Flask) -> Iterator[None]:
    empty_redis()
    yield
    empty_redis()


def people(app: Flask, count: int) -> list[int]:
    return [person(app).holder_id for _ in range(count)]


def seasons() -> tuple[Season, Season]:
    return kept(boards.this_season())


def test_whoever_did_the_same_has_the_same_place(app: Flask) -> None:
    ann, bo, cy, di = people(app, 4)
    acted((ann, 500), (bo, 300), (cy, 300), (di, 100))
    board = boards.get_board(boards.this_season(), "all", di)
    assert [(line.rank, line.grams) for line in board.lines] == [(1, 500), (2, 300), (2, 300), (4, 100)]
    assert [line.own for line in board.lines] == [False, False, False, True]
    later = boards.get_board(boards.this_season(), "all", di, first=2, limit=1)
    assert [line.rank for line in later.lines] == [2]
    assert (later.own and later.own.rank, [line.rank for line in later.around]) == (4, [2, 2, 4])


@pytest.mark.parametrize("seed", [1, 2])
def test_the_boards_are_right_after_any_history_with_redis_emptied_in_the_middle(
    app: Flask, seed: int
) -> None:
    chance = random.Random(seed)
    everybody = people(app, 12)
    counted: list[Act] = []
    made: list[str] = []

    def act() -> None:
        season = chance.choice(seasons())
        acts = [
            Act(chance.choice(everybody), chance.randrange(1, 9) * 100, season.starts_on) for _ in range(5)
        ]
        scores.count(acts)
        counted.extend(acts)

    def withdraw() -> None:
        if counted:
            scores.uncount([counted.pop(chance.randrange(len(counted)))])

    def make() -> None:
        kind = chance.choice(["team", "class"])
        made.append(
            groups.make_group(chance.choice(everybody), kind, "早起队", listed=chance.random() < 0.8).code
        )

    def join() -> None:
        groups.join(chance.choice(everybody), boards.known_groups.get_group(chance.choice(made)).join_code)

    def leave() -> None:
        groups.leave(chance.choice(everybody), chance.choice(made))

    def move() -> None:
        homes.choose_home(chance.choice(everybody), chance.choice(VILLAGES))

    def wander() -> None:
        homes.leave_home(chance.choice(everybody))

    def hide() -> None:
        scores.stand_on_boards(chance.choice(everybody), away=chance.random() < 0.4)

    steps = [act, act, withdraw, make, join, join, join, join, leave, move, move, wander, hide]
    for _ in range(120):
        step = chance.choice(steps if made else [make])
        try:
            with transaction():
                step()
        except Problem:
            continue
        if chance.random() < 0.4:
            deliver()
            follow()
        if chance.random() < 0.04:
            empty_redis()
    deliver()
    follow()
    expected = boards_in_database(map(str, seasons()))
    assert boards_in_redis() == expected
    rebuild_boards()
    assert boards_in_redis() == expected
    assert any(":groups" in board for board in expected)


def test_what_a_slow_transaction_wrote_is_not_missed(app: Flask, settings: object) -> None:
    ann, bo = people(app, 2)
    acted((ann, 100), (bo, 100))
    url = app.extensions["settings"].database_url.replace("postgresql+psycopg", "postgresql")
    with psycopg.connect(url) as slow:
        slow.execute("UPDATE season_score SET avoided_g = 900 WHERE holder_id = %s", [ann])
        acted((bo, 400))
        assert boards_in_redis()[f"{boards.this_season()}:all"] == {ann: 100, bo: 100}
        slow.commit()
    follow()
    assert boards_in_redis()[f"{boards.this_season()}:all"] == {ann: 900, bo: 500}


def test_a_board_says_that_it_is_away_and_is_made_anew_by_itself(app: Flask) -> None:
    [ann] = people(app, 1)
    acted((ann, 700))
    empty_redis()
    board = boards.get_board(boards.this_season(), "all", ann)
    assert (board.ready, board.own and board.own.grams) == (False, 700)
    assert boards.get_friends_board(ann, boards.this_season()).lines[0].grams == 700
    follow()
    assert boards.get_board(boards.this_season(), "all", ann).lines[0].rank == 1


def test_redis_emptied_while_boards_are_made_leaves_no_half_of_them(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann, bo = people(app, 2)
    acted((ann, 100), (bo, 200))
    write = ranking.Turn.write

    def interrupted(turn: ranking.Turn, generation: str, changes: list[ranking.Change]) -> None:
        write(turn, generation, changes)
        turn._client.flushdb()

    with monkeypatch.context() as patched:
        patched.setattr(ranking.Turn, "write", interrupted)
        assert rebuild_boards() is None
    with pytest.raises(RankingsAway):
        boards.RANKINGS.state()
    turn = boards.RANKINGS.take_turn()
    assert turn is not None
    empty_redis()
    with pytest.raises(TurnLost):
        turn.write("00000000", [ranking.Change("all", "1 2", puts=True)])
    follow()
    assert boards_in_redis() == boards_in_database(map(str, seasons()))


def test_only_one_writes_boards_at_a_time(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    [ann] = people(app, 1)
    monkeypatch.setattr("app.cli.boards._PATIENCE", timedelta(0))
    rebuild = partial(app.test_cli_runner().invoke, args=["boards", "rebuild"])
    acted((ann, 100))
    turn = boards.RANKINGS.take_turn()
    assert turn is not None
    assert boards.RANKINGS.take_turn() is None
    assert follow_boards() == 0
    assert rebuild().exit_code == 1, "nothing was made, and it says so"
    turn.end()
    assert rebuild().exit_code == 0
    acted((ann, 100))
    assert boards_in_redis()[f"{boards.this_season()}:all"] == {ann: 200}


def test_what_is_withdrawn_counts_no_more_in_whatever_order_it_is_heard(app: Flask) -> None:
    [ann] = people(app, 1)
    season = boards.this_season()
    act = Act(ann, 300, season.starts_on)
    with transaction():
        scores.uncount([act])
    assert known.get_score(ann, season) == 0
    with transaction():
        scores.count([act, act])
    assert known.get_score(ann, season) == 300


def test_grams_from_before_somebody_joined_do_not_count_for_the_group(app: Flask) -> None:
    ann, bo, cy = people(app, 3)
    acted((bo, 5000), (cy, 900))
    with transaction():
        made = groups.make_group(ann, "team", "骑行队", listed=True)
    for each in (bo, cy):
        with transaction():
            groups.join(each, made.join_code)
    acted((ann, 100), (bo, 200), (cy, 700))
    season = boards.this_season()
    line = boards.find_group_line(season, made)
    assert line is not None
    assert (line.rank, line.grams) == (1, 1000 // 3)
    inside = boards.get_board(season, f"g:{made.id}", bo)
    assert [each.grams for each in inside.lines] == [700, 200, 100]


def test_who_is_on_no_board_is_on_none(app: Flask) -> None:
    ann, bo = people(app, 2)
    acted((ann, 100), (bo, 200))
    with transaction():
        scores.stand_on_boards(ann, away=True)
    follow()
    board = boards.get_board(boards.this_season(), "all", ann)
    assert (board.counted, board.own) == (1, None)
    with transaction():
        scores.stand_on_boards(ann, away=False)
    follow()
    assert boards.get_board(boards.this_season(), "all", ann).counted == 2


def test_who_did_nothing_yet_and_goes_away_is_in_no_average_either(app: Flask) -> None:
    ann, bo, cy = people(app, 3)
    with transaction():
        made = groups.make_group(ann, "class", "三年二班", listed=True)
        for each in (bo, cy):
            groups.join(each, made.join_code)
    acted((ann, 300), (bo, 600))
    season = boards.this_season()
    line = boards.find_group_line(season, made)
    assert line is not None
    assert line.grams == 300
    with transaction():
        scores.stand_on_boards(cy, away=True)
    follow()
    assert boards.find_group_line(season, made) is None, "of two, each would know the other's"


def test_a_county_is_not_shown_where_it_would_tell_who_lives_in_a_village_of_few(app: Flask) -> None:
    everybody = people(app, 7)
    acted(*((each, 100 * place) for place, each in enumerate(everybody, 1)))
    large, small = VILLAGES[:2]
    with transaction():
        for each in everybody[:5]:
            homes.choose_home(each, large)
        for each in everybody[5:]:
            homes.choose_home(each, small)
    deliver()
    follow()

    def county(least: int) -> tuple[bool, int, list[int], object]:
        told = boards.get_board(
            boards.this_season(), "p:350721", everybody[0], least=least, parts=["p:" + large, "p:" + small]
        )
        return told.few, told.counted, [line.grams for line in told.lines], told.own and told.own.rank

    assert county(2)[1] == 7
    assert county(4) == (True, 0, [], None), "seven less the five of the large village are two"
    assert county(6)[1] == 7, "no village is shown, so none can be taken off"


def test_whoever_is_just_behind_the_page_sees_who_stands_around(app: Flask) -> None:
    ann, bo, cy = people(app, 3)
    acted((ann, 300), (bo, 200), (cy, 100))
    board = boards.get_board(boards.this_season(), "all", bo, limit=2)  # one of two is shown
    assert [line.grams for line in board.around] == [300, 200, 100]


def test_readers_of_the_boards_before_still_find_them(app: Flask) -> None:
    [ann] = people(app, 1)
    acted((ann, 100))
    before = boards.RANKINGS.state()
    rebuild_boards()
    assert boards.RANKINGS.state().generation != before.generation
    assert boards.RANKINGS.count(before, f"{boards.this_season()}:all") == 1


def test_whoever_lost_the_turn_forgets_nothing_of_the_next(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    turn = boards.RANKINGS.take_turn()
    assert turn is not None
    empty_redis()
    following = boards.RANKINGS.take_turn()
    assert following is not None
    following.write("11111111", [ranking.Change("all", "1 2", puts=True)])
    with pytest.raises(TurnLost):
        turn.forget_others("00000000")
    abandoned = "senhui:ranking:seasons:11111111:all"
    assert redis().ttl(abandoned) == -1
    following.end()

    def fail(turn: ranking.Turn, generation: str, changes: list[ranking.Change]) -> None:
        raise TurnLost

    monkeypatch.setattr(ranking.Turn, "write", fail)
    acted((people(app, 1)[0], 100))
    assert redis().ttl(abandoned) > 0, "attempts that come to nothing do not fill Redis"
