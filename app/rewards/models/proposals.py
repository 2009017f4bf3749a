"""What one operator proposes about a programme and another decides. The guards stand in migration 0041."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import BigInteger, Boolean, Date, DateTime, ForeignKey, Identity, Index, Integer, String, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.database import Base


class ProgrammeProposal(Base):
    """A programme that shall open, the next tariff of one, or its end; nothing of it is true before approval.

    What shall be is frozen in `terms`. Whoever proposed it may withdraw it, and never approve it.
    """

    __tablename__ = "programme_proposal"
    __table_args__ = (
        Index(
            "uq_programme_proposal_waiting",
            "programme_id",
            unique=True,
            postgresql_where=text("decided_at IS NULL AND programme_id IS NOT NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    kind: Mapped[str] = mapped_column(String(10))
    programme_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("reward_programme.holder_id"))
    terms: Mapped[dict[str, Any]] = mapped_column(JSONB)
    proposed_by: Mapped[int] = mapped_column(BigInteger, ForeignKey("operator.id"))
    proposed_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    decided_by: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("operator.id"))
    decided_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    approved: Mapped[bool | None] = mapped_column(Boolean)


class ProgrammeTally(Base):
    """What all lots of a programme came to when they were last counted: public, and costly to ask for."""

    __tablename__ = "programme_tally"

    programme_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("reward_programme.holder_id"), primary_key=True, autoincrement=False
    )
    granted: Mapped[int] = mapped_column(BigInteger)
    expired: Mapped[int] = mapped_column(BigInteger)
    taken_back: Mapped[int] = mapped_column(BigInteger)
    people: Mapped[int] = mapped_column(BigInteger)
    spent_on: Mapped[dict[str, int]] = mapped_column(JSONB)
    counted_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class PointsReminder(Base):
    """A day of whose expiring points all holders were told, so many days ahead."""

    __tablename__ = "points_reminder"

    expires_on: Mapped[date] = mapped_column(Date, primary_key=True)
    days_ahead: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    told_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
