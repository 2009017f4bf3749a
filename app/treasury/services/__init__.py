"""What can be done with bills and payouts. The only writers of this room."""

from app.treasury.services import payees, runs, statements, transfers

__all__ = ["payees", "runs", "statements", "transfers"]
