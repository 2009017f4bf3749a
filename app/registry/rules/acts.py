"""What may be done with blocks, from which state to which, and for how long. Pure.

The one table of acts: migration 0016 says the same in the database, and a test holds the two together.
"""

from collections.abc import Mapping
from typing import NamedTuple

from app.registry.rules.lots import WHOLE_BP


class Act(NamedTuple):
    """One kind of act: the states it is done in, the state it leads to, whether the holder changes."""

    before: tuple[str, ...]
    after: str
    moves: bool = False


ACTS: Mapping[str, Act] = {
    "buffer": Act(("active",), "active", moves=True),
    "split": Act(("active",), "active"),
    "offer": Act(("active",), "active"),
    "withdraw": Act(("active",), "active"),
    "transfer": Act(("active",), "active", moves=True),
    "reserve": Act(("active",), "reserved"),
    "give": Act(("active",), "reserved"),
    "release": Act(("reserved",), "active"),
    "redeem": Act(("reserved",), "active", moves=True),
    "pledge": Act(("active",), "pledged"),
    "unpledge": Act(("pledged",), "active"),
    "retire": Act(("active",), "retired"),
    "cancel": Act(("active",), "cancelled"),
}
"""Every act on a block outside settlement, which retires from lots by a path of its own."""

EDGES = frozenset(
    (before, act.after) for act in ACTS.values() for before in act.before if before != act.after
) | {("reserved", "retired"), ("reserved", "cancelled")}
"""Steps from state to state that the database lets a block take.

A piece cut off a reserved block may be gone at once, as a piece cut off an active one may.
"""

HOLDS: Mapping[str, str] = {"reserve": "reserved", "give": "reserved", "pledge": "pledged"}
"""Acts after which units wait for something, and the state in which they wait."""

OWN_PURPOSES = ("personal", "event", "organisation", "public_good", "judicial")
"""What a holder retires their own units for; `personal` closes their own due first, `judicial` is for
what was handed over for a court's ruling, and for nothing else."""

MOST_DAYS = 366
"""How long units may be set aside, or a gift may wait, before they fall back by themselves."""

JUDICIAL = "judicial"
"""The bond on units handed over for a court's ruling: they can only be retired for it, or cancelled."""


MOST_BUFFER_BP = 5_000
"""More than half of an issuance as buffer would say that the forest should not have been issued for."""


def buffer_kg(quantity_kg: int, buffer_bp: int, face_kg: int) -> int:
    """What of an issuance goes into the buffer pool: whole parts of the product's face.

    Rounded up: doubt is the buyer's, never the pool's.
    """
    return -(-quantity_kg * buffer_bp // (WHOLE_BP * face_kg)) * face_kg


def owed_kg(quantity_kg: int, *covered_kg: int | None) -> int:
    """What of a reversal nothing has made good yet."""
    return quantity_kg - sum(covered or 0 for covered in covered_kg)
