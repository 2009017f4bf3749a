"""What treasury remembers: bills and their breaks, payouts and their transfers."""

from app.treasury.models.bills import UNSETTLED, Bill, BillBreak, BillFlow, BillTrade, Reconciliation
from app.treasury.models.payees import PayeeAccount
from app.treasury.models.payouts import Payout, PayoutRun, PayoutSkip
from app.treasury.models.statements import Statement, StatementLot, StatementReward

__all__ = [
    "UNSETTLED",
    "Bill",
    "BillBreak",
    "BillFlow",
    "BillTrade",
    "PayeeAccount",
    "Payout",
    "PayoutRun",
    "PayoutSkip",
    "Reconciliation",
    "Statement",
    "StatementLot",
    "StatementReward",
]
