"""Projects and what was issued to them. The guards stand in migration 0003."""

from datetime import date, datetime

from sqlalchemy import (
    BigInteger,
    Boolean,
    Date,
    DateTime,
    ForeignKey,
    ForeignKeyConstraint,
    Identity,
    Index,
    Integer,
    String,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.database import Base
from app.registry import rules
from app.registry.rules import Both


class Described:
    """What is told of a forest: its names, place, wood and method; the last two name catalogue entries."""

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
    product: Mapped[str] = mapped_column(String(20), server_default="yiyuan")
    description_zh: Mapped[str] = mapped_column(Text)
    description_en: Mapped[str] = mapped_column(Text)
    sample: Mapped[bool] = mapped_column(Boolean)

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
        return rules.notes(self.sample, self.product)

    @property
    def place(self) -> Both:
        """Where it lies, from the large to the small in Chinese and the other way round in English."""
        return Both(
            f"{self.county_zh}{self.township_zh}{self.village_zh}",
            ", ".join(filter(None, (self.village_en, self.township_en, self.county_en))),
        )


class Project(Described, Base):
    """A registered forest project 项目.

    `region` is the county that its serials name, for good; `region_code` the deepest region that is known.
    All its units are one `product`, since no removal is applied for under two mechanisms.
    """

    __tablename__ = "project"
    __table_args__ = (
        UniqueConstraint("id", "product"),
        Index("ix_project_region_code", "region_code", postgresql_ops={"region_code": "text_pattern_ops"}),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    code: Mapped[str] = mapped_column(String(20), unique=True)
    region_code: Mapped[str | None] = mapped_column(String(12), ForeignKey("region.code"))
    holder_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("holder.id"))
    area_m2: Mapped[int] = mapped_column(BigInteger)
    buffer_bp: Mapped[int] = mapped_column(Integer, server_default="0")
    registered_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class Issuance(Base):
    """Verified uptake of one project over one monitoring period 签发, and its serials. Never changes.

    Units of another registry have the `origin_id` they came by; their vintage may be issued in parts, and
    `earlier_kg` of it were: written serials go on from there.
    """

    __tablename__ = "issuance"
    __table_args__ = (
        Index(
            "uq_issuance_vintage",
            "project_id",
            "vintage",
            unique=True,
            postgresql_where=text("origin_id IS NULL"),
        ),
        Index("uq_issuance_part", "project_id", "vintage", "earlier_kg", unique=True),
        UniqueConstraint("id", "product"),
        ForeignKeyConstraint(["project_id", "product"], ["project.id", "project.product"]),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    project_id: Mapped[int] = mapped_column(BigInteger)
    product: Mapped[str] = mapped_column(String(20), server_default="yiyuan")
    origin_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("origin.id"), unique=True)
    holder_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("holder.id"))
    period_start: Mapped[date] = mapped_column(Date)
    period_end: Mapped[date] = mapped_column(Date)
    vintage: Mapped[int] = mapped_column(Integer)
    first_serial: Mapped[int] = mapped_column(BigInteger, unique=True)
    last_serial: Mapped[int] = mapped_column(BigInteger, unique=True)
    earlier_kg: Mapped[int] = mapped_column(BigInteger, server_default="0")
    verification: Mapped[str] = mapped_column(String(100))
    sample: Mapped[bool] = mapped_column(Boolean)
    issued_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
