"""Statements 对账单 as their holder sees them: kilograms to fen, and nothing of any buyer."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from sqlalchemy import select, text

from app.accounts import chart
from app.accounts import queries as accounts
from app.accounts.queries.payables import (
    PAYABLE_OUT,
    RETURNS,
    REWARDS,
    SALES,
    codes_of,
    payable_legs_from,
    postings_from,
)
from app.kit.database import db
from app.offsets.queries import sales_from
from app.registry import queries as registry
from app.registry.rules import Terms
from app.treasury.errors import StatementUnknown
from app.treasury.models import Payout, PayoutSkip, Statement, StatementLot, StatementReward
from app.treasury.queries.payouts import Arrival, find_skip, list_arrivals
from app.treasury.rules.payouts import month_bounds

CHUNK = 1000
"""Lines that are read at once when all are wanted."""


@dataclass(frozen=True)
class LotPart:
    """One lot's sales of the month, its terms and whose forest it is."""

    sold: StatementLot
    lot_code: str
    terms: Terms
    forest: registry.CertificateFacts

    @property
    def share_fen(self) -> int:
        """The holder's part of the price."""
        return self.sold.seller_fen + self.sold.village_fen


@dataclass(frozen=True)
class RewardPart:
    """What one sponsor's fund paid in the month."""

    fund_id: int
    payments: int
    amount_fen: int


@dataclass(frozen=True)
class Transferred:
    """Money that left the payable account in the month, or came back to it."""

    number: str
    change_fen: int
    posted_at: datetime


@dataclass(frozen=True)
class StatementFacts:
    """A statement with everything on its page except its lines."""

    statement: Statement
    holder_name: str
    holder_kind: str
    lots: tuple[LotPart, ...]
    rewards: tuple[RewardPart, ...]
    transfers: tuple[Transferred, ...]
    arrivals: tuple[Arrival, ...]
    skip: PayoutSkip | None

    @property
    def quantity_kg(self) -> int:
        """Kilograms sold in the month."""
        return sum(part.sold.quantity_kg for part in self.lots)

    @property
    def orders(self) -> int:
        """Orders settled in the month."""
        return sum(part.sold.orders for part in self.lots)

    @property
    def rewards_fen(self) -> int:
        """The part of the month's income that sponsors paid for what was given for points."""
        return sum(part.amount_fen for part in self.rewards)

    @property
    def sales_fen(self) -> int:
        """The part of the month's income that buyers paid."""
        return self.statement.income_fen - self.rewards_fen


@dataclass(frozen=True)
class Line:
    """One settled order: when, which kilograms, for how much, and the holder's part by the lot's terms."""

    entry_id: int
    lot_id: int
    posted_at: datetime
    serial: str
    quantity_kg: int
    price_fen: int
    seller_fen: int
    village_fen: int


@dataclass(frozen=True)
class RewardLine:
    """One payment from a sponsor's fund; nothing of who had the points."""

    entry_id: int
    fund_id: int
    reference: int
    posted_at: datetime
    amount_fen: int


_Either = TypeVar("_Either", Line, RewardLine)


def get_statement(code: str) -> StatementFacts:
    """The statement with this code. Raises `StatementUnknown`."""
    found = None
    if code.isascii() and code.isalnum():
        found = db.session.scalar(select(Statement).where(Statement.code == code))
    if found is None:
        raise StatementUnknown()
    holder = accounts.list_holders([found.holder_id])[found.holder_id]
    return StatementFacts(
        found,
        holder.name or "",
        holder.kind,
        tuple(_lots(found)),
        tuple(_rewards(found)),
        tuple(_transfers(found)),
        tuple(list_arrivals(found.holder_id, found.month)),
        find_skip(found.holder_id, found.month),
    )


def _lots(statement: Statement) -> list[LotPart]:
    sold = db.session.scalars(
        select(StatementLot).where(StatementLot.statement_id == statement.id).order_by(StatementLot.lot_id)
    ).all()
    facts = registry.list_lot_facts(each.lot_id for each in sold)
    forests = {
        issuance_id: registry.certificate_facts(issuance_id)
        for issuance_id in {lot.issuance_id for lot in facts.values()}
    }
    return [
        LotPart(each, lot.code, lot.terms, forests[lot.issuance_id])
        for each in sold
        for lot in (facts[each.lot_id],)
    ]


def _rewards(statement: Statement) -> list[RewardPart]:
    paid = db.session.scalars(
        select(StatementReward)
        .where(StatementReward.statement_id == statement.id)
        .order_by(StatementReward.fund_id)
    ).all()
    return [RewardPart(each.fund_id, each.payments, each.amount_fen) for each in paid]


_TRANSFERS = text(
    f"SELECT id, reference, change, posted_at FROM {payable_legs_from()} leg"
    f" WHERE account_id = :account AND kind IN ({codes_of(*PAYABLE_OUT, *RETURNS)})"
    " AND posted_at >= :start AND posted_at < :after ORDER BY id"
)


def _transfers(statement: Statement) -> list[Transferred]:
    start, after = month_bounds(statement.month)
    account = chart.PAYABLE.of(statement.holder_id)
    rows = db.session.execute(_TRANSFERS, {"account": account, "start": start, "after": after}).all()
    wanted = select(Payout.id, Payout.number).where(Payout.id.in_({row.reference for row in rows}))
    numbers = {row.id: row.number for row in db.session.execute(wanted)}
    return [Transferred(numbers[row.reference], row.change, row.posted_at) for row in rows]


# An order that pays its seller and its village into the same books is one line: the later of its two
# entries carries it.
_LINES = text(
    "SELECT entry_id, lot_id, issuance_id, posted_at, first_serial, last_serial, quantity_kg, amount_fen,"
    " seller, village FROM ("
    "  SELECT reference AS order_id, max(id) AS entry_id, max(posted_at) AS posted_at,"
    f"  coalesce(sum(amount) FILTER (WHERE kind = {chart.CREDIT_SELLER.code}), 0)::bigint AS seller,"
    f"  coalesce(sum(amount) FILTER (WHERE kind = {chart.CREDIT_VILLAGE.code}), 0)::bigint AS village"
    f"  FROM {postings_from(*SALES)} entry"
    "   WHERE target = :account AND target % 100 < 90 AND id BETWEEN :first AND :last"
    "     AND posted_at >= :start AND posted_at < :until"
    "   GROUP BY reference) share"
    f" JOIN {sales_from()} sale USING (order_id)"
    " WHERE entry_id > :after ORDER BY entry_id LIMIT :limit"
)


def list_lines(facts: StatementFacts, limit: int, after: int | None = None) -> list[Line]:
    """A statement's lines, the oldest first; `after` is a line's entry."""
    values = _within(facts.statement, limit, after)
    forests = {part.forest.issuance_id: part.forest for part in facts.lots}
    return [
        Line(
            row.entry_id,
            row.lot_id,
            row.posted_at,
            forests[row.issuance_id].serial_text(row.first_serial, row.last_serial),
            row.quantity_kg,
            row.amount_fen,
            row.seller,
            row.village,
        )
        for row in db.session.execute(_LINES, values)
    ]


def _within(statement: Statement, limit: int, after: int | None) -> dict[str, object]:
    start, until = month_bounds(statement.month)
    return {
        "account": chart.PAYABLE.of(statement.holder_id),
        "first": statement.first_entry,
        "last": statement.last_entry,
        "start": start,
        "until": until,
        "after": after or 0,
        "limit": limit,
    }


_REWARD_LINES = text(
    f"SELECT id, source / {chart.CODES}, reference, posted_at, amount FROM {postings_from(*REWARDS)} entry"
    f" WHERE target = :account AND target % {chart.CODES} < {chart.BOUNDARY}"
    "   AND id BETWEEN :first AND :last AND id > :after"
    "   AND posted_at >= :start AND posted_at < :until ORDER BY id LIMIT :limit"
)


def list_reward_lines(facts: StatementFacts, limit: int, after: int | None = None) -> list[RewardLine]:
    """What sponsors' funds paid in the month, one by one, the oldest first; `after` is a line's entry."""
    rows = db.session.execute(_REWARD_LINES, _within(facts.statement, limit, after))
    return [RewardLine(*row) for row in rows]


def all_reward_lines(facts: StatementFacts) -> Iterator[RewardLine]:
    """Every payment from sponsors' funds, read in chunks."""
    return _chunks(list_reward_lines, facts)


def all_lines(facts: StatementFacts) -> Iterator[Line]:
    """Every line of a statement, read in chunks."""
    return _chunks(list_lines, facts)


def _chunks(
    list_some: Callable[[StatementFacts, int, int], list[_Either]], facts: StatementFacts
) -> Iterator[_Either]:
    after = 0
    while lines := list_some(facts, CHUNK, after):
        yield from lines
        after = lines[-1].entry_id
