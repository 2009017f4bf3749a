"""Acts on blocks 变更: finding what is free, cutting it off, turning it, and keeping what was done.

Every change outside settlement goes through `perform`, so that what stands can always be led back to the
issuance. Whoever needs units of a holder's names a range of serials; the units are taken from the first
block in it that is free and large enough, locked, so that of several who want the last ones some are
refused and none gets what another got.
"""

from dataclasses import dataclass

from sqlalchemy import ColumnElement, func, insert, select

from app.kit import clock
from app.kit.database import db
from app.kit.problems import Busy
from app.registry.errors import HoldingUnknown, NotEnoughFree, UnitsBound
from app.registry.models import Block, BlockAct
from app.registry.queries import sanctions
from app.registry.queries.serials import Run
from app.registry.rules import ACTS, Serials
from app.registry.services.blocks import Held, cut, lock_first, turn

_LOOKS = 20


@dataclass(frozen=True, slots=True)
class By:
    """Whose act it is: a holder's, an operator's, or nobody's when its time was over."""

    holder_id: int | None = None
    operator_id: int | None = None


NOBODY = By()


@dataclass(frozen=True, slots=True)
class Done:
    """An act that was done: its number and the block as it is now."""

    act_id: int
    block: Held


def holder_of(run: Run, quantity_kg: int, *only: ColumnElement[bool], bound: bool | None = None) -> int:
    """Whose units somebody means: who has enough free within `run`, of those that `only` holds for.

    Raises `HoldingUnknown`, `NotEnoughFree`, and `UnitsBound` as `take` does.
    """
    within = (Block.first_serial >= run.serials.first, Block.last_serial <= run.serials.last)
    free = select(Block.holder_id).where(*within, Block.state == "active", Block.lot_id.is_(None), *only)
    size = Block.last_serial - Block.first_serial + 1
    enough = free.where(size >= quantity_kg).order_by(Block.first_serial).limit(1)
    found = db.session.scalar(enough.where(*_sort(bound)))
    if found is None:
        if bound is not None and db.session.scalar(enough):
            raise UnitsBound()
        raise NotEnoughFree() if db.session.scalar(free.limit(1)) else HoldingUnknown()
    return found


def take(
    holder_id: int,
    run: Run,
    quantity_kg: int,
    *only: ColumnElement[bool],
    bound: bool | None = False,
    stays: bool = False,
) -> Held:
    """The first free block of a holder's within `run` that is large enough, locked and uncut.

    Of those that `only` holds for. `bound` says whether judicial units are wanted, None either. Raises
    `HoldingUnknown`, `NotEnoughFree`, `UnitsBound` when only units of the other sort are there; unless it
    `stays` with them or is used up, `Sanctioned`.
    """
    fits: tuple[ColumnElement[bool], ...] = (
        Block.holder_id == holder_id,
        Block.lot_id.is_(None),
        Block.first_serial >= run.serials.first,
        Block.last_serial <= run.serials.last,
        Block.last_serial - Block.first_serial + 1 >= quantity_kg,
        *only,
    )
    if not stays:  # whoever is suspended may still use up what they have
        standing = sanctions.lock_standing(holder_id, issuance_id=run.series.issuance_id)
        sanctions.require_none_halting(standing)
    sort = _sort(bound)
    for _ in range(_LOOKS):
        block = lock_first(*fits, *sort)
        if block is not None:
            return block
        # The one we waited for may have been cut below our size while another still fits: look again.
        if not _any_active(*fits, *sort):
            if sort and _any_active(*fits):
                raise UnitsBound()
            raise NotEnoughFree() if _ever_held(holder_id, run) else HoldingUnknown()
    raise Busy()


def _sort(bound: bool | None) -> tuple[ColumnElement[bool], ...]:
    return () if bound is None else (Block.bound.is_not(None) if bound else Block.bound.is_(None),)


def _any_active(*conditions: ColumnElement[bool]) -> bool:
    return (
        db.session.scalar(select(Block.id).where(Block.state == "active", *conditions).limit(1)) is not None
    )


def _ever_held(holder_id: int, run: Run) -> bool:
    overlaps = func.int8range(Block.first_serial, Block.last_serial, "[]").op("&&")(
        func.int8range(run.serials.first, run.serials.last, "[]")
    )
    held = select(Block.id).where(Block.holder_id == holder_id, overlaps).limit(1)
    return db.session.scalar(held) is not None


def perform(
    act: str,
    block: Held,
    by: By,
    *,
    to_holder_id: int | None = None,
    reference: str | None = None,
    reason: str | None = None,
    bound: str | None = None,
) -> Done:
    """Do one act on a whole locked block, and keep it. The database refuses what the table does not allow."""
    after = ACTS[act].after
    receiver = to_holder_id or block.holder_id
    turned = block
    if (after, receiver) != (block.state, block.holder_id):
        turned = turn(block, after, receiver, reason=reason, bound=bound)
    kept = keep(act, block, by, to_holder_id=receiver, reference=reference, reason=reason)
    return Done(kept, turned)


def perform_part(
    act: str,
    block: Held,
    quantity_kg: int,
    by: By,
    *,
    to_holder_id: int | None = None,
    reference: str | None = None,
    reason: str | None = None,
    bound: str | None = None,
    at_end: bool = False,
) -> Done:
    """The same for the first (or last) `quantity_kg` of a free block; the rest stays as it is."""
    return perform(
        act,
        cut(block, quantity_kg, at_end=at_end),
        by,
        to_holder_id=to_holder_id,
        reference=reference,
        reason=reason,
        bound=bound,
    )


def keep(
    act: str,
    block: Held,
    by: By,
    *,
    to_holder_id: int | None = None,
    serials: Serials | None = None,
    reference: str | None = None,
    reason: str | None = None,
) -> int:
    """Write what was done to a block, or to these serials of it, as it stood before; returns its number."""
    first, last = serials or block.serials
    row = insert(BlockAct).values(
        act=act,
        issuance_id=block.issuance_id,
        first_serial=first,
        last_serial=last,
        from_holder_id=block.holder_id,
        to_holder_id=to_holder_id or block.holder_id,
        state_before=block.state,
        state_after=ACTS[act].after,
        by_holder_id=by.holder_id,
        operator_id=by.operator_id,
        reference=reference,
        reason=reason,
        acted_at=clock.now(),
    )
    return int(db.session.execute(row.returning(BlockAct.id)).scalar_one())
