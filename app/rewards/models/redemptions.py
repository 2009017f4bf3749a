"""What people redeemed, where it stands, and what a parcel needs to arrive.

The guards (steps that are taken once, what never changes) stand in migration 0035.
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
    LargeBinary,
    String,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.database import Base

_RESERVED = text("fulfilled_at IS NULL AND returned_at IS NULL")
_OPEN = text("fulfilled_at IS NOT NULL AND done_at IS NULL AND returned_at IS NULL")


def _moment(*, nullable: bool = False) -> "Mapped[datetime]":
    return mapped_column(DateTime(timezone=True), nullable=nullable)


class Redemption(Base):
    """Points given for a thing 兑换. One stamp a step; `ends_at` is when a fulfilled one concludes by itself.

    The voucher is sealed for its holder, its digest finds it when a shop asks. `restocked` says that what
    was returned is on offer again.
    """

    __tablename__ = "redemption"
    __table_args__ = (
        Index("ix_redemption_holder_id", "holder_id", "item_id", "reserved_at"),
        Index("ix_redemption_item_id", "item_id", "done_at"),
        Index("ix_redemption_open", "ends_at", postgresql_where=_OPEN),
        Index("ix_redemption_reserved", "id", postgresql_where=_RESERVED),
        Index("ix_redemption_complaint", "id", postgresql_where=text("complaint_sealed IS NOT NULL")),
        Index(
            "ix_redemption_complained",
            "complained_at",
            postgresql_where=text("complained_at IS NOT NULL AND answered_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    code: Mapped[str] = mapped_column(String(26), unique=True)
    holder_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("holder.id"))
    item_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("reward_item.id"))
    spending_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("spending.id"), unique=True)
    points: Mapped[int] = mapped_column(Integer)
    reserved_at: Mapped[datetime] = _moment()
    fulfilled_at: Mapped[datetime | None] = _moment(nullable=True)
    ends_at: Mapped[datetime | None] = _moment(nullable=True)
    done_at: Mapped[datetime | None] = _moment(nullable=True)
    done_by: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("holder.id"))
    returned_at: Mapped[datetime | None] = _moment(nullable=True)
    return_reason: Mapped[str | None] = mapped_column(String(20))
    restocked: Mapped[bool] = mapped_column(Boolean, server_default="false")
    voucher_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    voucher_digest: Mapped[bytes | None] = mapped_column(LargeBinary, unique=True)
    reminded_at: Mapped[datetime | None] = _moment(nullable=True)
    complained_at: Mapped[datetime | None] = _moment(nullable=True)
    complaint_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    answered_by: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("operator.id"))
    answered_at: Mapped[datetime | None] = _moment(nullable=True)
    answer: Mapped[str | None] = mapped_column(String(200))


class PartnerIssue(Base):
    """A voucher that a partner is being asked for, under the redemption's own number.

    `next_at` is when it is asked next, and while somebody asks the end of their lease; `cancelling_at` is
    since when it is asked to cancel instead. The digest, of the giver's own, finds a code that it
    issues for a second number.
    """

    __tablename__ = "partner_issue"
    __table_args__ = (Index("ix_partner_issue_due", "next_at", postgresql_where=text("ended_at IS NULL")),)

    redemption_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("redemption.id"), primary_key=True)
    partner_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("voucher_partner.id"))
    product: Mapped[str] = mapped_column(String(40))
    asked_at: Mapped[datetime] = _moment()
    attempts: Mapped[int] = mapped_column(Integer, server_default="0")
    next_at: Mapped[datetime] = _moment()
    cancelling_at: Mapped[datetime | None] = _moment(nullable=True)
    last_error: Mapped[str | None] = mapped_column(String(80))
    code_digest: Mapped[bytes | None] = mapped_column(LargeBinary, unique=True)
    ended_at: Mapped[datetime | None] = _moment(nullable=True)


class Dispatch(Base):
    """Where a thing is sent, sealed, and how it travels; the address is erased some days after the end.

    The digests tell only whether two parcels went to one address or telephone.
    """

    __tablename__ = "dispatch"
    __table_args__ = (
        Index("ix_dispatch_place_digest", "place_digest", postgresql_where=text("place_digest IS NOT NULL")),
        Index("ix_dispatch_phone_digest", "phone_digest", postgresql_where=text("phone_digest IS NOT NULL")),
    )

    redemption_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("redemption.id"), primary_key=True)
    address_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    place_digest: Mapped[bytes | None] = mapped_column(LargeBinary)
    phone_digest: Mapped[bytes | None] = mapped_column(LargeBinary)
    carrier: Mapped[str | None] = mapped_column(String(40))
    tracking_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    shipped_by: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("operator.id"))
    erased_at: Mapped[datetime | None] = _moment(nullable=True)


class ReturnRequest(Base):
    """An operator's wish to give points back for something that went wrong; another one decides."""

    __tablename__ = "return_request"
    __table_args__ = (
        Index(
            "uq_return_request_open",
            "redemption_id",
            unique=True,
            postgresql_where=text("decided_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    redemption_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("redemption.id"))
    reason: Mapped[str] = mapped_column(String(200))
    requested_by: Mapped[int] = mapped_column(BigInteger, ForeignKey("operator.id"))
    requested_at: Mapped[datetime] = _moment()
    decided_by: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("operator.id"))
    decided_at: Mapped[datetime | None] = _moment(nullable=True)
    approved: Mapped[bool | None] = mapped_column(Boolean)
