"""Events' inventories: their two stages and the lines of each."""

from datetime import date, datetime

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Date,
    DateTime,
    ForeignKey,
    ForeignKeyConstraint,
    Identity,
    Index,
    Integer,
    String,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.footprint.models.factors import type_document
from app.kit.database import Base


class InventoryRow(Base):
    """An event whose emissions its holder takes stock of; what may change stands in its stages."""

    __tablename__ = "inventory"
    __table_args__ = (Index("ix_inventory_holder_id", "holder_id", "id"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    code: Mapped[str] = mapped_column(String(26), unique=True)
    holder_id: Mapped[int] = mapped_column(BigInteger)
    name: Mapped[str] = mapped_column(String(100))
    region: Mapped[str] = mapped_column(String(20))
    guide_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("guide.id"))
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class InventoryStageRow(Base):
    """The estimate or the final of an inventory: days, heads, what is left out; closed once and for ever.

    Its code is the code of a result. Its row is the lock of its lines. `first_starts_on` and
    `first_ends_on` are the days that it was opened with: that they were changed is never hidden.
    """

    __tablename__ = "inventory_stage"
    __table_args__ = (
        CheckConstraint("stage IN ('estimate', 'final')", name="stage"),
        CheckConstraint("ends_on >= starts_on", name="days"),
        CheckConstraint("least(onsite_heads, online_heads) >= 0", name="heads"),
        CheckConstraint("onsite_heads + online_heads > 0", name="somebody"),
        CheckConstraint("(closed_at IS NULL) = (emitted_g IS NULL)", name="closed"),
        CheckConstraint(
            "stage = 'estimate' OR closed_at IS NULL"
            " OR ends_on < CAST(closed_at AT TIME ZONE 'Asia/Shanghai' AS date)",
            name="over",
        ),
    )

    inventory_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("inventory.id"), primary_key=True)
    stage: Mapped[str] = mapped_column(String(10), primary_key=True)
    code: Mapped[str] = mapped_column(String(26), unique=True)
    starts_on: Mapped[date] = mapped_column(Date)
    ends_on: Mapped[date] = mapped_column(Date)
    first_starts_on: Mapped[date] = mapped_column(Date)
    first_ends_on: Mapped[date] = mapped_column(Date)
    onsite_heads: Mapped[int] = mapped_column(BigInteger)
    online_heads: Mapped[int] = mapped_column(BigInteger)
    excluded: Mapped[type_document] = mapped_column(JSONB)
    opened_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    closed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    emitted_g: Mapped[int | None] = mapped_column(BigInteger)


class InventoryLineRow(Base):
    """One line of a stage. Replacing it ends it and adds its next revision; removing only ends it."""

    __tablename__ = "inventory_line"
    __table_args__ = (
        ForeignKeyConstraint(
            ["inventory_id", "stage"],
            ["inventory_stage.inventory_id", "inventory_stage.stage"],
            name="fk_inventory_line_stage",
        ),
        UniqueConstraint("inventory_id", "stage", "number", "revision"),
        Index(
            "uq_inventory_line_standing",
            "inventory_id",
            "stage",
            "number",
            unique=True,
            postgresql_where=text("ended_at IS NULL"),
        ),
        CheckConstraint("emitted_g >= 0", name="grams"),
        CheckConstraint("share_part BETWEEN 1 AND share_whole", name="share"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    inventory_id: Mapped[int] = mapped_column(BigInteger)
    stage: Mapped[str] = mapped_column(String(10))
    number: Mapped[int] = mapped_column(Integer)
    revision: Mapped[int] = mapped_column(Integer)
    item: Mapped[str] = mapped_column(String(40))
    inputs: Mapped[type_document] = mapped_column(JSONB)
    share_basis: Mapped[str] = mapped_column(String(20))
    share_part: Mapped[int] = mapped_column(BigInteger)
    share_whole: Mapped[int] = mapped_column(BigInteger)
    grade: Mapped[str] = mapped_column(String(10))
    evidence: Mapped[str | None] = mapped_column(String(200))
    source: Mapped[str | None] = mapped_column(String(200))
    factor_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("factor.id"))
    emitted_g: Mapped[int] = mapped_column(BigInteger)
    added_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    ended_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
