"""Deliveries that WeChat was told of, or would not hear."""

from sqlalchemy import func, select

from app.kit.database import db
from app.offsets.models import Order, Shipping


def count_refused_shippings() -> int:
    """How many settled orders WeChat does not take as delivered; their funds stay frozen."""
    refused = (Shipping.uploaded_at.is_(None), Shipping.refusal.is_not(None))
    return int(db.session.scalar(select(func.count()).select_from(Shipping).where(*refused)) or 0)


def list_refused_shippings(limit: int = 200) -> list[tuple[str, str, int]]:
    """Their order's number, WeChat's word for why, and how often it was tried; oldest first."""
    rows = db.session.execute(
        select(Order.code, Shipping.refusal, Shipping.attempts)
        .join(Order, Order.id == Shipping.order_id)
        .where(Shipping.uploaded_at.is_(None), Shipping.refusal.is_not(None))
        .order_by(Shipping.order_id)
        .limit(limit)
    )
    return [(code, refusal or "", attempts) for code, refusal, attempts in rows]
