"""What happened to a holder's points: what expires when, what each act earned or why not, what was spent."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, select, text

from app.kit import clock
from app.kit.database import db
from app.rewards.models import PointGrant, Spending

FEW = 12
"""How many days of expiry are listed."""
_EXPIRING = text(
    "SELECT programme_id, expires_at, sum(remaining)::bigint FROM point_grant"
    " WHERE holder_id = :holder AND remaining > 0 AND activated_at IS NOT NULL AND expires_at > :now"
    " GROUP BY programme_id, expires_at ORDER BY expires_at, programme_id LIMIT :limit"
)
SHOWN: dict[str, ColumnElement[bool]] = {
    "earned": PointGrant.points > 0,
    "nothing": PointGrant.points == 0,
    "expired": PointGrant.expired_points > 0,
    "taken_back": PointGrant.taken_back_at.is_not(None),
}
"""What a history can be narrowed to."""


@dataclass(frozen=True)
class Expiring:
    """Points of one programme that expire at one moment."""

    programme_id: int
    expires_at: datetime
    points: int


def list_expiring(holder_id: int, limit: int = FEW) -> list[Expiring]:
    """A holder's active points by their last day, the nearest first."""
    values = {"holder": holder_id, "now": clock.now(), "limit": limit}
    return [Expiring(*row) for row in db.session.execute(_EXPIRING, values)]


def list_history(
    holder_id: int, limit: int, before: int | None = None, shown: str | None = None
) -> Sequence[PointGrant]:
    """A holder's lots, the newest first, those that earned nothing too; `before` is a lot's id."""
    wanted = select(PointGrant).where(PointGrant.holder_id == holder_id)
    if shown in SHOWN:
        wanted = wanted.where(SHOWN[shown])
    if before is not None:
        wanted = wanted.where(PointGrant.id < before)
    return db.session.scalars(wanted.order_by(PointGrant.id.desc()).limit(limit)).all()


def list_spendings(holder_id: int, limit: int, before: int | None = None) -> Sequence[Spending]:
    """What a holder spent, or tried to, the newest first; `before` is a spending's id."""
    wanted = select(Spending).where(Spending.holder_id == holder_id)
    if before is not None:
        wanted = wanted.where(Spending.id < before)
    return db.session.scalars(wanted.order_by(Spending.id.desc()).limit(limit)).all()
