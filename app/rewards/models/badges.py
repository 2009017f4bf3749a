"""The days on which people acted, their badges, and the years they show. Guards: migration 0038."""

from datetime import date, datetime

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Date,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    String,
    text,
)
from sqlalchemy.dialects.postgresql import BIT
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.database import Base
from app.rewards.rules.days import BITS


class ActiveDaysRow(Base):
    """The days of one year on which one holder did one kind of act: a bit a day, the first of January first.

    What footprint credits, a hundred days in one row: a life is read in a handful of rows.
    """

    __tablename__ = "active_days"

    holder_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    year: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    scene: Mapped[str] = mapped_column(String(40), primary_key=True)
    days: Mapped[str] = mapped_column(BIT(BITS))


class BadgeStanding(Base):
    """One holder's turn to be looked at, and the highest level they were told of.

    Its row is the lock of their days: whoever writes them holds it, so that what is looked at is whole.
    """

    __tablename__ = "badge_standing"
    __table_args__ = (
        Index("ix_badge_standing_stale", "holder_id", postgresql_where=text("stale")),
        {"postgresql_with": {"fillfactor": "80"}},
    )

    holder_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("holder.id"), primary_key=True, autoincrement=False
    )
    stale: Mapped[bool]
    level: Mapped[int] = mapped_column(SmallInteger, server_default="0")


class BadgeAward(Base):
    """A badge 徽章 that somebody holds, under the version of its rule that they fulfilled.

    `figure` is what they had reached when it was given, `earned_on` the day that made it whole.
    `withdrawn_at` is set when acts were withdrawn without which it would not have been earned.
    """

    __tablename__ = "badge_award"

    holder_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("holder.id"), primary_key=True, autoincrement=False
    )
    badge: Mapped[str] = mapped_column(String(20), primary_key=True)
    version: Mapped[str] = mapped_column(String(20))
    figure: Mapped[int] = mapped_column(Integer)
    earned_on: Mapped[date] = mapped_column(Date)
    awarded_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    withdrawn_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class BadgeWatch(Base):
    """Until when emissions and retirements have been looked through for whose turn it is. One row."""

    __tablename__ = "badge_watch"
    __table_args__ = (CheckConstraint("id = 1", name="one"),)

    id: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    until: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class YearLink(Base):
    """A person's wish to show one of their years to whoever has its link 年度分享.

    The link's secret is kept nowhere: it follows from our key, the row and its `issue`, and is found by its
    hash. Showing it again after it was taken back is the next issue, with another secret.
    """

    __tablename__ = "year_link"
    __table_args__ = (CheckConstraint("issue > 0 AND octet_length(link_hash) = 32", name="link"),)

    holder_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("holder.id"), primary_key=True, autoincrement=False
    )
    year: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    issue: Mapped[int] = mapped_column(Integer)
    link_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    shown_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    withdrawn_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
