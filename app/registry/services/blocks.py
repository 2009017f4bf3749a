"""Locking and splitting blocks 号段: the one place where the chain of serials is cut."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, select, text

from app.kit import clock
from app.kit.database import db
from app.registry.models import Block
from app.registry.rules import Serials, split


@dataclass(frozen=True, slots=True)
class Held:
    """An active block, locked until the commit."""

    id: int
    issuance_id: int
    lot_id: int | None
    holder_id: int
    serials: Serials


def lock_block(*conditions: ColumnElement[bool]) -> Held | None:
    """The active block that fits, locked; None when there is none, or none any more."""
    row = db.session.execute(_active(*conditions)).one_or_none()
    return _held(row) if row else None


def lock_open_blocks(issuance_id: int) -> list[Held]:
    """The active blocks of an issuance, locked in the order of their ids."""
    rows = db.session.execute(_active(Block.issuance_id == issuance_id).order_by(Block.id))
    return [_held(row) for row in rows]


def _active(*conditions: ColumnElement[bool]) -> Select[*tuple[Any, ...]]:
    return (
        select(
            Block.id, Block.issuance_id, Block.lot_id, Block.holder_id, Block.first_serial, Block.last_serial
        )
        .where(Block.state == "active", *conditions)
        .with_for_update()
    )


def _held(row: Row[Any]) -> Held:
    serials = Serials(row.first_serial, row.last_serial)
    return Held(row.id, row.issuance_id, row.lot_id, row.holder_id, serials)


# One statement, since the database accepts no moment at which the chain of blocks has a gap. The
# insert reads from the update, so the block has shrunk before the piece is written.
_SPLIT = text(
    "WITH rest AS (UPDATE block SET first_serial = :rest_first, last_serial = :rest_last WHERE id = :block"
    " RETURNING issuance_id, holder_id)"
    " INSERT INTO block (issuance_id, lot_id, holder_id, state, reason, first_serial, last_serial,"
    " created_at, changed_at)"
    " SELECT issuance_id, :lot, holder_id, :state, :reason, :first, :last, :at, :at FROM rest RETURNING id"
)
_CHANGE = text(
    "UPDATE block SET lot_id = :lot, state = :state, reason = :reason, changed_at = :at WHERE id = :block"
    " RETURNING id"
)


def carve(
    block: Held,
    quantity_kg: int,
    *,
    state: str,
    lot_id: int | None,
    reason: str | None = None,
    at_end: bool = False,
) -> int:
    """Give the first (or last) `quantity_kg` of a block a state and a lot; returns their block's id.

    All of it keeps its id; a part becomes a block of its own and the rest stays as it is.
    """
    whole = block.serials.quantity_kg
    row = {"block": block.id, "lot": lot_id, "state": state, "reason": reason, "at": clock.now()}
    if quantity_kg == whole:
        return int(db.session.execute(_CHANGE, row).scalar_one())
    front, back = split(block.serials, whole - quantity_kg if at_end else quantity_kg)
    piece, rest = (back, front) if at_end else (front, back)
    borders = {"first": piece.first, "last": piece.last, "rest_first": rest.first, "rest_last": rest.last}
    return int(db.session.execute(_SPLIT, {**row, **borders}).scalar_one())
