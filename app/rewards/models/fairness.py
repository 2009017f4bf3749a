"""What is remembered of fairness: what signals found, what was decided, and what was said against it.

An inquiry is what one signal found in some accounts at once; a party is one of these accounts, which is
decided for itself. The guards stand in migration 0040.
"""

from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Date,
    DateTime,
    ForeignKey,
    ForeignKeyConstraint,
    Identity,
    Index,
    Integer,
    LargeBinary,
    String,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.database import Base


def _moment(*, nullable: bool = False) -> "Mapped[datetime]":
    return mapped_column(DateTime(timezone=True), nullable=nullable)


def _operator() -> "Mapped[int | None]":
    return mapped_column(BigInteger, ForeignKey("operator.id"))


class FairnessLook(Base):
    """That a signal was looked for on one of Shanghai's days, and how many inquiries came of it."""

    __tablename__ = "fairness_look"

    rule: Mapped[str] = mapped_column(String(20), primary_key=True)
    day: Mapped[date] = mapped_column(Date, primary_key=True)
    looked_at: Mapped[datetime] = _moment()
    opened: Mapped[int] = mapped_column(Integer, server_default="0")


class Inquiry(Base):
    """What one signal found 核查: how much, from how much on it speaks, in which days."""

    __tablename__ = "fairness_inquiry"
    __table_args__ = (Index("ix_fairness_inquiry_open", "id", postgresql_where=text("closed_at IS NULL")),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    code: Mapped[str] = mapped_column(String(12), unique=True)
    rule: Mapped[str] = mapped_column(String(20))
    found: Mapped[int] = mapped_column(BigInteger)
    least: Mapped[int] = mapped_column(BigInteger)
    since: Mapped[date] = mapped_column(Date)
    until: Mapped[date] = mapped_column(Date)
    opened_at: Mapped[datetime] = _moment()
    closed_at: Mapped[datetime | None] = _moment(nullable=True)


class Party(Base):
    """One account of an inquiry with the data that was used of it (`rules.fairness.Fact`), erased in time."""

    __tablename__ = "fairness_party"
    __table_args__ = (Index("ix_fairness_party_holder_id", "holder_id"),)

    inquiry_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("fairness_inquiry.id"), primary_key=True, autoincrement=False
    )
    holder_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("holder.id"), primary_key=True, autoincrement=False
    )
    facts: Mapped[list[dict[str, Any]] | None] = mapped_column(JSONB)


class Measure(Base):
    """What was decided of a party 处置: nothing, holding redeeming until a moment, taking back.

    Without `decided_by` it is the signal's own, which holds and nothing more. Taking back needs two, and
    happens when `until` has passed without a granted appeal: until then nothing has moved.
    """

    __tablename__ = "fairness_measure"
    __table_args__ = (
        ForeignKeyConstraint(
            ["inquiry_id", "holder_id"], ["fairness_party.inquiry_id", "fairness_party.holder_id"]
        ),
        Index("ix_fairness_measure_standing", "holder_id", postgresql_where=text("ended_at IS NULL")),
        Index("ix_fairness_measure_until", "until", postgresql_where=text("ended_at IS NULL")),
        Index("ix_fairness_measure_party", "inquiry_id", "holder_id", "id"),
        Index(
            "uq_fairness_measure_automatic",
            "inquiry_id",
            "holder_id",
            unique=True,
            postgresql_where=text("decided_by IS NULL"),
        ),
        Index(
            "uq_fairness_measure_decided",
            "inquiry_id",
            "holder_id",
            unique=True,
            postgresql_where=text("decided_by IS NOT NULL AND ended_why IS DISTINCT FROM 'declined'"),
        ),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    code: Mapped[str] = mapped_column(String(12), unique=True)
    inquiry_id: Mapped[int] = mapped_column(BigInteger)
    holder_id: Mapped[int] = mapped_column(BigInteger)
    kind: Mapped[str] = mapped_column(String(10))
    reason: Mapped[str | None] = mapped_column(String(500))
    begun_at: Mapped[datetime] = _moment()
    until: Mapped[datetime] = _moment()
    decided_by: Mapped[int | None] = _operator()
    confirmed_by: Mapped[int | None] = _operator()
    confirmed_at: Mapped[datetime | None] = _moment(nullable=True)
    ended_at: Mapped[datetime | None] = _moment(nullable=True)
    ended_by: Mapped[int | None] = _operator()
    ended_why: Mapped[str | None] = mapped_column(String(10))
    points_taken: Mapped[int | None] = mapped_column(Integer)


class FairnessAppeal(Base):
    """What somebody says against a measure, or against an act that earned nothing 申诉; once each.

    The words are erased with the data that was used.

    `against` and `against_too` are who decided it, and do not answer. What is granted for an act is
    proposed by one operator, with the programme that shall pay and its points, and answered by another.
    Without `answered_by` an answer is the time's that went by.
    """

    __tablename__ = "fairness_appeal"
    __table_args__ = (
        Index("ix_fairness_appeal_waiting", "id", postgresql_where=text("answered_at IS NULL")),
        Index("ix_fairness_appeal_holder_id", "holder_id", "id"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    code: Mapped[str] = mapped_column(String(12), unique=True)
    holder_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("holder.id"))
    measure_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("fairness_measure.id"), unique=True)
    grant_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("point_grant.id"), unique=True)
    words_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    raised_at: Mapped[datetime] = _moment()
    due_at: Mapped[datetime] = _moment()
    against: Mapped[int | None] = _operator()
    against_too: Mapped[int | None] = _operator()
    proposed_by: Mapped[int | None] = _operator()
    proposed_at: Mapped[datetime | None] = _moment(nullable=True)
    programme_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("reward_programme.holder_id"))
    points: Mapped[int | None] = mapped_column(Integer)
    answered_by: Mapped[int | None] = _operator()
    answered_at: Mapped[datetime | None] = _moment(nullable=True)
    granted: Mapped[bool | None]
    reason: Mapped[str | None] = mapped_column(String(500))
