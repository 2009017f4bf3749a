"""What is true of serials, prices and shares. Pure.

Units are kilograms CO2e, one serial each. Inside, serials are numbered through over all issuances,
so that one range constraint keeps the whole registry from overlapping; people see the numbers within
their issuance, which start at 1.
"""

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import NamedTuple

GRAMS_PER_UNIT = 1000
"""A unit is one kilogram CO2e."""

WHOLE_BP = 10_000
"""All of a price, in basis points."""

YIYUAN = "yiyuan"
"""一元碳汇: 10 kg for 1 yuan. Source: Shunchang forest ecology bank, since March 2020."""
PRODUCTS = (YIYUAN,)

FOREST_TYPES = ("chinese_fir", "mixed_broadleaf", "bamboo")
METHODOLOGIES = ("yiyuan", "sample_forest_management")
"""Names in the message catalogue; a project with another could not be shown."""

STATES = ("active", "reserved", "pledged", "retired", "cancelled")
REASONS = ("fire", "felling", "fault")
"""Why units are cancelled: the carbon is gone again, or was never there."""


def notes(sample: bool) -> tuple[str, ...]:
    """What must stand wherever units are shown: not CCER, and sample where they are; catalogue names."""
    return ("voluntary", "sample") if sample else ("voluntary",)


class NotWholeSteps(ValueError):
    """A quantity or amount that is no whole, positive number of the product's steps."""


class Both(NamedTuple):
    """A text in both languages."""

    zh: str
    en: str


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


@dataclass(frozen=True, slots=True)
class Terms:
    """What a lot is sold for and who gets it; shown to the buyer. The seller gets what the others leave."""

    product: str
    step_kg: int
    price_fen_per_step: int
    village_holder_id: int | None = None
    village_bp: int = 0
    fee_bp: int = 0

    @property
    def seller_bp(self) -> int:
        """The seller's share in basis points, before rounding in their favour."""
        return WHOLE_BP - self.village_bp - self.fee_bp


@dataclass(frozen=True, slots=True)
class Allotment:
    """An amount of money shared out; the parts sum to it exactly."""

    seller_fen: int
    village_fen: int
    fee_fen: int


def price_fen(quantity_kg: int, step_kg: int, price_fen_per_step: int) -> int:
    """What `quantity_kg` costs. Raises `NotWholeSteps`."""
    steps, odd = divmod(quantity_kg, step_kg)
    if odd or steps <= 0:
        raise NotWholeSteps(f"{quantity_kg} kg in steps of {step_kg} kg")
    return steps * price_fen_per_step


def quantity_kg(amount_fen: int, step_kg: int, price_fen_per_step: int) -> int:
    """What `amount_fen` buys. Raises `NotWholeSteps`: no money is taken that buys nothing."""
    steps, odd = divmod(amount_fen, price_fen_per_step)
    if odd or steps <= 0:
        raise NotWholeSteps(f"{amount_fen} fen in steps of {price_fen_per_step} fen")
    return steps * step_kg


def allot(terms: Terms, amount_fen: int) -> Allotment:
    """Share out `amount_fen`: village and fee are rounded down, the seller gets the rest."""
    village = amount_fen * terms.village_bp // WHOLE_BP
    fee = amount_fen * terms.fee_bp // WHOLE_BP
    return Allotment(amount_fen - village - fee, village, fee)


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


PROJECT_CODE = re.compile(r"[A-Z0-9]+(?:-[A-Z0-9]+)*")
REGION = re.compile(r"[0-9]{6}")
"""A county's code. Source: GB/T 2260, administrative division codes of China."""
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
