"""What people avoided in a season, counted from what was heard of their acts; how they stand on boards."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date, timedelta
from typing import Protocol

from sqlalchemy import delete, text
from sqlalchemy.dialects.postgresql import insert

from app.kit import clock
from app.kit.database import array, db, write
from app.rewards.models.scores import BoardLeaving, BoardWish
from app.rewards.queries.groups import groups_of
from app.rewards.rules.boards import group, kept
from app.rewards.rules.seasons import season_of

LEAVINGS_KEPT = timedelta(days=7)
_COUNT = text(
    "INSERT INTO season_score AS known (season, holder_id, avoided_g)"
    " SELECT season, holder, grams FROM unnest(CAST(:seasons AS text[]), CAST(:holders AS bigint[]),"
    "   CAST(:grams AS bigint[])) AS heard (season, holder, grams) ORDER BY holder, season"
    " ON CONFLICT (season, holder_id) DO UPDATE SET avoided_g = known.avoided_g + excluded.avoided_g"
)
_TOUCH = text(
    "UPDATE season_score s SET avoided_g = s.avoided_g FROM (SELECT season, holder_id FROM season_score"
    "   WHERE season = ANY(:seasons) AND holder_id = :holder ORDER BY season FOR NO KEY UPDATE) own"
    " WHERE s.season = own.season AND s.holder_id = own.holder_id"
)


class Counted(Protocol):
    """What counts of an act: whose it is, when they did it, and what it avoided."""

    @property
    def holder_id(self) -> int:
        """Whose."""

    @property
    def occurred_on(self) -> date:
        """The day in Asia/Shanghai."""

    @property
    def avoided_g(self) -> int:
        """What it was credited."""


def count(acts: Iterable[Counted]) -> None:
    """Count acts for the seasons of their days, any number in one statement."""
    _add(acts, 1)


def uncount(acts: Iterable[Counted]) -> None:
    """Count acts no more that were withdrawn; also before they were counted, as the sum is the same."""
    _add(acts, -1)


def _add(acts: Iterable[Counted], sign: int) -> None:
    sums: dict[tuple[int, str], int] = defaultdict(int)
    for act in acts:
        sums[act.holder_id, str(season_of(act.occurred_on))] += sign * act.avoided_g
    if sums:
        values = {
            "seasons": array(season for _, season in sums),
            "holders": array(holder for holder, _ in sums),
            "grams": array(sums.values()),
        }
        db.session.execute(_COUNT, values)


def stand_on_boards(holder_id: int, *, away: bool) -> None:
    """Stand on no board at all, or on boards again: also in groups, and in what is said of them.

    A group's average has to be looked at even when somebody avoided nothing yet: they are one of its members.
    """
    told = {"away": away, "changed_at": clock.now()}
    wish = insert(BoardWish).values(holder_id=holder_id, **told)
    db.session.execute(wish.on_conflict_do_update(index_elements=["holder_id"], set_=told))
    for each in groups_of(holder_id):
        leave_board(group(each.id), holder_id)
    touch(holder_id)


def move_home(holder_id: int, left: str | None) -> None:
    """Stand among those of another place from now on, with the whole season; `left` is the place before."""
    for digits in (6, 12):
        if left is not None and len(left) >= digits:
            leave_board(f"p:{left[:digits]}", holder_id)
    touch(holder_id)


def touch(holder_id: int) -> None:
    """Have somebody looked at again wherever they stand; rows are locked as counting locks them."""
    seasons = [str(each) for each in kept(season_of(clock.business_day()))]
    write(_TOUCH, {"holder": holder_id, "seasons": seasons})


def leave_board(board: str, member_id: int) -> None:
    """Have a member looked at again on a board, and taken off it where they no longer belong."""
    db.session.add(BoardLeaving(board=board, member_id=member_id, left_at=clock.now()))
    db.session.flush()


def forget_leavings() -> int:
    """Drop what all boards have followed long ago; returns how many."""
    return write(delete(BoardLeaving).where(BoardLeaving.left_at < clock.now() - LEAVINGS_KEPT))
