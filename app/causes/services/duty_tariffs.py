"""Loading tariffs of the tree-planting duty: rows that never change, each with its source."""

import tomllib
from dataclasses import fields
from pathlib import Path
from typing import Any

from sqlalchemy import select, text

from app.causes.models.duties import DutyTariff
from app.causes.rules.duties import Tariff
from app.kit import clock
from app.kit.database import db

FILE = Path(__file__).parents[1] / "data" / "duty_tariffs.toml"
_NAMES = tuple(field.name for field in fields(Tariff))
_MAY_LACK = {"until_year", "sum", "trees", "sums_most", "reason"}


class TariffsRefused(ValueError):
    """A file that contradicts what stands already, or does not say what a tariff must say."""


def load_tariffs(file: Path = FILE) -> int:
    """Load what a file holds and is not known yet; returns how many were new. Raises `TariffsRefused`.

    A version that stands is never written over: whoever bought by it goes on to be counted by it.
    """
    db.session.execute(text("LOCK TABLE duty_tariff IN SHARE ROW EXCLUSIVE MODE"))
    known = {(row.code, row.version): row for row in db.session.scalars(select(DutyTariff))}
    new = 0
    for told in _read(file):
        stands = known.get((told["code"], told["version"]))
        if stands is None:
            if told["version"] > 1 and (told["code"], told["version"] - 1) not in known:
                raise TariffsRefused(f"{told['code']}: version {told['version']} follows on none")
            row = DutyTariff(**told, loaded_at=clock.now())
            db.session.add(row)
            known[told["code"], told["version"]] = row
            new += 1
        elif differing := [name for name in _NAMES if getattr(stands, name) != told[name]]:
            raise TariffsRefused(f"{told['code']}: {', '.join(differing)} changed; give it another version")
    db.session.flush()
    return new


def _read(file: Path) -> list[dict[str, Any]]:
    rows = tomllib.loads(file.read_text("utf-8")).get("tariff", [])
    for row in rows:
        lacking = set(_NAMES) - _MAY_LACK - set(row)
        unknown = set(row) - set(_NAMES)
        if lacking or unknown:
            raise TariffsRefused(f"{row.get('code')}: lacks {sorted(lacking)}, has unknown {sorted(unknown)}")
    return [{name: row.get(name) for name in _NAMES} for row in rows]
