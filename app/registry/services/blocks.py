"""Locking, cutting and turning blocks 号段: the one place where the chain of serials is written."""

from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, literal_column, select, text

from app.kit import clock
from app.kit.database import db
from app.registry.models import Block
from app.registry.rules import Serials, split


@dataclass(frozen=True, slots=True)
class Held:
    """A block, locked until the commit."""

    id: int
    issuance_id: int
    lot_id: int | None
    holder_id: int
    serials: Serials
    state: str = "active"
    bound: str | None = None


def lock_block(*conditions: ColumnElement[bool]) -> Held | None:
    """The active block that fits, locked; None when there is none, or none any more."""
    row = db.session.execute(_active(*conditions)).one_or_none()
    return _held(row) if row else None


def lock_blocks(*conditions: ColumnElement[bool], states: tuple[str, ...] = ("active",)) -> list[Held]:
    """The blocks that fit, locked in the order of their ids."""
    return [_held(row) for row in db.session.execute(_locked(states, *conditions).order_by(Block.id))]


def lock_first(*conditions: ColumnElement[bool]) -> Held | None:
    """Of the active blocks that fit, the one with the lowest serials, locked; others are left alone."""
    row = db.session.execute(_active(*conditions).order_by(Block.first_serial).limit(1)).one_or_none()
    return _held(row) if row else None


def _active(*conditions: ColumnElement[bool]) -> Select[*tuple[Any, ...]]:
    return _locked(("active",), *conditions)


def _locked(states: tuple[str, ...], *conditions: ColumnElement[bool]) -> Select[*tuple[Any, ...]]:
    return (
        select(
            Block.id,
            Block.issuance_id,
            Block.lot_id,
            Block.holder_id,
            Block.first_serial,
            Block.last_serial,
            Block.state,
            Block.bound,
        )
        # Written out, so that the planner sees that a partial index holds all of them.
        .where(Block.state.in_([literal_column(f"'{state}'") for state in states]), *conditions)
        .with_for_update()
    )


def _held(row: Row[Any]) -> Held:
    serials = Serials(row.first_serial, row.last_serial)
    return Held(row.id, row.issuance_id, row.lot_id, row.holder_id, serials, row.state, row.bound)


# One statement, since the database accepts no moment at which the chain of blocks has a gap. The
# insert reads from the update, so the block has shrunk before the piece is written.
_SPLIT = text(
    "WITH rest AS (UPDATE block SET first_serial = :rest_first, last_serial = :rest_last WHERE id = :block"
    " RETURNING issuance_id, holder_id, bound)"
    " INSERT INTO block (issuance_id, lot_id, holder_id, state, reason, bound, first_serial, last_serial,"
    " created_at, changed_at)"
    " SELECT issuance_id, :lot, holder_id, :state, :reason, bound, :first, :last, :at, :at FROM rest"
    " RETURNING id"
)
_CHANGE = text(
    "UPDATE block SET lot_id = :lot, state = :state, reason = :reason, changed_at = :at WHERE id = :block"
    " RETURNING id"
)

_TURN = text(
    "UPDATE block SET state = :state, holder_id = :holder, bound = coalesce(bound, :bound),"
    " reason = :reason, changed_at = :at WHERE id = :block"
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


def cut(block: Held, quantity_kg: int, *, at_end: bool = False) -> Held:
    """The first (or last) `quantity_kg` of a free block as a block of its own."""
    whole = block.serials.quantity_kg
    if quantity_kg == whole:
        return block
    front, back = split(block.serials, whole - quantity_kg if at_end else quantity_kg)
    piece = carve(block, quantity_kg, state="active", lot_id=None, at_end=at_end)
    return replace(block, id=piece, serials=back if at_end else front)


def turn(
    block: Held, state: str, holder_id: int, *, reason: str | None = None, bound: str | None = None
) -> Held:
    """Give a whole block off sale another state, holder or bond."""
    row = {"block": block.id, "state": state, "holder": holder_id, "reason": reason, "bound": bound}
    db.session.execute(_TURN, {**row, "at": clock.now()})
    return replace(block, state=state, holder_id=holder_id, bound=block.bound or bound)
