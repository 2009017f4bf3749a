"""Delivering 交付: units that were sold to be held leave their lot and become the buyer's.

By the acts that any holder's own units take: withdrawn from the lot, then transferred; so what the database
guards and what histories show is the same as for every other change of hands.
"""

from dataclasses import dataclass, replace

from sqlalchemy import select

from app.accounts import chart, ledger
from app.accounts.ledger import Posting
from app.kit.database import db
from app.registry.errors import LotUnknown
from app.registry.models import Block, Lot
from app.registry.rules import GRAMS_PER_UNIT, Serials, Terms
from app.registry.services.acts import By, keep, perform
from app.registry.services.blocks import carve, lock_block
from app.registry.services.lots import end_promise


@dataclass(frozen=True, slots=True)
class Delivered:
    """Units as the buyer holds them now: by which act, and on which terms they were sold."""

    act_id: int
    issuance_id: int
    serials: Serials
    seller_holder_id: int
    terms: Terms


def deliver(lot_id: int, quantity_kg: int, buyer_id: int, order_code: str) -> Delivered | None:
    """Hand reserved units of a lot over to their buyer, in the books too, and end the promise.

    None where units were cancelled meanwhile and the lot holds less: then nothing was done but that the
    promise has ended. Raises `LotUnknown`.
    """
    block = lock_block(Block.lot_id == lot_id)
    lot = db.session.scalar(select(Lot).where(Lot.id == lot_id))
    if lot is None:
        raise LotUnknown()
    if block is None or block.serials.quantity_kg < quantity_kg:
        end_promise(lot_id, quantity_kg, quantity_kg)
        return None
    front = Serials(block.serials.first, block.serials.first + quantity_kg - 1)
    piece_id = carve(block, quantity_kg, state="active", lot_id=None)
    keep("withdraw", block, By(buyer_id), serials=front, reference=lot.code)
    piece = replace(block, id=piece_id, lot_id=None, serials=front)
    done = perform("transfer", piece, By(buyer_id), to_holder_id=buyer_id, reference=order_code)
    grams = quantity_kg * GRAMS_PER_UNIT
    ledger.post([Posting(chart.TRANSFER_UNITS, done.act_id, block.holder_id, buyer_id, grams)])
    end_promise(lot_id, quantity_kg, 0)
    terms = Terms(
        lot.product, lot.step_kg, lot.price_fen_per_step, lot.village_holder_id, lot.village_bp, lot.fee_bp
    )
    return Delivered(done.act_id, block.issuance_id, front, lot.seller_holder_id, terms)
