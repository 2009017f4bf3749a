"""The statement that records actions, with everything that belongs to them.

It takes the credit from the days, writes the actions, their postings, their announcement and the review
of what is held: one round trip, and nothing of it can be written without the rest. The books' part comes
from the ledger, the announcement's from the kit. The credit is taken by the insert that locks the rows of
holder, scene and day, and these rows count what a day holds: so its cap and its limits hold whoever writes
at once.

There are two of it. `write` is the hot path: one action of one holder, whom limits may concern.
`write_many` takes any number of any holders and scenes that are evidence already: no limit holds them.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple

from psycopg.errors import DeadlockDetected, ExclusionViolation
from sqlalchemy import text

from app.accounts import chart, ledger
from app.accounts.chart import PLATFORM
from app.footprint import announcements
from app.footprint.rules import DAILY_CAP, HELD
from app.footprint.services import waiting
from app.kit.database import array, db, run_many, text_array
from app.kit.transaction import run_whole

CHUNK = 1000
"""Actions that one announcement tells of at most: as many as one listener takes in at once."""
CHANCES = 3
"""How often one action is tried that PostgreSQL took back because it and another waited for each other."""


class Written(NamedTuple):
    """The action that became of one wish.

    `held` says which limit held it: its rule, what it allows and what was found.
    """

    id: int
    code: str
    before_g: int
    avoided_g: int
    held: Mapping[str, Any] | None


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
    "acts": "bigint",
    "amount": "bigint",
}
"""What every wish consists of; `ends` is 0 where it takes no minutes."""
_LIMITS = {"pace": "bigint", "most_acts": "bigint", "most_amount": "bigint", "most_series": "bigint"}
"""What limits ask of one that is written alone; NULL where there is none."""
_RIDES = {"trip_key": "bytea"}
"""What one of many has besides; None where it has no ride."""
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
WITH room AS (
  SELECT {most_amount} - coalesce(sum(amount), 0) AS amount FROM scene_day
  WHERE {most_amount} IS NOT NULL AND holder_id = {holder} AND day = {day} AND scene <> {scene}
),
held AS (
  INSERT INTO scene_day AS day (holder_id, day, scene, credited_g, cap_g, acts, amount, pace, series)
  SELECT {holder}, {day}, {scene},
    CASE WHEN {acts} > {most_acts} OR {amount} > room.amount THEN 0 ELSE least({computed_g}, {cap}) END,
    {cap}, {acts}, {amount}, {pace}, 1 FROM room
  ON CONFLICT (holder_id, day, scene) DO UPDATE SET
    credited_g = CASE WHEN day.acts + excluded.acts > {most_acts}
        OR day.amount + excluded.amount > (SELECT amount FROM room)
        OR excluded.pace = day.pace AND day.series >= {most_series} THEN day.credited_g
      ELSE greatest(day.credited_g, least(day.credited_g + excluded.credited_g, excluded.cap_g)) END,
    cap_g = greatest(day.cap_g, excluded.cap_g),
    acts = day.acts + excluded.acts,
    amount = day.amount + excluded.amount,
    series = CASE WHEN excluded.pace = day.pace THEN day.series + 1 ELSE 1 END,
    pace = excluded.pace
  RETURNING coalesce(old.credited_g, 0) AS before_g,
    new.credited_g - coalesce(old.credited_g, 0) AS avoided_g,
    CASE
      WHEN coalesce(old.credited_g, 0) >= {cap} THEN NULL
      WHEN new.acts > {most_acts}
        THEN jsonb_build_object('rule', 'day_acts', 'allowed', {most_acts}, 'found', new.acts)
      WHEN new.amount > (SELECT amount FROM room)
        THEN jsonb_build_object('rule', 'day_total', 'allowed', {most_amount},
          'found', {most_amount} - (SELECT amount FROM room) + new.amount)
      WHEN new.series > {most_series}
        THEN jsonb_build_object('rule', 'same_speed', 'allowed', {most_series}, 'found', new.series)
    END AS holds
),
priced AS MATERIALIZED (
  SELECT nextval('action_id_seq') AS id, {row},
    before_g, avoided_g, holds FROM held
),
written AS ({act} FROM priced {told}),
waits AS ({waits}),
posted AS ({post}),
credited AS (
  SELECT jsonb_build_object('actions',
    jsonb_build_array(jsonb_build_array(reference, amount, scene, target_holder))) AS payload
  FROM written WHERE amount > 0
),
heard AS ({hear})
SELECT id, code, before_g, avoided_g, holds FROM priced
"""
# Days, actions and keys are inserted in the order of their own: whoever else inserts does it in the same
# order, so that two batches queue instead of deadlocking. Speeds in a row are a matter of what people
# declare: what is written here leaves them alone. What was written is looked up by IN, which is hashed:
# PostgreSQL expects one row of an INSERT, and would join thousands with themselves.
_MANY = """
WITH wish AS MATERIALIZED (
  SELECT * FROM unnest({arrays}) WITH ORDINALITY AS told({names}, place)
),
held AS (
  INSERT INTO scene_day AS day (holder_id, day, scene, credited_g, cap_g, acts, amount)
  SELECT holder, day, scene, least(sum(computed_g), max(cap))::bigint, max(cap),
    sum(acts)::bigint, sum(amount)::bigint FROM wish
  GROUP BY holder, day, scene ORDER BY holder, day, scene
  ON CONFLICT (holder_id, day, scene) DO UPDATE SET
    credited_g = greatest(day.credited_g, least(day.credited_g + excluded.credited_g, excluded.cap_g)),
    cap_g = greatest(day.cap_g, excluded.cap_g),
    acts = day.acts + excluded.acts,
    amount = day.amount + excluded.amount
  RETURNING new.holder_id AS holder, new.day, new.scene, coalesce(old.credited_g, 0) AS held_g,
    new.credited_g - coalesce(old.credited_g, 0) AS room_g
),
queued AS (
  SELECT *, coalesce(sum(computed_g) OVER (PARTITION BY holder, day, scene ORDER BY place
    ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0)::bigint AS ahead_g FROM wish
),
priced AS MATERIALIZED (
  SELECT queued.*, nextval('action_id_seq') AS id,
    held_g + least(ahead_g, room_g) AS before_g,
    least(computed_g, greatest(0, room_g - ahead_g)) AS avoided_g, NULL::jsonb AS holds
  FROM queued JOIN held USING (holder, day, scene)
),
keyed AS (
  INSERT INTO trip_key (key, holder_id, action_id)
  SELECT trip_key, holder, id FROM priced WHERE trip_key IS NOT NULL ORDER BY trip_key
  ON CONFLICT DO NOTHING RETURNING action_id
),
written AS (
  {act} FROM priced WHERE trip_key IS NULL OR id IN (SELECT action_id FROM keyed)
  ORDER BY holder, begins ON CONFLICT DO NOTHING {told}
),
posted AS ({post}),
credited AS (
  SELECT jsonb_build_object('actions',
    jsonb_agg(jsonb_build_array(reference, amount, scene, target_holder) ORDER BY reference)) AS payload
  FROM (SELECT *, (row_number() OVER (ORDER BY reference) - 1) / {chunk} AS chunk
          FROM written WHERE amount > 0) told GROUP BY chunk
),
heard AS ({hear})
SELECT id, code, before_g, avoided_g, holds, id IN (SELECT reference FROM written) FROM priced ORDER BY place
"""
_ACT = f"""
  INSERT INTO action (id, holder_id, code, scene, occurred_on, occurred_at, trip, source, grade, inputs,
    methodology_id, factor_id, computed_g, before_g, avoided_g, cap_reason, recorded_at)
  SELECT id, holder, code, scene, day, moment, CASE WHEN ends > 0 THEN int8range(begins, ends) END,
    source, grade,
    CASE WHEN holds IS NULL THEN inputs::jsonb ELSE inputs::jsonb || jsonb_build_object('{HELD}', holds) END,
    methodology, factor, computed_g, before_g, avoided_g,
    CASE WHEN holds IS NOT NULL THEN '{HELD}' WHEN avoided_g < computed_g THEN '{DAILY_CAP}' END, %(now)s"""
_TOLD = f"""
  RETURNING id AS reference, scene, avoided_g AS amount,
    {PLATFORM} AS source_holder, holder_id AS target_holder"""
_GIVE_BACK = text(
    "UPDATE scene_day SET credited_g = credited_g - lost.grams, acts = scene_day.acts - lost.acts,"
    "   amount = scene_day.amount - lost.amount,"
    "   series = greatest(0, series - coalesce(cardinality(array_positions(paces, pace)), 0))"
    " FROM (SELECT holder, day, scene, sum(grams)::bigint AS grams, sum(acts)::bigint AS acts,"
    "   sum(amount)::bigint AS amount, array_agg(told.pace) AS paces"
    "   FROM unnest(CAST(:holders AS bigint[]), CAST(:days AS date[]), CAST(:scenes AS text[]),"
    "     CAST(:grams AS bigint[]), CAST(:acts AS bigint[]), CAST(:amounts AS bigint[]),"
    "     CAST(:paces AS bigint[])) AS told(holder, day, scene, grams, acts, amount, pace)"
    "   GROUP BY holder, day, scene) lost"
    " WHERE scene_day.holder_id = lost.holder AND scene_day.day = lost.day AND scene_day.scene = lost.scene"
)
_FREE = text("DELETE FROM trip_key WHERE action_id = ANY(CAST(:ids AS bigint[]))")


def write(wish: Mapping[str, Any], now: datetime) -> Written | None:
    """Write one wish without a ride, wholly or not at all (`run_whole`); None when its minutes were taken.

    What passes a limit while the day has room is written, credited nothing, and waits in a review.
    """
    found = _write_one({**wish, "now": now}, CHANCES)
    if found is None:
        return None
    row = Written(*found)
    if row.avoided_g:
        announcements.ring()
    return row


def _write_one(values: Mapping[str, Any], chances: int) -> tuple[Any, ...] | None:
    """The row of one action, None when its minutes are taken.

    An exclusion constraint looks when the row is written already: two trips at once can wait for each other
    until PostgreSQL takes one back. Tried again, that one finds its minutes taken. (`ON CONFLICT` looks
    before it writes as well; every act would pay for that.)
    """
    try:
        return run_whole(_one(), values)
    except ExclusionViolation:
        return None
    except DeadlockDetected:
        if chances == 1:
            raise
        return _write_one(values, chances - 1)


def write_many(wishes: Sequence[Mapping[str, Any]], now: datetime) -> list[Written | None]:
    """Write wishes of any holders and scenes, in the given order within a day; one row a wish.

    Wishes of one call may not overlap one another. None stands for one whose minutes or ride somebody
    else takes at this very moment: it leaves neither credit nor key behind, and those after it on the same
    day are not credited the more for it.
    """
    if not wishes:
        return []
    values = {name: _column(name, wishes) for name in (*_TYPES, *_RIDES)} | {"now": now}
    rows = [(Written(*row[:-1]), row[-1]) for row in run_many(_many(), values).fetchall()]
    lost = [(wish, row) for wish, (row, stands) in zip(wishes, rows, strict=True) if not stands]
    if lost:
        give_back([wish for wish, _ in lost], [row.avoided_g for _, row in lost])
        db.session.execute(_FREE, {"ids": array(row.id for _, row in lost)})
    if any(row.avoided_g for row, stands in rows if stands):
        announcements.ring()
    return [row if stands else None for row, stands in rows]


def give_back(wishes: Sequence[Mapping[str, Any]], grams: Sequence[int]) -> None:
    """Return to their days what was credited and counted for actions that do not stand.

    Of each wish its holder, day and scene are needed, and what it added to the day (`rules.tally`).
    """
    values = {
        "holders": array(each["holder"] for each in wishes),
        "days": array(each["day"].isoformat() for each in wishes),
        "scenes": text_array(each["scene"] for each in wishes),
        "grams": array(grams),
        "acts": array(each["acts"] for each in wishes),
        "amounts": array(each["amount"] for each in wishes),
        "paces": array("NULL" if each["pace"] is None else each["pace"] for each in wishes),
    }
    db.session.execute(_GIVE_BACK, values)


def _column(name: str, wishes: Sequence[Mapping[str, Any]]) -> str:
    quoted = _QUOTED.get(name)
    if quoted is not None:
        return text_array(quoted(each[name]) for each in wishes)
    return array(each[name] for each in wishes)


@cache
def _one() -> str:
    names = {name: f"%({name})s::{kind}" for name, kind in (_TYPES | _LIMITS).items()}
    row = ", ".join(f"{names[name]} AS {name}" for name in _TYPES)
    return _ONE.format(**names, row=row, waits=waiting.holds_from("priced"), **_parts())


@cache
def _many() -> str:
    kinds = _TYPES | _RIDES
    arrays = ", ".join(f"%({name})s::{kind}[]" for name, kind in kinds.items())
    return _MANY.format(arrays=arrays, names=", ".join(kinds), chunk=CHUNK, **_parts())


def _parts() -> dict[str, str]:
    """What both statements do with what is `priced`, `written` and `credited`."""
    return {
        "act": _ACT,
        "told": _TOLD,
        "post": ledger.entries_from(chart.RECORD_ACTION, "written"),
        "hear": announcements.recorded_from("credited"),
    }
