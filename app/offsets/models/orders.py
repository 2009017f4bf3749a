"""Dues, orders and what settlement makes of them. The guards stand in migrations 0004 and 0027.

On the hot path nothing is updated: a paid order waits as a row of `paid_order`, settlement deletes it
and inserts facts with natural keys.
"""

from datetime import datetime

from sqlalchemy import (
    BigInteger,
    Boolean,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    String,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.database import Base
from app.offsets.rules import OrderStatus, Stamps, order_status


def _moment(*, nullable: bool = False) -> "Mapped[datetime]":
    return mapped_column(DateTime(timezone=True), nullable=nullable)


_OPEN = "paid_at IS NULL AND expired_at IS NULL"


class Due(Base):
    """Grams owed by someone for a purpose 待抵; the books hold how much still stands open.

    A person's is of a month and a kind of emission; recording it again is a correction: a new row, whose
    `change_g` is the difference to the row before it. A cause's (an event's, a case's …) says by its
    `reason` why it stands at `due_g` in all from now on.
    """

    __tablename__ = "due"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    code: Mapped[str] = mapped_column(String(26), unique=True)
    holder_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("holder.id"), index=True)
    purpose: Mapped[str] = mapped_column(String(20))
    month: Mapped[str | None] = mapped_column(String(7))
    kind: Mapped[str | None] = mapped_column(String(40))
    emission_id: Mapped[int | None] = mapped_column(BigInteger, unique=True)
    reason: Mapped[str | None] = mapped_column(String(40))
    due_g: Mapped[int] = mapped_column(BigInteger)
    change_g: Mapped[int] = mapped_column(BigInteger)
    opened_at: Mapped[datetime] = _moment()


class Order(Base):
    """A purchase 订单. Its terms never change; each edge it passes is one time stamp.

    `holder_id` pays; what is bought closes the due of the cause, or else the payer's own.
    """

    __tablename__ = "orders"
    __table_args__ = (
        Index(
            "ix_orders_open",
            "next_check_at",
            postgresql_where=text(_OPEN),
        ),
        Index("ix_orders_unpaid", "holder_id", postgresql_where=text(_OPEN)),
        Index("ix_orders_holder_id", "holder_id", "id"),
        Index("ix_orders_kept", "id", postgresql_where=text("kept AND paid_at IS NOT NULL")),
        Index("ix_orders_cause_id", "cause_id", "id", postgresql_where=text("cause_id IS NOT NULL")),
        {"postgresql_with": {"fillfactor": "80"}},
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    code: Mapped[str] = mapped_column(String(26), unique=True)
    holder_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("holder.id"))
    purpose: Mapped[str] = mapped_column(String(20))
    cause_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("cause.holder_id"))
    channel: Mapped[str] = mapped_column(String(10), default="wechat")
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
    kept: Mapped[bool] = mapped_column(Boolean, server_default="false")

    def status(self, settled_at: datetime | None) -> OrderStatus:
        """Where it stands, given when it was settled (the retirement knows, not the order)."""
        return order_status(
            Stamps(self.paid_at, settled_at, self.expired_at, self.refunding_at, self.refunded_at)
        )


class Delivery(Base):
    """Units bought to be held 持有: handed over to the buyer for one order, once; never with a retirement."""

    __tablename__ = "delivery"

    order_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("orders.id"), primary_key=True, autoincrement=False
    )
    act_id: Mapped[int] = mapped_column(BigInteger, unique=True)
    issuance_id: Mapped[int] = mapped_column(BigInteger)
    first_serial: Mapped[int] = mapped_column(BigInteger)
    last_serial: Mapped[int] = mapped_column(BigInteger)
    settled_at: Mapped[datetime] = _moment()


class OrderWish(Base):
    """An order that answers its buyer's own wish; `told_at` is when its outcome was counted there."""

    __tablename__ = "order_wish"
    __table_args__ = (Index("ix_order_wish_untold", "order_id", postgresql_where=text("told_at IS NULL")),)

    order_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("orders.id"), primary_key=True, autoincrement=False
    )
    wish_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("wish.id"), index=True)
    told_at: Mapped[datetime | None] = _moment(nullable=True)


class PaidOrder(Base):
    """A paid order waiting for settlement: all that settlement needs, deleted when it is claimed.

    `holder_id` is whose due it closes: the order's cause, or else its payer.
    """

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
    settled_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), index=True)


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
