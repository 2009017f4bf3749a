"""What offsets remember."""

from app.offsets.models.causes import Attestation, Cause, CauseTurn
from app.offsets.models.orders import (
    Certificate,
    Delivery,
    Due,
    Order,
    OrderWish,
    PaidOrder,
    Retirement,
    SettlementRun,
)
from app.offsets.models.payments import (
    Payment,
    PaymentDoubt,
    Refund,
    Shipping,
    ShippingRun,
    Transfer,
    TransferConfirmation,
    TransferProof,
)

__all__ = [
    "Attestation",
    "Cause",
    "CauseTurn",
    "Certificate",
    "Delivery",
    "Due",
    "Order",
    "OrderWish",
    "PaidOrder",
    "Payment",
    "PaymentDoubt",
    "Refund",
    "Retirement",
    "SettlementRun",
    "Shipping",
    "ShippingRun",
    "Transfer",
    "TransferConfirmation",
    "TransferProof",
]
