"""Causes, orders that have still to be told of, and attestations. The guards stand in migration 0027."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Boolean, DateTime, ForeignKey, Identity, Index, Integer, String, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.database import Base


class Cause(Base):
    """Why one buys 事由: an event, a duty, a case, a gift. A holder of its own, whose books say what it owes.

    `owner_id` is who buys for it, None where only operators look after it; `shared` lets anybody buy.
    """

    __tablename__ = "cause"
    __table_args__ = (Index("ix_cause_owner_id", "owner_id", "holder_id"),)

    holder_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("holder.id"), primary_key=True, autoincrement=False
    )
    code: Mapped[str] = mapped_column(String(26), unique=True)
    purpose: Mapped[str] = mapped_column(String(20))
    owner_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("holder.id"))
    title: Mapped[str] = mapped_column(String(100))
    shared: Mapped[bool] = mapped_column(Boolean)
    opened_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    closed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class CauseTurn(Base):
    """An order for a cause whose end has not been told of yet; deleted when it is."""

    __tablename__ = "cause_turn"

    order_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("orders.id"), primary_key=True, autoincrement=False
    )


class Attestation(Base):
    """What is attested of a cause 证明: numbered facts that never change, and when they ceased to stand.

    Of each kind one stands at most; a new one takes the number `version` + 1.
    """

    __tablename__ = "attestation"
    __table_args__ = (
        Index("uq_attestation_version", "cause_id", "kind", "version", unique=True),
        Index(
            "uq_attestation_standing",
            "cause_id",
            "kind",
            unique=True,
            postgresql_where=text("revoked_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    number: Mapped[str] = mapped_column(String(20), unique=True)
    cause_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("cause.holder_id"))
    kind: Mapped[str] = mapped_column(String(20))
    version: Mapped[int] = mapped_column(Integer)
    facts: Mapped[dict[str, Any]] = mapped_column(JSONB)
    issued_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    revoked_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    revoked_reason: Mapped[str | None] = mapped_column(String(40))
