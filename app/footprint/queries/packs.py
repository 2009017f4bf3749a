"""Packs as anyone may read them, and every change that was announced."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, TypeVar

from app.footprint import rules
from app.footprint.queries.catalogue import (
    ClosedScene,
    Factor,
    Methodology,
    PackChoice,
    catalogue,
    list_users,
)
from app.footprint.queries.guides import EVENT_INVENTORY, find_guide
from app.footprint.queries.kinds import emission_kinds

MOST_CHANGES = 500
"""So many are shown; the versions of each factor stand on its own page without end."""


@dataclass(frozen=True)
class Pack:
    """One pack: what it says of itself, what it counts and what it does not, and whether it counts here."""

    key: str
    region: str
    baseline: str
    document: Mapping[str, Any]
    chosen: bool
    scenes: list[Methodology]
    closed: list[ClosedScene]


@dataclass(frozen=True)
class Pin:
    """A methodology and the version of a factor that it computes with, whichever else there are."""

    methodology: Methodology
    factor_version: int


@dataclass(frozen=True)
class Change:
    """A version that replaces another, or will: announced when it was loaded, counting from a day on.

    `before` and `after` are what changed in one line each: a value with its unit, a version, a pack.
    `counts` says whether anything computes with it from that day on; `pinned` are the methodologies that
    go on with another version of the factor.
    """

    subject: str
    key: str
    version: int | None
    name_zh: str
    name_en: str
    before: str | None
    after: str
    announced_at: datetime
    effective_from: date
    upcoming: bool
    counts: bool = True
    pinned: tuple[Pin, ...] = ()


Version = TypeVar("Version", Factor, Methodology | ClosedScene, PackChoice)


def list_packs() -> list[Pack]:
    """Every pack, the one that counts here first."""
    known = catalogue()
    packs = [_pack(key, scenes, key == known.pack) for key, scenes in known.packs.items()]
    return sorted(packs, key=lambda each: (not each.chosen, each.key))


def _pack(key: str, scenes: Mapping[str, Methodology | ClosedScene], chosen: bool) -> Pack:
    about = max(scenes.values(), key=lambda each: each.id).document["pack"]
    counted = [each for each in scenes.values() if isinstance(each, Methodology)]
    closed = [each for each in scenes.values() if isinstance(each, ClosedScene)]
    return Pack(key, about["region"], about["baseline"], about, chosen, counted, closed)


def list_pins(key: str) -> list[Pin]:
    """Every version of every methodology that computes with a factor, each with the version it names."""
    return [Pin(each, used.version) for each in list_users(key) for used in each.factors if used.key == key]


def list_changes() -> list[Change]:
    """Every change that takes or took effect on a day of its own, the latest to take effect first."""
    told = [*_factor_changes(), *_methodology_changes(), *_pack_changes()]
    return sorted(told, key=lambda each: (each.effective_from, each.announced_at), reverse=True)[
        :MOST_CHANGES
    ]


def _turns(versions: Iterable[Version]) -> Iterator[tuple[Version, date, Version | None]]:
    """Each version that takes effect on a day of its own, that day, and what counted the day before.

    One that a later loaded version precedes never takes effect.
    """
    known = list(versions)
    for each in known:
        day = each.effective_from
        if day is not None and rules.current(known, day) is each:
            yield each, day, rules.current(known, day - timedelta(days=1))


def _factor_changes() -> Iterator[Change]:
    known = catalogue()
    versions: dict[str, list[Factor]] = {}
    for factor in known.factors.values():
        versions.setdefault(factor.key, []).append(factor)
    asked = _asked_for()
    for key, members in versions.items():
        for factor, day, before in _turns(members):
            users = {pin.methodology.method.key: pin for pin in list_pins(key)}
            yield Change(
                subject="factor",
                key=key,
                version=factor.version,
                name_zh=factor.name_zh,
                name_en=factor.name_en,
                before=_value(before) if before else None,
                after=_value(factor),
                announced_at=factor.loaded_at,
                effective_from=day,
                upcoming=day > known.day,
                counts=not asked.isdisjoint({key, rules.series_of(key)}),
                pinned=tuple(pin for pin in users.values() if pin.factor_version != factor.version),
            )


def _asked_for() -> set[str | None]:
    """The factors, and series of them, that are asked for without a version: months and events do."""
    names: set[str | None] = {
        kind.factor_key.format(province=place)
        for kind in emission_kinds().values()
        for place in kind.provinces or ("",)
    }
    guide = find_guide(EVENT_INVENTORY)
    return names | {item.factor for item in guide.event.items.values()} if guide else names


def _value(factor: Factor) -> str:
    return f"{factor.value:f} {factor.unit}"


def _methodology_changes() -> Iterator[Change]:
    known = catalogue()
    told: list[Methodology | ClosedScene] = [*known.methodologies.values(), *known.closed]
    places: dict[tuple[str, str], list[Methodology | ClosedScene]] = {}
    for each in sorted(told, key=lambda one: one.id):
        places.setdefault((each.pack, each.document["scene"]), []).append(each)
    for members in places.values():
        for each, day, before in _turns(members):
            yield Change(
                subject="methodology",
                key=each.document["key"],
                version=each.document["version"],
                name_zh=each.document["scene_zh"],
                name_en=each.document["scene_en"],
                before=_version(before) if before else None,
                after=_version(each),
                announced_at=each.loaded_at,
                effective_from=day,
                upcoming=day > known.day,
            )


def _version(each: Methodology | ClosedScene) -> str:
    return f"{each.document['key']} v{each.document['version']}"


def _pack_changes() -> Iterator[Change]:
    known = catalogue()
    for each, day, before in _turns(known.choices):
        if each.pack is None:
            continue
        about = next(iter(known.packs.get(each.pack, {}).values()), None)
        named = about.document["pack"] if about else {"name_zh": each.pack, "name_en": each.pack}
        yield Change(
            subject="pack",
            key=each.pack,
            version=None,
            name_zh=named["name_zh"],
            name_en=named["name_en"],
            before=before.pack if before else rules.DEFAULT_PACK,
            after=each.pack,
            announced_at=each.chosen_at,
            effective_from=day,
            upcoming=day > known.day,
        )
