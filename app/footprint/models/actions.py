"""Actions, the days they fill, and what WeRun delivered."""

from datetime import date, datetime

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Date,
    DateTime,
    Identity,
    Index,
    Integer,
    LargeBinary,
    String,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import INT8RANGE, JSONB, ExcludeConstraint, Range
from sqlalchemy.orm import Mapped, mapped_column

from app.footprint.models.factors import type_document
from app.kit.database import Base


class ActionRow(Base):
    """One low-carbon act 低碳行为 and what it was credited.

    `trip` is the stretch of minutes it took (`rules.trip_minutes`); the database refuses a second
    standing trip that overlaps it, whoever sends it. `before_g` is what the scene and day held before.
    The key begins with the holder, so that the table can be partitioned by holder.
    """

    __tablename__ = "action"
    __table_args__ = (
        UniqueConstraint("holder_id", "code"),
        ExcludeConstraint(
            ("trip", "&&"), where=text("withdrawn_at IS NULL AND trip IS NOT NULL"), name="ex_action_trip"
        ),
        CheckConstraint("avoided_g BETWEEN 0 AND computed_g", name="credited"),
        CheckConstraint("(cap_reason IS NULL) = (avoided_g = computed_g)", name="reason"),
        Index("ix_action_occurred_on", "holder_id", "occurred_on", "id"),
        CheckConstraint("NOT inputs ? 'held' OR (avoided_g = 0 AND cap_reason = 'held')", name="held"),
    )

    holder_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    code: Mapped[str] = mapped_column(String(26))
    scene: Mapped[str] = mapped_column(String(40))
    occurred_on: Mapped[date] = mapped_column(Date)
    occurred_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    trip: Mapped[Range[int] | None] = mapped_column(INT8RANGE)
    source: Mapped[str] = mapped_column(String(40))
    grade: Mapped[str] = mapped_column(String(10))
    inputs: Mapped[type_document] = mapped_column(JSONB)
    methodology_id: Mapped[int] = mapped_column(BigInteger)
    factor_id: Mapped[int] = mapped_column(BigInteger)
    computed_g: Mapped[int] = mapped_column(BigInteger)
    before_g: Mapped[int] = mapped_column(BigInteger)
    avoided_g: Mapped[int] = mapped_column(BigInteger)
    cap_reason: Mapped[str | None] = mapped_column(String(40))
    recorded_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    withdrawn_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class SceneDayRow(Base):
    """What one holder's day of one scene has been credited; its row is the lock of the cap and the limits.

    `acts` and `amount` (metres) add up every standing act of the day, held ones too (`rules.tally`);
    `series` is how many came in a row at the average speed `pace`.
    """

    __tablename__ = "scene_day"
    __table_args__ = (
        CheckConstraint("credited_g BETWEEN 0 AND cap_g", name="cap"),
        CheckConstraint("acts >= 0 AND amount >= 0 AND series >= 0", name="counts"),
        {"postgresql_with": {"fillfactor": "80"}},
    )

    holder_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    day: Mapped[date] = mapped_column(Date, primary_key=True)
    scene: Mapped[str] = mapped_column(String(40), primary_key=True)
    credited_g: Mapped[int] = mapped_column(BigInteger)
    cap_g: Mapped[int] = mapped_column(BigInteger)
    acts: Mapped[int] = mapped_column(BigInteger, server_default="0")
    amount: Mapped[int] = mapped_column(BigInteger, server_default="0")
    series: Mapped[int] = mapped_column(Integer, server_default="0")
    pace: Mapped[int | None] = mapped_column(BigInteger)


class StepDayRow(Base):
    """The most steps that WeRun has reported of one day; it only grows."""

    __tablename__ = "step_day"
    __table_args__ = (
        CheckConstraint("steps >= 0", name="steps"),
        {"postgresql_with": {"fillfactor": "80"}},
    )

    holder_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    day: Mapped[date] = mapped_column(Date, primary_key=True)
    steps: Mapped[int] = mapped_column(Integer)


class StepReportRow(Base):
    """One accepted delivery of WeRun data, by the SHA-256 of its ciphertext: none counts twice."""

    __tablename__ = "step_report"
    __table_args__ = (UniqueConstraint("holder_id", "taken_at"),)

    fingerprint: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    holder_id: Mapped[int] = mapped_column(BigInteger)
    taken_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    received_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
