"""Retiring 注销: the primitive under every settlement."""

from collections.abc import Sequence
from dataclasses import dataclass

from app.registry.models import Block
from app.registry.rules import Terms, fitting, place
from app.registry.services.blocks import carve, lock_block
from app.registry.services.lots import end_promise


@dataclass(frozen=True, slots=True)
class RetiredRun:
    """Units retired in one step as one contiguous block, and how they are laid out.

    `firsts` holds the first serial of each of the first `placed` quantities, numbered through over
    all issuances; the quantities after them found no units. `block_id` is None when none did.
    """

    block_id: int | None
    issuance_id: int
    seller_holder_id: int
    terms: Terms
    placed: int
    firsts: list[int]


def retire_run(lot_id: int, quantities: Sequence[int]) -> RetiredRun:
    """Retire reserved `quantities` (kilograms) from the front of a lot's block, in one step.

    Three statements, however many quantities: the block is locked; it shrinks and one retired block
    takes the run; the lot's promises end. When units were cancelled meanwhile and the block holds
    less than the sum, the longest beginning that fits is placed; the promise of the rest has ended
    too, and its money is for the caller to refund. Raises `NotReserved` for more than was reserved.
    """
    block = lock_block(Block.lot_id == lot_id)
    placed = fitting(quantities, block.serials.quantity_kg if block else 0)
    asked_kg, taken_kg = sum(quantities), sum(quantities[:placed])
    block_id, firsts = None, []
    if block is not None and placed:
        firsts = place(block.serials.first, quantities[:placed])
        block_id = carve(block, taken_kg, state="retired", lot_id=lot_id)
    lot = end_promise(lot_id, asked_kg, asked_kg - taken_kg)
    return RetiredRun(block_id, lot.issuance_id, lot.seller_holder_id, lot.terms, placed, firsts)
