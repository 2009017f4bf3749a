"""What statements remember: what people of a region did, waiting and released, and the days' seals.

Guards: migration 0023. A release and a seal never change; a share only ever finds its release, is pushed
up to a larger region while it waits, or forgets whose it was.
"""

from datetime import date, datetime

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Date,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    String,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.database import Base


class RegionShare(Base):
    """What one person did for one line on one day, counted at a region.

    `person` is a holder's id; once they took their home region back, a negative number that is the same
    within one release and nowhere else.
    """

    __tablename__ = "region_share"
    __table_args__ = (
        UniqueConstraint("person", "day", "line"),
        Index("ix_region_share_waiting", "region", "line", postgresql_where=text("release_id IS NULL")),
        Index("ix_region_share_release_id", "release_id"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    day: Mapped[date] = mapped_column(Date)
    person: Mapped[int] = mapped_column(BigInteger)
    region: Mapped[str] = mapped_column(String(12))
    line: Mapped[str] = mapped_column(String(8))
    grams: Mapped[int] = mapped_column(BigInteger)
    release_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("region_release.id"))


class RegionRelease(Base):
    """One batch of shares, released for ever: so many people, so many grams, published rounded."""

    __tablename__ = "region_release"
    __table_args__ = (
        UniqueConstraint("day", "region", "line"),
        Index("ix_region_release_region", "region", "line"),
        CheckConstraint("people >= 5", name="people"),
        CheckConstraint("line IN ('avoided', 'emitted', 'offset')", name="line"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    day: Mapped[date] = mapped_column(Date)
    region: Mapped[str] = mapped_column(String(12))
    line: Mapped[str] = mapped_column(String(8))
    people: Mapped[int] = mapped_column(Integer)
    grams: Mapped[int] = mapped_column(BigInteger)
    published_g: Mapped[int] = mapped_column(BigInteger)


class RegionMonth(Base):
    """What was published of a region, itself and all in it, in one month; '' is all regions together."""

    __tablename__ = "region_month"

    region: Mapped[str] = mapped_column(String(12), primary_key=True)
    month: Mapped[str] = mapped_column(String(7), primary_key=True)
    line: Mapped[str] = mapped_column(String(8), primary_key=True)
    published_g: Mapped[int] = mapped_column(BigInteger)


class RegionSnapshot(Base):
    """A day's seal 封存: what happened before `until` was counted, by these terms, and is signed."""

    __tablename__ = "region_snapshot"
    __table_args__ = (CheckConstraint("least_people >= 5", name="least_people"),)

    day: Mapped[date] = mapped_column(Date, primary_key=True)
    until: Mapped[datetime] = mapped_column(DateTime(timezone=True), unique=True)
    least_people: Mapped[int] = mapped_column(Integer)
    releases: Mapped[int] = mapped_column(Integer)
    digest: Mapped[str] = mapped_column(String(64))
    document: Mapped[str] = mapped_column(Text)
    sealed_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
