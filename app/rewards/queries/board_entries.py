"""What has to stand on the boards, as PostgreSQL has it: everything, or what has changed.

Every row tells the number of the transaction that wrote it last. Below the oldest number that is still
running nothing can change any more, so whoever has followed up to there misses nothing (the horizon).
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text

from app.accounts.queries.homes import homes_from
from app.kit.database import array, db
from app.kit.ranking import Change
from app.rewards.rules.boards import PLACE_DIGITS, groups
from app.rewards.rules.groups import per_member_g
from app.rewards.rules.seasons import Season

CHUNK = 100_000
MOST_FOLLOWED = 50_000
"""More changes than this at once are rather made anew."""

_HORIZON = text("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint")
_CHANGED = text(
    "SELECT DISTINCT holder_id FROM season_score WHERE changed >= :since AND changed < :until"
    " AND season = ANY(:seasons) LIMIT :most"
)
_LEFT = text("SELECT board, member_id FROM board_leaving WHERE changed >= :since AND changed < :until")
_PLACES = ", ".join(
    f"(CASE WHEN length(home.region) >= {digits} THEN 'p:' || left(home.region, {digits}) END)"
    for digits in PLACE_DIGITS.values()
)
_CONTRIBUTION = (
    "CASE WHEN m.base_season < s.season THEN s.avoided_g"
    " WHEN m.base_season = s.season THEN s.avoided_g - m.base_g ELSE 0 END"
)
_SHOWN = "NOT coalesce(wish.away, false)"
_SCORES = (
    f"SELECT s.season || ':' || place.board AS board, s.holder_id, s.avoided_g AS grams, {_SHOWN} AS shown"
    " FROM season_score s"
    f" LEFT JOIN {homes_from()} home ON home.holder_id = s.holder_id"
    " LEFT JOIN board_wish wish ON wish.holder_id = s.holder_id"
    f" CROSS JOIN LATERAL (VALUES ('all'), {_PLACES}) AS place (board)"
    " WHERE s.season = ANY(:seasons) AND {which} AND place.board IS NOT NULL"
    f" UNION ALL SELECT s.season || ':g:' || m.group_id, s.holder_id, {_CONTRIBUTION}, {_SHOWN}"
    " FROM group_member m JOIN season_score s ON s.holder_id = m.holder_id"
    " LEFT JOIN board_wish wish ON wish.holder_id = s.holder_id"
    " WHERE m.left_at IS NULL AND s.season = ANY(:seasons) AND {which}"
)
_ENTRIES = (
    "SELECT board, shown AND grams > 0 AS puts,"
    " string_agg(CASE WHEN shown AND grams > 0 THEN grams || ' ' || holder_id ELSE holder_id::text END, ',')"
    " AS packed FROM ({scores}) entry GROUP BY 1, 2"
)
_OF = text(_ENTRIES.format(scores=_SCORES.format(which="s.holder_id = ANY(CAST(:holders AS bigint[]))")))
_WITHIN = text(_ENTRIES.format(scores=_SCORES.format(which="s.holder_id > :after AND s.holder_id <= :upto")))
_NEXT = text(
    "SELECT max(holder_id) FROM (SELECT DISTINCT part.holder_id"
    " FROM unnest(CAST(:seasons AS text[])) AS season (name), LATERAL (SELECT holder_id FROM season_score"
    "   WHERE season = season.name AND holder_id > :after ORDER BY holder_id LIMIT :limit) part"
    " ORDER BY part.holder_id LIMIT :limit) chunk"
)
"""Each season's next in the order of its key: the scores behind them are not read for every part."""
_GROUPS_OF = text(
    "SELECT DISTINCT group_id FROM group_member"
    " WHERE left_at IS NULL AND holder_id = ANY(CAST(:holders AS bigint[]))"
)
_GROUPS = text("SELECT id FROM people_group WHERE id > :after ORDER BY id LIMIT :limit")
_AVERAGES = text(
    "SELECT g.id, g.kind, g.listed AND g.closed_at IS NULL AS open, season.name AS season,"
    f" count(m.id) FILTER (WHERE {_SHOWN}) AS members,"
    f" coalesce(sum(greatest({_CONTRIBUTION}, 0)) FILTER (WHERE {_SHOWN}), 0)::bigint AS grams"
    " FROM people_group g CROSS JOIN unnest(CAST(:seasons AS text[])) AS season (name)"
    " LEFT JOIN group_member m ON m.group_id = g.id AND m.left_at IS NULL"
    " LEFT JOIN season_score s ON s.holder_id = m.holder_id AND s.season = season.name"
    " LEFT JOIN board_wish wish ON wish.holder_id = m.holder_id"
    " WHERE g.id = ANY(CAST(:groups AS bigint[])) GROUP BY g.id, season.name"
)


@dataclass(frozen=True)
class Changed:
    """Who has changed since a position, who has left which board, and up to where that is all."""

    until: int
    holders: frozenset[int]
    left: frozenset[tuple[str, int]]

    @property
    def too_many(self) -> bool:
        """Whether it is sooner made anew."""
        return len(self.holders) > MOST_FOLLOWED


def horizon() -> int:
    """The number below which no transaction runs any more."""
    return int(db.session.scalar(_HORIZON) or 0)


def list_changed(since: int, seasons: Sequence[Season]) -> Changed:
    """What was written from the transaction `since` on."""
    values = {"since": since, "until": horizon()}
    told = {**values, "seasons": _names(seasons), "most": MOST_FOLLOWED + 1}
    left = db.session.execute(_LEFT, values)
    return Changed(
        values["until"],
        frozenset(db.session.scalars(_CHANGED, told)),
        frozenset((row.board, row.member_id) for row in left),
    )


def entries_of(changed: Changed, seasons: Sequence[Season]) -> Iterator[Change]:
    """What these changes mean for the boards: whoever left is taken off, then everybody put as they stand."""
    if not (changed.holders or changed.left):
        return
    for name in map(str, seasons):
        for board, member in sorted(changed.left):
            yield Change(f"{name}:{board}", str(member), puts=False)
    values = {"seasons": _names(seasons), "holders": array(sorted(changed.holders | _people(changed.left)))}
    yield from _changes(values)
    group_ids = set(db.session.scalars(_GROUPS_OF, {"holders": values["holders"]}))
    group_ids |= {int(board[2:]) for board, _ in changed.left if board.startswith("g:")}
    group_ids |= {member for board, member in changed.left if board == "groups"}
    yield from _averages(sorted(group_ids), seasons)


def entries_after(holder_id: int, seasons: Sequence[Season]) -> tuple[int | None, list[Change]]:
    """What stands on boards of the next so many people after `holder_id`, and the last one of them."""
    names = {"seasons": _names(seasons)}
    last = db.session.scalar(_NEXT, {**names, "after": holder_id, "limit": CHUNK})
    if last is None:
        return None, []
    rows = db.session.execute(_WITHIN, {**names, "after": holder_id, "upto": last})
    return last, [Change(row.board, row.packed, puts=True) for row in rows if row.puts]


def averages_after(group_id: int, seasons: Sequence[Season]) -> tuple[int | None, list[Change]]:
    """What stands on boards of the next so many groups, and the last one of them."""
    found = list(db.session.scalars(_GROUPS, {"after": group_id, "limit": CHUNK}))
    return (found[-1], [each for each in _averages(found, seasons) if each.puts]) if found else (None, [])


def _people(left: frozenset[tuple[str, int]]) -> set[int]:
    return {member for board, member in left if board != "groups"}


def _changes(values: Mapping[str, Any]) -> Iterator[Change]:
    for row in db.session.execute(_OF, values):
        yield Change(row.board, row.packed, puts=row.puts)


def _averages(group_ids: Sequence[int], seasons: Sequence[Season]) -> Iterator[Change]:
    """Where groups stand among themselves; too small, unlisted or closed, they stand nowhere."""
    if not group_ids:
        return
    found: dict[tuple[str, bool], list[str]] = defaultdict(list)
    for row in db.session.execute(_AVERAGES, {"groups": array(group_ids), "seasons": _names(seasons)}):
        average = per_member_g(row.grams, row.members) if row.open else None
        for board in (groups(), groups(row.kind)):
            told = f"{average} {row.id}" if average else str(row.id)
            found[f"{row.season}:{board}", bool(average)].append(told)
    for (board, puts), each in found.items():
        yield Change(board, ",".join(each), puts=puts)


def _names(seasons: Sequence[Season]) -> list[str]:
    return [str(each) for each in seasons]
