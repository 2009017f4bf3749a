"""What is true of an organisation's budgets, uses and invoices. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

BUDGET_PERIODS = ("year", "month")
MOST_FEN = 10**13
_PERIOD = re.compile(r"20(?:1[5-9]|[2-9]\d)(?:-Q[1-4]|-(?:0[1-9]|1[0-2]))?")


def is_period(written: str) -> bool:
    """Whether this names a year, quarter or month: `2026`, `2026-Q1`, `2026-03`."""
    return _PERIOD.fullmatch(written) is not None


def bounds(period: str, day: date) -> tuple[date, date]:
    """The first day of the year or month that `day` is in, and the first day after it."""
    if period == "year":
        return date(day.year, 1, 1), date(day.year + 1, 1, 1)
    following = date(day.year + day.month // 12, day.month % 12 + 1, 1)
    return day.replace(day=1), following


@dataclass(frozen=True)
class Spending:
    """What of a budget is gone: paid for, and promised by orders that wait for their payment."""

    limit_fen: int | None
    spent_fen: int
    reserved_fen: int

    @property
    def left_fen(self) -> int | None:
        """What may still be ordered for; None where nothing limits it. Below nothing after a cut."""
        if self.limit_fen is None:
            return None
        return self.limit_fen - self.spent_fen - self.reserved_fen

    def allows(self) -> bool:
        """Whether all that was ordered, the last order too, stands within the limit."""
        return self.left_fen is None or self.left_fen >= 0


class InvoiceStatus(StrEnum):
    """Where a request for an invoice stands; derived from its time stamps."""

    REQUESTED = "requested"
    ISSUED = "issued"
    SENT = "sent"
    DECLINED = "declined"


INVOICE_NEXT: Mapping[InvoiceStatus, frozenset[InvoiceStatus]] = {
    InvoiceStatus.REQUESTED: frozenset({InvoiceStatus.ISSUED, InvoiceStatus.DECLINED}),
    InvoiceStatus.ISSUED: frozenset({InvoiceStatus.SENT}),
    InvoiceStatus.SENT: frozenset(),
    InvoiceStatus.DECLINED: frozenset(),
}
"""Every legal step; migration 0033 holds the same table as a trigger."""


def invoice_status(
    issued_at: datetime | None, sent_at: datetime | None, declined_at: datetime | None
) -> InvoiceStatus:
    """The status that the time stamps say."""
    for at, status in (
        (declined_at, InvoiceStatus.DECLINED),
        (sent_at, InvoiceStatus.SENT),
        (issued_at, InvoiceStatus.ISSUED),
    ):
        if at is not None:
            return status
    return InvoiceStatus.REQUESTED


INVOICE_NUMBER = re.compile(r"[0-9]{8}|[0-9]{20}")
"""A fully digital invoice 数电票 has 20 digits, one on paper 8. Source: 国家税务总局公告2024年第11号."""
INVOICE_KINDS = ("ordinary", "special")
"""增值税普通发票, 增值税专用发票: the second one asks for bank and address too."""
LARGEST_INVOICE_BYTES = 2 * 1024 * 1024


def text_cell(value: object) -> str:
    """A cell of a CSV file that no spreadsheet takes for a formula. Source: OWASP, CSV Injection."""
    written = str(value)
    return (
        f"'{written}" if written[:1] in ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠") else written
    )
