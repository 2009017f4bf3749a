"""Cancelling 取消: units whose carbon is gone again, or was never there, leave without being used."""

from collections.abc import Sequence

from sqlalchemy import func, select, update

from app.accounts import chart, ledger
from app.accounts.ledger import Posting
from app.kit.database import db
from app.registry.models import Lot
from app.registry.rules import GRAMS_PER_UNIT, spread_cancellation
from app.registry.services.blocks import Held, carve, lock_open_blocks


def cancel_units(issuance_id: int, quantity_kg: int, reason: str) -> int:
    """Cancel unsold units of an issuance; returns how many kilograms there were to cancel.

    `reason` is one of `rules.REASONS`. Taken from the end of each block: first what nobody was
    promised, the free blocks before those on sale; then what orders wait for, which will find no units
    and be refunded. What is retired stays retired. Source: design, section 6 (reversal).
    """
    blocks = sorted(lock_open_blocks(issuance_id), key=lambda block: (block.lot_id or 0, block.id))
    promised = _lock_promises([block.lot_id for block in blocks if block.lot_id])
    held = [(block.serials.quantity_kg, promised.get(block.lot_id or 0, 0)) for block in blocks]
    taken = spread_cancellation(quantity_kg, held)
    ledger.post(
        _cancel(block, taken_kg, reason) for block, taken_kg in zip(blocks, taken, strict=True) if taken_kg
    )
    return sum(taken)


def _lock_promises(lot_ids: Sequence[int]) -> dict[int, int]:
    """The kilograms that each lot's block is promised for, locked."""
    rows = db.session.execute(
        select(Lot.id, (Lot.reserved_kg - Lot.short_kg).label("promised_kg"))
        .where(Lot.id.in_(lot_ids))
        .order_by(Lot.id)
        .with_for_update()
    )
    return {row.id: row.promised_kg for row in rows}


def _cancel(block: Held, taken_kg: int, reason: str) -> Posting:
    cancelled = carve(block, taken_kg, state="cancelled", lot_id=block.lot_id, reason=reason, at_end=True)
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
