"""What is true of serials. Pure.

Units are kilograms CO2e, one serial each. Inside, serials are numbered through over all issuances,
so that one range constraint keeps the whole registry from overlapping; people see the numbers within
their issuance, which start at 1.
"""

import re
from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate
from typing import NamedTuple

from app.registry.rules.projects import PROJECT_CODE, REGION

GRAMS_PER_UNIT = 1000
"""A unit is one kilogram CO2e."""

STATES = ("active", "reserved", "pledged", "retired", "cancelled")
HELD = ("active", "reserved", "pledged")
"""States of units that are still there, whoever has them."""
REASONS = ("fire", "felling", "pest", "storm", "fault")
"""Why units are cancelled: the carbon is gone again, or was never there."""
HANDED_OVER = "handed_over"
"""Why units end here without being used up: another registry holds them now, by our deed."""


class Serials(NamedTuple):
    """A contiguous run of serials, both ends included."""

    first: int
    last: int

    @property
    def quantity_kg(self) -> int:
        """How many units it holds."""
        return self.last - self.first + 1


def split(serials: Serials, quantity_kg: int) -> tuple[Serials, Serials]:
    """Cut `serials` after its first `quantity_kg`. Raises ValueError unless both parts hold something."""
    if not 0 < quantity_kg < serials.quantity_kg:
        raise ValueError(f"{quantity_kg} kg cannot be cut from {serials.quantity_kg} kg")
    border = serials.first + quantity_kg
    return Serials(serials.first, border - 1), Serials(border, serials.last)


def fitting(quantities: Sequence[int], room_kg: int) -> int:
    """How many of `quantities`, from the first on, fit into `room_kg` together.

    Raises ValueError for a quantity that is not positive.
    """
    if min(quantities, default=1) <= 0:
        raise ValueError("quantities must be positive")
    return bisect_right(list(accumulate(quantities)), room_kg)


def place(first: int, quantities: Sequence[int]) -> list[int]:
    """The first serial of each of `quantities`, laid end to end from `first`."""
    return list(accumulate(quantities[:-1], initial=first)) if quantities else []


def spread_cancellation(quantity_kg: int, blocks: Sequence[tuple[int, int]]) -> list[int]:
    """How much of each block (kilograms, thereof promised to orders) a cancellation takes.

    What nobody was promised goes first, over all blocks in the order given; only then what orders
    wait for. Takes less than asked when the blocks hold less.
    """
    left = quantity_kg
    taken = [0] * len(blocks)
    free = [max(held - promised, 0) for held, promised in blocks]
    for room in (free, [held for held, _ in blocks]):
        for index, most in enumerate(room):
            more = min(left, most - taken[index])
            taken[index] += more
            left -= more
    return taken


_SERIAL = re.compile(
    rf"SH-({REGION.pattern})-({PROJECT_CODE.pattern})-([0-9]{{4}})-([1-9][0-9]{{0,17}})-([1-9][0-9]{{0,17}})"
)


class Serial(NamedTuple):
    """A run of serials as people write it; `first` and `last` count within the issuance, from 1."""

    region: str
    project: str
    vintage: int
    first: int
    last: int


def serial_text(region: str, project: str, vintage: int, first: int, last: int) -> str:
    """The written form `SH-<region>-<project>-<vintage>-<first>-<last>` of a run of serials."""
    return f"SH-{region}-{project}-{vintage}-{first}-{last}"


def read_serial(written: str) -> Serial | None:
    """The run of serials that was written; None for anything else."""
    match = _SERIAL.fullmatch(written)
    if match is None:
        return None
    region, project, vintage, first, last = match.groups()
    serial = Serial(region, project, int(vintage), int(first), int(last))
    return serial if serial.first <= serial.last else None
