"""A board of a million: made anew from PostgreSQL, and asked for one's own place on it.

Everybody has a score and a home, so each stands on three boards (all, county, village). What is asked is a
whole board as a page shows it: the first twenty with their names, one's own rank, and who stands around.
The other side makes the same rank from the scores themselves: it counts who has more.
"""

import random
import time

from sqlalchemy import text

from app.config import Settings
from app.kit.database import db
from app.rewards.jobs.boards import rebuild_boards
from app.rewards.queries.boards import RANKINGS, get_board, this_season
from app.rewards.rules.boards import LINES
from bench.databases import another
from bench.rounds import side_by_side

MILLION = 1_000_000
DICE = random.Random(5)  # noqa: S311  anybody will do
ASKED = 2_000
COUNTED = 20
FILL = (
    "INSERT INTO holder (code, kind, created_at) SELECT 'RANK' || n, 'person', now()"
    " FROM generate_series(1, :people) n",
    "INSERT INTO home (holder_id, region, chosen_at) SELECT id, '3507'"
    " || lpad((id % 20)::text, 2, '0') || lpad((id % 5000)::text, 6, '0'), now() FROM holder"
    " WHERE code LIKE 'RANK%'",
    "INSERT INTO season_score (season, holder_id, avoided_g) SELECT :season, id, 1 + (id * 7919) % 400000"
    " FROM holder WHERE code LIKE 'RANK%'",
)
RANK = text(
    "SELECT 1 + count(*) FROM season_score WHERE season = :season AND avoided_g >"
    " (SELECT avoided_g FROM season_score WHERE season = :season AND holder_id = :holder)"
)


def compare(settings: Settings) -> dict[str, float]:
    """How long a rebuild takes, and a board; and a rank from Redis beside one that is counted."""
    with another(settings, "bench_boards").app_context():
        people = _fill()
        since = time.perf_counter()
        standing = rebuild_boards()
        rebuilt_s = time.perf_counter() - since
        if standing != MILLION:
            raise RuntimeError(f"{standing} stand on the board, not {MILLION}")
        took = sorted(_timed(DICE.choice(people)) for _ in range(ASKED))
        kept, counted, ratio = side_by_side(lambda: _kept(people), lambda: _counted(people))
    return {
        "leaderboard_rebuild_s": rebuilt_s,
        "rank_p99_ms": took[int(ASKED * 0.99)] * 1000,
        "rank_kept_per_s": kept,
        "rank_counted_per_s": counted,
        "rank_kept_vs_counted": ratio,
    }


def _fill() -> list[int]:
    with db.engine.begin() as connection:
        connection.execute(text("SET LOCAL statement_timeout = 0"))
        for statement in FILL:
            values = {"people": MILLION, "season": str(this_season())}
            connection.execute(text(statement), {k: v for k, v in values.items() if f":{k}" in statement})
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("ANALYZE season_score, holder, home")
    return list(db.session.scalars(text("SELECT id FROM holder WHERE code LIKE 'RANK%'")))


def _timed(holder_id: int) -> float:
    since = time.perf_counter()
    board = get_board(this_season(), "all", holder_id)
    took = time.perf_counter() - since
    if board.own is None or len(board.lines) != LINES + 1:
        raise RuntimeError("the board is not whole")
    db.session.rollback()
    return took


def _kept(people: list[int]) -> float:
    name = f"{this_season()}:all"
    since = time.perf_counter()
    for _ in range(ASKED):
        RANKINGS.find(RANKINGS.state(), name, DICE.choice(people))
    return ASKED / (time.perf_counter() - since)


def _counted(people: list[int]) -> float:
    since = time.perf_counter()
    for _ in range(COUNTED):
        db.session.scalar(RANK, {"season": str(this_season()), "holder": DICE.choice(people)})
    db.session.rollback()
    return COUNTED / (time.perf_counter() - since)
