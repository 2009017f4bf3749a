"""What several accounts told alike: steps of the same days, journeys, photos. For the rooms above.

Each list is bounded by what makes two accounts alike in the first place, so that a million holders give
few rows: a run of days, an exact journey, a photo's bands. What very many tell (`crowd`) is left out.
"""

from collections.abc import Collection
from datetime import date, datetime, time
from typing import NamedTuple

from sqlalchemy import TextClause, text

from app.footprint import rules
from app.footprint.rules.photos import NEAR_BITS
from app.kit import clock
from app.kit.database import array, db


class Alike(NamedTuple):
    """One thing that a holder told, and the acts that it was counted as; who tells `mark` tells the same.

    `told_on` is the day on which it was told of.
    """

    mark: str
    holder_id: int
    on: date
    scene: str
    value: int
    told_on: date
    acts: list[int]


_WALKS = (
    " LEFT JOIN action a ON a.holder_id = s.holder_id AND a.occurred_on = s.day AND a.scene = :walking"
    "   AND a.source = :werun AND a.withdrawn_at IS NULL"
)
_ACTS = " coalesce(array_agg(a.id ORDER BY a.id) FILTER (WHERE a.id IS NOT NULL), '{}') AS acts"
_SAME_STEPS = text(
    "WITH told AS (SELECT holder_id, day, array_agg(steps) OVER run AS steps, min(day) OVER run AS first"
    "   FROM step_day WHERE day >= :since AND steps >= :least_steps"
    "   WINDOW run AS (PARTITION BY holder_id ORDER BY day ROWS :before PRECEDING)),"
    " alike AS (SELECT DISTINCT unnest(array_agg(holder_id)) AS holder_id FROM told"
    "   WHERE cardinality(steps) = :before + 1 GROUP BY first, day, steps"
    "   HAVING count(*) BETWEEN 2 AND :crowd)"
    " SELECT s.day || ' ' || s.steps AS mark, s.holder_id, s.day AS on, :walking AS scene, s.steps AS value,"
    f" s.day AS told_on,{_ACTS} FROM step_day s JOIN alike USING (holder_id){_WALKS}"
    " WHERE s.day >= :since AND s.steps >= :least_steps GROUP BY s.holder_id, s.day, s.steps"
)
_REPEATED_STEPS = text(
    "WITH often AS (SELECT holder_id, steps FROM step_day WHERE day >= :since AND steps >= :least_steps"
    "   GROUP BY holder_id, steps HAVING count(*) >= :least)"
    " SELECT s.steps::text AS mark, s.holder_id, s.day AS on, :walking AS scene, s.steps AS value,"
    f" s.day AS told_on,{_ACTS} FROM step_day s JOIN often USING (holder_id, steps){_WALKS}"
    " WHERE s.day >= :since GROUP BY s.holder_id, s.day, s.steps"
)
_SAME_JOURNEYS = text(
    "WITH told AS (SELECT holder_id, id, scene, occurred_on, occurred_at,"
    "     (inputs->>'distance_m')::bigint AS m,"
    "     (recorded_at AT TIME ZONE 'Asia/Shanghai')::date AS day FROM action"
    "     WHERE occurred_on >= :since AND source = :self AND trip IS NOT NULL AND withdrawn_at IS NULL),"
    " alike AS (SELECT scene, occurred_at, m FROM told GROUP BY scene, occurred_at, m"
    "   HAVING count(DISTINCT holder_id) BETWEEN 2 AND :crowd)"
    " SELECT scene || ' ' || occurred_at || ' ' || m AS mark, holder_id, occurred_on AS on, scene,"
    "   m AS value, max(day) AS told_on, array_agg(id) AS acts FROM told"
    " JOIN alike USING (scene, occurred_at, m) GROUP BY holder_id, scene, occurred_on, occurred_at, m"
)
_NEAR_PHOTOS = text(
    "WITH pair AS (SELECT mine.id AS one, other.id AS two FROM act_photo mine JOIN act_photo other"
    "   ON other.bands && mine.bands AND other.holder_id > mine.holder_id AND other.kept_at >= :begin"
    "   WHERE mine.kept_at >= :begin AND mine.released_at IS NULL AND other.released_at IS NULL"
    "   AND bit_count((other.look # mine.look)::bit(64)) <= :most)"
    " SELECT one || ' ' || two AS mark, holder_id, kept_at,"
    "   ARRAY[first_id] || ARRAY(SELECT outcome_id FROM act_review r WHERE r.first_id = p.first_id"
    "     AND outcome_id IS NOT NULL ORDER BY outcome_id) AS acts"
    " FROM pair JOIN act_photo p ON p.id IN (one, two)"
)
_STANDING = text(
    "SELECT code FROM action WHERE holder_id = :holder AND id = ANY(CAST(:ids AS bigint[]))"
    " AND withdrawn_at IS NULL ORDER BY occurred_on, scene, id"
)
_BORNE_OUT = text(
    "SELECT DISTINCT holder_id FROM action WHERE holder_id = ANY(CAST(:holders AS bigint[]))"
    " AND withdrawn_at IS NULL AND (source <> :self OR grade <> 'declared')"
)
_WALKING: dict[str, object] = {"walking": rules.WALKING, "werun": rules.WERUN}


def acts_told_from() -> str:
    """Every act: `action_id`, `holder_id`, `withdrawn_at`; a relation for the rooms above."""
    return "(SELECT id AS action_id, holder_id, withdrawn_at FROM action)"


def list_standing(holder_id: int, action_ids: Collection[int]) -> list[str]:
    """The codes of those of a holder's acts that are not withdrawn, day by day."""
    asked = {"holder": holder_id, "ids": array(action_ids)}
    return list(db.session.scalars(_STANDING, asked))


def list_same_steps(since: date, least_steps: int, run: int, crowd: int) -> list[Alike]:
    """The days of all holders who share a run of so many days with somebody, step by step."""
    asked = {"since": since, "least_steps": least_steps, "before": run - 1, "crowd": crowd}
    return _rows(_SAME_STEPS, asked | _WALKING)


def list_repeated_steps(since: date, least_steps: int, least: int) -> list[Alike]:
    """The days on which holders walked the very number that they walked on so many."""
    return _rows(_REPEATED_STEPS, {"since": since, "least_steps": least_steps, "least": least} | _WALKING)


def list_same_journeys(since: date, crowd: int) -> list[Alike]:
    """Declared journeys of one scene, moment and distance that several holders told."""
    return _rows(_SAME_JOURNEYS, {"since": since, "crowd": crowd, "self": rules.SELF})


def list_borne_out(holder_ids: Collection[int]) -> set[int]:
    """Those of these holders of whom a device, a partner or a photo has told an act."""
    return set(db.session.scalars(_BORNE_OUT, {"holders": array(holder_ids), "self": rules.SELF}))


def list_near_photos(since: date) -> list[Alike]:
    """Photos that look nearly like one of another holder's; each pair is a mark of its own."""
    begin = datetime.combine(since, time(), clock.SHANGHAI)
    rows = db.session.execute(_NEAR_PHOTOS, {"begin": begin, "most": NEAR_BITS})
    return [
        Alike(row.mark, row.holder_id, day, rules.PHOTO, 1, day, list(row.acts))
        for row in rows
        for day in [clock.business_day(row.kept_at)]
    ]


def _rows(statement: TextClause, asked: dict[str, object]) -> list[Alike]:
    rows = db.session.execute(statement, asked)
    return [
        Alike(row.mark, row.holder_id, row.on, row.scene, row.value, row.told_on, list(row.acts))
        for row in rows
    ]
