"""Programmes of sponsors 赞助计划, their tariffs, and what came into and went out of their funds.

The guards stand in migration 0034.
"""

from datetime import date, datetime
from typing import Any

from sqlalchemy import BigInteger, Date, DateTime, ForeignKey, Identity, Index, Integer, String, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.database import Base


class Programme(Base):
    """What a sponsor thanks for, where and when; a holder of its own, with its fund in the books.

    `pays_for` names the kinds of spending that its points are good for, None for all. `stopped_at` is
    when the fund could no longer cover a thank; from then on the programme earns nobody anything.
    """

    __tablename__ = "reward_programme"

    holder_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("holder.id"), primary_key=True, autoincrement=False
    )
    code: Mapped[str] = mapped_column(String(26), unique=True)
    sponsor_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("holder.id"), index=True)
    name: Mapped[str] = mapped_column(String(100))
    region: Mapped[str | None] = mapped_column(String(12))
    begins_on: Mapped[date] = mapped_column(Date)
    ends_on: Mapped[date | None] = mapped_column(Date)
    pays_for: Mapped[list[str] | None] = mapped_column(ARRAY(String(20)))
    opened_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    stopped_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    closed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class ProgrammeTariff(Base):
    """One version of a programme's tariff 积分标准, for acts from `valid_from` on; never changed.

    `scenes` gives grams a point for scenes that differ, 0 for those that earn nothing; `pending_days` how
    long points of each grade of evidence wait; points live `life_months`.
    """

    __tablename__ = "reward_tariff"

    programme_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("reward_programme.holder_id"), primary_key=True, autoincrement=False
    )
    version: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    valid_from: Mapped[date] = mapped_column(Date)
    grams_per_point: Mapped[int] = mapped_column(Integer)
    scenes: Mapped[dict[str, Any]] = mapped_column(JSONB)
    pending_days: Mapped[dict[str, Any]] = mapped_column(JSONB)
    life_months: Mapped[int] = mapped_column(Integer)
    announced_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class FundMovement(Base):
    """Money that comes into a programme's fund or leaves it for its sponsor; booked once it is confirmed.

    `kind` is deposit, fees, takeover, sample or return; a deposit and a return to another than the platform
    have a bank's reference. All that operators record is confirmed by another one.
    """

    __tablename__ = "fund_movement"
    __table_args__ = (
        Index("ix_fund_movement_programme_id", "programme_id", "id"),
        Index(
            "uq_fund_movement_bank_reference",
            "kind",
            "bank_reference",
            unique=True,
            postgresql_where=text("bank_reference IS NOT NULL AND dropped_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    programme_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("reward_programme.holder_id"))
    kind: Mapped[str] = mapped_column(String(10))
    amount_fen: Mapped[int] = mapped_column(BigInteger)
    bank_reference: Mapped[str | None] = mapped_column(String(64))
    recorded_by: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("operator.id"))
    recorded_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    confirmed_by: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("operator.id"))
    confirmed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    dropped_by: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("operator.id"))
    dropped_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
