"""Methodologies as they compute: measure, terms, weights, sources, caps, bounds. Read from documents."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal, InvalidOperation
from fractions import Fraction
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


TRIP, COUNT = "trip", "count"
KINDS = (TRIP, COUNT)
"""What an act is: a trip with its minutes and metres, or so many of something on a day."""


DAY, MONTH = "day", "month"
PERIODS = (DAY, MONTH)
"""The stretch that a scene's cap and limits are for; whatever falls into it is of its first day."""


PER_ACT = "act"
"""The measure of what counts once an act, however far or much, such as a tariff a trip."""


DAY_ACTS, DAY_TOTAL, SAME_SPEED = "day_acts", "day_total", "same_speed"
LIMITS = (DAY_ACTS, DAY_TOTAL, SAME_SPEED)
"""What a pack may limit of what a person declares of one day: acts of a scene, metres, trips at one speed."""


WINDOW_DAYS = 31
"""How long after the act it may be recorded where a methodology says nothing else."""


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
class Limits:
    """The most that one person's day is believed without a look; None where nothing is limited.

    `day_acts` is how many of the scene, `day_total` the metres by all means together, `same_speed` how many
    trips of the scene in a row at one and the same average speed.
    """

    day_acts: int | None = None
    day_total: int | None = None
    same_speed: int | None = None


@dataclass(frozen=True, slots=True)
class Term:
    """Another factor in the formula: so many of its units, added or taken off, a unit of the measure."""

    factor: str
    factor_version: int
    per_unit: Fraction


@dataclass(frozen=True, slots=True)
class Method:
    """The computing part of a methodology's document.

    `measure` names the raw input; `inputs_per_unit` of it make one unit. A unit avoids `per_unit` times
    the factor and the `constant` kg that the other `terms` come to. `cap_g` is the most that one
    holder's day of the scene, or month where the `period` is one, is credited; `per_day` how much of the
    measure a person may declare of it before somebody looks, and the scene's own among the `limits`.
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
    kind: str = TRIP
    period: str = DAY
    per_day: int | None = None
    window_days: int = WINDOW_DAYS
    limits: Limits = Limits()
    per_unit: Fraction = Fraction(1)
    terms: tuple[Term, ...] = ()
    constant: Fraction = Fraction(0)

    def bind(self, values: Mapping[tuple[str, int], Decimal]) -> "Method":
        """This method with its terms' factors filled in, by key and version. Raises KeyError."""
        if not self.terms:
            return self
        each = (term.per_unit * Fraction(values[term.factor, term.factor_version]) for term in self.terms)
        return replace(self, constant=sum(each, Fraction(0)))

    def day_of(self, day: date) -> date:
        """The day that an act of this day belongs to: the first of its period."""
        return day.replace(day=1) if self.period == MONTH else day

    @property
    def input_unit(self) -> str:
        """The unit of bounds and raw inputs: a trip's metres, whatever it is worth by; else the measure's."""
        if self.kind == TRIP:
            return "m"
        return {"g": "g", "wh": "Wh"}.get(self.measure.rpartition("_")[2], self.measure)

    def measured(self, inputs: Mapping[str, Any]) -> int:
        """How much was done, in raw inputs."""
        return 1 if self.measure == PER_ACT else int(inputs[self.measure])

    def kg_a_unit(self, factor_value: Decimal) -> Decimal | Fraction:
        """What one unit avoids at this value of its factor; never below zero."""
        if not self.terms and self.per_unit == 1:
            return factor_value
        return max(Fraction(0), self.per_unit * Fraction(factor_value) + self.constant)


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
            kind=document.get("kind", TRIP),
            period=document.get("period", DAY),
            per_day=document.get("per_day"),
            window_days=document.get("window_days", WINDOW_DAYS),
            limits=_read_limits(document),
            per_unit=Fraction(document.get("per_unit", 1)),
            terms=tuple(_read_term(each) for each in document.get("terms", ())),
        )
        _check_method(method, name)
    except (KeyError, TypeError, InvalidOperation, ZeroDivisionError) as error:
        raise MethodologyRefused(f"{name}: missing or malformed: {error}") from error
    except ValueError as error:
        raise MethodologyRefused(f"{name}: {error}") from error
    return method


def _read_bounds(document: Mapping[str, Any]) -> Bounds:
    return Bounds(
        document["least"], document["most"], document.get("slowest_kmh"), document.get("fastest_kmh")
    )


def _read_limits(document: Mapping[str, Any]) -> Limits:
    """The pack's limits as they concern a scene; one whose `per_day` says so has a number of its own."""
    told = {name: each["value"] for name, each in document.get("pack", {}).get("limits", {}).items()}
    limits = Limits(**told)
    if document.get("kind", TRIP) == COUNT:
        limits = Limits(limits.day_acts)
    return replace(limits, day_acts=document.get("per_day", limits.day_acts))


def _read_term(document: Mapping[str, Any]) -> Term:
    return Term(document["factor"], document["factor_version"], Fraction(document["per_unit"]))


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
        "kind is known": method.kind not in KINDS,
        "what is counted has a measure": method.kind == COUNT and method.measure == PER_ACT,
        "period is known": method.period not in PERIODS,
        "only what is counted has a month": method.period != DAY
        and (method.kind != COUNT or WERUN in method.sources),
        "per_day is positive": method.per_day is not None and method.per_day < 1,
        "limits are positive": any(
            limit is not None and limit < 1 for limit in (getattr(method.limits, name) for name in LIMITS)
        ),
        "window_days is positive": method.window_days < 1,
    }
    broken = [rule for rule, is_wrong in wrong.items() if is_wrong]
    if broken:
        raise MethodologyRefused(f"{name}: {'; '.join(broken)}")


def _refuse_floats(value: Any) -> None:
    if isinstance(value, float):
        raise MethodologyRefused(f"{value!r} is a float; write an integer or a decimal string")
    if isinstance(value, Mapping):
        for member in value.values():
            _refuse_floats(member)
    elif isinstance(value, list):
        for member in value:
            _refuse_floats(member)
