"""Factors and methodologies: never edited, only followed by a later version (triggers in migration 0002).

`effective_from` is the first business day a version counts, None where it has since it was loaded.
"""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Date,
    DateTime,
    ForeignKey,
    Identity,
    Integer,
    Numeric,
    String,
    Text,
    UniqueConstraint,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.database import Base

type_document = dict[str, Any]


class FactorRow(Base):
    """One version of one emission factor 排放因子 with its source."""

    __tablename__ = "factor"
    __table_args__ = (
        UniqueConstraint("key", "version"),
        CheckConstraint("valid_until >= valid_from", name="validity"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    key: Mapped[str] = mapped_column(String(60))
    version: Mapped[int] = mapped_column(Integer)
    value: Mapped[Decimal] = mapped_column(Numeric)
    unit: Mapped[str] = mapped_column(String(30))
    region: Mapped[str] = mapped_column(String(20))
    category: Mapped[str] = mapped_column(String(30))
    valid_from: Mapped[date | None] = mapped_column(Date)
    valid_until: Mapped[date | None] = mapped_column(Date)
    effective_from: Mapped[date | None] = mapped_column(Date)
    name_zh: Mapped[str] = mapped_column(String(100))
    name_en: Mapped[str] = mapped_column(String(100))
    source_title: Mapped[str] = mapped_column(String(200))
    source_ref: Mapped[str] = mapped_column(String(200))
    source_url: Mapped[str | None] = mapped_column(String(300))
    verified: Mapped[bool]
    tier: Mapped[str] = mapped_column(String(8))
    note: Mapped[str] = mapped_column(Text)
    loaded_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class MethodologyRow(Base):
    """One version of one methodology 方法学; the document is everything it says.

    One without a factor stands for a scene that does not count, with its reason.
    """

    __tablename__ = "methodology"
    __table_args__ = (
        UniqueConstraint("key", "version"),
        CheckConstraint("factor_id IS NOT NULL OR document ->> 'switched_on' = 'false'", name="counted"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    key: Mapped[str] = mapped_column(String(60))
    version: Mapped[int] = mapped_column(Integer)
    scene: Mapped[str] = mapped_column(String(40))
    pack: Mapped[str] = mapped_column(String(40))
    factor_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("factor.id"))
    document: Mapped[type_document] = mapped_column(JSONB)
    effective_from: Mapped[date | None] = mapped_column(Date)
    loaded_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class PackChoiceRow(Base):
    """Which pack of methodologies counts from a business day on, none where it is NULL.

    The last one that has begun stands.
    """

    __tablename__ = "pack_choice"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    pack: Mapped[str | None] = mapped_column(String(40))
    effective_from: Mapped[date | None] = mapped_column(Date)
    chosen_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
