"""Selling: lots 货批 open and close, orders reserve from them and give back."""

from dataclasses import asdict

from sqlalchemy import delete, func, insert, select, text, update

from app.kit import clock
from app.kit.codes import random_code
from app.kit.database import db
from app.registry.errors import BlockNotFree, NewLotsBarred, NotReserved, ProductDiffers, SoldOut
from app.registry.models import Block, Issuance, Lot, OpenLot
from app.registry.queries import sanctions
from app.registry.queries.lots import LOT_COLUMNS, LotFacts, lot_facts
from app.registry.rules import KG_PER_T, PRODUCTS, Serials, Terms, price_fen
from app.registry.rules.sanctions import FREE
from app.registry.services.acts import NOBODY, By, keep
from app.registry.services.blocks import carve, lock_block


def open_lot(block_id: int, quantity_kg: int, terms: Terms, by: By = NOBODY) -> LotFacts:
    """Put the first `quantity_kg` of a free block on sale, or all of it; the rest stays free.

    Raises `BlockNotFree`, `ProductDiffers` for terms of another product than the units are,
    `NotWholeSteps` for a quantity that could not be sold to the end, and `Sanctioned` or `NewLotsBarred`
    where a sanction in force forbids it.
    """
    price_fen(quantity_kg, terms.step_kg, terms.price_fen_per_step)
    seller_id, restraint = _require_may_offer(block_id)
    free = (Block.holder_id == seller_id, Block.lot_id.is_(None), Block.bound.is_(None))
    block = lock_block(Block.id == block_id, *free)
    if block is None or quantity_kg > block.serials.quantity_kg:
        raise BlockNotFree()
    product = db.session.scalars(select(Issuance.product).where(Issuance.id == block.issuance_id)).one()
    if terms.product != product or terms.step_kg % PRODUCTS[product].step_kg:
        raise ProductDiffers(step_kg=PRODUCTS[product].step_kg)
    row = db.session.execute(
        insert(Lot)
        .values(
            code=random_code(),
            issuance_id=block.issuance_id,
            seller_holder_id=block.holder_id,
            offered_kg=quantity_kg,
            available_kg=quantity_kg,
            opened_at=clock.now(),
            restraint=restraint,
            **asdict(terms),
        )
        .returning(*LOT_COLUMNS)
    ).one()
    carve(block, quantity_kg, state="active", lot_id=row.id)
    _list(row.id)
    front = Serials(block.serials.first, block.serials.first + quantity_kg - 1)
    keep("offer", block, by, serials=front, reference=row.code)
    return lot_facts(row)


def _require_may_offer(block_id: int) -> tuple[int, int]:
    """A block's holder, and what sanctions in force mean for a lot of theirs; before the block is locked."""
    row = db.session.execute(select(Block.holder_id, Block.issuance_id).where(Block.id == block_id)).first()
    if row is None:
        raise BlockNotFree()
    standing = sanctions.lock_standing(row.holder_id, issuance_id=row.issuance_id)
    sanctions.require_none_halting(standing)
    for mark in standing:
        if mark.no_new_lots:
            raise NewLotsBarred(code=mark.code)
    return row.holder_id, max((mark.restraint for mark in standing), default=FREE)


# Held at the end of 64 bits: nobody pays a price beyond.
_LIST = text(
    "INSERT INTO open_lot (lot_id, project_id, product, step_kg, vintage, price_fen_per_t)"
    " SELECT lot.id, project_id, lot.product, step_kg, vintage, least("
    f" div(price_fen_per_step::numeric * {KG_PER_T} + step_kg - 1, step_kg), {2**63 - 1})::bigint"
    " FROM lot JOIN issuance ON issuance.id = issuance_id WHERE lot.id = :lot"
)


def _list(lot_id: int) -> None:
    """Show a lot where lots are searched."""
    db.session.execute(_LIST, {"lot": lot_id})


def close_lot(lot_id: int, by: By = NOBODY) -> int:
    """Take a lot off sale; returns the kilograms nobody had reserved, whose block is free from now on.

    What is reserved can still be settled. Units that orders give back later become free when the lot
    is closed again, which may be done any number of times.
    """
    block = lock_block(Block.lot_id == lot_id)
    lot = select(Lot.available_kg, Lot.code).where(Lot.id == lot_id).with_for_update()
    unsold_kg, code = db.session.execute(lot).one()
    if block is not None and unsold_kg:
        carve(block, unsold_kg, state="active", lot_id=None, at_end=True)
        back = Serials(block.serials.last - unsold_kg + 1, block.serials.last)
        keep("withdraw", block, by, serials=back, reference=code)
    db.session.execute(
        update(Lot)
        .where(Lot.id == lot_id)
        .values(available_kg=0, closed_at=func.coalesce(Lot.closed_at, clock.now()))
    )
    db.session.execute(delete(OpenLot).where(OpenLot.lot_id == lot_id))
    return int(unsold_kg)


_RESERVE = (
    "UPDATE lot SET available_kg = available_kg - {kg}, reserved_kg = reserved_kg + {kg}"
    " WHERE id = {lot} AND closed_at IS NULL AND available_kg >= {kg} AND restraint = {restraint}"
    " RETURNING id"
)


def reservation_from(lot: str, quantity_kg: str, restraint: str = str(FREE)) -> str:
    """The part of a statement that promises units of a lot to an order: one row, or none when sold out.

    The arguments are SQL of the statement's own; `restraint` is what the buyer saw of the lot, and a
    sanction laid since makes no row. Whoever buys from one lot waits for the row until the
    buyer before has committed, so this belongs into the last statement of a transaction.
    """
    return _RESERVE.format(lot=lot, kg=quantity_kg, restraint=restraint)


def reserve(lot_id: int, quantity_kg: int) -> None:
    """Promise `quantity_kg` of a lot to an order, in one conditional statement. Raises `SoldOut`."""
    if quantity_kg <= 0:
        raise ValueError("a reservation holds something")
    statement = text(reservation_from(":lot", "CAST(:kg AS bigint)"))
    if db.session.execute(statement, {"lot": lot_id, "kg": quantity_kg}).one_or_none() is None:
        raise SoldOut()


def release(lot_id: int, quantity_kg: int) -> LotFacts:
    """Give back what `reserve` had promised. Raises `NotReserved` for more than is promised."""
    if quantity_kg <= 0:
        raise ValueError("a release gives something back")
    return end_promise(lot_id, quantity_kg, quantity_kg)


def end_promise(lot_id: int, promised_kg: int, returned_kg: int) -> LotFacts:
    """End promises of `promised_kg`, of which `returned_kg` were not used. Raises `NotReserved`.

    What comes back first makes good what was cancelled meanwhile; only the rest is on sale again.
    """
    row = db.session.execute(
        update(Lot)
        .where(Lot.id == lot_id, Lot.reserved_kg >= promised_kg)
        .values(
            reserved_kg=Lot.reserved_kg - promised_kg,
            available_kg=Lot.available_kg + func.greatest(returned_kg - Lot.short_kg, 0),
            short_kg=func.greatest(Lot.short_kg - returned_kg, 0),
        )
        .returning(*LOT_COLUMNS)
    ).one_or_none()
    if row is None:
        raise NotReserved()
    return lot_facts(row)
