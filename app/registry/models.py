"""What the registry remembers. CHECKs, range exclusion and guards stand in migration 0003.

A block is never deleted. It is split by one statement that shrinks it and inserts the piece cut off,
so the chain of blocks of an issuance has no gap at any moment, and the database refuses any other way.
"""

from datetime import date, datetime

from sqlalchemy import BigInteger, Boolean, Date, DateTime, ForeignKey, Identity, Index, Integer, String, Text
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.database import Base
from app.registry import rules
from app.registry.rules import Both, Serials


class Project(Base):
    """A forest project 项目. `forest_type` and `methodology` are names in the message catalogue."""

    __tablename__ = "project"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    code: Mapped[str] = mapped_column(String(20), unique=True)
    name_zh: Mapped[str] = mapped_column(String(100))
    name_en: Mapped[str] = mapped_column(String(100))
    region: Mapped[str] = mapped_column(String(6))
    county_zh: Mapped[str] = mapped_column(String(60))
    county_en: Mapped[str] = mapped_column(String(60))
    township_zh: Mapped[str] = mapped_column(String(60))
    township_en: Mapped[str] = mapped_column(String(60))
    village_zh: Mapped[str] = mapped_column(String(60))
    village_en: Mapped[str] = mapped_column(String(60))
    forest_type: Mapped[str] = mapped_column(String(40))
    methodology: Mapped[str] = mapped_column(String(40))
    description_zh: Mapped[str] = mapped_column(Text)
    description_en: Mapped[str] = mapped_column(Text)
    holder_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("holder.id"))
    area_m2: Mapped[int] = mapped_column(BigInteger)
    sample: Mapped[bool] = mapped_column(Boolean)
    registered_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))

    @property
    def name(self) -> Both:
        """Its name."""
        return Both(self.name_zh, self.name_en)

    @property
    def description(self) -> Both:
        """What stands there."""
        return Both(self.description_zh, self.description_en)

    @property
    def notes(self) -> tuple[str, ...]:
        """What must stand wherever it is shown."""
        return rules.notes(self.sample)

    @property
    def place(self) -> Both:
        """Where it lies, from the large to the small in Chinese and the other way round in English."""
        return Both(
            f"{self.county_zh}{self.township_zh}{self.village_zh}",
            f"{self.village_en}, {self.township_en}, {self.county_en}",
        )


class Issuance(Base):
    """Verified uptake of one project over one monitoring period 签发, and its serials. Never changes."""

    __tablename__ = "issuance"
    __table_args__ = (Index("uq_issuance_vintage", "project_id", "vintage", unique=True),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    project_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("project.id"))
    holder_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("holder.id"))
    period_start: Mapped[date] = mapped_column(Date)
    period_end: Mapped[date] = mapped_column(Date)
    vintage: Mapped[int] = mapped_column(Integer)
    first_serial: Mapped[int] = mapped_column(BigInteger, unique=True)
    last_serial: Mapped[int] = mapped_column(BigInteger, unique=True)
    verification: Mapped[str] = mapped_column(String(100))
    sample: Mapped[bool] = mapped_column(Boolean)
    issued_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class Lot(Base):
    """A block on sale 货批: seller, terms and what remains.

    `available_kg` can be reserved, `reserved_kg` is promised to orders, `short_kg` is the part of the
    promised that was cancelled since: the active block of the lot holds available + reserved - short.
    """

    __tablename__ = "lot"
    __table_args__ = (
        Index("ix_lot_open", "product", "id", postgresql_where=sql("closed_at IS NULL")),
        {"postgresql_with": {"fillfactor": "50"}},
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    code: Mapped[str] = mapped_column(String(26), unique=True)
    issuance_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("issuance.id"), index=True)
    seller_holder_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("holder.id"))
    product: Mapped[str] = mapped_column(String(20))
    step_kg: Mapped[int] = mapped_column(BigInteger)
    price_fen_per_step: Mapped[int] = mapped_column(BigInteger)
    village_holder_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("holder.id"))
    village_bp: Mapped[int] = mapped_column(Integer)
    fee_bp: Mapped[int] = mapped_column(Integer)
    offered_kg: Mapped[int] = mapped_column(BigInteger)
    available_kg: Mapped[int] = mapped_column(BigInteger)
    reserved_kg: Mapped[int] = mapped_column(BigInteger, server_default="0")
    short_kg: Mapped[int] = mapped_column(BigInteger, server_default="0")
    opened_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    closed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class Block(Base):
    """A contiguous run of serials of one issuance with one holder and one state 号段.

    `lot_id` names the lot it is, or was, sold from; `changed_at` is the time of its present state.
    """

    __tablename__ = "block"
    __table_args__ = (
        Index("ix_block_active", "issuance_id", postgresql_where=sql("state = 'active'")),
        Index(
            "uq_block_on_sale",
            "lot_id",
            unique=True,
            postgresql_where=sql("state = 'active' AND lot_id IS NOT NULL"),
        ),
        {"postgresql_with": {"autovacuum_vacuum_scale_factor": "0.01", "autovacuum_vacuum_threshold": "500"}},
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    issuance_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("issuance.id"))
    lot_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("lot.id"))
    holder_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("holder.id"))
    state: Mapped[str] = mapped_column(String(10))
    reason: Mapped[str | None] = mapped_column(String(20))
    first_serial: Mapped[int] = mapped_column(BigInteger, unique=True)
    last_serial: Mapped[int] = mapped_column(BigInteger, unique=True)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    changed_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))

    @property
    def serials(self) -> Serials:
        """Its serials, numbered through over all issuances."""
        return Serials(self.first_serial, self.last_serial)
