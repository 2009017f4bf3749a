"""What keeps the boards as the database has it: they follow it, and are made anew where Redis has lost them.

Nothing is asked of Redis within a transaction: what has changed is read first, then written.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime

import structlog

from app.kit import clock
from app.kit.database import allow_bulk, snapshot
from app.kit.ranking import Change, RankingsAway, State, Turn, TurnLost
from app.kit.transaction import transaction
from app.rewards.queries import board_entries as entries
from app.rewards.queries.boards import RANKINGS
from app.rewards.rules.boards import kept
from app.rewards.rules.seasons import Season, season_of
from app.rewards.services import scores

_log = structlog.get_logger(__name__)


def follow_boards() -> int:
    """Bring the boards to where the database is; returns how many people moved. Safe to run anywhere."""
    return _take_turn(_follow) or 0


def rebuild_boards() -> int | None:
    """Make every board anew from the database; returns how many people stand on them.

    None where that was not done: somebody else writes just now, or Redis is away.
    """
    return _take_turn(_rebuild)


def forget_leavings() -> int:
    """Drop who has left boards long ago; what has not followed by then is made anew."""
    with transaction():
        return scores.forget_leavings()


def _take_turn(act: Callable[[Turn], int]) -> int | None:
    try:
        turn = RANKINGS.take_turn()
        if turn is None:
            return None
        try:
            return act(turn)
        finally:
            turn.end()
    except (RankingsAway, TurnLost) as error:
        _log.warning("the boards are made later", reason=type(error).__name__)
        return None


def _follow(turn: Turn) -> int:
    seasons = _seasons()
    try:
        state = RANKINGS.state()
    except RankingsAway:
        return _rebuild(turn)
    with snapshot():
        changed = entries.list_changed(state.position, seasons)
        outdated = changed.too_many or _is_outdated(state, changed.until, seasons)
        changes = [] if outdated else list(entries.entries_of(changed, seasons))
    if outdated:
        return _rebuild(turn)
    turn.write(state.generation, changes)
    turn.keep(State(state.generation, changed.until, state.scope, _now()))
    return len(changed.holders)


def _rebuild(turn: Turn) -> int:
    """Under a new generation; whoever changes meanwhile is after the position and followed then."""
    seasons, generation = _seasons(), turn.new_generation()
    as_of = _now()
    turn.forget_others(_standing())  # an attempt that came to nothing must not fill Redis
    with snapshot():
        position = entries.horizon()
    people = 0
    with ThreadPoolExecutor(1) as pen:  # Redis takes some in while PostgreSQL tells the next
        written: Future[None] | None = None
        for changes in _everything(seasons):
            if written is not None:
                written.result()
            written = pen.submit(turn.write, generation, changes)
            people += sum(each.members for each in changes if each.ranking.endswith(":all"))
        if written is not None:
            written.result()
    turn.keep(State(generation, position, _scope(seasons), as_of))
    turn.forget_others(generation)
    _log.info("the boards were made anew", people=people)
    return people


def _standing() -> str:
    """Which generation readers read now."""
    try:
        return RANKINGS.state().generation
    except RankingsAway:
        return ""


def _everything(seasons: tuple[Season, ...]) -> Iterator[list[Change]]:
    """All that stands on boards, part by part, each read for itself."""
    for after_next in (entries.entries_after, entries.averages_after):
        last: int | None = 0
        while last is not None:
            with snapshot():
                allow_bulk(minutes=2)
                last, changes = after_next(last, seasons)
            yield changes


def _is_outdated(state: State, until: int, seasons: tuple[Season, ...]) -> bool:
    """Of other seasons, of another database, or from before what is remembered of those who left."""
    old = datetime.fromisoformat(state.as_of) < clock.now() - scores.LEAVINGS_KEPT / 2
    return old or state.scope != _scope(seasons) or state.position > until


def _seasons() -> tuple[Season, ...]:
    return kept(season_of(clock.business_day()))


def _scope(seasons: tuple[Season, ...]) -> str:
    return " ".join(map(str, seasons))


def _now() -> str:
    return clock.now().isoformat(timespec="seconds")
