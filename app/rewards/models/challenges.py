"""What is remembered of challenges. The guards stand in migration 0039."""

from datetime import date, datetime

from sqlalchemy import (
    BigInteger,
    Date,
    DateTime,
    ForeignKey,
    ForeignKeyConstraint,
    Identity,
    Index,
    Integer,
    String,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.database import Base


def _moment(*, nullable: bool = False) -> "Mapped[datetime]":
    return mapped_column(DateTime(timezone=True), nullable=nullable)


class Challenge(Base):
    """A contest of groups 挑战赛: its terms never change; it starts, and is decided or called off, once.

    `organiser_id` is None where an operator called it. One that is not `listed` is found by its link alone.
    """

    __tablename__ = "challenge"
    __table_args__ = (
        Index("ix_challenge_listed", "id", postgresql_where=text("listed")),
        Index("ix_challenge_open", "id", postgresql_where=text("num_nulls(decided_at, called_off_at) = 2")),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    code: Mapped[str] = mapped_column(String(26), unique=True)
    theme: Mapped[str] = mapped_column(String(20))
    organiser_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("holder.id"))
    measure: Mapped[str] = mapped_column(String(12))
    group_kind: Mapped[str | None] = mapped_column(String(10))
    listed: Mapped[bool]
    first_day: Mapped[date] = mapped_column(Date)
    last_day: Mapped[date] = mapped_column(Date)
    called_at: Mapped[datetime] = _moment()
    started_at: Mapped[datetime | None] = _moment(nullable=True)
    counted_at: Mapped[datetime | None] = _moment(nullable=True)
    decided_at: Mapped[datetime | None] = _moment(nullable=True)
    called_off_at: Mapped[datetime | None] = _moment(nullable=True)
    called_off_reason: Mapped[str | None] = mapped_column(String(12))


class ChallengeGroup(Base):
    """A group that takes part, and how it stands: counted again and again until the result is final."""

    __tablename__ = "challenge_group"
    __table_args__ = (Index("ix_challenge_group_group_id", "group_id", "challenge_id"),)

    challenge_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("challenge.id"), primary_key=True)
    group_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("people_group.id"), primary_key=True)
    entered_by: Mapped[int] = mapped_column(BigInteger, ForeignKey("holder.id"))
    entered_at: Mapped[datetime] = _moment()
    members: Mapped[int] = mapped_column(Integer, server_default="0")
    active_members: Mapped[int] = mapped_column(Integer, server_default="0")
    avoided_g: Mapped[int] = mapped_column(BigInteger, server_default="0")
    active_days: Mapped[int] = mapped_column(BigInteger, server_default="0")
    score: Mapped[int] = mapped_column(BigInteger, server_default="0")
    place: Mapped[int | None] = mapped_column(Integer)


class ChallengeMember(Base):
    """A person of the roster, written when the challenge starts, in one group alone.

    Who steps out is not counted any more, nor thanked; the head stays in the divisor.
    """

    __tablename__ = "challenge_member"
    __table_args__ = (
        ForeignKeyConstraint(
            ["challenge_id", "group_id"], ["challenge_group.challenge_id", "challenge_group.group_id"]
        ),
        Index("uq_challenge_member_holder", "challenge_id", "holder_id", unique=True),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    challenge_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("challenge.id"))
    group_id: Mapped[int] = mapped_column(BigInteger)
    holder_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("holder.id"))
    stepped_out_at: Mapped[datetime | None] = _moment(nullable=True)


class ChallengeReward(Base):
    """Points that a programme promises everybody who took part in the group that comes first.

    Asked for by one operator and approved by another before the challenge begins.
    """

    __tablename__ = "challenge_reward"

    challenge_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("challenge.id"), primary_key=True, autoincrement=False
    )
    programme_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("reward_programme.holder_id"))
    points_each: Mapped[int] = mapped_column(Integer)
    asked_by: Mapped[int] = mapped_column(BigInteger, ForeignKey("operator.id"))
    asked_at: Mapped[datetime] = _moment()
    approved_by: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("operator.id"))
    approved_at: Mapped[datetime | None] = _moment(nullable=True)
    people: Mapped[int | None] = mapped_column(Integer)
    granted_at: Mapped[datetime | None] = _moment(nullable=True)
    lapsed_at: Mapped[datetime | None] = _moment(nullable=True)
