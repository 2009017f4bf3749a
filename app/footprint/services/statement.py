"""The one statement that records actions, with everything that belongs to them.

It takes the credit from the day, writes the actions, their postings and their announcement: one
round trip on the hot path, and nothing of it can be written without the rest. The books' part comes
from the ledger, the announcement's from the kit. The credit is taken by the insert that locks the row
of the holder's scene and day, so a day's cap and limits hold whoever writes at once.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from functools import cache
from typing import Any, NamedTuple

from app.accounts import chart, ledger
from app.accounts.chart import PLATFORM
from app.footprint import announcements
from app.kit.database import run


class Written(NamedTuple):
    """What became of one wish: its action's id, or None when its minutes were taken, and its credit.

    `held` says which limit held it: its rule, what it allows and what was found.
    """

    id: int | None
    day: date
    before_g: int
    avoided_g: int
    held: Mapping[str, Any] | None


_TYPES = {
    "day": "date",
    "moment": "timestamptz",
    "begins": "bigint",
    "ends": "bigint",
    "code": "text",
    "inputs": "text",
    "computed_g": "bigint",
    "acts": "bigint",
    "amount": "bigint",
    "pace": "bigint",
}
"""What one wish consists of."""
# Over one row of plain parameters and over arrays: a single trip is spared the planning of arrays.
_VALUES = ", ".join(f"%({name})s::{kind} AS {name}" for name, kind in _TYPES.items())
_ARRAYS = ", ".join(f"%({name})s::{kind}[]" for name, kind in _TYPES.items())
_ONE = f"NOT MATERIALIZED (SELECT {_VALUES})"
_MANY = f"MATERIALIZED (SELECT * FROM unnest({_ARRAYS}) AS told({', '.join(_TYPES)}) ORDER BY day)"
_WRITE = """
WITH wish AS {wish},
room AS (
  SELECT %(most_amount)s::bigint - coalesce(sum(amount), 0) AS amount FROM scene_day
  WHERE holder_id = %(holder)s AND day IN (SELECT day FROM wish) AND scene <> %(scene)s
),
held AS (
  INSERT INTO scene_day AS day (holder_id, day, scene, credited_g, cap_g, acts, amount, pace, series)
  SELECT %(holder)s, day, %(scene)s,
    CASE WHEN acts > %(most_acts)s::bigint OR amount > (SELECT amount FROM room) THEN 0
      ELSE least(computed_g, %(cap)s) END,
    %(cap)s, acts, amount, pace, 1 FROM wish
  ON CONFLICT (holder_id, day, scene) DO UPDATE SET
    credited_g = CASE WHEN day.acts + excluded.acts > %(most_acts)s::bigint
        OR day.amount + excluded.amount > (SELECT amount FROM room)
        OR excluded.pace = day.pace AND day.series >= %(most_series)s::int THEN day.credited_g
      ELSE greatest(day.credited_g, least(day.credited_g + excluded.credited_g, excluded.cap_g)) END,
    cap_g = greatest(day.cap_g, excluded.cap_g),
    acts = day.acts + excluded.acts,
    amount = day.amount + excluded.amount,
    series = CASE WHEN excluded.pace = day.pace THEN day.series + 1 ELSE 1 END,
    pace = excluded.pace
  RETURNING new.day, coalesce(old.credited_g, 0) AS before_g,
    new.credited_g - coalesce(old.credited_g, 0) AS avoided_g,
    CASE
      WHEN coalesce(old.credited_g, 0) >= %(cap)s THEN NULL
      WHEN new.acts > %(most_acts)s::bigint
        THEN jsonb_build_object('rule', 'day_acts', 'allowed', %(most_acts)s::bigint, 'found', new.acts)
      WHEN new.amount > (SELECT amount FROM room)
        THEN jsonb_build_object('rule', 'day_total', 'allowed', %(most_amount)s::bigint,
          'found', %(most_amount)s::bigint - (SELECT amount FROM room) + new.amount)
      WHEN new.series > %(most_series)s::int
        THEN jsonb_build_object('rule', 'same_speed', 'allowed', %(most_series)s::int, 'found', new.series)
    END AS holds
),
written AS (
  INSERT INTO action (holder_id, code, scene, occurred_on, occurred_at, trip, source, grade, inputs,
    methodology_id, factor_id, computed_g, before_g, avoided_g, cap_reason, recorded_at)
  SELECT %(holder)s, code, %(scene)s, day, moment, CASE WHEN begins > 0 THEN int8range(begins, ends) END,
    %(source)s, %(grade)s,
    CASE WHEN holds IS NULL THEN inputs::jsonb ELSE inputs::jsonb || jsonb_build_object('held', holds) END,
    %(methodology)s, %(factor)s, computed_g, before_g, avoided_g,
    CASE WHEN holds IS NOT NULL THEN 'held' WHEN avoided_g < computed_g THEN %(reason)s END, %(now)s
  FROM wish JOIN held USING (day) ORDER BY day
  ON CONFLICT DO NOTHING
  RETURNING id AS reference, occurred_on, scene, avoided_g AS amount,
    {platform} AS source_holder, holder_id AS target_holder
),
posted AS ({post}),
credited AS (
  SELECT jsonb_build_object('holder_id', %(holder)s::bigint,
    'actions', jsonb_agg(jsonb_build_array(reference, amount, scene) ORDER BY reference)) AS payload
  FROM written WHERE amount > 0 HAVING count(*) > 0
),
told AS ({tell})
SELECT reference, held.day, before_g, avoided_g, holds
FROM held LEFT JOIN written ON occurred_on = held.day ORDER BY held.day
"""


def write(shared: Mapping[str, Any], wishes: Sequence[Mapping[str, Any]]) -> list[Written]:
    """Write `wishes`, at most one a day, of one holder and scene; returns one row a wish, by day.

    `shared` holds holder, scene, cap, most_acts, most_amount and most_series (NULL: no limit), source,
    grade, methodology, factor, reason and now; a wish the names of `_TYPES`, with `ends` 0 where it takes
    no minutes. A wish whose minutes are taken is credited nothing in the books, but its day has been:
    the caller gives that back. What passes a limit while the
    day has room is written, held, and credited nothing.
    """
    if len(wishes) == 1:
        wish, values = _ONE, wishes[0]
    else:
        wish, values = _MANY, {name: [each[name] for each in wishes] for name in _TYPES}
    statement = _compose(wish, announcements.recorded_from("credited"))
    rows = [Written(*row) for row in run(statement, {**shared, **values})]
    if any(row.id is not None and row.avoided_g for row in rows):
        announcements.ring()
    return rows


@cache
def _compose(wish: str, tell: str) -> str:
    post = ledger.entries_from(chart.RECORD_ACTION, "written")
    return _WRITE.format(wish=wish, post=post, tell=tell, platform=PLATFORM)
