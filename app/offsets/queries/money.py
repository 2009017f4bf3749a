"""What was paid and sent back through the provider, for holding against its bills."""

from datetime import datetime

from sqlalchemy import text

from app.kit.database import db

PAYMENTS = (
    "(SELECT payment.order_id, orders.code AS order_code, payment.transaction_id, payment.amount_fen,"
    " payment.paid_at FROM payment JOIN orders ON orders.id = payment.order_id"
    " WHERE payment.channel = 'wechat')"
)
"""Recorded payments as a part of another room's statement; `paid_at` is the provider's own time."""
DOUBTS = "(SELECT id, order_code, transaction_id FROM payment_doubt)"
"""Payments that fit no order, likewise."""
REFUNDS = (
    "(SELECT id, code, trade_code AS order_code, provider_id, amount_fen, accepted_at, succeeded_at,"
    " coalesce(abnormal_at, closed_at) AS abnormal_at FROM refund WHERE channel = 'wechat')"
)
"""Refunds, likewise; `code` is the number that we gave the provider, `provider_id` its own."""


def first_payment_at() -> datetime | None:
    """When the payment of the oldest paid order was made."""
    found: datetime | None = db.session.scalar(
        text(f"SELECT paid_at FROM {PAYMENTS} paid ORDER BY order_id LIMIT 1")
    )
    return found
