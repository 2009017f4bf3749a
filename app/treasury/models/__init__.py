"""What treasury remembers: bills and their breaks, payouts and their transfers."""

from app.treasury.models.bills import UNSETTLED, Bill, BillBreak, BillFlow, BillTrade, Reconciliation

__all__ = ["UNSETTLED", "Bill", "BillBreak", "BillFlow", "BillTrade", "Reconciliation"]
