"""Taking a bill 对账单 into the database: once a version, with its own postings."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from hashlib import sha1
from typing import Any

from sqlalchemy import delete, text

from app.accounts import chart, ledger
from app.accounts.chart import PLATFORM
from app.accounts.ledger import Posting
from app.clients import pay_bills
from app.clients.pay_bills import FlowRow, TradeRow
from app.kit import clock
from app.kit.database import allow_bulk, copy_rows, db
from app.treasury.models import Bill, BillFlow, BillTrade
from app.treasury.queries import bills as queries
from app.treasury.rules.breaks import FEE, FEE_BACK, WITHDRAWAL

MOST_MINUTES = 10


@dataclass
class _Movements:
    """What is learned of an account while its movements pass by."""

    opening_fen: int | None = None
    closing_fen: int | None = None
    by_kind: dict[str, int] = field(default_factory=dict)

    def watch(self, rows: Iterable[FlowRow]) -> Iterator[FlowRow]:
        """The same rows, added up."""
        sums = self.by_kind
        for row in rows:
            if self.closing_fen is None:
                self.opening_fen = row.balance_fen - row.amount_fen
            self.closing_fen = row.balance_fen
            sums[row.kind] = sums.get(row.kind, 0) + row.amount_fen
            yield row


def take_bills(day: date, trade: bytes | None, flow: bytes | None) -> bool:
    """Keep both bills of a day as they were fetched, None where the provider had nothing to bill.

    The same bytes again change nothing; other bytes replace the version before. Returns whether
    anything is new. Raises `BillMalformed`, and then neither is kept.
    """
    lock_day(day)
    taken = [_take("trade", "ALL", day, trade), _take("flow", "BASIC", day, flow)]
    if any(taken):
        db.session.execute(text("ANALYZE bill_trade, bill_flow"))
    return any(taken)


def lock_day(day: date) -> None:
    """One reconciliation of a day at a time; and time enough for it."""
    allow_bulk(MOST_MINUTES)
    db.session.execute(
        text("SELECT pg_advisory_xact_lock(hashtext('reconciliation'), :day)"), {"day": day.toordinal()}
    )


def _take(kind: str, account: str, day: date, content: bytes | None) -> bool:
    current = queries.find_current(kind, day)
    digest = None if content is None else sha1(content, usedforsecurity=False).hexdigest()
    if current is not None and current.sha1 == digest:
        return False
    now = clock.now()
    if current is not None:
        current.replaced_at = now
        db.session.flush()
        for rows in (BillTrade, BillFlow):
            db.session.execute(delete(rows).where(rows.bill_id == current.id))
    bill = Bill(
        kind=kind,
        day=day,
        account=account,
        version=1 if current is None else current.version + 1,
        sha1=digest,
        fetched_at=now,
        rows=0,
        announced={},
        counted={},
        fee_fen=0,
        withdrawn_fen=0,
    )
    db.session.add(bill)
    db.session.flush()
    if content is not None:
        _READERS[kind](bill, content)
    if kind == "flow":
        _post(bill)
    return True


def _read_trades(bill: Bill, content: bytes) -> None:
    read = pay_bills.trade_bill(content)
    bill.rows = copy_rows("bill_trade", ("bill_id", *TradeRow._fields), _of(bill, read))
    bill.announced, bill.counted = read.announced, read.counted


def _read_flows(bill: Bill, content: bytes) -> None:
    read, seen = pay_bills.fundflow_bill(content), _Movements()
    bill.rows = copy_rows("bill_flow", ("bill_id", *FlowRow._fields), _of(bill, seen.watch(read)))
    bill.announced, bill.counted = read.announced, read.counted
    bill.opening_fen, bill.closing_fen = seen.opening_fen, seen.closing_fen
    bill.fee_fen = -seen.by_kind.get(FEE, 0) - seen.by_kind.get(FEE_BACK, 0)
    bill.withdrawn_fen = -seen.by_kind.get(WITHDRAWAL, 0)


_READERS = {"trade": _read_trades, "flow": _read_flows}


def _of(bill: Bill, rows: Iterable[tuple[Any, ...]]) -> Iterator[tuple[Any, ...]]:
    """Rows with their bill's id before them."""
    head = (bill.id,)
    return (head + row for row in rows)


def _post(bill: Bill) -> None:
    """Bring the books to the day's fees and withdrawals; a newer version adds only what it changes."""
    booked = queries.booked_of_day(bill.day)
    fee_fen, withdrawn_fen = bill.fee_fen - booked.fee_fen, bill.withdrawn_fen - booked.withdrawn_fen
    wanted = (
        (chart.PROVIDER_FEE, fee_fen),
        (chart.PROVIDER_FEE_BACK, -fee_fen),
        (chart.MOVE_TO_BANK, withdrawn_fen),
    )
    ledger.post(Posting(kind, bill.id, PLATFORM, PLATFORM, fen) for kind, fen in wanted if fen > 0)
