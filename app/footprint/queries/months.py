"""A person's emissions and avoided grams by month. The two are never added."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import text

from app.footprint import rules
from app.footprint.queries.actions import Replay
from app.footprint.queries.catalogue import Factor, factor_by_id
from app.kit.database import db
from app.kit.problems import NotFound


@dataclass(frozen=True)
class Emission:
    """What was emitted of one kind in one month. `current` is False once a correction came after it."""

    id: int
    month: str
    kind: str
    revision: int
    inputs: Mapping[str, Any]
    emitted_g: int
    recorded_at: datetime
    current: bool
    factor: Factor

    @property
    def code(self) -> str:
        """What names it among its holder's results: month, kind and revision."""
        return f"{self.month}.{self.kind}.{self.revision}"


@dataclass(frozen=True)
class MonthSummary:
    """A month: grams avoided by day and scene, grams emitted by kind."""

    month: str
    avoided_by_day: dict[date, dict[str, int]]
    emitted_by_kind: dict[str, int]

    @property
    def avoided_by_scene(self) -> dict[str, int]:
        """Grams avoided by scene."""
        totals: dict[str, int] = {}
        for scenes in self.avoided_by_day.values():
            for scene, grams in scenes.items():
                totals[scene] = totals.get(scene, 0) + grams
        return totals

    @property
    def avoided_g(self) -> int:
        """Grams avoided in the month."""
        return sum(self.avoided_by_scene.values())

    @property
    def emitted_g(self) -> int:
        """Grams emitted in the month, as far as recorded."""
        return sum(self.emitted_by_kind.values())


_CODE = re.compile(r"(\d{4}-\d\d)\.([a-z_]{1,40})\.(\d{1,9})", re.ASCII)
_EMISSION_FACTS = (
    "SELECT id, month, kind, revision, inputs, factor_id, emitted_g, recorded_at, NOT EXISTS ("
    "   SELECT 1 FROM emission later WHERE later.holder_id = e.holder_id AND later.month = e.month"
    "      AND later.kind = e.kind AND later.revision > e.revision) AS current"
    " FROM emission e WHERE holder_id = :holder"
)
_EMISSION = text(f"{_EMISSION_FACTS} AND month = :month AND kind = :kind AND revision = :revision")
_EMISSIONS = text(
    f"{_EMISSION_FACTS} AND id < :before"
    "  AND (CAST(:month AS text) IS NULL OR month = :month)"
    " ORDER BY id DESC LIMIT :limit"
)
_MONTH = text(
    "SELECT DISTINCT ON (kind) kind, emitted_g FROM emission WHERE holder_id = :holder AND month = :month"
    " ORDER BY kind, revision DESC"
)
_DAYS = text(
    "SELECT day, scene, credited_g FROM scene_day WHERE holder_id = :holder AND credited_g > 0"
    " AND day >= :first AND day < CAST(:first AS date) + interval '1 month' ORDER BY day, scene"
)


def list_emissions(
    holder_id: int, month: str | None = None, limit: int = 100, before: int | None = None
) -> list[Emission]:
    """A holder's emissions, the last recorded first, corrected ones too; `before` is an emission's id."""
    values = {"holder": holder_id, "month": month, "limit": limit, "before": before or 2**63 - 1}
    return [_read(row._mapping) for row in db.session.execute(_EMISSIONS, values)]


def get_emission(holder_id: int, code: str) -> Emission:
    """A holder's emission by its code, such as `2026-10.electricity.1`. Raises `NotFound`."""
    told = _CODE.fullmatch(code)
    row = None
    if told is not None:
        month, kind, revision = told.groups()
        values = {"holder": holder_id, "month": month, "kind": kind, "revision": int(revision)}
        row = db.session.execute(_EMISSION, values).one_or_none()
    if row is None:
        raise NotFound()
    return _read(row._mapping)


def _read(row: Mapping[Any, Any]) -> Emission:
    told = dict(row)
    factor = factor_by_id(told.pop("factor_id"))
    return Emission(**told, factor=factor)


def replay_emission(emission: Emission) -> Replay:
    """Compute an emission again from its raw inputs and its own factor."""
    factor = emission.factor
    recorded = {"emitted_g": emission.emitted_g}
    replayed = {"emitted_g": rules.recorded_grams(emission.inputs, factor.value, factor.unit)}
    return Replay(recorded, replayed, [] if recorded == replayed else ["emitted_g"])


def month_summary(holder_id: int, month: str) -> MonthSummary:
    """What a holder avoided and emitted in `month` (YYYY-MM); only days with grams are listed."""
    by_day: dict[date, dict[str, int]] = {}
    first = date.fromisoformat(f"{month}-01")
    for row in db.session.execute(_DAYS, {"holder": holder_id, "first": first}):
        by_day.setdefault(row.day, {})[row.scene] = row.credited_g
    rows = db.session.execute(_MONTH, {"holder": holder_id, "month": month})
    return MonthSummary(month, by_day, {row.kind: row.emitted_g for row in rows})
