"""Handovers 移交 of units, as giver and as receiver. The guards stand in migration 0020."""

from datetime import datetime

from sqlalchemy import BigInteger, DateTime, ForeignKey, Identity, Index, String, Text
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.database import Base
from app.registry.rules.handovers import Given, Taken, given_status, taken_status


class Handover(Base):
    """Units that we give: a block locked under a number, and the letters about it.

    Executed in one transaction: the acceptance recorded, the block cancelled, the deed signed.
    """

    __tablename__ = "handover"
    __table_args__ = (
        Index(
            "uq_handover_open",
            "block_id",
            unique=True,
            postgresql_where=sql("withdrawn_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    number: Mapped[str] = mapped_column(String(26), unique=True)
    programme_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("programme.id"))
    block_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("block.id"))
    holder_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("holder.id"))
    quantity_kg: Mapped[int] = mapped_column(BigInteger)
    serial: Mapped[str] = mapped_column(String(200))
    recipient: Mapped[str] = mapped_column(String(40))
    note: Mapped[str] = mapped_column(String(200))
    requested_by: Mapped[int] = mapped_column(BigInteger, ForeignKey("operator.id"))
    requested_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    approved_by: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("operator.id"))
    offered_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    expires_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    offer: Mapped[str | None] = mapped_column(Text)
    refusal: Mapped[str | None] = mapped_column(Text)
    acceptance: Mapped[str | None] = mapped_column(Text)
    deed: Mapped[str | None] = mapped_column(Text)
    executed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    withdrawal: Mapped[str | None] = mapped_column(Text)
    withdrawn_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))

    @property
    def status(self) -> Given:
        """Where it stands."""
        return given_status(self.offered_at, self.executed_at, self.withdrawn_at)


class HandoverReceipt(Base):
    """Units that we are given: the letters about them, and the origin they become once accepted.

    Whoever brought the offer, one operator proposes to accept it and another accepts.
    """

    __tablename__ = "handover_receipt"
    __table_args__ = (Index("uq_handover_receipt_giver_number", "giver", "number", unique=True),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    number: Mapped[str] = mapped_column(String(26))
    giver: Mapped[str] = mapped_column(String(12))
    quantity_kg: Mapped[int] = mapped_column(BigInteger)
    serial: Mapped[str] = mapped_column(String(200))
    recipient: Mapped[str] = mapped_column(String(40))
    offer: Mapped[str] = mapped_column(Text)
    expires_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    imported_by: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("operator.id"))
    imported_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    origin_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("origin.id"), unique=True)
    proposed_by: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("operator.id"))
    proposed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    accepted_by: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("operator.id"))
    accepted_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    acceptance: Mapped[str | None] = mapped_column(Text)
    deed: Mapped[str | None] = mapped_column(Text)
    completed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    refusal: Mapped[str | None] = mapped_column(Text)
    withdrawal: Mapped[str | None] = mapped_column(Text)
    closed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))

    @property
    def status(self) -> Taken:
        """Where it stands."""
        return taken_status(self.accepted_at, self.completed_at, self.closed_at)
