"""Recognised programmes 互认伙伴 and what they state of themselves. The guards stand in migration 0020."""

from datetime import datetime

from sqlalchemy import BigInteger, DateTime, ForeignKey, Identity, Index, String, Text, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.database import Base
from app.kit.letters import PublicKey, read_key


class Programme(Base):
    """A programme whose signed letters we believe: entered by one operator, confirmed by another.

    Never changed: other keys or another address are a new row, and the one before ends with its
    confirmation. Who changes keys names the old ones too while letters of theirs are on the way.
    """

    __tablename__ = "programme"
    __table_args__ = (
        Index(
            "uq_programme_standing",
            "code",
            unique=True,
            postgresql_where=text("confirmed_at IS NOT NULL AND ended_at IS NULL"),
        ),
        Index(
            "uq_programme_pending",
            "code",
            unique=True,
            postgresql_where=text("confirmed_at IS NULL AND ended_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    code: Mapped[str] = mapped_column(String(12))
    name_zh: Mapped[str] = mapped_column(String(60))
    name_en: Mapped[str] = mapped_column(String(60))
    base_url: Mapped[str | None] = mapped_column(String(200))
    keys: Mapped[list[str]] = mapped_column(ARRAY(String(43)))
    entered_by: Mapped[int] = mapped_column(BigInteger, ForeignKey("operator.id"))
    entered_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    confirmed_by: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("operator.id"))
    confirmed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    ended_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))

    @property
    def stands(self) -> bool:
        """Whether its letters are believed."""
        return self.confirmed_at is not None and self.ended_at is None

    @property
    def waits(self) -> bool:
        """Whether it waits for its second person."""
        return self.confirmed_at is None and self.ended_at is None

    @property
    def public_keys(self) -> list[PublicKey]:
        """Its keys, the one it signs with now first."""
        return [read_key(x) for x in self.keys]


class ProgrammeStatement(Base):
    """What a programme has signed of its own units at a moment. Shown as theirs, never added into ours."""

    __tablename__ = "programme_statement"

    programme_code: Mapped[str] = mapped_column(String(12), primary_key=True)
    stated_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), primary_key=True)
    kid: Mapped[str] = mapped_column(String(16))
    issued_kg: Mapped[int] = mapped_column(BigInteger)
    held_kg: Mapped[int] = mapped_column(BigInteger)
    retired_kg: Mapped[int] = mapped_column(BigInteger)
    cancelled_kg: Mapped[int] = mapped_column(BigInteger)
    document: Mapped[str] = mapped_column(Text)
    imported_by: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("operator.id"))
    imported_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
