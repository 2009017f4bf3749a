"""Tree duties 全民义务植树: tariffs, a person's year, those who buy together, and what the office answers.

What must never change or happen twice is guarded in migration 0030.
"""

from datetime import datetime

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    String,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.database import Base


def _moment(*, nullable: bool = False) -> "Mapped[datetime]":
    return mapped_column(DateTime(timezone=True), nullable=nullable)


class DutyTariff(Base):
    """What gives how many trees in a region, as a source tells it; a correction is another version."""

    __tablename__ = "duty_tariff"
    __table_args__ = (UniqueConstraint("code", "version"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    code: Mapped[str] = mapped_column(String(40))
    version: Mapped[int] = mapped_column(SmallInteger)
    region: Mapped[str] = mapped_column(String(12))
    place_zh: Mapped[str] = mapped_column(String(60))
    place_en: Mapped[str] = mapped_column(String(60))
    from_year: Mapped[int] = mapped_column(SmallInteger)
    until_year: Mapped[int | None] = mapped_column(SmallInteger)
    confirmed_year: Mapped[int] = mapped_column(SmallInteger)
    basis: Mapped[str] = mapped_column(String(10))
    sum: Mapped[int | None] = mapped_column(BigInteger)
    trees: Mapped[int | None] = mapped_column(SmallInteger)
    sums_most: Mapped[int | None] = mapped_column(SmallInteger)
    form: Mapped[str] = mapped_column(String(20))
    use: Mapped[str] = mapped_column(String(10))
    reason: Mapped[str | None] = mapped_column(String(20))
    grade: Mapped[str] = mapped_column(String(1))
    source: Mapped[str] = mapped_column(String(300))
    source_url: Mapped[str] = mapped_column(String(300))
    note_zh: Mapped[str] = mapped_column(String(300))
    note_en: Mapped[str] = mapped_column(String(300))
    loaded_at: Mapped[datetime] = _moment()


class DutyGroup(Base):
    """Several persons' duties of one year, for whom one pays: a family 家庭, a company's staff 单位职工."""

    __tablename__ = "duty_group"
    __table_args__ = (Index("ix_duty_group_owner_id", "owner_id", "cause_id"),)

    cause_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("cause.holder_id"), primary_key=True, autoincrement=False
    )
    code: Mapped[str] = mapped_column(String(26), unique=True)
    owner_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("holder.id"))
    kind: Mapped[str] = mapped_column(String(10))
    title: Mapped[str] = mapped_column(String(60))
    year: Mapped[int] = mapped_column(SmallInteger)
    region: Mapped[str] = mapped_column(String(12))
    tariff_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("duty_tariff.id"))
    opened_at: Mapped[datetime] = _moment()


class Duty(Base):
    """One person's year 个人年度义务. Of a person it stands once a year, whoever looks after it.

    Who they are is told by a digest that differs from year to year; the birth year is nowhere but in there.
    Name and id suffix are sealed, for the greening office; `honour` is whose age owes no duty. `released_by`
    is the operator who withdrew what somebody else had entered in this person's name.
    """

    __tablename__ = "duty"
    __table_args__ = (
        Index(
            "uq_duty_person",
            "year",
            "person_digest",
            unique=True,
            postgresql_where=text("withdrawn_at IS NULL"),
        ),
        Index("ix_duty_owner_id", "owner_id", "cause_id"),
        Index("ix_duty_group_id", "group_id", "cause_id"),
    )

    cause_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("cause.holder_id"), primary_key=True, autoincrement=False
    )
    code: Mapped[str] = mapped_column(String(26), unique=True)
    owner_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("holder.id"))
    group_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("duty_group.cause_id"))
    year: Mapped[int] = mapped_column(SmallInteger)
    region: Mapped[str] = mapped_column(String(12))
    tariff_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("duty_tariff.id"))
    person_digest: Mapped[str] = mapped_column(String(44))
    honour: Mapped[bool] = mapped_column(Boolean)
    print_name: Mapped[bool] = mapped_column(Boolean)
    name_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    id_suffix_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    opened_at: Mapped[datetime] = _moment()
    withdrawn_at: Mapped[datetime | None] = _moment(nullable=True)
    released_by: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("operator.id"))
    released_reason: Mapped[str | None] = mapped_column(String(300))


class DutyShare(Base):
    """What of a settled order is one person's: money, kilograms and their serials (none for under 1 kg)."""

    __tablename__ = "duty_share"
    __table_args__ = (
        Index("ix_duty_share_duty_id", "duty_id", "order_id"),
        CheckConstraint("amount_fen >= 0 AND quantity_kg >= 0", name="parts"),
        CheckConstraint(
            "CASE WHEN quantity_kg = 0 THEN num_nonnulls(first_serial, last_serial) = 0"
            " ELSE last_serial - first_serial + 1 = quantity_kg END",
            name="serials",
        ),
    )

    order_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("orders.id"), primary_key=True, autoincrement=False
    )
    duty_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("duty.cause_id"), primary_key=True)
    amount_fen: Mapped[int] = mapped_column(BigInteger)
    quantity_kg: Mapped[int] = mapped_column(BigInteger)
    first_serial: Mapped[int | None] = mapped_column(BigInteger, unique=True)
    last_serial: Mapped[int | None] = mapped_column(BigInteger, unique=True)
    counted_at: Mapped[datetime] = _moment()


class DutyBatch(Base):
    """What is sent to a greening office 报送批次 at once: prepared by one, approved by another.

    The file is kept sealed, so that taking it again gives the same bytes.
    """

    __tablename__ = "duty_batch"
    __table_args__ = (CheckConstraint("approved_by <> prepared_by", name="checker"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    number: Mapped[str] = mapped_column(String(20), unique=True)
    region: Mapped[str] = mapped_column(String(12))
    year: Mapped[int] = mapped_column(SmallInteger)
    people: Mapped[int] = mapped_column(Integer)
    prepared_by: Mapped[int] = mapped_column(BigInteger, ForeignKey("operator.id"))
    prepared_at: Mapped[datetime] = _moment()
    approved_by: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("operator.id"))
    approved_at: Mapped[datetime | None] = _moment(nullable=True)
    withdrawn_by: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("operator.id"))
    withdrawn_at: Mapped[datetime | None] = _moment(nullable=True)
    file_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    file_sha256: Mapped[str | None] = mapped_column(String(64))


class DutyLine(Base):
    """One certificate that the office is asked for; of each kind one stands for a person's year.

    `office_number` is what it answered; `ended_at` when the line counts no more: turned down, for a reason,
    or withdrawn with its batch.
    """

    __tablename__ = "duty_line"
    __table_args__ = (
        Index(
            "uq_duty_line_standing",
            "duty_id",
            "kind",
            unique=True,
            postgresql_where=text("ended_at IS NULL"),
        ),
        Index("ix_duty_line_batch_id", "batch_id", "id"),
        CheckConstraint("kind IN ('duty', 'honour') AND trees > 0", name="kind"),
        CheckConstraint("office_number IS NULL OR ended_at IS NULL", name="answer"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    number: Mapped[str] = mapped_column(String(20), unique=True)
    batch_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("duty_batch.id"))
    duty_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("duty.cause_id"))
    kind: Mapped[str] = mapped_column(String(10))
    trees: Mapped[int] = mapped_column(Integer)
    amount_fen: Mapped[int] = mapped_column(BigInteger)
    quantity_kg: Mapped[int] = mapped_column(BigInteger)
    office_number: Mapped[str | None] = mapped_column(String(40), unique=True)
    answered_at: Mapped[datetime | None] = _moment(nullable=True)
    ended_at: Mapped[datetime | None] = _moment(nullable=True)
    reason: Mapped[str | None] = mapped_column(String(100))
