"""What can be done with dues, orders, payments and settlements. The only writers of this room."""

from app.offsets.services import (
    doubts,
    dues,
    orders,
    payments,
    refunds,
    settlement,
    shipping,
    transfers,
)

__all__ = ["doubts", "dues", "orders", "payments", "refunds", "settlement", "shipping", "transfers"]
