"""The provider's bills as they were fetched, and what did not match on them.

Rows belong to the newest version of a bill; a version that was replaced keeps its head. A break's
edges (who explains, who confirms) are guarded in migration 0009.
"""

from datetime import date, datetime

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Date,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    String,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.database import Base

UNSETTLED = "resolved_at IS NULL AND (explained_at IS NULL OR carries_money AND confirmed_at IS NULL)"
"""What keeps a day open: a break that is neither gone nor explained, by two people where money differs."""


def _moment(*, nullable: bool = False) -> "Mapped[datetime]":
    return mapped_column(DateTime(timezone=True), nullable=nullable)


class Bill(Base):
    """One version of one bill 对账单 of one day; without a hash where the provider had nothing to bill."""

    __tablename__ = "bill"
    __table_args__ = (
        UniqueConstraint("kind", "day", "account", "version"),
        Index(
            "uq_bill_current",
            "kind",
            "day",
            "account",
            unique=True,
            postgresql_where=text("replaced_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    kind: Mapped[str] = mapped_column(String(8))
    day: Mapped[date] = mapped_column(Date)
    account: Mapped[str] = mapped_column(String(10))
    version: Mapped[int] = mapped_column(Integer)
    sha1: Mapped[str | None] = mapped_column(String(40))
    fetched_at: Mapped[datetime] = _moment()
    replaced_at: Mapped[datetime | None] = _moment(nullable=True)
    rows: Mapped[int] = mapped_column(BigInteger)
    announced: Mapped[dict[str, int]] = mapped_column(JSONB)
    counted: Mapped[dict[str, int]] = mapped_column(JSONB)
    opening_fen: Mapped[int | None] = mapped_column(BigInteger)
    closing_fen: Mapped[int | None] = mapped_column(BigInteger)
    fee_fen: Mapped[int] = mapped_column(BigInteger)
    withdrawn_fen: Mapped[int] = mapped_column(BigInteger)


class BillTrade(Base):
    """A payment or a refund on a trade bill 交易账单."""

    __tablename__ = "bill_trade"
    __table_args__ = (
        Index("ix_bill_trade_transaction_id", "transaction_id"),
        Index("ix_bill_trade_refund_code", "refund_code", postgresql_where=text("refund_code IS NOT NULL")),
        Index("ix_bill_trade_refund_id", "refund_id", postgresql_where=text("refund_id IS NOT NULL")),
    )

    bill_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    line: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    at: Mapped[datetime] = _moment()
    appid: Mapped[str] = mapped_column(String(64))
    mchid: Mapped[str] = mapped_column(String(64))
    transaction_id: Mapped[str] = mapped_column(String(64))
    order_code: Mapped[str] = mapped_column(String(64))
    state: Mapped[str] = mapped_column(String(32))
    currency: Mapped[str] = mapped_column(String(16))
    settled_fen: Mapped[int] = mapped_column(BigInteger)
    order_fen: Mapped[int] = mapped_column(BigInteger)
    refund_id: Mapped[str | None] = mapped_column(String(64))
    refund_code: Mapped[str | None] = mapped_column(String(64))
    refund_fen: Mapped[int] = mapped_column(BigInteger)
    refund_state: Mapped[str | None] = mapped_column(String(32))
    fee_millifen: Mapped[int] = mapped_column(BigInteger)
    rate_ppm: Mapped[int] = mapped_column(Integer)


class BillFlow(Base):
    """A movement of the merchant's account on a fund-flow bill 资金账单; negative where money left."""

    __tablename__ = "bill_flow"
    __table_args__ = (Index("ix_bill_flow_number", "number"),)

    bill_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    line: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    at: Mapped[datetime] = _moment()
    number: Mapped[str] = mapped_column(String(64))
    flow_number: Mapped[str] = mapped_column(String(64))
    kind: Mapped[str] = mapped_column(String(32))
    amount_fen: Mapped[int] = mapped_column(BigInteger)
    balance_fen: Mapped[int] = mapped_column(BigInteger)


class Reconciliation(Base):
    """A day that was matched 对账日, and what stood in the way when it could not be."""

    __tablename__ = "reconciliation"

    day: Mapped[date] = mapped_column(Date, primary_key=True)
    looked_at: Mapped[datetime] = _moment()
    matched_at: Mapped[datetime | None] = _moment(nullable=True)
    subjects: Mapped[int] = mapped_column(BigInteger)
    broken: Mapped[int] = mapped_column(BigInteger)
    trouble: Mapped[str | None] = mapped_column(String(200))


class BillBreak(Base):
    """A difference 差错 between the bill, our records and the books, until it is gone or explained."""

    __tablename__ = "bill_break"
    __table_args__ = (
        UniqueConstraint("day", "kind", "key"),
        Index("ix_bill_break_unsettled", "day", postgresql_where=text(UNSETTLED)),
        CheckConstraint(
            "(explained_at IS NULL) = (explained_by IS NULL)"
            " AND (explained_at IS NULL) = (explanation IS NULL)",
            name="explained",
        ),
        CheckConstraint(
            "(confirmed_at IS NULL) = (confirmed_by IS NULL)"
            " AND (confirmed_at IS NULL OR explained_at IS NOT NULL)",
            name="confirmed",
        ),
        CheckConstraint("confirmed_by <> explained_by", name="four_eyes"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    day: Mapped[date] = mapped_column(Date, ForeignKey("reconciliation.day"))
    kind: Mapped[str] = mapped_column(String(30))
    key: Mapped[str] = mapped_column(String(64))
    order_code: Mapped[str | None] = mapped_column(String(64))
    ours_fen: Mapped[int | None] = mapped_column(BigInteger)
    theirs_fen: Mapped[int | None] = mapped_column(BigInteger)
    ours: Mapped[str | None] = mapped_column(String(80))
    theirs: Mapped[str | None] = mapped_column(String(80))
    difference_fen: Mapped[int] = mapped_column(BigInteger)
    carries_money: Mapped[bool]
    found_at: Mapped[datetime] = _moment()
    resolved_at: Mapped[datetime | None] = _moment(nullable=True)
    explanation: Mapped[str | None] = mapped_column(String(500))
    explained_at: Mapped[datetime | None] = _moment(nullable=True)
    explained_by: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("operator.id"))
    confirmed_at: Mapped[datetime | None] = _moment(nullable=True)
    confirmed_by: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("operator.id"))
