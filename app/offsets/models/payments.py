"""Payments, doubts, refunds, bank transfers, deliveries reported. Guards: migrations 0004 and 0010."""

from datetime import date, datetime

from sqlalchemy import (
    BigInteger,
    Date,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    String,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.database import Base
from app.offsets.rules import RefundStamps, RefundStatus, refund_status


def _moment(*, nullable: bool = False) -> "Mapped[datetime]":
    return mapped_column(DateTime(timezone=True), nullable=nullable)


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


class Refund(Base):
    """Money on its way back 退款; `code` is the number the provider knows it by.

    It claims a part of what was paid for an order or held as a doubt. By hand it is requested by one
    operator and opened by another; what cannot go back the way it came is replaced by a refund that
    does. `unknown_at` is when the provider was last asked and knew no such refund. Terms, edges and the
    bound on all claims of a payment are guarded in migration 0010.
    """

    __tablename__ = "refund"
    __table_args__ = (
        Index(
            "uq_refund_replaces_id", "replaces_id", unique=True, postgresql_where=text("declined_at IS NULL")
        ),
        Index(
            "ix_refund_unfinished",
            "id",
            postgresql_where=text("succeeded_at IS NULL OR doubled_at IS NOT NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    code: Mapped[str] = mapped_column(String(26), unique=True)
    order_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("orders.id"), index=True)
    doubt_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("payment_doubt.id"), index=True)
    trade_code: Mapped[str] = mapped_column(String(64))
    amount_fen: Mapped[int] = mapped_column(BigInteger)
    total_fen: Mapped[int] = mapped_column(BigInteger)
    source: Mapped[str] = mapped_column(String(10))
    channel: Mapped[str] = mapped_column(String(10))
    reason: Mapped[str] = mapped_column(String(40))
    note: Mapped[str | None] = mapped_column(String(200))
    bank_reference: Mapped[str | None] = mapped_column(String(64), unique=True)
    replaces_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("refund.id"))
    requested_by: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("operator.id"))
    requested_at: Mapped[datetime | None] = _moment(nullable=True)
    approved_by: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("operator.id"))
    opened_at: Mapped[datetime | None] = _moment(nullable=True)
    declined_by: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("operator.id"))
    declined_at: Mapped[datetime | None] = _moment(nullable=True)
    provider_id: Mapped[str | None] = mapped_column(String(64), index=True)
    refusal: Mapped[str | None] = mapped_column(String(64))
    unknown_at: Mapped[datetime | None] = _moment(nullable=True)
    accepted_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True), index=True)
    succeeded_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True), index=True)
    abnormal_at: Mapped[datetime | None] = _moment(nullable=True)
    closed_at: Mapped[datetime | None] = _moment(nullable=True)
    doubled_at: Mapped[datetime | None] = _moment(nullable=True)

    def status(self) -> RefundStatus:
        """Where it stands."""
        stamps = ("declined_at", "opened_at", "accepted_at", "abnormal_at", "closed_at", "succeeded_at")
        return refund_status(RefundStamps(*(getattr(self, name) for name in stamps)))


class Transfer(Base):
    """How an order of the offline channel is paid 对公转账; the link's secret lets its buyer see it."""

    __tablename__ = "transfer"

    order_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("orders.id"), primary_key=True)
    remittance_code: Mapped[str] = mapped_column(String(12), unique=True)
    link_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    link_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    placed_by: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("operator.id"))


class TransferProof(Base):
    """A picture or PDF that somebody sent as proof of a transfer, sealed; `uploaded_by` None is the buyer."""

    __tablename__ = "transfer_proof"
    __table_args__ = (UniqueConstraint("order_id", "sha256"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    order_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("transfer.order_id"))
    media: Mapped[str] = mapped_column(String(4))
    sha256: Mapped[bytes] = mapped_column(LargeBinary)
    size_bytes: Mapped[int] = mapped_column(Integer)
    content_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    uploaded_by: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("operator.id"))
    uploaded_at: Mapped[datetime] = _moment()


class TransferConfirmation(Base):
    """What one operator has read on the bank's statement; two that agree are a payment or a doubt.

    `agreed_at` is when; from then on a reading is kept as it is (migration 0010).
    """

    __tablename__ = "transfer_confirmation"
    __table_args__ = (
        Index(
            "uq_transfer_confirmation_open",
            "order_id",
            "operator_id",
            unique=True,
            postgresql_where=text("agreed_at IS NULL"),
        ),
    )

    order_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("transfer.order_id"), primary_key=True)
    operator_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("operator.id"), primary_key=True)
    bank_reference: Mapped[str] = mapped_column(String(58), primary_key=True, index=True)
    amount_fen: Mapped[int] = mapped_column(BigInteger)
    received_on: Mapped[date] = mapped_column(Date)
    confirmed_at: Mapped[datetime] = _moment()
    agreed_at: Mapped[datetime | None] = _moment(nullable=True)


class ShippingRun(Base):
    """A settlement run whose orders were listed for reporting."""

    __tablename__ = "shipping_run"

    run_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)


class Shipping(Base):
    """A settled order that WeChat has to be told of as delivered 发货信息, or was."""

    __tablename__ = "shipping"
    __table_args__ = (Index("ix_shipping_waiting", "next_at", postgresql_where=text("uploaded_at IS NULL")),)

    order_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    next_at: Mapped[datetime] = _moment()
    attempts: Mapped[int] = mapped_column(Integer)
    refusal: Mapped[str | None] = mapped_column(String(64))
    uploaded_at: Mapped[datetime | None] = _moment(nullable=True)
