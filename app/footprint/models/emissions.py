"""What a person's month emitted."""

from datetime import datetime

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


class EmissionRow(Base):
    """What a holder emitted of one kind in one month; a correction is the next revision."""

    __tablename__ = "emission"
    __table_args__ = (
        UniqueConstraint("holder_id", "month", "kind", "revision"),
        CheckConstraint("emitted_g >= 0", name="grams"),
        Index("ix_emission_holder_id", "holder_id", "id"),
        Index("ix_emission_recorded_at", "recorded_at", postgresql_using="brin"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    holder_id: Mapped[int] = mapped_column(BigInteger)
    month: Mapped[str] = mapped_column(String(7))
    kind: Mapped[str] = mapped_column(String(40))
    revision: Mapped[int] = mapped_column(Integer)
    inputs: Mapped[type_document] = mapped_column(JSONB)
    factor_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("factor.id"))
    emitted_g: Mapped[int] = mapped_column(BigInteger)
    recorded_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
