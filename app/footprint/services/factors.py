"""Loading factors from a file: what is new or changed becomes a new version, announced before it counts."""

import json
from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

from sqlalchemy import RowMapping, text

from app.footprint import rules
from app.footprint.queries import results
from app.footprint.queries.catalogue import forget
from app.footprint.services.factor_file import FactorsRefused, read_factors
from app.kit import clock
from app.kit.database import db, write

__all__ = ["FILE", "LOCK", "FactorsRefused", "load_factors", "take_turn"]

FILE = Path(__file__).parents[1] / "data" / "factors.csv"
LOCK = 7_304_212
"""Any fixed number: it names the advisory lock of loading, so that many starting processes load once."""

_CONTENT = (
    "value",
    "unit",
    "region",
    "category",
    "valid_from",
    "valid_until",
    "name_zh",
    "name_en",
    "source_title",
    "source_ref",
    "source_url",
    "verified",
    "tier",
    "note",
)
_TOLD = ", ".join(f"told.{name}" for name in _CONTENT)
_HELD = ", ".join(f"held.{name}" for name in _CONTENT)
_RECORDS = (
    " jsonb_to_recordset(CAST(:rows AS jsonb)) AS told(place integer, key text, version integer,"
    "   value numeric, unit text, region text, category text, valid_from date, valid_until date,"
    "   effective_from date, name_zh text, name_en text, source_title text, source_ref text,"
    "   source_url text, verified boolean, tier text, note text)"
)
_CHANGED = text(
    "SELECT told.place, 1 + coalesce((SELECT max(version) FROM factor WHERE factor.key = told.key), 0)"
    f"   AS version FROM {_RECORDS}"
    " WHERE NOT EXISTS (SELECT FROM factor held WHERE held.key = told.key"
    f"   AND ({_HELD}) IS NOT DISTINCT FROM ({_TOLD})) ORDER BY told.place"
)
_INSERT = text(
    f"INSERT INTO factor (key, version, {', '.join(_CONTENT)}, effective_from, loaded_at)"
    f" SELECT told.key, told.version, {_TOLD}, told.effective_from, :now FROM {_RECORDS} ORDER BY told.place"
)
_KNOWN = text("SELECT id, key FROM factor")
_PATIENCE = text(
    "SELECT set_config('statement_timeout', '10min', true), set_config('lock_timeout', '10min', true)"
)


def take_turn() -> None:
    """Let one load at a time, with the patience to look through every result there is."""
    db.session.execute(_PATIENCE)
    db.session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})


def load_factors(file: Path | None = None, effective_from: date | None = None) -> int:
    """Bring the stored factors up to a file, ours unless another is named; returns how many were new.

    Loading twice loads once, and any number of processes may do it at the same moment. What was ever a
    version of its key is not loaded again, so that a file of one's own is not undone by ours at the next
    start. Nothing stored changes: records keep the version they were computed with. A change of a factor
    that results exist by, or of its series, counts from tomorrow, from the day in the file, or from
    `effective_from` where that is later. Raises `FactorsRefused`, and `ChangeRefused` for a day that has
    begun.
    """
    rows = read_factors(file or FILE)
    take_turn()
    changed = db.session.execute(_CHANGED, {"rows": json.dumps(rows)}).mappings().all()
    if not changed:
        return 0
    values = {"rows": json.dumps(_dated(rows, changed, effective_from)), "now": clock.now()}
    loaded = write(_INSERT, values)
    forget()
    return loaded


def _dated(
    rows: Sequence[dict[str, Any]], changed: Sequence[RowMapping], effective_from: date | None
) -> list[dict[str, Any]]:
    """The rows that change something, each with its version and the day it counts from."""
    replaced = _stored()
    today = clock.business_day()
    dated = []
    for change in changed:
        row = rows[change["place"]]
        key = str(row["key"])
        told = row["effective_from"]
        asked = max(filter(None, (date.fromisoformat(told) if told else None, effective_from)), default=None)
        ids = replaced[key] + replaced.get(rules.series_of(key) or "", [])
        day = rules.effective_day(
            f"{key} version {change['version']}", asked, today, results.exist_by_factors(ids)
        )
        dated.append({**row, "version": change["version"], "effective_from": day and day.isoformat()})
    return dated


def _stored() -> dict[str, list[int]]:
    """The ids of what is stored, by key and by series."""
    found: dict[str, list[int]] = defaultdict(list)
    for row in db.session.execute(_KNOWN):
        found[row.key].append(row.id)
        series = rules.series_of(row.key)
        if series:
            found[series].append(row.id)
    return found
