"""Reversals 逆转: what was lost, what made it good, what is owed, and whom it concerns."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select, text

from app.accounts.chart import BUFFER_POOL
from app.kit.database import db
from app.registry.models import Block, Issuance, Lot, Mandate
from app.registry.queries.serials import Series, list_series
from app.registry.queries.units import Conservation, conservation
from app.registry.rules import owed_kg

HOLDERS = (
    "SELECT holder_id FROM block WHERE issuance_id = :issuance AND holder_id NOT IN (:issuer, 2)"
    " AND state IN ('active', 'reserved', 'pledged')"
    " UNION SELECT holder_id FROM own_retirement WHERE issuance_id = :issuance"
)
"""Whoever else holds units of an issuance, or has retired some of their own."""
PLEDGEES = (
    "SELECT other_holder_id AS holder_id FROM hold"
    " WHERE issuance_id = :issuance AND kind = 'pledge' AND ended_at IS NULL"
)
HOLDS_LOST = (
    "SELECT hold.holder_id FROM hold JOIN mandate ON mandate.code = :code AND mandate.kind = 'reversal'"
    " WHERE hold.issuance_id = :issuance AND hold.ended_as = 'cancelled'"
    " AND hold.ended_at >= mandate.approved_at"
)


@dataclass(frozen=True, slots=True)
class Reversal:
    """One reversal as anyone may see it."""

    mandate: Mandate
    series: Series

    @property
    def owed_kg(self) -> int:
        """What nothing has made good yet."""
        return owed_kg(self.mandate.quantity_kg, self.mandate.unsold_kg, self.mandate.buffer_kg)


@dataclass(frozen=True, slots=True)
class Preview:
    """What a reversal would take if it were approved now."""

    units: Conservation
    free_kg: int
    promised_kg: int
    pledged_kg: int
    others_kg: int
    pool_kg: int
    quantity_kg: int

    @property
    def unsold_kg(self) -> int:
        """What unsold units would cover."""
        return min(self.quantity_kg, self.free_kg + self.promised_kg)

    @property
    def from_pool_kg(self) -> int:
        """What the buffer pool would cover."""
        return min(self.quantity_kg - self.unsold_kg, self.pool_kg)

    @property
    def owed_kg(self) -> int:
        """What would be owed."""
        return self.quantity_kg - self.unsold_kg - self.from_pool_kg


_SIZE = Block.last_serial - Block.first_serial + 1


def preview(issuance_id: int, quantity_kg: int) -> Preview:
    """What a reversal of so much would take; true at the moment of reading."""
    issuer = db.session.get_one(Issuance, issuance_id).holder_id
    here = select(func.coalesce(func.sum(_SIZE), 0)).where(Block.issuance_id == issuance_id)
    own, others = Block.holder_id == issuer, Block.holder_id.notin_((issuer, BUFFER_POOL))
    unsold = _number(here.where(own, Block.state.in_(("active", "reserved"))))
    waiting = _number(here.where(own, Block.state == "reserved"))
    ordered = _number(
        select(func.coalesce(func.sum(Lot.reserved_kg - Lot.short_kg), 0)).where(
            Lot.issuance_id == issuance_id, Lot.seller_holder_id == issuer
        )
    )
    return Preview(
        units=conservation(issuance_id),
        free_kg=unsold - waiting - ordered,
        promised_kg=waiting + ordered,
        pledged_kg=_number(here.where(own, Block.state == "pledged")),
        others_kg=_number(here.where(others, Block.state.in_(("active", "reserved", "pledged")))),
        pool_kg=pool_kg(),
        quantity_kg=quantity_kg,
    )


def pool_kg() -> int:
    """What the buffer pool holds."""
    held = select(func.coalesce(func.sum(_SIZE), 0))
    free = Block.lot_id.is_(None) & Block.state.in_(("active", "reserved", "pledged"))
    return _number(held.where(Block.holder_id == BUFFER_POOL, free))


def reversed_kg(issuance_id: int) -> int:
    """What reversals that were carried out say is lost of an issuance, covered or not."""
    lost = select(func.coalesce(func.sum(Mandate.quantity_kg), 0)).where(
        Mandate.issuance_id == issuance_id, Mandate.kind == "reversal", Mandate.approved_at.is_not(None)
    )
    return _number(lost)


def _number(wanted: Any) -> int:
    return int(db.session.scalar(wanted) or 0)


def list_reversals(limit: int, before: int | None = None) -> list[Reversal]:
    """Reversals that were carried out, newest first; `before` is a mandate's id."""
    wanted = select(Mandate).where(Mandate.kind == "reversal", Mandate.approved_at.is_not(None))
    if before is not None:
        wanted = wanted.where(Mandate.id < before)
    found: Sequence[Mandate] = db.session.scalars(wanted.order_by(Mandate.id.desc()).limit(limit)).all()
    series = list_series(each.issuance_id for each in found)
    return [Reversal(each, series[each.issuance_id]) for each in found]


def sum_owed_kg() -> int:
    """What is owed over all reversals."""
    owed = "quantity_kg - unsold_kg - buffer_kg"
    return int(db.session.scalar(text(f"SELECT coalesce(sum({owed}), 0)::bigint FROM mandate")) or 0)


def find_reversed(code: str) -> tuple[int, dict[str, Any]]:
    """The issuance of a carried-out reversal, and what notices about it say. For rooms that heard of it."""
    mandate = db.session.scalars(select(Mandate).where(Mandate.code == code)).one()
    return mandate.issuance_id, details_of(mandate, list_series([mandate.issuance_id])[mandate.issuance_id])


def details_of(mandate: Mandate, series: Series) -> dict[str, Any]:
    """What fills in a notice about a reversal."""
    return {"project": series.project, "vintage": series.vintage, "kg": mandate.quantity_kg}
