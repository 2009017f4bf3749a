"""What is true of bills, breaks and payouts. Pure."""

from app.treasury.rules import bank_files, payees, payouts

__all__ = ["bank_files", "payees", "payouts"]
