"""The public log: its leaves, the hashes above them, and its signed heads. Guards: migration 0015."""

from datetime import date, datetime

from sqlalchemy import (
    BigInteger,
    Date,
    DateTime,
    LargeBinary,
    SmallInteger,
    String,
    Text,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.database import Base
from app.registry.rules.log import Line


class LogEntry(Base):
    """A leaf of the log. `source` and `reference` say which fact it tells of, each of them once."""

    __tablename__ = "log_entry"
    __table_args__ = (UniqueConstraint("source", "reference"),)

    position: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    source: Mapped[str] = mapped_column(String(20))
    reference: Mapped[int] = mapped_column(BigInteger)
    kind: Mapped[str] = mapped_column(String(20))
    quantity_kg: Mapped[int] = mapped_column(BigInteger)
    leaf: Mapped[str] = mapped_column(Text)


class LogNode(Base):
    """The hash of a full subtree above the leaves; a leaf's own is taken from the leaf."""

    __tablename__ = "log_node"

    level: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    number: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    hash: Mapped[bytes] = mapped_column(LargeBinary)


class LogHead(Base):
    """The log as it stood at a moment, signed 封存: its size, its root, and where all units stood.

    Holds what happened before `until`. `day` is the business day that it closes, None for one in between.
    """

    __tablename__ = "log_head"

    number: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    day: Mapped[date | None] = mapped_column(Date, unique=True)
    until: Mapped[datetime] = mapped_column(DateTime(timezone=True), unique=True)
    size: Mapped[int] = mapped_column(BigInteger, index=True)
    root: Mapped[bytes] = mapped_column(LargeBinary)
    issued_kg: Mapped[int] = mapped_column(BigInteger)
    active_kg: Mapped[int] = mapped_column(BigInteger)
    reserved_kg: Mapped[int] = mapped_column(BigInteger)
    pledged_kg: Mapped[int] = mapped_column(BigInteger)
    retired_kg: Mapped[int] = mapped_column(BigInteger)
    cancelled_kg: Mapped[int] = mapped_column(BigInteger)
    sealed_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    document: Mapped[str] = mapped_column(Text)

    @property
    def line(self) -> Line:
        """Where all units stood."""
        return Line(
            self.issued_kg,
            self.active_kg,
            self.reserved_kg,
            self.pledged_kg,
            self.retired_kg,
            self.cancelled_kg,
        )
