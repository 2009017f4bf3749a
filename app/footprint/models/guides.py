"""Documents that calculators ask and compute by, and a person's results."""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    String,
    UniqueConstraint,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.footprint.models.factors import type_document
from app.kit.database import Base


class GuideRow(Base):
    """One version of what a calculator asks and computes by; never edited."""

    __tablename__ = "guide"
    __table_args__ = (UniqueConstraint("key", "version"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    key: Mapped[str] = mapped_column(String(60))
    version: Mapped[int] = mapped_column(Integer)
    document: Mapped[type_document] = mapped_column(JSONB)
    loaded_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class CalculationRow(Base):
    """A person's month as they answered it; answered again is a new row. Never edited.

    `lines` holds a line a kind: its quantity and where it comes from, its factor's id, its grams. It is
    an estimate until it is owed: what is owed of it becomes emissions, and those are what a statement
    and its exports list. The estimates themselves are had from GET /v1/calculations.
    """

    __tablename__ = "calculation"
    __table_args__ = (
        CheckConstraint("emitted_g >= 0", name="grams"),
        Index("ix_calculation_holder_id", "holder_id", "id"),
        Index("ix_calculation_month", "holder_id", "month", "id"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    code: Mapped[str] = mapped_column(String(26), unique=True)
    holder_id: Mapped[int] = mapped_column(BigInteger)
    month: Mapped[str] = mapped_column(String(7))
    guide_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("guide.id"))
    answers: Mapped[type_document] = mapped_column(JSONB)
    measured: Mapped[type_document] = mapped_column(JSONB)
    lines: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    emitted_g: Mapped[int] = mapped_column(BigInteger)
    computed_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
