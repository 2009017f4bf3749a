"""The audit log 审计日志: what operators did, and the chain that seals it.

All three tables are append-only by a trigger (migrations 0006 and 0008).
"""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, DateTime, ForeignKey, Identity, Index, LargeBinary, String, Text, func
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.database import Base


class AuditEntry(Base):
    """One thing an operator did, written in the transaction of its effect; None is the system itself.

    `acted_at` is our clock's time, `written_at` the database's own.
    """

    __tablename__ = "audit_entry"
    __table_args__ = (Index("ix_audit_entry_subject", "subject", "id"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    operator_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("operator.id"))
    action: Mapped[str] = mapped_column(String(60))
    subject: Mapped[str] = mapped_column(String(80))
    details: Mapped[dict[str, Any]] = mapped_column(JSONB)
    acted_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    written_at: Mapped[datetime] = mapped_column(
        DateTime(timezone=True), server_default=func.clock_timestamp()
    )


class AuditSeal(Base):
    """The place of one entry in the chain, and the link that depends on every entry before it."""

    __tablename__ = "audit_seal"

    position: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    entry_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("audit_entry.id"), unique=True)
    link: Mapped[bytes] = mapped_column(LargeBinary)


class AuditHead(Base):
    """The end of the chain at a moment, signed with the certificate key: a copy kept elsewhere proves it."""

    __tablename__ = "audit_head"

    position: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("audit_seal.position"), primary_key=True, autoincrement=False
    )
    signed_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    document: Mapped[str] = mapped_column(Text)
