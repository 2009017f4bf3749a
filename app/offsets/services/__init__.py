"""What can be done with dues, orders, payments and settlements. The only writers of this room."""

from app.offsets.services import (
    attestations,
    causes,
    claims,
    deliveries,
    doubts,
    dues,
    orders,
    payments,
    refunds,
    settlement,
    shipping,
    transfers,
    wishes,
)

__all__ = [
    "attestations",
    "causes",
    "claims",
    "deliveries",
    "doubts",
    "dues",
    "orders",
    "payments",
    "refunds",
    "settlement",
    "shipping",
    "transfers",
    "wishes",
]
