"""Factors and methodologies as this process knows them.

Their rows never change, so a process reads them once and asks again only after a minute (for new
versions), when a business day begins (for what counts from that day) or when a row names one that it
has not seen. What was read belongs to the connection pool it was read through: another database has
another catalogue.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import select
from sqlalchemy.pool import Pool

from app.footprint import rules
from app.footprint.models import FactorRow, MethodologyRow, PackChoiceRow
from app.kit import clock
from app.kit.database import db
from app.kit.messages import LANGUAGES, t
from app.kit.problems import NotFound

FRESH = timedelta(minutes=1)


def _mark() -> dict[str, str]:
    """What to show beside an unverified figure, in every language."""
    return {lang: t("footprint.reference_value", lang) for lang in LANGUAGES}


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
    valid_until: date | None
    effective_from: date | None
    name_zh: str
    name_en: str
    source_title: str
    source_ref: str
    source_url: str | None
    verified: bool
    tier: str
    note: str
    loaded_at: datetime

    @property
    def mark(self) -> dict[str, str] | None:
        """The mark of an unverified value, None for a verified one."""
        return None if self.verified else _mark()

    @property
    def in_force(self) -> bool:
        """Whether it counts today."""
        return rules.in_force(self, clock.business_day())


@dataclass(frozen=True, eq=False)
class Methodology:
    """One version of a methodology: what it says, how it computes, and the factor it uses.

    `factors` are all factors of its formula, `factor` the first of them.
    """

    id: int
    document: Mapping[str, Any]
    method: rules.Method
    factor: Factor
    factors: tuple[Factor, ...]
    pack: str
    effective_from: date | None
    loaded_at: datetime

    @property
    def verified(self) -> bool:
        """A methodology is as verified as its factors."""
        return all(factor.verified for factor in self.factors)

    @property
    def mark(self) -> dict[str, str] | None:
        """The mark of an unverified methodology, None for a verified one."""
        if self.verified:
            return None
        return {lang: self.document.get(f"mark_{lang}") or text for lang, text in _mark().items()}

    @property
    def kind(self) -> str:
        """The shape in which its scene is declared: a trip, or acts that are counted."""
        return self.method.kind

    @property
    def grams_a_unit(self) -> Decimal:
        """Grams that one unit avoids with full evidence; for showing, since it may be cut at 28 digits."""
        rate = Fraction(self.method.kg_a_unit(self.factor.value)) * rules.GRAMS_PER_KG
        return (Decimal(rate.numerator) / rate.denominator).normalize()

    @property
    def in_force(self) -> bool:
        """Whether it counts today, were its pack the one that counts."""
        return rules.in_force(self, clock.business_day())


@dataclass(frozen=True, eq=False)
class ClosedScene:
    """A scene that a pack knows and does not count: the document says why."""

    id: int
    document: Mapping[str, Any]
    pack: str
    effective_from: date | None
    loaded_at: datetime


@dataclass(frozen=True)
class PackChoice:
    """A pack that counts from a business day on; none: nothing does."""

    id: int
    pack: str | None
    effective_from: date | None
    chosen_at: datetime


@dataclass(frozen=True)
class Catalogue:
    """Everything known, by id, and what of it counts on `day`.

    `latest` holds factors by key, `scenes` methodologies by scene, `packs` everything that each pack
    says of its scenes.
    """

    factors: dict[int, Factor]
    latest: dict[str, Factor]
    series: dict[str, list[Factor]]
    methodologies: dict[int, Methodology]
    packs: dict[str, dict[str, Methodology | ClosedScene]]
    scenes: dict[str, Methodology]
    closed: list[ClosedScene]
    choices: list[PackChoice]
    pack: str | None
    day: date
    read_at: datetime


_kept: WeakKeyDictionary[Pool, Catalogue] = WeakKeyDictionary()


def catalogue() -> Catalogue:
    """The catalogue of this process's database, of today and at most a minute old."""
    found = _kept.get(db.engine.pool)
    now = clock.now()
    if (
        found is None
        or not (found.scenes or found.pack is None)
        or abs(now - found.read_at) > FRESH
        or clock.business_day(now) != found.day
    ):
        found = _kept[db.engine.pool] = _read()
    return found


def forget() -> None:
    """Read again at the next question; for whoever has just loaded new versions."""
    _kept.pop(db.engine.pool, None)


def _read() -> Catalogue:
    now = clock.now()
    day = clock.business_day(now)
    factors = _read_factors()
    latest, series = _in_force(factors.values(), day)
    told = _read_methodologies(factors)
    choices = read_choices()
    chosen = rules.current(choices, day)
    pack = chosen.pack if chosen else rules.DEFAULT_PACK
    packs: dict[str, dict[str, Methodology | ClosedScene]] = {}
    for each in told:
        if rules.in_force(each, day):
            packs.setdefault(each.pack, {})[each.document["scene"]] = each
    known = {each.id: each for each in told if isinstance(each, Methodology)}
    here = packs.get(pack, {}) if pack else {}
    scenes = {scene: each for scene, each in here.items() if isinstance(each, Methodology)}
    closed = [each for each in told if isinstance(each, ClosedScene)]
    return Catalogue(factors, latest, series, known, packs, scenes, closed, choices, pack, day, now)


def _read_factors() -> dict[int, Factor]:
    columns = [getattr(FactorRow, name) for name in Factor.__dataclass_fields__]
    rows = db.session.execute(select(*columns).order_by(FactorRow.id))
    return {row.id: Factor(**row._mapping) for row in rows}


def _in_force(factors: Iterable[Factor], day: date) -> tuple[dict[str, Factor], dict[str, list[Factor]]]:
    """The version of each factor that counts on a day, and the years of each series, the latest last."""
    latest = {factor.key: factor for factor in factors if rules.in_force(factor, day)}
    series: dict[str, list[Factor]] = {}
    for factor in latest.values():
        name = rules.series_of(factor.key)
        if name and factor.valid_from:
            series.setdefault(name, []).append(factor)
    for years in series.values():
        years.sort(key=lambda each: str(each.valid_from))
    return latest, series


def _read_methodologies(factors: Mapping[int, Factor]) -> list[Methodology | ClosedScene]:
    """Everything that packs say, in the order in which it was loaded."""
    pinned = {(factor.key, factor.version): factor for factor in factors.values()}
    values = {name: factor.value for name, factor in pinned.items()}
    found: list[Methodology | ClosedScene] = []
    columns = ("id", "document", "factor_id", "pack", "effective_from", "loaded_at")
    kept = select(*(getattr(MethodologyRow, name) for name in columns)).order_by(MethodologyRow.id)
    for row in db.session.execute(kept):
        if row.factor_id is None:
            closed = ClosedScene(row.id, row.document, row.pack, row.effective_from, row.loaded_at)
            found.append(closed)
            continue
        method = rules.read_method(row.document).bind(values)
        factor = factors[row.factor_id]
        others = (pinned[term.factor, term.factor_version] for term in method.terms)
        found.append(
            Methodology(
                id=row.id,
                document=row.document,
                method=method,
                factor=factor,
                factors=(factor, *others),
                pack=row.pack,
                effective_from=row.effective_from,
                loaded_at=row.loaded_at,
            )
        )
    return found


def read_choices() -> list[PackChoice]:
    """Every choice of a pack, in the order in which they were made."""
    columns = [getattr(PackChoiceRow, name) for name in PackChoice.__dataclass_fields__]
    return [
        PackChoice(**row._mapping) for row in db.session.execute(select(*columns).order_by(PackChoiceRow.id))
    ]


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


def scene_names(scene: str) -> tuple[str, str]:
    """What a kind of act is called in Chinese and in English, also when nothing counts it any more."""
    named = [each for each in catalogue().methodologies.values() if each.method.scene == scene]
    methodology = find_scene(scene) or (named[-1] if named else None)
    if methodology is None:
        return scene, scene
    return methodology.document["scene_zh"], methodology.document["scene_en"]


def list_scenes() -> list[Methodology]:
    """The methodology of every scene that counts today."""
    return list(catalogue().scenes.values())


def list_methodologies() -> list[Methodology]:
    """Every version of every methodology, the earliest loaded first."""
    return list(catalogue().methodologies.values())


def get_factor(key: str, version: int | None = None) -> Factor:
    """A factor by its key, the version that counts today unless another is named. Raises `NotFound`."""
    known = catalogue()
    if version is None:
        found = known.latest.get(key)
    else:
        found = next((f for f in known.factors.values() if (f.key, f.version) == (key, version)), None)
    if found is None:
        raise NotFound()
    return found


def find_factor(name: str, month: str | None = None) -> Factor | None:
    """The factor for a month `YYYY-MM`, this one unless another is named; None where there is none.

    `name` is a factor's key, or the series of factors that each stand for a year: then it is the one
    whose validity covers the month, or the last before it.
    """
    known = catalogue()
    if name in known.latest:
        return known.latest[name]
    asked = month or f"{known.day:%Y-%m}"
    begun = [each for each in known.series.get(name, ()) if f"{each.valid_from:%Y-%m}" <= asked]
    return begun[-1] if begun else None


def list_versions(key: str) -> list[Factor]:
    """Every version of a factor, the newest first, announced ones too. Raises `NotFound`."""
    found = [factor for factor in catalogue().factors.values() if factor.key == key]
    if not found:
        raise NotFound()
    return sorted(found, key=lambda each: -each.version)


def list_users(key: str) -> list[Methodology]:
    """Every version of every methodology that computes with a factor, the earliest loaded first."""
    return [each for each in catalogue().methodologies.values() if key in {used.key for used in each.factors}]


def list_factors(
    category: str | None = None,
    region: str | None = None,
    q: str | None = None,
    limit: int = 100,
    after: int | None = None,
    tier: str | None = None,
    verified: bool | None = None,
) -> list[Factor]:
    """What counts today, in the order of the ids; `q` is found in key, names and source title."""
    wanted = q.casefold() if q else ""
    found = [
        factor
        for factor in sorted(catalogue().latest.values(), key=lambda each: each.id)
        if factor.id > (after or 0)
        and category in (None, factor.category)
        and region in (None, factor.region)
        and tier in (None, factor.tier)
        and verified in (None, factor.verified)
        and wanted in f"{factor.key} {factor.name_zh} {factor.name_en} {factor.source_title}".casefold()
    ]
    return found[:limit]


def list_regions() -> list[str]:
    """Every region that a factor is of."""
    return sorted({factor.region for factor in catalogue().latest.values()})
