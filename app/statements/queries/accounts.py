"""A person's carbon account 个人碳账户 over a day, a month, a year or their life: three lines, never added.

Each line comes split by what it consists of, every part with its factor, source and mark, and by the parts
of the period, for a chart. It is read from the days of each scene, from emissions and from retirements, so
that it costs what the person did in that time and not what the tables hold.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from app.accounts import chart
from app.accounts import queries as accounts
from app.footprint import queries as footprint
from app.offsets import queries as offsets
from app.registry.rules import Both
from app.statements.rules.periods import LIFE, Period, beginning_with


@dataclass(frozen=True, slots=True)
class Part:
    """What a line consists of: one scene's or kind's grams, and what they were computed with.

    A scene names the methodology that counts it today; each act names its own in the statement. `mark`
    must stand beside the grams: some may have been computed with what is not verified.
    """

    name: str
    said: Both
    grams: int
    factor: footprint.Factor
    methodology: footprint.Methodology | None
    mark: dict[str, str] | None


@dataclass(frozen=True, slots=True)
class Line:
    """One of the three lines over a period: its sum, its parts, and grams by start and part for a chart."""

    grams: int
    parts: tuple[Part, ...]
    by_start: Mapping[date, Mapping[str, int]]


@dataclass(frozen=True, slots=True)
class CarbonAccount:
    """Three lines of a period, and what is owed and carried now. They are different claims."""

    period: Period
    avoided: Line
    emitted: Line
    offset: Line
    owed_g: int
    carry_g: int


def get_account(holder_id: int, period: Period) -> CarbonAccount:
    """A holder's account over a period."""
    unit = period.unit or "day"
    stretch = (holder_id, period.first, period.last, unit)
    avoided = footprint.accounts.sum_avoided(*stretch)
    emitted = footprint.accounts.sum_emitted(*stretch)
    retired = offsets.retired.sum_retired(*stretch)
    if period.kind == LIFE:
        starts = [*(each.starts for each in avoided), *(each.starts for each in emitted), *retired]
        period = beginning_with(period, min(starts, default=period.last))
    balances = accounts.get_balances(holder_id)
    return CarbonAccount(
        period=period,
        avoided=_avoided(avoided, period.first),
        emitted=_emitted(emitted),
        offset=Line(sum(retired.values()), (), {day: {"offset": g} for day, g in retired.items()}),
        owed_g=-balances.get(chart.DUE.name, 0),
        carry_g=balances.get(chart.CARRY.name, 0),
    )


def _avoided(found: list[footprint.accounts.Avoided], first: date) -> Line:
    sums: dict[str, int] = {}
    by_start: dict[date, dict[str, int]] = {}
    for each in found:
        sums[each.scene] = sums.get(each.scene, 0) + each.grams
        by_start.setdefault(each.starts, {})[each.scene] = each.grams
    parts = [_scene(scene, grams, first) for scene, grams in sums.items()]
    return Line(sum(sums.values()), _largest_first(parts), by_start)


def _scene(scene: str, grams: int, first: date) -> Part:
    named = [each for each in footprint.list_methodologies() if each.method.scene == scene]
    methodology = footprint.find_scene(scene) or named[-1]
    document = methodology.document
    said = Both(document["scene_zh"], document["scene_en"])
    mark = footprint.accounts.mark_of(scene, first)
    return Part(scene, said, grams, methodology.factor, methodology, mark)


def _emitted(found: list[footprint.accounts.Emitted]) -> Line:
    sums: dict[tuple[str, int], int] = {}
    factors: dict[int, footprint.Factor] = {}
    by_start: dict[date, dict[str, int]] = {}
    for each in found:
        key = (each.kind, each.factor.id)
        factors[each.factor.id] = each.factor
        sums[key] = sums.get(key, 0) + each.grams
        at = by_start.setdefault(each.starts, {})
        at[each.kind] = at.get(each.kind, 0) + each.grams
    parts = [
        Part(kind, kind_name(kind), grams, factors[factor], None, factors[factor].mark)
        for (kind, factor), grams in sums.items()
    ]
    return Line(sum(sums.values()), _largest_first(parts), by_start)


def kind_name(kind: str) -> Both:
    """What a kind of emission is called; one that is no longer recorded is called by its own name."""
    known = footprint.emission_kinds().get(kind)
    return Both(known.name_zh, known.name_en) if known else Both(kind, kind)


def _largest_first(parts: list[Part]) -> tuple[Part, ...]:
    return tuple(sorted(parts, key=lambda part: -part.grams))
