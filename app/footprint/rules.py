"""What is true of avoided and emitted grams: rounding, weights, caps, plausibility. Pure.

The one rounding place of this room: avoided grams round down, emitted grams round up. A `Decision`
holds every raw input of a figure, so that computing it again gives the same grams.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from functools import lru_cache
from math import ceil, floor
from typing import Any

GRAMS_PER_KG = 1000
GRADES = ("measured", "partner", "photo", "declared")
"""How well an act is evidenced, the best first."""
DAILY_CAP = "daily_cap"
"""The reason of a credit below what was computed: the scene's day was full."""
SELF = "self"
"""The source of what a holder declares of themselves."""
HOME_REGION = "CN-FJ"
"""Where a person lives unless they say otherwise."""
WALKING = "walking"
WERUN = "werun"
"""The scene that WeRun's steps belong to, and their source."""
OLDEST = timedelta(days=31)
"""How long after the act it may be recorded: as far back as WeRun reaches."""
CLOCK_SKEW = timedelta(minutes=2)
"""How far ahead of ours a phone's clock may be."""
MINUTES_PER_HOLDER = 10**8
"""Places on the line of minutes that each holder has: minutes since 1970 stay below until 2160."""
OLDEST_MONTHS = 24
"""How far back a month's emissions may be recorded; our own choice, as long as bills are kept."""
MOST_QUANTITY = 1_000_000
"""More of one kind in one month is a slip of the finger, not a household."""

COMPATIBLE_BASELINES = {"mean": frozenset({"mean", "substitution", "none"}), "car": frozenset({"car"})}
"""Which baselines may stand in one pack. Against a car trip the same kilometre avoids about ten times
what it avoids against the mean of all travel, so the two are never mixed."""


class MethodologyRefused(ValueError):
    """A methodology that cannot be loaded; the text says which and why."""


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


@dataclass(frozen=True, slots=True)
class Fault:
    """A field that says something implausible: its pointer, the message's name and what that takes."""

    where: str
    message: str
    params: Mapping[str, object] = field(default_factory=dict)


def grams_avoided(amount: Decimal | Fraction, factor_value: Decimal, weight: Decimal = Decimal(1)) -> int:
    """Grams avoided by `amount` units at `factor_value` kg CO2e a unit, rounded down."""
    return floor(_grams(amount, factor_value, weight))


def grams_emitted(amount: Decimal | Fraction, factor_value: Decimal) -> int:
    """Grams emitted by `amount` units at `factor_value` kg CO2e a unit, rounded up."""
    return ceil(_grams(amount, factor_value, Decimal(1)))


def _grams(amount: Decimal | Fraction, factor_value: Decimal, weight: Decimal) -> Fraction:
    """The exact figure; a fraction, because a quotient has no exact decimal."""
    if amount < 0:
        raise ValueError("an amount is never negative")
    return Fraction(amount) * _rate(factor_value, weight)


@lru_cache(maxsize=1024)
def _rate(factor_value: Decimal, weight: Decimal) -> Fraction:
    """Grams a unit, exactly; kept, because a handful of factors serve every action."""
    if factor_value < 0 or weight < 0:
        raise ValueError("factor and weight are never negative")
    return Fraction(factor_value) * Fraction(weight) * GRAMS_PER_KG


def credited_g(computed_g: int, before_g: int, cap_g: int) -> int:
    """What of `computed_g` still fits a day that holds `before_g` under `cap_g`."""
    return max(0, min(computed_g, cap_g - before_g))


@dataclass(frozen=True, slots=True)
class Decision:
    """How one action's grams come about; `before_g` is what the scene and day held before it."""

    method: Method
    factor_value: Decimal
    grade: str
    inputs: Mapping[str, Any]
    before_g: int = 0

    @property
    def weight(self) -> Decimal:
        """How much a gram counts by its evidence."""
        return self.method.weights[self.grade]

    @property
    def computed_g(self) -> int:
        """Grams before the cap; of something that grew, the grams of the growth.

        The difference of two rounded figures, so that many small growths give what one large one
        gives and no gram is lost in between.
        """
        grams = self._grams(self.inputs[self.method.measure])
        before = self.inputs.get(f"{self.method.measure}_before", 0)
        return grams - self._grams(before) if before else grams

    @property
    def avoided_g(self) -> int:
        """Grams credited."""
        return credited_g(self.computed_g, self.before_g, self.method.cap_g)

    @property
    def cap_reason(self) -> str | None:
        """Why less was credited than computed; None when nothing was cut."""
        return DAILY_CAP if self.avoided_g < self.computed_g else None

    def _grams(self, inputs: int) -> int:
        amount = Fraction(inputs, self.method.inputs_per_unit)
        return grams_avoided(amount, self.factor_value, self.weight)


def trip_faults(method: Method, distance_m: int, duration_s: int | None) -> list[Fault]:
    """What is implausible about a trip's distance and average speed."""
    bounds = method.bounds
    faults = []
    if not bounds.least <= distance_m <= bounds.most:
        limits = {"least": bounds.least, "most": bounds.most}
        faults.append(Fault("distance_m", "footprint.field_distance", limits))
    if duration_s is None or faults:
        return faults
    if bounds.fastest_kmh is not None and distance_m * 36 > bounds.fastest_kmh * duration_s * 10:
        faults.append(Fault("duration_s", "footprint.field_too_fast", {"fastest": bounds.fastest_kmh}))
    if bounds.slowest_kmh is not None and distance_m * 36 < bounds.slowest_kmh * duration_s * 10:
        faults.append(Fault("duration_s", "footprint.field_too_slow", {"slowest": bounds.slowest_kmh}))
    return faults


def moment_faults(started_at: datetime, now: datetime) -> list[Fault]:
    """Whether the act lies ahead of us, or too far back to be recorded."""
    if started_at > now + CLOCK_SKEW:
        return [Fault("started_at", "footprint.field_future")]
    if started_at < now - OLDEST:
        return [Fault("started_at", "footprint.field_too_old", {"days": OLDEST.days})]
    return []


def month_faults(month: str, this_month: str) -> list[Fault]:
    """Whether a month `YYYY-MM` lies ahead of us, or too far back to be recorded."""
    year, number = map(int, this_month.split("-"))
    first = year * 12 + number - 1 - OLDEST_MONTHS
    if month > this_month:
        return [Fault("month", "footprint.field_future")]
    if month < f"{first // 12}-{first % 12 + 1:02d}":
        return [Fault("month", "footprint.field_month_too_old", {"months": OLDEST_MONTHS})]
    return []


def trip_minutes(
    method: Method, holder_id: int, started_at: datetime, distance_m: int, duration_s: int | None
) -> tuple[int, int]:
    """The half-open stretch that a trip takes on the line of all holders' minutes.

    Without a duration the shortest possible one counts, so that an honest next trip is not refused.
    One number line for everybody lets the database refuse overlaps with a plain range of integers.
    """
    fastest = method.bounds.fastest_kmh or 1
    seconds = duration_s if duration_s is not None else distance_m * 36 // (fastest * 10)
    start = int(started_at.timestamp()) // 60
    end = max(start + 1, (int(started_at.timestamp()) + seconds) // 60)
    origin = holder_id * MINUTES_PER_HOLDER
    return origin + start, origin + end


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
