"""Boards as people see them: places from Redis, names from PostgreSQL; friends from PostgreSQL alone.

Where Redis has nothing, a board says so (`ready` is False) and is there again in a moment; nobody is refused.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import select

from app.accounts.queries.homes import find_home
from app.kit import clock
from app.kit.database import db
from app.kit.messages import language, t
from app.kit.ranking import Placed, Rankings, RankingsAway, State
from app.kit.sealing import digester
from app.rewards.errors.boards import BoardUnknown, NoHome
from app.rewards.models.scores import BoardWish
from app.rewards.queries import friends as known_friends
from app.rewards.queries import groups as known_groups
from app.rewards.queries.friends import Friend
from app.rewards.queries.names import NameView, find_own_name, list_names_of_people
from app.rewards.queries.scores import get_score, list_scores
from app.rewards.rules import boards as rules
from app.rewards.rules.seasons import Season, read_season, season_of

RANKINGS = Rankings("seasons")


@dataclass(frozen=True)
class Line:
    """One place on a board: somebody by the name they gave or another, or a group."""

    rank: int
    name: str
    grams: int
    own: bool
    named: bool
    group: str | None = None
    members: int | None = None


@dataclass(frozen=True)
class Board:
    """A board: its lines from a place on, the caller's own line, and how many stand on it.

    `few` says that too few stand on it to show anything: not who, not how many, not one's own rank.
    """

    season: Season
    what: str
    ready: bool
    as_of: datetime | None
    counted: int
    few: bool
    lines: Sequence[Line]
    own: Line | None
    around: Sequence[Line]
    """Those before and behind the caller, with them; empty where `lines` hold them."""


@dataclass(frozen=True)
class Wish:
    """How somebody stands on boards."""

    away: bool
    name: NameView | None


@dataclass(frozen=True)
class _Few:
    """When a board would tell who somebody is: by itself, or by what is left without the boards in it."""

    least: int = 1
    parts: Collection[str] = ()

    def holds(self, state: State, season: Season, counted: int) -> bool:
        """Whether it would, with so many on it."""
        if counted < self.least or not self.parts:
            return counted < self.least
        within = RANKINGS.list_counts(state, (rules.board(season, each) for each in self.parts))
        left = counted - sum(each for each in within if each >= self.least)
        return 0 < left < self.least


_SHOWN = _Few()


def this_season() -> Season:
    """The season of today in Asia/Shanghai."""
    return season_of(clock.business_day())


def get_wish(holder_id: int) -> Wish:
    """How somebody wants to stand on boards."""
    away = db.session.scalar(select(BoardWish.away).where(BoardWish.holder_id == holder_id))
    return Wish(bool(away), find_own_name(holder_id))


def list_away(holder_ids: Collection[int]) -> set[int]:
    """Who of these stands on no board."""
    wanted = select(BoardWish.holder_id).where(BoardWish.holder_id.in_(holder_ids), BoardWish.away)
    return set(db.session.scalars(wanted))


def read_kept(written: str | None) -> Season:
    """The season that is meant, this one where none is. Raises `BoardUnknown` where no boards are kept."""
    season = this_season() if written is None else read_season(written)
    if season is None or season not in rules.kept(this_season()):
        raise BoardUnknown()
    return season


def home_place(holder_id: int, level: str) -> str:
    """The code of the county or village somebody is at home in. Raises `NoHome`."""
    home, digits = find_home(holder_id), rules.PLACE_DIGITS[level]
    if home is None or len(home.region) < digits:
        raise NoHome(level=t(f"rewards.board_{level}"))
    return home.region[:digits]


def get_board(
    season: Season,
    what: str,
    holder_id: int | None,
    first: int = 0,
    limit: int = rules.LINES + 1,
    least: int = 1,
    parts: Collection[str] = (),
) -> Board:
    """People on a board, seen by `holder_id`; nobody is shown where fewer than `least` stand.

    `limit` is one more than a page shows, which tells that there is more. `parts` are the boards of which
    this one is made: nor is anybody shown who can be told by taking those that are shown off it.
    """
    name = rules.board(season, what)

    def lines(placed: Sequence[Placed]) -> list[Line]:
        return _people(placed, name, holder_id)

    return _board(season, what, holder_id, first, limit, lines, _Few(least, parts))


def get_groups_board(
    season: Season, kind: str | None, own: Collection[int], first: int = 0, limit: int = rules.LINES + 1
) -> Board:
    """Groups among themselves by what they avoided a member; `own` are the caller's."""

    def lines(placed: Sequence[Placed]) -> list[Line]:
        facts = known_groups.find_groups([each.member for each in placed])
        return [
            Line(
                each.rank,
                found.shown_name or alias_of(rules.board(season, rules.GROUPS), found.id),
                each.score,
                found.id in own,
                found.shown_name is not None,
                found.code,
                found.members,
            )
            for each in placed
            if (found := facts.get(each.member))
        ]

    return _board(season, rules.groups(kind), None, first, limit, lines)


def find_group_line(season: Season, group: known_groups.GroupFacts) -> Line | None:
    """Where a group stands among all groups; None where it does not, or Redis has nothing."""
    try:
        placed = RANKINGS.find(RANKINGS.state(), rules.board(season, rules.GROUPS), group.id)
    except RankingsAway:
        return None
    if placed is None:
        return None
    return Line(placed.rank, group.shown_name or "", placed.score, False, True, group.code, group.members)


def get_friends_board(holder_id: int, season: Season) -> Board:
    """Oneself among one's friends, as PostgreSQL has it: a few hundred at most, fresh at any time."""
    friends = {each.friend_id: each for each in known_friends.list_friends(holder_id)}
    people = {holder_id, *friends}
    people -= list_away(people)
    scores = list_scores(people, season)
    placed, rank, last = [], 0, None
    for place, (member, score) in enumerate(sorted(scores.items(), key=lambda each: (-each[1], -each[0])), 1):
        rank, last = (rank if score == last else place), score
        if score:
            placed.append(Placed(rank, member, score))
    name = rules.board(season, f"f:{holder_id}")
    shown = [
        replace(line, name=friend.label or (line.name if line.named else alias_of_friend(friend)))
        if (friend := friends.get(each.member))
        else line
        for line, each in zip(_people(placed, name, holder_id), placed, strict=True)
    ]
    own = next((line for line in shown if line.own), None)
    return Board(season, "friends", True, clock.now(), len(shown), False, shown, own, ())


def alias_of(where: str, member: int) -> str:
    """What somebody is called who gave no name, in the reader's language."""
    return rules.alias(digester("board_alias"), where, member)[language() == "en"]


def alias_of_friend(friend: Friend) -> str:
    """What somebody is called by a friend whom they gave no name: the same wherever the two meet."""
    return alias_of(f"friend:{friend.code}", friend.friend_id)


def _board(
    season: Season,
    what: str,
    holder_id: int | None,
    first: int,
    limit: int,
    lines: Callable[[Sequence[Placed]], list[Line]],
    too_few: _Few = _SHOWN,
) -> Board:
    name = rules.board(season, what)
    try:
        state = RANKINGS.state()
        counted = RANKINGS.count(state, name)
        few = too_few.holds(state, season, counted)
        own = RANKINGS.find(state, name, holder_id) if holder_id is not None and not few else None
        listed = [] if few else RANKINGS.list_from(state, name, first, limit)
        around: list[Placed] = []
        if own is not None and own.member not in {each.member for each in listed[: limit - 1]}:
            place = RANKINGS.place_of(state, name, own.member) or 0
            start = max(0, place - rules.AROUND)
            around = RANKINGS.list_from(state, name, start, 2 * rules.AROUND + 1)
    except RankingsAway:
        return Board(season, what, False, None, 0, False, (), _unplaced(season, what, holder_id), ())
    [*drawn] = lines([*listed, *around, *([own] if own else [])])
    mine = drawn.pop() if own else None
    cut = len(listed) if len(drawn) == len(listed) + len(around) else len(drawn)
    return Board(
        season,
        what,
        True,
        datetime.fromisoformat(state.as_of),
        0 if few else counted,
        few,
        drawn[:cut],
        mine,
        drawn[cut:],
    )


def _unplaced(season: Season, what: str, holder_id: int | None) -> Line | None:
    """What oneself has avoided, without a rank, while there is no board."""
    if holder_id is None or what != rules.ALL:
        return None
    grams = get_score(holder_id, season)
    return Line(0, "", grams, True, False) if grams else None


def _people(placed: Sequence[Placed], board: str, holder_id: int | None) -> list[Line]:
    names = list_names_of_people({each.member for each in placed})
    return [
        Line(
            each.rank,
            names.get(each.member) or alias_of(board, each.member),
            each.score,
            each.member == holder_id,
            each.member in names,
        )
        for each in placed
    ]
