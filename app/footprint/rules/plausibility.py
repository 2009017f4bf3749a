"""What a person may declare of one day before somebody looks at it: limits that hold, and never refuse. Pure.

A bound refuses what cannot be (a ride at 200 km/h). A limit of this page holds what can be, but rarely
is: the act is recorded with its raw inputs and credited nothing until an operator has decided.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, NamedTuple

TRIP = "trip"
COUNT = "count"
"""The two shapes of what a person declares: a trip with its minutes, and acts that are counted."""

HELD = "held"
"""The input that says which limit held an act, and the reason of its credit of nothing."""
CAP_SET = "cap_g"
"""The input that says to what a decision has lifted the day's cap for one act."""

DAY_ACTS = "day_acts"
DAY_TOTAL = "day_total"
SAME_SPEED = "same_speed"
LIMITS = (DAY_ACTS, DAY_TOTAL, SAME_SPEED)

PHOTOS_AN_ACT = 3
"""Photos that may be attached to one act, refused ones too."""
PHOTO_KEPT = timedelta(days=180)
"""How long after its decision a photo is kept; its digest stays, so that it proves nothing again."""
LONGEST_WORDS = 1_000
"""Characters of an appeal."""
PUBLISHED_IN = 5
"""Appeals are published in steps of so many, so that no one person's can be told from the figure."""


@dataclass(frozen=True, slots=True)
class Limits:
    """The most that one person's day is believed without a look.

    `acts` is how many of the scene, `amount` the metres by all means together (None where nothing moves),
    `series` how many trips of the scene in a row at one and the same average speed.
    """

    acts: int
    amount: int | None
    series: int


def kind_of(document: Mapping[str, Any]) -> str:
    """The shape in which a methodology's scene is declared."""
    return str(document.get("kind", TRIP))


def limits_of(document: Mapping[str, Any], values: Mapping[str, int]) -> Limits:
    """The limits of a scene: its own `per_day` where it has one, else the platform's `values` for trips."""
    acts = int(document.get("per_day", values[DAY_ACTS]))
    moves = kind_of(document) == TRIP
    return Limits(acts, values[DAY_TOTAL] if moves else None, values[SAME_SPEED])


class Tally(NamedTuple):
    """What one action adds to its day: acts (in the measure, where it is counted), metres, average speed."""

    acts: int
    amount: int
    pace: int | None


def tally(kind: str, measure: str, inputs: Mapping[str, Any]) -> Tally:
    """What an action adds to its day, from its raw inputs alone. A day that grew is one act."""
    if "started_at" in inputs:
        distance_m = inputs.get("distance_m", 0)
        return Tally(1, distance_m, pace(distance_m, inputs.get("duration_s")))
    grew = f"{measure}_before" in inputs
    return Tally(inputs.get(measure, 1) if kind == COUNT and not grew else 1, 0, None)


def pace(distance_m: int, duration_s: int | None) -> int | None:
    """The average speed in whole millimetres a second; None where no duration was told."""
    return None if duration_s is None else distance_m * 1000 // duration_s


def published(count: int) -> int:
    """A count as the public may read it: rounded down to a step, so that nobody is singled out."""
    return count - count % PUBLISHED_IN
