"""Events: what is told of them, planned reductions, corrections, surplus, and forests planted for them.

An event is a cause of its own (`cause_id` is its holder), so what it owes and carries stands on its own
accounts. Its days, heads and lines stand in the inventory that counts; the guards stand in migration 0028.
"""

from datetime import date, datetime
from typing import Any

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
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.database import Base


def _moment() -> Mapped[Any]:
    return mapped_column(DateTime(timezone=True))


def _event(**kwargs: Any) -> Mapped[int]:
    return mapped_column(BigInteger, ForeignKey("event.cause_id"), **kwargs)


def _operator() -> Mapped[Any]:
    return mapped_column(BigInteger, ForeignKey("operator.id"))


class Event(Base):
    """A gathering that is to be neutral 大型活动; `inventory_id` is the inventory that counts now.

    `scheme` names the rules it follows, `method` how it becomes neutral: by units, or by a forest planted
    for it. Strangers see it from `published_at` on, unless an operator hid it for a reason. The row is the
    lock of all that belongs to it.
    """

    __tablename__ = "event"
    __table_args__ = (
        CheckConstraint("method IN ('units', 'forest')", name="method"),
        CheckConstraint("hidden_reason IS NULL OR published_at IS NULL", name="hidden"),
    )

    cause_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("cause.holder_id"), primary_key=True, autoincrement=False
    )
    inventory_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("inventory.id"), unique=True)
    kind: Mapped[str] = mapped_column(String(20))
    scheme: Mapped[str] = mapped_column(String(40))
    organiser: Mapped[str] = mapped_column(String(100))
    place: Mapped[str] = mapped_column(String(100))
    about: Mapped[str | None] = mapped_column(String(1000))
    method: Mapped[str] = mapped_column(String(10), server_default="units")
    published_at: Mapped[datetime | None] = _moment()
    called_off_at: Mapped[datetime | None] = _moment()
    hidden_reason: Mapped[str | None] = mapped_column(String(300))


class EventReduction(Base):
    """One thing that is done to emit less 减排措施: by source type, planned, and what came of it."""

    __tablename__ = "event_reduction"
    __table_args__ = (
        Index("ix_event_reduction_event_id", "event_id", "id"),
        CheckConstraint("planned_g >= 0", name="planned"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    event_id: Mapped[int] = _event()
    type: Mapped[str] = mapped_column(String(10))
    text: Mapped[str] = mapped_column(String(200))
    planned_g: Mapped[int | None] = mapped_column(BigInteger)
    outcome: Mapped[str | None] = mapped_column(String(200))
    told_at: Mapped[datetime] = _moment()


class EventCorrection(Base):
    """Figures of a counted event told anew 更正: another inventory, and why.

    The inventory before it stays as it was closed. It counts from `closed_at` on.
    """

    __tablename__ = "event_correction"
    __table_args__ = (
        Index(
            "uq_event_correction_open", "event_id", unique=True, postgresql_where=text("closed_at IS NULL")
        ),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    event_id: Mapped[int] = _event(index=True)
    before_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("inventory.id"))
    inventory_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("inventory.id"), unique=True)
    reason: Mapped[str] = mapped_column(String(300))
    opened_at: Mapped[datetime] = _moment()
    closed_at: Mapped[datetime | None] = _moment()


class EventSurplus(Base):
    """What was retired beyond an event's due, kept for another event of the same owner 结余转用."""

    __tablename__ = "event_surplus"
    __table_args__ = (
        CheckConstraint("amount_g > 0", name="amount"),
        CheckConstraint("source_id <> target_id", name="another"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    source_id: Mapped[int] = _event(index=True)
    target_id: Mapped[int] = _event(index=True)
    amount_g: Mapped[int] = mapped_column(BigInteger)
    moved_at: Mapped[datetime] = _moment()


class EventForest(Base):
    """A forest planted for an event 碳中和林: land, species, how it is planted and watched."""

    __tablename__ = "event_forest"
    __table_args__ = (
        CheckConstraint("area_m2 > 0", name="area"),
        CheckConstraint("years BETWEEN 1 AND 100", name="years"),
        CheckConstraint("expected_g > 0", name="expected"),
    )

    event_id: Mapped[int] = _event(primary_key=True, autoincrement=False)
    place: Mapped[str] = mapped_column(String(100))
    longitude_e6: Mapped[int] = mapped_column(Integer)
    latitude_e6: Mapped[int] = mapped_column(Integer)
    species: Mapped[str] = mapped_column(String(100))
    area_m2: Mapped[int] = mapped_column(BigInteger)
    planted_on: Mapped[date] = mapped_column(Date)
    years: Mapped[int] = mapped_column(Integer)
    expected_g: Mapped[int] = mapped_column(BigInteger)
    planting: Mapped[str] = mapped_column(String(500))
    monitoring: Mapped[str] = mapped_column(String(500))
    chosen_at: Mapped[datetime] = _moment()


class ForestProof(Base):
    """That a planted forest has taken up so much: requested by one operator, decided by another.

    `report_sha256` is of the certifier's report; one report proves one forest once.
    """

    __tablename__ = "event_forest_proof"
    __table_args__ = (
        CheckConstraint("proven_g > 0", name="proven"),
        CheckConstraint("decided_by <> requested_by", name="four_eyes"),
        CheckConstraint(
            "(decided_at IS NULL) = (decided_by IS NULL) AND (decided_at IS NULL) = (approved IS NULL)",
            name="decided",
        ),
        Index(
            "uq_event_forest_proof_standing",
            "event_id",
            unique=True,
            postgresql_where=text("approved IS NOT FALSE"),
        ),
        Index(
            "uq_event_forest_proof_report",
            "report_sha256",
            unique=True,
            postgresql_where=text("approved IS NOT FALSE"),
        ),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    event_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("event_forest.event_id"))
    proven_g: Mapped[int] = mapped_column(BigInteger)
    methodology: Mapped[str] = mapped_column(String(100))
    certifier: Mapped[str] = mapped_column(String(100))
    report: Mapped[str] = mapped_column(String(200))
    report_sha256: Mapped[str] = mapped_column(String(64))
    measured_on: Mapped[date] = mapped_column(Date)
    requested_by: Mapped[int] = _operator()
    requested_at: Mapped[datetime] = _moment()
    decided_by: Mapped[int | None] = _operator()
    decided_at: Mapped[datetime | None] = _moment()
    approved: Mapped[bool | None]
