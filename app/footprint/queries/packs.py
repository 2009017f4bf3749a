"""Packs as anyone may read them, and every change that was announced."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from app.footprint import rules
from app.footprint.queries.catalogue import ClosedScene, Factor, Methodology, catalogue

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
class Change:
    """A version that replaces another, or will: announced when it was loaded, counting from a day on.

    `before` and `after` are what changed in one line each: a value with its unit, a version, a pack.
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


def list_changes() -> list[Change]:
    """Every change that has or had a day of its own, the latest to take effect first."""
    told = [*_factor_changes(), *_methodology_changes(), *_pack_changes()]
    return sorted(told, key=lambda each: (each.effective_from, each.announced_at), reverse=True)[
        :MOST_CHANGES
    ]


def _factor_changes() -> list[Change]:
    known = catalogue()
    by_version = {(factor.key, factor.version): factor for factor in known.factors.values()}
    return [
        Change(
            subject="factor",
            key=factor.key,
            version=factor.version,
            name_zh=factor.name_zh,
            name_en=factor.name_en,
            before=_value(by_version.get((factor.key, factor.version - 1))),
            after=str(_value(factor)),
            announced_at=factor.loaded_at,
            effective_from=factor.effective_from,
            upcoming=factor.effective_from > known.day,
        )
        for factor in known.factors.values()
        if factor.effective_from is not None
    ]


def _value(factor: Factor | None) -> str | None:
    return f"{factor.value:f} {factor.unit}" if factor else None


def _methodology_changes() -> list[Change]:
    known = catalogue()
    told: list[Methodology | ClosedScene] = [*known.methodologies.values(), *known.closed]
    before: dict[tuple[str, str], str] = {}
    changes = []
    for each in sorted(told, key=lambda one: one.id):
        name = f"{each.document['key']} v{each.document['version']}"
        place = (each.pack, each.document["scene"])
        if each.effective_from is not None:
            changes.append(
                Change(
                    subject="methodology",
                    key=each.document["key"],
                    version=each.document["version"],
                    name_zh=each.document["scene_zh"],
                    name_en=each.document["scene_en"],
                    before=before.get(place),
                    after=name,
                    announced_at=each.loaded_at,
                    effective_from=each.effective_from,
                    upcoming=each.effective_from > known.day,
                )
            )
        before[place] = name
    return changes


def _pack_changes() -> list[Change]:
    known = catalogue()
    changes, before = [], rules.DEFAULT_PACK
    for choice in known.choices:
        about = (
            next(iter(known.packs[choice.pack].values())).document["pack"]
            if choice.pack in known.packs
            else {}
        )
        if choice.effective_from is not None:
            changes.append(
                Change(
                    subject="pack",
                    key=choice.pack,
                    version=None,
                    name_zh=about.get("name_zh", choice.pack),
                    name_en=about.get("name_en", choice.pack),
                    before=before,
                    after=choice.pack,
                    announced_at=choice.chosen_at,
                    effective_from=choice.effective_from,
                    upcoming=choice.effective_from > known.day,
                )
            )
        before = choice.pack
    return changes
