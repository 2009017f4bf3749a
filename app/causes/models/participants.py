"""How an event's participants came and stayed: lists that were imported, people's own reports, and counts.

Nobody's name or number is kept. A person is means, kilometres, nights and meals; `person` is a digest of
their one-time code, so that a report takes the place of their line on the list, and `device` one of the
phone that told it. The guards stand in migration 0029.
"""

from datetime import datetime
from typing import Any

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
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.database import Base


def _moment() -> Mapped[Any]:
    return mapped_column(DateTime(timezone=True))


class ParticipantDesk(Base):
    """Where an event's participants are taken in: its city, and the link by which they report themselves.

    The link is signed over `link_round`, so that another round ends it.
    """

    __tablename__ = "participant_desk"

    event_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("event.cause_id"), primary_key=True, autoincrement=False
    )
    city: Mapped[str | None] = mapped_column(String(6))
    link_round: Mapped[int] = mapped_column(Integer, server_default="1")
    opened_at: Mapped[datetime | None] = _moment()
    closed_at: Mapped[datetime | None] = _moment()
    counted_at: Mapped[datetime | None] = _moment()


class ParticipantImport(Base):
    """One file of participants: drafted for a preview, taken as a whole or in part, ended by the next.

    `sums` is what it comes to, kept after its people are gone; `faults` names lines, never what stood there.
    """

    __tablename__ = "participant_import"
    __table_args__ = (
        UniqueConstraint("event_id", "number"),
        Index(
            "uq_participant_import_draft",
            "event_id",
            unique=True,
            postgresql_where=text("taken_at IS NULL AND ended_at IS NULL"),
        ),
        Index(
            "uq_participant_import_standing",
            "event_id",
            unique=True,
            postgresql_where=text("taken_at IS NOT NULL AND ended_at IS NULL"),
        ),
        CheckConstraint("least(people, online, fault_count, formulas) >= 0", name="counts"),
        CheckConstraint("(taken_at IS NULL) = (is_partial IS NULL)", name="taken"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    event_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("event.cause_id"))
    number: Mapped[int] = mapped_column(Integer)
    city: Mapped[str | None] = mapped_column(String(6))
    encoding: Mapped[str] = mapped_column(String(20))
    delimiter: Mapped[str] = mapped_column(String(10))
    file_sha256: Mapped[str] = mapped_column(String(64))
    file_bytes: Mapped[int] = mapped_column(Integer)
    people: Mapped[int] = mapped_column(Integer)
    online: Mapped[int] = mapped_column(Integer)
    fault_count: Mapped[int] = mapped_column(Integer)
    faults: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    unused: Mapped[list[str]] = mapped_column(JSONB)
    formulas: Mapped[int] = mapped_column(Integer)
    sums: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    drafted_at: Mapped[datetime] = _moment()
    is_partial: Mapped[bool | None]
    taken_at: Mapped[datetime | None] = _moment()
    ended_at: Mapped[datetime | None] = _moment()

    @property
    def state(self) -> str:
        """Where it stands."""
        if self.ended_at is not None:
            return "ended"
        return "draft" if self.taken_at is None else "standing"


class Participant(Base):
    """How somebody came and stayed: a line of a list, or told by themselves on the phone `device`.

    `city` stands only where kilometres were estimated from it.
    """

    __tablename__ = "participant"
    __table_args__ = (
        Index("ix_participant_event_id", "event_id", "id"),
        Index("ix_participant_reports", "event_id", "told_at", postgresql_where=text("import_id IS NULL")),
        Index("uq_participant_line", "import_id", "line", unique=True),
        Index(
            "uq_participant_person",
            "event_id",
            "person",
            unique=True,
            postgresql_where=text("import_id IS NULL AND removed_at IS NULL"),
        ),
        Index("uq_participant_device", "event_id", "device", unique=True),
        Index("uq_participant_listed", "import_id", "person", unique=True),
        CheckConstraint("(import_id IS NULL) = (line IS NULL)", name="line"),
        CheckConstraint("(import_id IS NULL) = (device IS NOT NULL)", name="device"),
        CheckConstraint("attendance IN ('onsite', 'online')", name="attendance"),
        CheckConstraint("(attendance = 'online') = (there_means IS NULL)", name="there"),
        CheckConstraint("(there_means IS NULL) = (back_means IS NULL)", name="back"),
        CheckConstraint("least(there_km, back_km, nights, meals) >= 0", name="amounts"),
        CheckConstraint("diet IN ('meat', 'vegetarian')", name="diet"),
        CheckConstraint("removed_at IS NULL OR import_id IS NULL", name="removed"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    event_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("event.cause_id"))
    import_id: Mapped[int | None] = mapped_column(
        BigInteger, ForeignKey("participant_import.id", ondelete="CASCADE")
    )
    line: Mapped[int | None] = mapped_column(Integer)
    person: Mapped[bytes | None] = mapped_column(LargeBinary)
    device: Mapped[bytes | None] = mapped_column(LargeBinary)
    attendance: Mapped[str] = mapped_column(String(10))
    there_means: Mapped[str | None] = mapped_column(String(20))
    there_km: Mapped[int] = mapped_column(Integer)
    there_by_city: Mapped[bool] = mapped_column(Boolean)
    back_means: Mapped[str | None] = mapped_column(String(20))
    back_km: Mapped[int] = mapped_column(Integer)
    back_by_city: Mapped[bool] = mapped_column(Boolean)
    nights: Mapped[int] = mapped_column(SmallInteger)
    meals: Mapped[int] = mapped_column(SmallInteger)
    diet: Mapped[str] = mapped_column(String(10))
    city: Mapped[str | None] = mapped_column(String(6))
    times: Mapped[int] = mapped_column(SmallInteger, server_default="1")
    told_at: Mapped[datetime] = _moment()
    removed_at: Mapped[datetime | None] = _moment()


class ParticipantLine(Base):
    """Of whom a line of an inventory was counted: which import, how many of it, how many reports.

    That the line exists and says `amount` is proved with the books.
    """

    __tablename__ = "participant_line"
    __table_args__ = (
        CheckConstraint("amount > 0 AND least(listed, reported) >= 0", name="counts"),
        CheckConstraint("listed + reported > 0", name="somebody"),
        Index("ix_participant_line_event_id", "event_id"),
    )

    inventory_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    stage: Mapped[str] = mapped_column(String(10), primary_key=True)
    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    revision: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    event_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("event.cause_id"))
    import_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("participant_import.id"))
    amount: Mapped[int] = mapped_column(BigInteger)
    listed: Mapped[int] = mapped_column(Integer)
    reported: Mapped[int] = mapped_column(Integer)
    counted_at: Mapped[datetime] = _moment()
