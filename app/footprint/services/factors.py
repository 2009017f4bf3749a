"""Loading factors from `data/factors.csv`: what is new or changed becomes a new version."""

import csv
import json
import re
from pathlib import Path

from sqlalchemy import text

from app.footprint.queries.catalogue import forget
from app.kit import clock
from app.kit.database import db, write

FILE = Path(__file__).parents[1] / "data" / "factors.csv"
LOCK = 7_304_212
"""Any fixed number: it names the advisory lock of loading, so that many starting processes load once."""

_TIER = re.compile(r"\[([A-E]|calc)\]")
_UNVERIFIABLE = ("D", "E", "calc")
"""One transcription, recollection, arithmetic: these are never shown as official."""

_CONTENT = (
    "value",
    "unit",
    "region",
    "category",
    "valid_from",
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
_LOAD = text(
    f"INSERT INTO factor (key, version, {', '.join(_CONTENT)}, loaded_at)"
    f" SELECT told.key, coalesce(held.version, 0) + 1, {_TOLD}, :now"
    " FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS told(place integer, key text, value numeric,"
    "   unit text, region text, category text, valid_from date, name_zh text, name_en text,"
    "   source_title text, source_ref text, source_url text, verified boolean, tier text, note text)"
    " LEFT JOIN LATERAL (SELECT * FROM factor WHERE factor.key = told.key ORDER BY version DESC LIMIT 1)"
    "   held ON true"
    f" WHERE ({_TOLD}) IS DISTINCT FROM ({_HELD}) ORDER BY told.place"
)


DITTO = "同上"


class FactorsRefused(ValueError):
    """The file holds a row that may not be loaded; the text says which and why."""


def load_factors() -> int:
    """Bring the stored factors up to the file; returns how many versions were new.

    Loading twice loads once, and any number of processes may do it at the same moment. Nothing stored
    changes: records keep the version they were computed with. Raises `FactorsRefused`.
    """
    rows = _read_file()
    db.session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
    values = {"rows": json.dumps(rows), "now": clock.now()}
    loaded = write(_LOAD, values)
    forget()
    return loaded


def _read_file() -> list[dict[str, object]]:
    """The rows of the file; a title "同上" (ditto) stands for the one above it."""
    rows: list[dict[str, object]] = []
    with FILE.open(encoding="utf-8", newline="") as lines:
        for place, row in enumerate(csv.DictReader(lines)):
            if row["source_title"] == DITTO and rows:
                row["source_title"] = str(rows[-1]["source_title"])
            rows.append(_read_row(place, row))
    return rows


def _read_row(place: int, row: dict[str, str]) -> dict[str, object]:
    tier = _TIER.match(row["note"])
    if tier is None or row["verified"] not in ("yes", "no"):
        raise FactorsRefused(f"{row['key']}: no tier, or verified is neither yes nor no")
    verified = row["verified"] == "yes"
    if verified and tier[1] in _UNVERIFIABLE:
        raise FactorsRefused(f"{row['key']}: tier {tier[1]} cannot be verified")
    # A reference that nobody outside can open is no address; title and reference still stand.
    address = row["source_url"] if row["source_url"].startswith(("https://", "http://")) else None
    return {
        **row,
        "place": place,
        "valid_from": row["valid_from"] or None,
        "source_url": address,
        "verified": verified,
        "tier": tier[1],
    }
