"""Factors and methodologies as this process knows them.

Their rows never change, so a process reads them once and asks again only after a minute (for new
versions) or when a row names one that it has not seen. What was read belongs to the connection pool
it was read through: another database has another catalogue.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import select
from sqlalchemy.pool import Pool

from app.footprint import rules
from app.footprint.models import FactorRow, MethodologyRow
from app.kit import clock
from app.kit.database import db
from app.kit.messages import LANGUAGES, t
from app.kit.problems import NotFound

FRESH = timedelta(minutes=1)


def _mark(verified: bool) -> dict[str, str] | None:
    """What to show beside an unverified figure, in every language; None beside a verified one."""
    return None if verified else {lang: t("footprint.reference_value", lang) for lang in LANGUAGES}


@dataclass(frozen=True, eq=False)
class Factor:
    """One version of a factor; `value` in `unit`. An unverified one carries its mark wherever shown."""

    id: int
    key: str
    version: int
    value: Decimal
    unit: str
    region: str
    category: str
    valid_from: date | None
    name_zh: str
    name_en: str
    source_title: str
    source_ref: str
    source_url: str | None
    verified: bool
    tier: str
    note: str

    @property
    def mark(self) -> dict[str, str] | None:
        """The mark of an unverified value, None for a verified one."""
        return _mark(self.verified)


@dataclass(frozen=True, eq=False)
class Methodology:
    """One version of a methodology: what it says, how it computes, and the factor it uses."""

    id: int
    document: Mapping[str, Any]
    method: rules.Method
    factor: Factor

    @property
    def kind(self) -> str:
        """The shape in which its scene is declared: a trip, or acts that are counted."""
        return rules.kind_of(self.document)

    @property
    def verified(self) -> bool:
        """A methodology is as verified as its factor."""
        return self.factor.verified

    @property
    def mark(self) -> dict[str, str] | None:
        """The mark of an unverified methodology, None for a verified one."""
        return _mark(self.verified)


@dataclass(frozen=True)
class Catalogue:
    """Everything known, by id; `latest` by a factor's key, `scenes` by a scene's name."""

    factors: dict[int, Factor]
    latest: dict[str, Factor]
    methodologies: dict[int, Methodology]
    scenes: dict[str, Methodology]
    read_at: datetime


_kept: WeakKeyDictionary[Pool, Catalogue] = WeakKeyDictionary()


def catalogue() -> Catalogue:
    """The catalogue of this process's database, at most a minute old."""
    found = _kept.get(db.engine.pool)
    if found is None or not found.scenes or abs(clock.now() - found.read_at) > FRESH:
        found = _kept[db.engine.pool] = _read()
    return found


def forget() -> None:
    """Read again at the next question; for whoever has just loaded new versions."""
    _kept.pop(db.engine.pool, None)


def _read() -> Catalogue:
    columns = [getattr(FactorRow, name) for name in Factor.__dataclass_fields__]
    rows = db.session.execute(select(*columns).order_by(FactorRow.id))
    factors = {row.id: Factor(**row._mapping) for row in rows}
    latest = {factor.key: factor for factor in factors.values()}
    kept = select(MethodologyRow.id, MethodologyRow.document, MethodologyRow.factor_id)
    methodologies = {
        row.id: Methodology(row.id, row.document, rules.read_method(row.document), factors[row.factor_id])
        for row in db.session.execute(kept.order_by(MethodologyRow.id))
    }
    scenes = {each.method.scene: each for each in methodologies.values()}
    return Catalogue(factors, latest, methodologies, scenes, clock.now())


def factor_by_id(factor_id: int) -> Factor:
    """The factor that a row names. Raises KeyError when there is none, which no row of ours may do."""
    if factor_id not in catalogue().factors:
        forget()
    return catalogue().factors[factor_id]


def methodology_by_id(methodology_id: int) -> Methodology:
    """The methodology that a row names. Raises KeyError when there is none."""
    if methodology_id not in catalogue().methodologies:
        forget()
    return catalogue().methodologies[methodology_id]


def find_scene(scene: str) -> Methodology | None:
    """The methodology that counts a scene today; None when nothing counts it."""
    return catalogue().scenes.get(scene)


def list_scenes() -> list[Methodology]:
    """The methodology of every scene that counts today."""
    return list(catalogue().scenes.values())


def list_methodologies() -> list[Methodology]:
    """Every version of every methodology, the earliest loaded first."""
    return list(catalogue().methodologies.values())


def get_factor(key: str, version: int | None = None) -> Factor:
    """A factor by its key, the latest version unless another is named. Raises `NotFound`."""
    known = catalogue()
    if version is None:
        found = known.latest.get(key)
    else:
        found = next((f for f in known.factors.values() if (f.key, f.version) == (key, version)), None)
    if found is None:
        raise NotFound()
    return found


def list_factors(
    category: str | None = None,
    region: str | None = None,
    q: str | None = None,
    limit: int = 100,
    after: int | None = None,
) -> list[Factor]:
    """The latest versions in the order of their ids; `q` is found in key, names and source title."""
    wanted = q.casefold() if q else ""
    found = [
        factor
        for factor in sorted(catalogue().latest.values(), key=lambda each: each.id)
        if factor.id > (after or 0)
        and category in (None, factor.category)
        and region in (None, factor.region)
        and wanted in f"{factor.key} {factor.name_zh} {factor.name_en} {factor.source_title}".casefold()
    ]
    return found[:limit]
