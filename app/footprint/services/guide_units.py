"""Whether what calculators compute by comes out in kilograms, unit by unit; checked when it is loaded."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from fractions import Fraction
from typing import Any

from app.footprint import rules
from app.footprint.queries.kinds import EmissionKind
from app.footprint.rules import GuideRefused

type_units = Mapping[str, set[str]]


def units_of(factors: Iterable[tuple[str, str]]) -> type_units:
    """The units of factors, each as (key, unit), by key and by series."""
    found: dict[str, set[str]] = defaultdict(set)
    for key, unit in factors:
        found[key].add(unit)
        found[rules.series_of(key) or key].add(unit)
    return found


def refuse_kinds(file: str, kinds: Iterable[EmissionKind], known: type_units) -> None:
    """Refuse kinds of emission that their factors do not bear out. Raises `GuideRefused`."""
    faults: list[str] = []
    for kind in kinds:
        places = kind.provinces or ("",)
        for name in dict.fromkeys(kind.factor_key.format(province=place) for place in places):
            faults += _faults(f"{file}: {kind.kind}", [kind.unit], kind.per, name, known)
    _refuse(faults)


def refuse_items(file: str, document: Mapping[str, Any], known: type_units) -> None:
    """Refuse an event's items that their factors do not bear out. Raises `GuideRefused`."""
    guide = rules.read_event_guide(document)
    measures = {key: told.get("unit", "") for key, told in document["measure"].items()}
    faults: list[str] = []
    for item in guide.items.values():
        name = item.factor_key(rules.HOME_REGION)
        written = [measures[measure] for measure in item.measures]
        faults += _faults(f"{file}: {item.key}", written, item.per, name, known)
    _refuse(faults)


def refuse_measures(file: str, document: Mapping[str, Any], kinds: Mapping[str, EmissionKind]) -> None:
    """Refuse measures that are not in the units of the kinds they feed. Raises `GuideRefused`."""
    from app.footprint.rules import units

    faults = []
    for question in document["question"]:
        for measure in question.get("measure", ()):
            for name, amount in measure["feeds"].items():
                try:
                    fed = Fraction(amount), kinds[name].unit
                    units.check_same((Fraction(1), measure.get("unit", "")), fed)
                except units.UnitsRefused as refused:
                    faults.append(f"{file}: {question['key']}, {measure['key']}: {refused}")
    _refuse(faults)


def _faults(where: str, written: list[str], per: int, factor: str, known: type_units) -> Iterator[str]:
    """What is wrong with `per` of a product of measures that is to make one unit of a factor."""
    from app.footprint.rules import units  # for loading only; what serves never needs it

    if factor not in known:
        yield f"{where}: no factor {factor}"
    for unit in sorted(known.get(factor, ())):
        try:
            amount = Fraction(per, rules.kg_in(unit)), units.joined(written)
            units.check_formula([((Fraction(1), "1"), unit)], amount)
        except ValueError as refused:
            yield f"{where}: {refused}"


def _refuse(faults: list[str]) -> None:
    if faults:
        raise GuideRefused("\n".join(faults))
