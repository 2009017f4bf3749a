"""Administrative regions 行政区划. The guards stand in migration 0013."""

from datetime import datetime

from sqlalchemy import Boolean, DateTime, ForeignKey, Index, SmallInteger, String
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.database import Base
from app.registry.rules import Both
from app.registry.rules.regions import level_of


class Region(Base):
    """A province, city, county, township or village. Names may change; a code stays what it is.

    `name_en` is None where no English name or pinyin is known.
    """

    __tablename__ = "region"
    __table_args__ = (Index("ix_region_parent", "parent"),)

    code: Mapped[str] = mapped_column(String(12), primary_key=True)
    digits: Mapped[int] = mapped_column(SmallInteger)
    parent: Mapped[str | None] = mapped_column(String(12), ForeignKey("region.code"))
    name_zh: Mapped[str] = mapped_column(String(60))
    name_en: Mapped[str | None] = mapped_column(String(60))
    sample: Mapped[bool] = mapped_column(Boolean)
    loaded_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))

    @property
    def name(self) -> Both:
        """Its name; the Chinese one in both languages where no other is known."""
        return Both(self.name_zh, self.name_en or self.name_zh)

    @property
    def level(self) -> str:
        """province, city, county, township or village."""
        return level_of(self.code)
