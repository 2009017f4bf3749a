"""What offsets remember. The guards (legal edges, append-only, tiling) stand in migration 0004.

On the hot path nothing is updated: a paid order waits as a row of `paid_order`, settlement deletes it
and inserts facts with natural keys.
"""

from datetime import datetime

from sqlalchemy import (
    BigInteger,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    String,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.database import Base
from app.offsets.rules import OrderStatus, Stamps, order_status


def _moment(*, nullable: bool = False) -> "Mapped[datetime]":
    return mapped_column(DateTime(timezone=True), nullable=nullable)


class Due(Base):
    """Grams owed by someone for a purpose 待抵; the books hold how much still stands open.

    Recording a month's kind again is a correction: a new row, whose `change_g` is the difference to
    the row before it.
    """

    __tablename__ = "due"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    code: Mapped[str] = mapped_column(String(26), unique=True)
    holder_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("holder.id"), index=True)
    purpose: Mapped[str] = mapped_column(String(20))
    month: Mapped[str] = mapped_column(String(7))
    kind: Mapped[str] = mapped_column(String(40))
    emission_id: Mapped[int] = mapped_column(BigInteger, unique=True)
    due_g: Mapped[int] = mapped_column(BigInteger)
    change_g: Mapped[int] = mapped_column(BigInteger)
    opened_at: Mapped[datetime] = _moment()


class Order(Base):
    """A purchase 订单. Its terms never change; each edge it passes is one time stamp."""

    __tablename__ = "orders"
    __table_args__ = (
        Index(
            "ix_orders_open",
            "next_check_at",
            postgresql_where=text("paid_at IS NULL AND expired_at IS NULL"),
        ),
        Index("ix_orders_holder_id", "holder_id", "id"),
        {"postgresql_with": {"fillfactor": "80"}},
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    code: Mapped[str] = mapped_column(String(26), unique=True)
    holder_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("holder.id"))
    purpose: Mapped[str] = mapped_column(String(20))
    lot_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("lot.id"))
    quantity_kg: Mapped[int] = mapped_column(BigInteger)
    amount_fen: Mapped[int] = mapped_column(BigInteger)
    description: Mapped[str] = mapped_column(String(127))
    beneficiary: Mapped[str | None] = mapped_column(String(40))
    certificate_number: Mapped[str] = mapped_column(String(20), unique=True)
    reserved_at: Mapped[datetime] = _moment()
    expires_at: Mapped[datetime] = _moment()
    next_check_at: Mapped[datetime] = _moment()
    prepaid_at: Mapped[datetime | None] = _moment(nullable=True)
    paid_at: Mapped[datetime | None] = _moment(nullable=True)
    expired_at: Mapped[datetime | None] = _moment(nullable=True)
    refunding_at: Mapped[datetime | None] = _moment(nullable=True)
    refunded_at: Mapped[datetime | None] = _moment(nullable=True)

    def status(self, settled_at: datetime | None) -> OrderStatus:
        """Where it stands, given when it was settled (the retirement knows, not the order)."""
        return order_status(
            Stamps(self.paid_at, settled_at, self.expired_at, self.refunding_at, self.refunded_at)
        )


class Payment(Base):
    """A verified payment; one an order, one a provider's transaction."""

    __tablename__ = "payment"
    __table_args__ = (Index("ix_payment_paid_at", "paid_at", postgresql_using="brin"),)

    order_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    channel: Mapped[str] = mapped_column(String(20))
    transaction_id: Mapped[str] = mapped_column(String(64), unique=True)
    amount_fen: Mapped[int] = mapped_column(BigInteger)
    paid_at: Mapped[datetime] = _moment()
    recorded_at: Mapped[datetime] = _moment()


class PaymentDoubt(Base):
    """A verified word of payment that does not fit; never credited, kept until an operator explains it.

    The same word heard again is one row with its `sightings` counted. `held_fen` stands in the books'
    suspense account under this id; a transaction's money is held once.
    """

    __tablename__ = "payment_doubt"
    __table_args__ = (
        UniqueConstraint(
            "name",
            "order_code",
            "transaction_id",
            name="uq_payment_doubt_name",
            postgresql_nulls_not_distinct=True,
        ),
        Index("ix_payment_doubt_open", "id", postgresql_where=text("resolved_at IS NULL")),
        Index(
            "ix_payment_doubt_held",
            "transaction_id",
            unique=True,
            postgresql_where=text("held_fen IS NOT NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    name: Mapped[str] = mapped_column(String(20))
    expected: Mapped[str] = mapped_column(String(64))
    told: Mapped[str] = mapped_column(String(64))
    order_code: Mapped[str] = mapped_column(String(64))
    transaction_id: Mapped[str | None] = mapped_column(String(64))
    amount_fen: Mapped[int | None] = mapped_column(BigInteger)
    source: Mapped[str] = mapped_column(String(10))
    sightings: Mapped[int] = mapped_column(BigInteger)
    seen_at: Mapped[datetime] = _moment()
    last_seen_at: Mapped[datetime] = _moment()
    held_fen: Mapped[int | None] = mapped_column(BigInteger)
    resolved_at: Mapped[datetime | None] = _moment(nullable=True)
    resolved_by: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("operator.id"))
    explanation: Mapped[str | None] = mapped_column(String(500))


class PaidOrder(Base):
    """A paid order waiting for settlement: all that settlement needs, deleted when it is claimed."""

    __tablename__ = "paid_order"
    __table_args__ = (
        {"postgresql_with": {"autovacuum_vacuum_scale_factor": "0.01", "autovacuum_vacuum_threshold": "500"}},
    )

    lot_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    order_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    holder_id: Mapped[int] = mapped_column(BigInteger)
    quantity_kg: Mapped[int] = mapped_column(BigInteger)
    amount_fen: Mapped[int] = mapped_column(BigInteger)
    certificate_number: Mapped[str] = mapped_column(String(20))


class SettlementRun(Base):
    """One settlement 结算 of one lot: a contiguous run of serials that its retirements tile."""

    __tablename__ = "settlement_run"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    lot_id: Mapped[int] = mapped_column(BigInteger)
    issuance_id: Mapped[int] = mapped_column(BigInteger)
    block_id: Mapped[int] = mapped_column(BigInteger, unique=True)
    first_serial: Mapped[int] = mapped_column(BigInteger)
    last_serial: Mapped[int] = mapped_column(BigInteger)
    orders: Mapped[int] = mapped_column(Integer)
    settled_at: Mapped[datetime] = _moment()


class Retirement(Base):
    """Units used up for one order 注销, once and for ever."""

    __tablename__ = "retirement"

    order_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    run_id: Mapped[int] = mapped_column(BigInteger)
    first_serial: Mapped[int] = mapped_column(BigInteger, unique=True)
    last_serial: Mapped[int] = mapped_column(BigInteger, unique=True)
    due_g: Mapped[int] = mapped_column(BigInteger)
    carry_g: Mapped[int] = mapped_column(BigInteger)
    settled_at: Mapped[datetime] = _moment()


class Certificate(Base):
    """The number under which anyone can check a retirement: its order's, unique there."""

    __tablename__ = "certificate"

    order_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    number: Mapped[str] = mapped_column(String(20))
    issued_at: Mapped[datetime] = _moment()


class Refund(Base):
    """Money on its way back 退款; `code` is the number the provider knows it by."""

    __tablename__ = "refund"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    code: Mapped[str] = mapped_column(String(26), unique=True)
    order_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("orders.id"), unique=True)
    amount_fen: Mapped[int] = mapped_column(BigInteger)
    reason: Mapped[str] = mapped_column(String(40))
    opened_at: Mapped[datetime] = _moment()
    provider_id: Mapped[str | None] = mapped_column(String(64), index=True)
    accepted_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True), index=True)
    succeeded_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True), index=True)
    abnormal_at: Mapped[datetime | None] = _moment(nullable=True)
