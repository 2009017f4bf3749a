"""The statements that record actions, with everything that belongs to them.

Each takes the credit from the days, writes the actions, their postings and their announcement: one
round trip, and nothing of it can be written without the rest. The books' part comes from the ledger, the
announcement's from the kit. The credit is taken by the insert that locks the rows of holder, scene and
day, so a day's cap holds whoever writes at once.

`write` is the hot path: one action of one holder. `write_many` takes any number of any holders and scenes.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import text

from app.accounts import chart, ledger
from app.accounts.chart import PLATFORM
from app.footprint import announcements
from app.footprint.rules import DAILY_CAP
from app.kit.database import array, db, run, run_many, text_array

CHUNK = 1000
"""Actions that one announcement tells of at most: as many as one listener takes in at once."""


class Written(NamedTuple):
    """What became of one wish: its action's id, or None when its minutes or its ride were taken."""

    id: int | None
    code: str
    before_g: int
    avoided_g: int


_TYPES = {
    "holder": "bigint",
    "scene": "text",
    "day": "date",
    "moment": "timestamptz",
    "begins": "bigint",
    "ends": "bigint",
    "code": "text",
    "inputs": "text",
    "computed_g": "bigint",
    "cap": "bigint",
    "source": "text",
    "grade": "text",
    "methodology": "bigint",
    "factor": "bigint",
    "trip_key": "bytea",
}
"""What one wish consists of; `ends` is 0 where it takes no minutes, `trip_key` None where it has no ride."""
_QUOTED: dict[str, Callable[[Any], str | None]] = {
    "moment": lambda moment: moment and moment.isoformat(),
    "inputs": str,
    "scene": str,
    "source": str,
    "grade": str,
    "trip_key": lambda key: key and f"\\x{key.hex()}",
}
"""Columns that are not plain in an array, and how they are written there."""

_ONE = """
WITH held AS (
  INSERT INTO scene_day AS day (holder_id, day, scene, credited_g, cap_g)
  VALUES ({holder}, {day}, {scene}, least({computed_g}, {cap}), {cap})
  ON CONFLICT (holder_id, day, scene) DO UPDATE SET
    credited_g = greatest(day.credited_g, least(day.credited_g + excluded.credited_g, excluded.cap_g)),
    cap_g = greatest(day.cap_g, excluded.cap_g)
  RETURNING coalesce(old.credited_g, 0) AS before_g,
    new.credited_g - coalesce(old.credited_g, 0) AS avoided_g
),
written AS (
  INSERT INTO action (holder_id, code, scene, occurred_on, occurred_at, trip, source, grade, inputs,
    methodology_id, factor_id, computed_g, before_g, avoided_g, cap_reason, recorded_at)
  SELECT {holder}, {code}, {scene}, {day}, {moment},
    CASE WHEN {ends} > 0 THEN int8range({begins}, {ends}) END,
    {source}, {grade}, {inputs}::jsonb, {methodology}, {factor}, {computed_g}, before_g,
    avoided_g, CASE WHEN avoided_g < {computed_g} THEN %(reason)s END, %(now)s
  FROM held
  ON CONFLICT DO NOTHING
  RETURNING id AS reference, scene, avoided_g AS amount,
    {platform} AS source_holder, holder_id AS target_holder
),
posted AS ({post}),
credited AS (
  SELECT jsonb_build_object('actions',
    jsonb_build_array(jsonb_build_array(reference, amount, scene, target_holder))) AS payload
  FROM written WHERE amount > 0
),
told AS ({tell})
SELECT reference, {code}, before_g, avoided_g FROM held LEFT JOIN written ON true
"""
# Actions are inserted by holder and minute, keys and days in the order of their own: whoever else inserts
# does it in the same order, so that two batches queue instead of deadlocking. What was written is looked up
# by IN, which is hashed: PostgreSQL expects one row of an INSERT, and would join thousands with themselves.
_MANY = """
WITH wish AS MATERIALIZED (
  SELECT * FROM unnest({arrays}) WITH ORDINALITY AS told({names}, place)
),
held AS (
  INSERT INTO scene_day AS day (holder_id, day, scene, credited_g, cap_g)
  SELECT holder, day, scene, least(sum(computed_g), max(cap))::bigint, max(cap) FROM wish
  GROUP BY holder, day, scene ORDER BY holder, day, scene
  ON CONFLICT (holder_id, day, scene) DO UPDATE SET
    credited_g = greatest(day.credited_g, least(day.credited_g + excluded.credited_g, excluded.cap_g)),
    cap_g = greatest(day.cap_g, excluded.cap_g)
  RETURNING new.holder_id AS holder, new.day, new.scene, coalesce(old.credited_g, 0) AS held_g,
    new.credited_g - coalesce(old.credited_g, 0) AS room_g
),
queued AS (
  SELECT *, coalesce(sum(computed_g) OVER (PARTITION BY holder, day, scene ORDER BY place
    ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0)::bigint AS ahead_g FROM wish
),
priced AS MATERIALIZED (
  SELECT queued.*, nextval(pg_get_serial_sequence('action', 'id')) AS id,
    held_g + least(ahead_g, room_g) AS before_g, least(computed_g, greatest(0, room_g - ahead_g)) AS avoided_g
  FROM queued JOIN held USING (holder, day, scene)
),
keyed AS (
  INSERT INTO trip_key (key, holder_id, action_id)
  SELECT trip_key, holder, id FROM priced WHERE trip_key IS NOT NULL ORDER BY trip_key
  ON CONFLICT DO NOTHING RETURNING action_id
),
written AS (
  INSERT INTO action (id, holder_id, code, scene, occurred_on, occurred_at, trip, source, grade, inputs,
    methodology_id, factor_id, computed_g, before_g, avoided_g, cap_reason, recorded_at)
  SELECT id, holder, code, scene, day, moment, CASE WHEN ends > 0 THEN int8range(begins, ends) END,
    source, grade, inputs::jsonb, methodology, factor, computed_g, before_g, avoided_g,
    CASE WHEN avoided_g < computed_g THEN %(reason)s END, %(now)s
  FROM priced WHERE trip_key IS NULL OR id IN (SELECT action_id FROM keyed)
  ORDER BY holder, begins
  ON CONFLICT DO NOTHING
  RETURNING id AS reference, scene, avoided_g AS amount,
    {platform} AS source_holder, holder_id AS target_holder
),
posted AS ({post}),
credited AS (
  SELECT jsonb_build_object('actions',
    jsonb_agg(jsonb_build_array(reference, amount, scene, target_holder) ORDER BY reference)) AS payload
  FROM (SELECT *, (row_number() OVER (ORDER BY reference) - 1) / {chunk} AS chunk
          FROM written WHERE amount > 0) told GROUP BY chunk
),
told AS ({tell})
SELECT CASE WHEN id IN (SELECT reference FROM written) THEN id END, code, before_g, avoided_g, id
FROM priced ORDER BY place
"""
_GIVE_BACK = text(
    "UPDATE scene_day SET credited_g = credited_g - lost.grams FROM (SELECT holder, day, scene,"
    "   sum(grams)::bigint AS grams FROM unnest(CAST(:holders AS bigint[]), CAST(:days AS date[]),"
    "   CAST(:scenes AS text[]), CAST(:grams AS bigint[])) AS told(holder, day, scene, grams)"
    "   GROUP BY holder, day, scene) lost"
    " WHERE scene_day.holder_id = lost.holder AND scene_day.day = lost.day AND scene_day.scene = lost.scene"
)
_FREE = text("DELETE FROM trip_key WHERE action_id = ANY(CAST(:ids AS bigint[]))")


def write(wish: Mapping[str, Any], now: datetime) -> Written:
    """Write one wish of the names of `_TYPES`; what was not written leaves no credit behind."""
    statement = _compose(_ONE, announcements.recorded_from("credited"))
    row = Written(*run(statement, {**wish, "now": now, "reason": DAILY_CAP}).fetchone() or ())
    if row.id is None:
        give_back([wish], [row.avoided_g])
    elif row.avoided_g:
        announcements.ring()
    return row


def write_many(wishes: Sequence[Mapping[str, Any]], now: datetime) -> list[Written]:
    """Write wishes of any holders and scenes, in the given order within a day; one row a wish.

    Wishes of one call may not overlap one another. One whose minutes or ride somebody else takes at this
    very moment is not written, and leaves neither credit nor key behind; those after it on the same day
    are not credited the more for it.
    """
    if not wishes:
        return []
    values = {name: _column(name, wishes) for name in _TYPES} | {"now": now, "reason": DAILY_CAP}
    rows = run_many(_compose(_MANY, announcements.recorded_from("credited")), values).fetchall()
    written = [Written(*row[:4]) for row in rows]
    lost = [place for place, row in enumerate(written) if row.id is None]
    if lost:
        give_back([wishes[place] for place in lost], [written[place].avoided_g for place in lost])
        db.session.execute(_FREE, {"ids": array(rows[place][4] for place in lost)})
    if any(row.id is not None and row.avoided_g for row in written):
        announcements.ring()
    return written


def give_back(wishes: Sequence[Mapping[str, Any]], grams: Sequence[int]) -> None:
    """Return to their days what was credited for actions that do not stand: holder, day and scene of each."""
    values = {
        "holders": array(each["holder"] for each in wishes),
        "days": array(each["day"].isoformat() for each in wishes),
        "scenes": text_array(each["scene"] for each in wishes),
        "grams": array(grams),
    }
    db.session.execute(_GIVE_BACK, values)


def _column(name: str, wishes: Sequence[Mapping[str, Any]]) -> str:
    quoted = _QUOTED.get(name)
    if quoted is not None:
        return text_array(quoted(each[name]) for each in wishes)
    return array(each[name] for each in wishes)


@cache
def _compose(statement: str, tell: str) -> str:
    return statement.format(
        **{name: f"%({name})s::{kind}" for name, kind in _TYPES.items()},
        arrays=", ".join(f"%({name})s::{kind}[]" for name, kind in _TYPES.items()),
        names=", ".join(_TYPES),
        post=ledger.entries_from(chart.RECORD_ACTION, "written"),
        tell=tell,
        platform=PLATFORM,
        chunk=CHUNK,
    )
