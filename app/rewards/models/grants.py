"""Points as they were granted, lot by lot, and what was done with them. Guards: migration 0034."""

from datetime import datetime

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    String,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.database import Base


class PointGrant(Base):
    """Points granted 积分 for one thing (`source`, `source_id`), once; a lot that is spent from and expires.

    `tariff` is the version of the programme's tariff. `reason` says why nothing was granted, `remaining`
    what is neither spent, reserved, expired nor taken back. `owed_points` were spent already when the lot
    was taken back.
    """

    __tablename__ = "point_grant"
    __table_args__ = (
        UniqueConstraint("source", "source_id"),
        CheckConstraint("points >= 0", name="points"),
        CheckConstraint("(points = 0) = (programme_id IS NULL)", name="programme"),
        CheckConstraint("points = 0 OR reason IS NULL", name="reason"),
        CheckConstraint(
            "remaining >= 0 AND expired_points >= 0 AND owed_points BETWEEN 0 AND points"
            " AND remaining + expired_points <= points",
            name="parts",
        ),
        Index("ix_point_grant_holder_id", "holder_id", "id"),
        Index(
            "ix_point_grant_spendable",
            "holder_id",
            "expires_at",
            "id",
            postgresql_where=text("remaining > 0 AND activated_at IS NOT NULL"),
        ),
        Index(
            "ix_point_grant_pending",
            "due_at",
            "id",
            postgresql_where=text("activated_at IS NULL AND taken_back_at IS NULL AND points > 0"),
        ),
        Index("ix_point_grant_expires_at", "expires_at", "id", postgresql_where=text("remaining > 0")),
        Index("ix_point_grant_owed", "holder_id", postgresql_where=text("owed_points > 0")),
        Index("ix_point_grant_programme_id", "programme_id"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    source: Mapped[str] = mapped_column(String(20))
    source_id: Mapped[int] = mapped_column(BigInteger)
    holder_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("holder.id"))
    programme_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("reward_programme.holder_id"))
    tariff: Mapped[str | None] = mapped_column(String(20))
    points: Mapped[int] = mapped_column(Integer)
    remaining: Mapped[int] = mapped_column(Integer)
    reason: Mapped[str | None] = mapped_column(String(20))
    granted_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    due_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    activated_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    expires_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    expired_points: Mapped[int] = mapped_column(Integer, server_default="0")
    owed_points: Mapped[int] = mapped_column(Integer, server_default="0")
    taken_back_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class Spending(Base):
    """Points set aside for something 兑换, and then spent or given back; `payee_id` is paid their fen."""

    __tablename__ = "spending"
    __table_args__ = (
        CheckConstraint("points > 0", name="points"),
        CheckConstraint("spent_at IS NULL OR returned_at IS NULL", name="ends"),
        Index("ix_spending_holder_id", "holder_id", "id"),
        Index("ix_spending_payee_id", "payee_id", "id"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    holder_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("holder.id"))
    kind: Mapped[str] = mapped_column(String(20))
    payee_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("holder.id"))
    points: Mapped[int] = mapped_column(Integer)
    reserved_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    spent_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    returned_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class PointUse(Base):
    """Points of one lot that went into a spending, or worked a debt off where there is no spending."""

    __tablename__ = "point_use"
    __table_args__ = (
        CheckConstraint("points > 0", name="points"),
        Index("ix_point_use_spending_id", "spending_id"),
        Index("ix_point_use_grant_id", "grant_id"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    grant_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("point_grant.id"))
    spending_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("spending.id"))
    points: Mapped[int] = mapped_column(Integer)
    used_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
