"""Methodologies as they compute: measure, weights, sources, caps, bounds; baselines that go together."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

GRADES = ("measured", "partner", "photo", "declared")
"""How well an act is evidenced, the best first."""


SELF = "self"
"""The source of what a holder declares of themselves."""


PHOTO = "photo"
"""The source of what a photo shows, where a scene takes one: an operator has looked at it."""


WALKING = "walking"


WERUN = "werun"
"""The scene that WeRun's steps belong to, and their source."""


COMPATIBLE_BASELINES = {"mean": frozenset({"mean", "substitution", "none"}), "car": frozenset({"car"})}
"""Which baselines may stand in one pack. Against a car trip the same kilometre avoids about ten times
what it avoids against the mean of all travel, so the two are never mixed."""


class MethodologyRefused(ValueError):
    """A methodology that cannot be loaded; the text says which and why."""


def better_grade(one: str, other: str) -> bool:
    """Whether one grade is better evidence than another."""
    return GRADES.index(one) < GRADES.index(other)


@dataclass(frozen=True, slots=True)
class Bounds:
    """What one act can plausibly be: least and most of its measure, average speed where it moves."""

    least: int
    most: int
    slowest_kmh: int | None = None
    fastest_kmh: int | None = None


@dataclass(frozen=True, slots=True)
class Method:
    """The computing part of a methodology's document.

    `measure` names the raw input; `inputs_per_unit` of it make one unit of the factor; `cap_g` is the
    most that one holder's day of the scene is credited.
    """

    key: str
    version: int
    scene: str
    measure: str
    inputs_per_unit: int
    weights: Mapping[str, Decimal]
    sources: Mapping[str, str]
    baseline: str
    cap_g: int
    bounds: Bounds


def read_method(document: Mapping[str, Any]) -> Method:
    """The computing part of a methodology's document. Raises `MethodologyRefused`."""
    name = f"{document.get('key')} version {document.get('version')}"
    try:
        _refuse_floats(document)
        method = Method(
            key=document["key"],
            version=document["version"],
            scene=document["scene"],
            measure=document["measure"],
            inputs_per_unit=document["inputs_per_unit"],
            weights={grade: Decimal(document["weights"][grade]) for grade in GRADES},
            sources=dict(document["sources"]),
            baseline=document["baseline"]["type"],
            cap_g=document["cap"]["grams"],
            bounds=_read_bounds(document["bounds"]),
        )
        _check_method(method, name)
    except (KeyError, TypeError, InvalidOperation) as error:
        raise MethodologyRefused(f"{name}: missing or malformed: {error}") from error
    return method


def _read_bounds(document: Mapping[str, Any]) -> Bounds:
    return Bounds(
        document["least"], document["most"], document.get("slowest_kmh"), document.get("fastest_kmh")
    )


def _check_method(method: Method, name: str) -> None:
    """Refuse what would compute nonsense."""
    wrong = {
        "weights lie between 0 and 1": not all(0 <= weight <= 1 for weight in method.weights.values()),
        "sources have a known grade": not set(method.sources.values()) <= set(GRADES),
        "inputs_per_unit is positive": method.inputs_per_unit < 1,
        "cap is positive": method.cap_g < 1,
        "version is positive": method.version < 1,
        "least is not above most": not 0 <= method.bounds.least <= method.bounds.most,
        "speeds are positive": any(
            speed is not None and speed < 1
            for speed in (method.bounds.slowest_kmh, method.bounds.fastest_kmh)
        ),
    }
    broken = [rule for rule, is_wrong in wrong.items() if is_wrong]
    if broken:
        raise MethodologyRefused(f"{name}: {'; '.join(broken)}")


def refuse_mixed_baselines(pack_baseline: str, methods: Iterable[Method]) -> None:
    """Refuse a pack whose figures are measured against different things. Raises `MethodologyRefused`."""
    allowed = COMPATIBLE_BASELINES.get(pack_baseline)
    if allowed is None:
        raise MethodologyRefused(f"no such baseline: {pack_baseline}")
    strangers = [method.key for method in methods if method.baseline not in allowed]
    if strangers:
        raise MethodologyRefused(f"{', '.join(strangers)}: baseline does not go with {pack_baseline}")


def _refuse_floats(value: Any) -> None:
    if isinstance(value, float):
        raise MethodologyRefused(f"{value!r} is a float; write an integer or a decimal string")
    if isinstance(value, Mapping):
        for member in value.values():
            _refuse_floats(member)
    elif isinstance(value, list):
        for member in value:
            _refuse_floats(member)
