"""What is remembered of planting together. The guards stand in migration 0039."""

from datetime import date, datetime

from sqlalchemy import BigInteger, Date, DateTime, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.database import Base


class Planting(Base):
    """A group's goal that becomes real units bought together 共植: a cause, with its terms told beforehand.

    `ready_at` is when the pledges covered the goal, or when it began where everybody pays at once. The lot
    alone may change, for one that is not dearer; what was bought is told by the orders for the cause.
    """

    __tablename__ = "planting"
    __table_args__ = (
        Index("ix_planting_group_id", "group_id", "cause_id"),
        Index("ix_planting_open", "cause_id", postgresql_where=text("ended_at IS NULL")),
    )

    cause_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("cause.holder_id"), primary_key=True, autoincrement=False
    )
    group_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("people_group.id"))
    organiser_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("holder.id"))
    goal_kg: Mapped[int] = mapped_column(BigInteger)
    lot_code: Mapped[str] = mapped_column(String(40))
    way: Mapped[str] = mapped_column(String(10))
    last_day: Mapped[date] = mapped_column(Date)
    begun_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    ready_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    ended_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    outcome: Mapped[str | None] = mapped_column(String(12))


class PlantingPledge(Base):
    """What a member promises to buy once all promises cover the goal; fixed from then on."""

    __tablename__ = "planting_pledge"

    planting_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("planting.cause_id"), primary_key=True)
    holder_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("holder.id"), primary_key=True)
    quantity_kg: Mapped[int] = mapped_column(BigInteger)
    pledged_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
