"""What a person may declare of one day before somebody looks at it: limits that hold, and never refuse. Pure.

A bound refuses what cannot be (a ride at 200 km/h). A limit of this page holds what can be, but rarely
is: the act is recorded with its raw inputs and credited nothing until an operator has decided.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, NamedTuple

from app.footprint.rules.methods import COUNT, SELF, Method

HELD = "held"
"""The input that says which limit held an act, and the reason of its credit of nothing."""
CAP_SET = "cap_g"
"""The input that says to what a decision has lifted the day's cap for one act."""

PHOTOS_AN_ACT = 3
"""Photos that may be attached to one act, refused ones too."""
PHOTO_KEPT = timedelta(days=180)
"""How long after its decision a photo is kept; its digest stays, so that it proves nothing again."""
LONGEST_WORDS = 1_000
"""Characters of an appeal."""
PUBLISHED_IN = 5
"""Appeals are published in steps of so many, so that no one person's can be told from the figure."""


class Tally(NamedTuple):
    """What one action adds to its day: acts (in the measure, where it is counted), metres, average speed."""

    acts: int
    amount: int
    pace: int | None


def tally(method: Method, source: str, inputs: Mapping[str, Any]) -> Tally:
    """What an action adds to its day, from its raw inputs. A day that grew is one act.

    Only what people declare has a speed here: others' reports neither make a series nor break it.
    """
    if f"{method.measure}_before" in inputs:
        return Tally(1, 0, None)
    if method.kind == COUNT:
        return Tally(method.measured(inputs), 0, None)
    distance_m = inputs["distance_m"]
    declared = source == SELF
    return Tally(1, distance_m, pace(distance_m, inputs.get("duration_s")) if declared else None)


def pace(distance_m: int, duration_s: int | None) -> int | None:
    """The average speed in whole millimetres a second; None where no duration was told."""
    return None if duration_s is None else distance_m * 1000 // duration_s


def published(count: int) -> int:
    """A count as the public may read it: rounded down to a step, so that nobody is singled out."""
    return count - count % PUBLISHED_IN
