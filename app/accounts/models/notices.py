"""What holders are told: something happened to what is theirs, and not by their own hand."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, DateTime, ForeignKey, Identity, Index, String, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.database import Base


class Notice(Base):
    """One sentence for one holder 通知: a message's name with what fills it in.

    `reference` is the code of what it is about; the same thing is told once.
    """

    __tablename__ = "notice"
    __table_args__ = (
        UniqueConstraint("holder_id", "message", "reference"),
        Index("ix_notice_holder_id", "holder_id", "id"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    holder_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("holder.id"))
    message: Mapped[str] = mapped_column(String(60))
    reference: Mapped[str] = mapped_column(String(40))
    details: Mapped[dict[str, Any]] = mapped_column(JSONB)
    told_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
