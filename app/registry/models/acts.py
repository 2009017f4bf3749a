"""What is done with blocks outside settlement. CHECKs and guards stand in migration 0016."""

from datetime import datetime

from sqlalchemy import BigInteger, DateTime, ForeignKey, Identity, Index, Integer, String
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.database import Base
from app.registry.rules import Serials


class BlockAct(Base):
    """One act on a run of serials: from whom and which state to whom and which. Never changes.

    Neither `by_holder_id` nor `operator_id` means that it happened by itself, when its time was over.
    `reference` is the code of what it belongs to: a hold, a lot, a retirement, a mandate.
    """

    __tablename__ = "block_act"
    __table_args__ = (
        Index(
            "ix_block_act_serials",
            sql("int8range(first_serial, last_serial, '[]')"),
            postgresql_using="gist",
        ),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    act: Mapped[str] = mapped_column(String(10))
    issuance_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("issuance.id"))
    first_serial: Mapped[int] = mapped_column(BigInteger)
    last_serial: Mapped[int] = mapped_column(BigInteger)
    from_holder_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("holder.id"))
    to_holder_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("holder.id"))
    state_before: Mapped[str] = mapped_column(String(10))
    state_after: Mapped[str] = mapped_column(String(10))
    by_holder_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("holder.id"))
    operator_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("operator.id"))
    reference: Mapped[str | None] = mapped_column(String(40))
    reason: Mapped[str | None] = mapped_column(String(20))
    acted_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class Hold(Base):
    """Why a reserved or pledged block waits, for whom and until when; exactly one open hold a block.

    `other_holder_id` is the pledgee, or whoever redeemed a gift. The code of a gift is the gift: who
    has it may redeem it, so it is shown to nobody but the giver.
    """

    __tablename__ = "hold"
    __table_args__ = (
        Index("ix_hold_holder_id", "holder_id", "id"),
        Index("ix_hold_other_holder_id", "other_holder_id", "id"),
        Index("ix_hold_until", "until", postgresql_where=sql("ended_at IS NULL")),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    code: Mapped[str] = mapped_column(String(26), unique=True)
    kind: Mapped[str] = mapped_column(String(10))
    holder_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("holder.id"))
    other_holder_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("holder.id"))
    issuance_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("issuance.id"))
    first_serial: Mapped[int] = mapped_column(BigInteger)
    last_serial: Mapped[int] = mapped_column(BigInteger)
    purpose: Mapped[str | None] = mapped_column(String(200))
    until: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    opened_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    ended_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    ended_as: Mapped[str | None] = mapped_column(String(10))

    @property
    def serials(self) -> Serials:
        """Its serials, numbered through over all issuances."""
        return Serials(self.first_serial, self.last_serial)


class OwnRetirement(Base):
    """Units that a holder retired of their own, outside orders. Only the shown name can go again.

    `due_g` is the part that closed the holder's own due.
    """

    __tablename__ = "own_retirement"
    __table_args__ = (Index("ix_own_retirement_holder_id", "holder_id", "id"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    number: Mapped[str] = mapped_column(String(20), unique=True)
    holder_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("holder.id"))
    issuance_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("issuance.id"))
    first_serial: Mapped[int] = mapped_column(BigInteger, unique=True)
    last_serial: Mapped[int] = mapped_column(BigInteger, unique=True)
    purpose: Mapped[str] = mapped_column(String(20))
    beneficiary: Mapped[str | None] = mapped_column(String(40))
    due_g: Mapped[int] = mapped_column(BigInteger)
    retired_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class Mandate(Base):
    """What an operator wants done with blocks 指令; a second one approves, and it is done at that moment.

    A reversal keeps how much of it unsold units and the buffer pool made good; the rest is owed. An offer
    has the terms of the lot that its approval opens; they stand from the request on.
    """

    __tablename__ = "mandate"
    __table_args__ = (
        Index("ix_mandate_open", "id", postgresql_where=sql("approved_at IS NULL AND declined_at IS NULL")),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    code: Mapped[str] = mapped_column(String(26), unique=True)
    kind: Mapped[str] = mapped_column(String(12))
    issuance_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("issuance.id"))
    first_serial: Mapped[int] = mapped_column(BigInteger)
    last_serial: Mapped[int] = mapped_column(BigInteger)
    quantity_kg: Mapped[int] = mapped_column(BigInteger)
    holder_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("holder.id"))
    other_holder_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("holder.id"))
    hold_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("hold.id"))
    reason: Mapped[str | None] = mapped_column(String(20))
    bound: Mapped[str | None] = mapped_column(String(10))
    note: Mapped[str] = mapped_column(String(200))
    requested_by: Mapped[int] = mapped_column(BigInteger, ForeignKey("operator.id"))
    requested_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    approved_by: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("operator.id"))
    approved_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    declined_by: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("operator.id"))
    declined_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    unsold_kg: Mapped[int | None] = mapped_column(BigInteger)
    buffer_kg: Mapped[int | None] = mapped_column(BigInteger)
    price_fen_per_step: Mapped[int | None] = mapped_column(BigInteger)
    village_holder_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("holder.id"))
    village_bp: Mapped[int | None] = mapped_column(Integer)
    fee_bp: Mapped[int | None] = mapped_column(Integer)
    lot_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("lot.id"), unique=True)

    @property
    def status(self) -> str:
        """Where it stands: requested, approved or declined."""
        return "approved" if self.approved_at else "declined" if self.declined_at else "requested"
