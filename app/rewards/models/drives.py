"""What is remembered of drives and of whoever gave. The guards stand in migration 0036.

A drive is a cause; its terms are written by one operator, opened by another, and never change after that.
"""

from datetime import date, datetime
from typing import Any

from sqlalchemy import BigInteger, Date, DateTime, ForeignKey, Identity, Index, Integer, String, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.database import Base


def _moment(*, nullable: bool = False) -> "Mapped[datetime]":
    return mapped_column(DateTime(timezone=True), nullable=nullable)


class Drive(Base):
    """What a village or an organisation asks for 公益项目, and how far it has come.

    `payee_id` is who gets what sponsors pay for points; `project_code` the forest whose units are bought
    for it. The charity's columns are filled together or not at all. What was given so far, how often, by
    how many and when last stands here so that the last point and the last kilogram are given once;
    `flask prove` holds it against every gift.
    """

    __tablename__ = "drive"
    __table_args__ = (
        Index("ix_drive_payee_id", "payee_id"),
        Index("ix_drive_project_code", "project_code"),
        Index("ix_drive_published", "cause_id", postgresql_where=text("published_at IS NOT NULL")),
    )

    cause_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("cause.holder_id"), primary_key=True, autoincrement=False
    )
    code: Mapped[str] = mapped_column(String(26), unique=True)
    payee_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("holder.id"))
    project_code: Mapped[str | None] = mapped_column(String(20), ForeignKey("project.code"))
    title_zh: Mapped[str] = mapped_column(String(60))
    title_en: Mapped[str] = mapped_column(String(120))
    about_zh: Mapped[str] = mapped_column(String(1000))
    about_en: Mapped[str] = mapped_column(String(2000))
    use_zh: Mapped[str] = mapped_column(String(300))
    use_en: Mapped[str] = mapped_column(String(600))
    goal_fen: Mapped[int | None] = mapped_column(BigInteger)
    goal_kg: Mapped[int | None] = mapped_column(BigInteger)
    starts_on: Mapped[date] = mapped_column(Date)
    ends_on: Mapped[date] = mapped_column(Date)
    charity_name: Mapped[str | None] = mapped_column(String(100))
    charity_code: Mapped[str | None] = mapped_column(String(18))
    fundraising_number: Mapped[str | None] = mapped_column(String(40))
    fundraising_until: Mapped[date | None] = mapped_column(Date)
    drafted_by: Mapped[int] = mapped_column(BigInteger, ForeignKey("operator.id"))
    drafted_at: Mapped[datetime] = _moment()
    published_by: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("operator.id"))
    published_at: Mapped[datetime | None] = _moment(nullable=True)
    closed_by: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("operator.id"))
    closed_at: Mapped[datetime | None] = _moment(nullable=True)
    closed_reason: Mapped[str | None] = mapped_column(String(300))
    points: Mapped[int] = mapped_column(BigInteger, server_default="0")
    bought_kg: Mapped[int] = mapped_column(BigInteger, server_default="0")
    paid_fen: Mapped[int] = mapped_column(BigInteger, server_default="0")
    gifts: Mapped[int] = mapped_column(Integer, server_default="0")
    givers: Mapped[int] = mapped_column(Integer, server_default="0")
    given_at: Mapped[datetime | None] = _moment(nullable=True)


class DriveMonth(Base):
    """What a drive was given in one of Shanghai's months, so that no page adds up every gift."""

    __tablename__ = "drive_month"

    drive_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("drive.cause_id"), primary_key=True, autoincrement=False
    )
    month: Mapped[str] = mapped_column(String(7), primary_key=True)
    gifts: Mapped[int] = mapped_column(Integer)
    points: Mapped[int] = mapped_column(BigInteger)
    quantity_kg: Mapped[int] = mapped_column(BigInteger)


class DriveReport(Base):
    """How a drive goes on 项目进展: written by one operator, shown by another, never changed.

    `used_fen` is what of the money was used by then, in all.
    """

    __tablename__ = "drive_report"
    __table_args__ = (Index("ix_drive_report_drive_id", "drive_id", "id"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    drive_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("drive.cause_id"))
    happened_on: Mapped[date] = mapped_column(Date)
    words_zh: Mapped[str] = mapped_column(String(600))
    words_en: Mapped[str] = mapped_column(String(1200))
    used_fen: Mapped[int | None] = mapped_column(BigInteger)
    written_by: Mapped[int] = mapped_column(BigInteger, ForeignKey("operator.id"))
    written_at: Mapped[datetime] = _moment()
    decided_by: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("operator.id"))
    decided_at: Mapped[datetime | None] = _moment(nullable=True)
    shown: Mapped[bool | None]


class DriveGift(Base):
    """What one person gave to a drive at once, and what they were thanked with 感谢状.

    `facts` are what the thanks say, frozen and signed under `number`; they name nobody. Points and steps
    have their points; units their order and kilograms.
    """

    __tablename__ = "drive_gift"
    __table_args__ = (
        Index("ix_drive_gift_holder_id", "holder_id", "id"),
        Index("ix_drive_gift_drive_id", "drive_id", "holder_id"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    number: Mapped[str] = mapped_column(String(20), unique=True)
    drive_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("drive.cause_id"))
    holder_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("holder.id"))
    kind: Mapped[str] = mapped_column(String(10))
    points: Mapped[int | None] = mapped_column(BigInteger)
    step_day: Mapped[date | None] = mapped_column(Date)
    steps: Mapped[int | None] = mapped_column(Integer)
    order_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("orders.id"), unique=True)
    quantity_kg: Mapped[int | None] = mapped_column(BigInteger)
    amount_fen: Mapped[int] = mapped_column(BigInteger)
    facts: Mapped[dict[str, Any]] = mapped_column(JSONB)
    given_at: Mapped[datetime] = _moment()
