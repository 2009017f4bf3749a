"""An event's inventory by the national guide's source types: amounts, shares, completeness. Pure.

The guide is a document (data/event.toml, then a row that never changes). A line's grams follow from
its raw inputs, its share and its factor alone; a stage's total is the sum of its lines.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from math import prod
from typing import Any

from app.footprint.rules.emitted import emission_grams
from app.footprint.rules.faults import Fault
from app.footprint.rules.questionnaire import GuideRefused

ESTIMATE, FINAL = "estimate", "final"
STAGES = (ESTIMATE, FINAL)
"""Before and after the event; their lines are never mixed."""

SOURCE_TYPES = 6
MOST_LINES = 500
MOST_REVISIONS = 5_000
"""So many lines a stage ever has, replaced and removed ones too: each of 500 told ten times."""

MOST_INVENTORIES = 500
"""So many events a holder takes stock of: more than one a week for nine years."""

MOST_HEADS = 10_000_000
LONGEST_EVENT = timedelta(days=366)
WHOLE = 10_000
"""Basis points in a whole."""


@dataclass(frozen=True, slots=True)
class Item:
    """A kind of line: its type, what it is measured in, and the factor that turns it into grams."""

    key: str
    type: str
    measures: tuple[str, ...]
    per: int
    factor: str
    assumed: bool

    def factor_key(self, region: str) -> str:
        """The key of the factor, or of the series of factors, in a region such as CN-FJ."""
        return self.factor.format(province=region[3:].lower())


@dataclass(frozen=True, slots=True)
class EventGuide:
    """The computing part of a guide's document; `limits` by measure, `bases` with whether they are whole."""

    key: str
    version: int
    types: tuple[str, ...]
    items: Mapping[str, Item]
    limits: Mapping[str, int]
    bases: Mapping[str, bool]
    grades: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Share:
    """How much of a line is the event's: `part` of `whole` on a named basis."""

    basis: str
    part: int = 1
    whole: int = 1

    @property
    def fraction(self) -> Fraction:
        """The share, exactly."""
        return Fraction(self.part, self.whole)


@dataclass(frozen=True, slots=True)
class Completeness:
    """Which source types are counted, left out with a reason, or missing; grams by evidence grade."""

    counted: tuple[str, ...]
    excluded: tuple[str, ...]
    missing: tuple[str, ...]
    by_grade: Mapping[str, int]
    answered_bp: int
    evidenced_bp: int

    @property
    def complete(self) -> bool:
        """Whether every source type is answered for."""
        return not self.missing


def read_event_guide(document: Mapping[str, Any]) -> EventGuide:
    """The computing part of a guide's document. Raises `GuideRefused`."""
    name = f"{document.get('key')} version {document.get('version')}"
    try:
        guide = EventGuide(
            key=document["key"],
            version=document["version"],
            types=tuple(each["key"] for each in document["type"]),
            items={told["key"]: _read_item(told) for told in document["item"]},
            limits={key: told["most"] for key, told in document["measure"].items()},
            bases={told["key"]: told.get("whole", False) for told in document["basis"]},
            grades=tuple(each["key"] for each in document["grade"]),
        )
        _check(guide, name)
    except (KeyError, TypeError, AttributeError) as error:
        raise GuideRefused(f"{name}: {error}") from error
    return guide


def _read_item(told: Mapping[str, Any]) -> Item:
    return Item(
        key=told["key"],
        type=told["type"],
        measures=tuple(told["measures"]),
        per=told.get("per", 1),
        factor=told["factor"],
        assumed="assumption_zh" in told,
    )


def _check(guide: EventGuide, name: str) -> None:
    """Refuse what would compute nonsense."""
    items = guide.items.values()
    wrong = {
        f"there are {SOURCE_TYPES} source types": len(set(guide.types)) != SOURCE_TYPES,
        "an item is of a known type": not {item.type for item in items} <= set(guide.types),
        "every type has an item": not set(guide.types) <= {item.type for item in items},
        "measures are known": any(not set(item.measures) <= set(guide.limits) for item in items),
        "an item is measured": any(not item.measures for item in items),
        "per is positive": any(item.per < 1 for item in items),
        "limits are positive": any(most < 1 for most in guide.limits.values()),
        "one basis is the whole": list(guide.bases.values()).count(True) != 1,
        "version is positive": guide.version < 1,
    }
    broken = [rule for rule, is_wrong in wrong.items() if is_wrong]
    if broken:
        raise GuideRefused(f"{name}: {'; '.join(broken)}")


def is_blank(written: str | None) -> bool:
    """Whether nothing is said: no letter and no digit of any script."""
    return not any(each.isalnum() for each in written or "")


def line_grams(
    item: Item, inputs: Mapping[str, int], share: Share, factor_value: Decimal, factor_unit: str
) -> int:
    """Grams of a line: the product of its measures, its share, its factor; rounded up."""
    amount = prod(inputs[measure] for measure in item.measures) * share.fraction
    return emission_grams(amount, item.per, factor_value, factor_unit)


def event_faults(starts_on: date, ends_on: date, onsite_heads: int, online_heads: int) -> list[Fault]:
    """What is wrong with an event's days and heads."""
    faults = []
    if ends_on < starts_on:
        faults.append(Fault("ends_on", "footprint.field_end_before_begin"))
    elif ends_on - starts_on > LONGEST_EVENT:
        faults.append(Fault("ends_on", "footprint.field_event_long", {"days": LONGEST_EVENT.days}))
    for name, heads in (("onsite_heads", onsite_heads), ("online_heads", online_heads)):
        if not 0 <= heads <= MOST_HEADS:
            faults.append(Fault(name, "kit.field_between", {"least": 0, "most": MOST_HEADS}))
    if onsite_heads == 0 and online_heads == 0:
        faults.append(Fault("onsite_heads", "footprint.field_no_heads"))
    return faults


def line_faults(guide: EventGuide, where: str, item: Item, inputs: Mapping[str, Any]) -> list[Fault]:
    """What is wrong with a line's measures."""
    faults = [
        Fault(f"{where}inputs/{key}", "footprint.field_line_measure", {"measures": ", ".join(item.measures)})
        for key in inputs
        if key not in item.measures
    ]
    for measure in item.measures:
        if measure not in inputs:
            faults.append(Fault(f"{where}inputs/{measure}", "kit.field_required"))
        elif type(inputs[measure]) is not int:
            faults.append(Fault(f"{where}inputs/{measure}", "kit.field_whole"))
        elif not 1 <= inputs[measure] <= guide.limits[measure]:
            limits = {"least": 1, "most": guide.limits[measure]}
            faults.append(Fault(f"{where}inputs/{measure}", "kit.field_between", limits))
    return faults


def share_faults(guide: EventGuide, where: str, share: Share) -> list[Fault]:
    """What is wrong with a line's share."""
    if share.basis not in guide.bases:
        bases = {"choices": ", ".join(guide.bases)}
        return [Fault(f"{where}share/basis", "kit.field_one_of", bases)]
    if not 1 <= share.part <= share.whole:
        return [Fault(f"{where}share/part", "footprint.field_share")]
    if guide.bases[share.basis] and share.part != share.whole:
        return [Fault(f"{where}share/part", "footprint.field_share_whole")]
    return []


def completeness(
    guide: EventGuide, lines: Iterable[tuple[str, str, int]], excluded: Mapping[str, str]
) -> Completeness:
    """How complete a stage is, from its lines as (type, grade, grams) and what was left out.

    `answered_bp` is the part of the source types that is counted or left out with a reason,
    `evidenced_bp` the part of the grams that is better than assumed.
    """
    told = list(lines)
    types = {type_ for type_, _, _ in told}
    by_grade = {grade: sum(grams for _, each, grams in told if each == grade) for grade in guide.grades}
    counted = tuple(each for each in guide.types if each in types)
    left_out = tuple(each for each in guide.types if each in excluded and each not in types)
    missing = tuple(each for each in guide.types if each not in counted and each not in left_out)
    total = sum(by_grade.values())
    assumed = by_grade[guide.grades[-1]]
    return Completeness(
        counted,
        left_out,
        missing,
        by_grade,
        answered_bp=(len(guide.types) - len(missing)) * WHOLE // len(guide.types),
        evidenced_bp=(total - assumed) * WHOLE // total if total else 0,
    )


def sum_by_type(types: Sequence[str], lines: Iterable[tuple[str, int]]) -> dict[str, int]:
    """Grams by source type, in the guide's order, types without lines too."""
    sums = dict.fromkeys(types, 0)
    for type_, grams in lines:
        sums[type_] += grams
    return sums


def differences(estimate: Mapping[str, int], final: Mapping[str, int]) -> dict[str, int]:
    """What the final stage has more than the estimate, by source type; negative where it has less."""
    return {type_: final[type_] - estimate[type_] for type_ in estimate}


def per_head_g(emitted_g: int, heads: int) -> int:
    """Grams a head, rounded up."""
    return -(-emitted_g // heads)


def online_share_bp(onsite_heads: int, online_heads: int) -> int:
    """The part of the heads that took part from afar, in basis points, rounded down."""
    return online_heads * WHOLE // (onsite_heads + online_heads)
