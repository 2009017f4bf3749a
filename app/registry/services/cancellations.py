"""Cancelling 取消: units whose carbon is gone again, or was never there, leave without being used."""

from collections.abc import Sequence

from sqlalchemy import func, select, update

from app.accounts import chart, ledger
from app.accounts.ledger import Posting
from app.kit.database import db
from app.registry.models import Block, Issuance, Lot
from app.registry.queries.handovers import handed
from app.registry.queries.serials import list_series
from app.registry.rules import GRAMS_PER_UNIT, Serials, spread_cancellation
from app.registry.services.acts import NOBODY, By, keep
from app.registry.services.blocks import Held, carve, lock_blocks
from app.registry.services.holds import end_hold, lock_hold_on

UNSOLD = ("active", "reserved")
"""States of units that their forest's own holder may still lose. What is pledged stands."""


def cancel_units(
    issuance_id: int, quantity_kg: int, reason: str, by: By = NOBODY, reference: str | None = None
) -> int:
    """Cancel unsold units of an issuance; returns how many kilograms there were to cancel.

    `reason` is one of `rules.REASONS`. Unsold is what whom they were issued to still holds. Taken from the
    end of each block: first what nobody was promised, the free blocks before those on sale; then what was
    set aside or given and not redeemed, and what orders wait for, which will find no units and be refunded.
    What is retired stays retired, what others hold is theirs, and what a handover has locked is as good as
    another registry's: a reversal takes the rest from the pool. Source: design, section 6 (reversal).
    """
    owner = select(Issuance.holder_id).where(Issuance.id == issuance_id).scalar_subquery()
    unsold = lock_blocks(Block.issuance_id == issuance_id, Block.holder_id == owner, states=UNSOLD)
    leaving = handed([block.id for block in unsold if block.state == "reserved"])
    blocks = sorted(
        (block for block in unsold if block.id not in leaving),
        key=lambda block: (block.lot_id or 0, block.id),
    )
    promised = _lock_promises([block.lot_id for block in blocks if block.lot_id])
    held = [(block.serials.quantity_kg, _promised(block, promised)) for block in blocks]
    taken = spread_cancellation(quantity_kg, held)
    ledger.post(
        _cancel(block, taken_kg, reason, by, reference)
        for block, taken_kg in zip(blocks, taken, strict=True)
        if taken_kg
    )
    return sum(taken)


def cancel_from_pool(quantity_kg: int, reason: str, by: By, reference: str) -> int:
    """Cancel units of the buffer pool, the oldest first; returns how many kilograms there were."""
    pool = lock_blocks(Block.holder_id == chart.BUFFER_POOL, Block.lot_id.is_(None))
    series = list_series({block.issuance_id for block in pool})
    oldest = sorted(pool, key=lambda block: (series[block.issuance_id].vintage, block.serials.first))
    taken = spread_cancellation(quantity_kg, [(block.serials.quantity_kg, 0) for block in oldest])
    ledger.post(
        _cancel(block, taken_kg, reason, by, reference)
        for block, taken_kg in zip(oldest, taken, strict=True)
        if taken_kg
    )
    return sum(taken)


def cancel_block(block: Held, quantity_kg: int, reason: str, by: By, reference: str) -> Serials:
    """Cancel the end of one free block, as a mandate says; returns the serials that are gone."""
    ledger.post([_cancel(block, quantity_kg, reason, by, reference)])
    return Serials(block.serials.last - quantity_kg + 1, block.serials.last)


def _promised(block: Held, by_lot: dict[int, int]) -> int:
    """What of a block somebody waits for: all of what is set aside or given."""
    return block.serials.quantity_kg if block.state == "reserved" else by_lot.get(block.lot_id or 0, 0)


def _lock_promises(lot_ids: Sequence[int]) -> dict[int, int]:
    """The kilograms that each lot's block is promised for, locked."""
    rows = db.session.execute(
        select(Lot.id, (Lot.reserved_kg - Lot.short_kg).label("promised_kg"))
        .where(Lot.id.in_(lot_ids))
        .order_by(Lot.id)
        .with_for_update()
    )
    return {row.id: row.promised_kg for row in rows}


def _cancel(block: Held, taken_kg: int, reason: str, by: By, reference: str | None) -> Posting:
    if block.state == "reserved":
        block = end_hold(lock_hold_on(block), by, "cancelled")
    cancelled = carve(block, taken_kg, state="cancelled", lot_id=block.lot_id, reason=reason, at_end=True)
    gone = Serials(block.serials.last - taken_kg + 1, block.serials.last)
    keep("cancel", block, by, serials=gone, reference=reference, reason=reason)
    if block.lot_id is not None:
        _shorten(block.lot_id, taken_kg)
    grams = taken_kg * GRAMS_PER_UNIT
    return Posting(chart.CANCEL_UNITS, cancelled, block.holder_id, chart.PLATFORM, grams)


def _shorten(lot_id: int, taken_kg: int) -> None:
    """Take from what is available, and note how much of the promised is missing beyond that."""
    db.session.execute(
        update(Lot)
        .where(Lot.id == lot_id)
        .values(
            available_kg=func.greatest(Lot.available_kg - taken_kg, 0),
            short_kg=Lot.short_kg + func.greatest(taken_kg - Lot.available_kg, 0),
        )
    )
