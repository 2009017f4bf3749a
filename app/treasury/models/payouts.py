"""Monthly runs and their payouts 付款. The guards (frozen terms, legal edges) stand in migration 0011."""

from datetime import datetime

from sqlalchemy import (
    BigInteger,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    LargeBinary,
    SmallInteger,
    String,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.database import Base
from app.treasury.rules.payouts import PayoutStamps, RunStamps


def _moment(*, nullable: bool = False) -> "Mapped[datetime]":
    return mapped_column(DateTime(timezone=True), nullable=nullable)


class PayoutRun(Base):
    """What is paid out for one month; round 1 is the month's own, later ones pay what came back.

    `prepared_by` is None when the sweeper prepared it. The file is kept sealed, so that taking it again
    gives the same bytes whatever the code has become.
    """

    __tablename__ = "payout_run"
    __table_args__ = (UniqueConstraint("month", "round"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    month: Mapped[str] = mapped_column(String(7))
    round: Mapped[int] = mapped_column(SmallInteger)
    minimum_fen: Mapped[int] = mapped_column(BigInteger)
    prepared_by: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("operator.id"))
    prepared_at: Mapped[datetime] = _moment()
    approved_by: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("operator.id"))
    approved_at: Mapped[datetime | None] = _moment(nullable=True)
    withdrawn_by: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("operator.id"))
    withdrawn_at: Mapped[datetime | None] = _moment(nullable=True)
    exported_by: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("operator.id"))
    exported_at: Mapped[datetime | None] = _moment(nullable=True)
    file_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    file_sha256: Mapped[str | None] = mapped_column(String(64))

    @property
    def stamps(self) -> RunStamps:
        """The time of each edge it has passed."""
        return RunStamps(self.approved_at, self.exported_at, self.withdrawn_at)

    @property
    def code(self) -> str:
        """How people and the audit log name it: `2026-11-1`."""
        return f"{self.month}-{self.round}"


class Payout(Base):
    """One transfer to one holder; `number` is what the bank and its result know it by.

    That it failed or came back is reported by one operator and true when another has confirmed it.
    """

    __tablename__ = "payout"
    __table_args__ = (
        UniqueConstraint("run_id", "holder_id", "source"),
        Index("ix_payout_holder_id", "holder_id", "id"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    number: Mapped[str] = mapped_column(String(20), unique=True)
    run_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("payout_run.id"))
    holder_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("holder.id"))
    source: Mapped[str] = mapped_column(String(10))
    amount_fen: Mapped[int] = mapped_column(BigInteger)
    payee_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("payee_account.id"))
    exported_at: Mapped[datetime | None] = _moment(nullable=True)
    paid_at: Mapped[datetime | None] = _moment(nullable=True)
    failed_at: Mapped[datetime | None] = _moment(nullable=True)
    returned_at: Mapped[datetime | None] = _moment(nullable=True)
    bank_reference: Mapped[str | None] = mapped_column(String(64))
    reported: Mapped[str | None] = mapped_column(String(10))
    reported_by: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("operator.id"))
    reported_at: Mapped[datetime | None] = _moment(nullable=True)
    reason: Mapped[str | None] = mapped_column(String(100))
    confirmed_by: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("operator.id"))

    @property
    def waits(self) -> bool:
        """Whether a report on it waits for a second operator."""
        return self.reported_at is not None and self.confirmed_by is None

    @property
    def stamps(self) -> PayoutStamps:
        """The time of each edge it has passed by itself."""
        return PayoutStamps(self.exported_at, self.paid_at, self.failed_at, self.returned_at)


class PayoutSkip(Base):
    """Somebody who is owed money that a run does not pay, and why. Never changes."""

    __tablename__ = "payout_skip"
    __table_args__ = (Index("ix_payout_skip_holder_id", "holder_id"),)

    run_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("payout_run.id"), primary_key=True)
    holder_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("holder.id"), primary_key=True)
    source: Mapped[str] = mapped_column(String(10), primary_key=True)
    amount_fen: Mapped[int] = mapped_column(BigInteger)
    reason: Mapped[str] = mapped_column(String(20))
