"""Sanctions 处罚 and their steps. The guards (frozen terms, legal steps, two people) stand in 0017."""

from datetime import date, datetime

from sqlalchemy import BigInteger, Boolean, Date, DateTime, ForeignKey, Identity, Index, SmallInteger, String
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.database import Base


class Sanction(Base):
    """What is laid upon a holder or a project. Never changes; what becomes of it are its steps."""

    __tablename__ = "sanction"
    __table_args__ = (
        Index("ix_sanction_holder_id", "holder_id"),
        Index("ix_sanction_project_id", "project_id"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    code: Mapped[str] = mapped_column(String(26), unique=True)
    holder_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("holder.id"))
    project_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("project.id"))
    kind: Mapped[str] = mapped_column(String(10))
    ground: Mapped[str] = mapped_column(String(20))
    reason: Mapped[str] = mapped_column(String(500))
    no_new_lots: Mapped[bool] = mapped_column(Boolean)
    daily_kg: Mapped[int | None] = mapped_column(BigInteger)
    last_day: Mapped[date | None] = mapped_column(Date)


class SanctionStep(Base):
    """One step of a sanction, in the order of `place`; the last one says where it stands.

    `operator_id` is None where its last day has passed by itself.
    """

    __tablename__ = "sanction_step"

    sanction_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("sanction.id"), primary_key=True)
    place: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    step: Mapped[str] = mapped_column(String(15))
    operator_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("operator.id"))
    note: Mapped[str | None] = mapped_column(String(500))
    taken_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class SanctionSale(Base):
    """What was reserved under a daily limit on one of Shanghai's days; never more than `most_kg`.

    No foreign key: it would make an order wait for the table of sanctions with a lot's row in its hands.
    """

    __tablename__ = "sanction_sale"

    sanction_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    day: Mapped[date] = mapped_column(Date, primary_key=True)
    quantity_kg: Mapped[int] = mapped_column(BigInteger)
    most_kg: Mapped[int] = mapped_column(BigInteger)
