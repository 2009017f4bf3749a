"""What tests of boards need: acts to count, boards without a history, all that Redis has."""

import time
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from sqlalchemy import text

from app.kit.database import db
from app.kit.queue import redis
from app.kit.transaction import transaction
from app.rewards.jobs.boards import follow_boards
from app.rewards.queries.boards import RANKINGS, this_season
from app.rewards.services import scores


@dataclass(frozen=True)
class Act:
    """What counts of an act."""

    holder_id: int
    avoided_g: int
    occurred_on: date


def empty_redis() -> None:
    """Lose everything that Redis knows."""
    redis().flushdb()


def follow() -> int:
    """The boards follow, once no older transaction runs anywhere on this server, nor in other databases."""
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        mine = connection.scalar(text("SELECT pg_current_xact_id()::text::bigint"))
        until = time.monotonic() + 30
        while connection.scalar(text("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint")) <= mine:
            assert time.monotonic() < until, "some transaction never ends"
            time.sleep(0.02)
    return follow_boards()


def acted(*told: tuple[int, int], on: date | None = None) -> None:
    """People avoided so many grams, today or on a day; the boards follow."""
    with transaction():
        scores.count([Act(holder, grams, on or this_season().starts_on) for holder, grams in told])
    follow()


def boards_in_redis() -> dict[str, dict[int, int]]:
    """Every board that readers see, by name."""
    state = RANKINGS.state()
    root = f"senhui:ranking:seasons:{state.generation}:"
    found = {}
    for key in redis().scan_iter(match=f"{root}*"):
        members = redis().zrange(key, 0, -1, withscores=True)
        found[key.decode().removeprefix(root)] = {int(member): int(score) for member, score in members}
    return found


def boards_in_database(seasons: Iterable[str]) -> dict[str, dict[int, int]]:
    """The same, from the tables, member by member: an oracle that shares no statement with the boards."""
    ask = db.session.execute
    homes = dict(map(tuple, ask(text("SELECT holder_id, region FROM home"))))
    away = set(db.session.scalars(text("SELECT holder_id FROM board_wish WHERE away")))
    inside = [
        tuple(row)
        for row in ask(
            text("SELECT group_id, holder_id, base_season, base_g FROM group_member WHERE left_at IS NULL")
        )
    ]
    groups = {
        row.id: row
        for row in ask(text("SELECT id, kind, listed AND closed_at IS NULL AS open FROM people_group"))
    }
    found: dict[str, dict[int, int]] = defaultdict(dict)
    for season in seasons:
        grams = dict(
            map(
                tuple,
                ask(text("SELECT holder_id, avoided_g FROM season_score WHERE season = :s"), {"s": season}),
            )
        )
        sums: dict[int, list[int]] = defaultdict(list)
        for holder, avoided in grams.items():
            home = homes.get(holder, "")
            boards = ["all", *(f"p:{home[:digits]}" for digits in (6, 12) if len(home) >= digits)]
            for board in boards:
                if avoided > 0 and holder not in away:
                    found[f"{season}:{board}"][holder] = avoided
        for group, holder, base_season, base_g in inside:
            if holder in away:
                continue
            worth = grams.get(holder, 0) - (base_g if base_season == season else 0)
            worth = worth if base_season <= season and holder in grams else 0
            sums[group].append(max(worth, 0))
            if worth > 0:
                found[f"{season}:g:{group}"][holder] = worth
        for group, each in sums.items():
            if groups[group].open and len(each) >= 3 and sum(each) // len(each):
                found[f"{season}:groups"][group] = sum(each) // len(each)
                found[f"{season}:groups:{groups[group].kind}"][group] = sum(each) // len(each)
    db.session.rollback()
    return dict(found)
