"""Payments in doubt, as operators see them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from app.kit.database import db
from app.offsets.errors import DoubtUnknown
from app.offsets.models import Payment, PaymentDoubt
from app.offsets.rules import DoubtName


@dataclass(frozen=True)
class DoubtFacts:
    """One doubt: what is wrong, what it was about, and what an operator said to it."""

    id: int
    name: DoubtName
    expected: str
    told: str
    order_code: str
    transaction_id: str | None
    amount_fen: int | None
    held_fen: int | None
    source: str
    sightings: int
    seen_at: datetime
    last_seen_at: datetime
    resolved_at: datetime | None
    resolved_by: int | None
    explanation: str | None


def list_doubts(limit: int, before: int | None = None, *, open_only: bool = True) -> list[DoubtFacts]:
    """Doubts, newest first; `before` is a doubt's id."""
    wanted = select(PaymentDoubt).order_by(PaymentDoubt.id.desc()).limit(limit)
    if open_only:
        wanted = wanted.where(*_OPEN)
    if before is not None:
        wanted = wanted.where(PaymentDoubt.id < before)
    return [_facts(doubt) for doubt in db.session.scalars(wanted)]


def get_doubt(doubt_id: int) -> DoubtFacts:
    """One doubt. Raises `DoubtUnknown`."""
    doubt = db.session.get(PaymentDoubt, doubt_id)
    if doubt is None:
        raise DoubtUnknown()
    return _facts(doubt)


def count_open_doubts() -> int:
    """How many doubts wait for an operator."""
    return db.session.scalar(select(func.count()).select_from(PaymentDoubt).where(*_OPEN)) or 0


_CREDITED = select(Payment.order_id).where(Payment.transaction_id == PaymentDoubt.transaction_id).exists()
_OPEN: Any = (
    PaymentDoubt.resolved_at.is_(None),
    ~((PaymentDoubt.name == DoubtName.UNKNOWN_ORDER) & _CREDITED),
)
"""Nobody has explained it, and it is no unknown order's payment that was credited after all."""


def _facts(doubt: PaymentDoubt) -> DoubtFacts:
    return DoubtFacts(
        id=doubt.id,
        name=DoubtName(doubt.name),
        expected=doubt.expected,
        told=doubt.told,
        order_code=doubt.order_code,
        transaction_id=doubt.transaction_id,
        amount_fen=doubt.amount_fen,
        held_fen=doubt.held_fen,
        source=doubt.source,
        sightings=doubt.sightings,
        seen_at=doubt.seen_at,
        last_seen_at=doubt.last_seen_at,
        resolved_at=doubt.resolved_at,
        resolved_by=doubt.resolved_by,
        explanation=doubt.explanation,
    )
