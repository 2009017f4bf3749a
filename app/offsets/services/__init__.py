"""What can be done with dues, orders, payments and settlements. The only writers of this room."""

from app.offsets.services import dues, orders, payments, settlement

__all__ = ["dues", "orders", "payments", "settlement"]
