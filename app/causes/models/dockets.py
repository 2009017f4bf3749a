"""Courts, their clerks, dockets and what was ruled in them. The guards stand in migration 0031."""

from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import (
    BigInteger,
    Date,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    Numeric,
    String,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.database import Base


def _operator(*, nullable: bool = False) -> "Mapped[int]":
    return mapped_column(BigInteger, ForeignKey("operator.id"), nullable=nullable)


class Court(Base):
    """An organ that has dockets here 办案机关: a court, a procuratorate, the police, an administration."""

    __tablename__ = "court"

    holder_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("holder.id"), primary_key=True, autoincrement=False
    )
    name: Mapped[str] = mapped_column(String(100), unique=True)
    kind: Mapped[str] = mapped_column(String(20))
    opened_by: Mapped[int] = _operator()
    opened_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class CourtClerk(Base):
    """An operator who is a court's clerk 书记员, and sees nothing but its dockets; of one court at a time."""

    __tablename__ = "court_clerk"
    __table_args__ = (
        Index(
            "uq_court_clerk_standing", "operator_id", unique=True, postgresql_where=text("ended_at IS NULL")
        ),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    operator_id: Mapped[int] = _operator()
    court_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("court.holder_id"), index=True)
    bound_by: Mapped[int] = _operator()
    bound_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    ended_by: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("operator.id"))
    ended_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class Docket(Base):
    """One case 案卷 as a cause: whose, under which number, who has to make good.

    The parties' names are sealed; `parties_shown` is how everybody reads of them. `link_hash` finds what only
    the parties were given the address of. A number is a court's once, among dockets not withdrawn.
    `fulfilled_at` and `letter_number` say what its ruling and the books say now (`prove_dockets`).
    """

    __tablename__ = "docket"
    __table_args__ = (
        Index("ix_docket_court_id", "court_id", "cause_id"),
        Index(
            "uq_docket_case_number",
            "court_id",
            "case_number",
            unique=True,
            postgresql_where=text("withdrawn_at IS NULL"),
        ),
    )

    cause_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("cause.holder_id"), primary_key=True, autoincrement=False
    )
    code: Mapped[str] = mapped_column(String(26), unique=True)
    court_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("court.holder_id"))
    case_number: Mapped[str] = mapped_column(String(60))
    stage: Mapped[str] = mapped_column(String(20))
    parties_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    parties_shown: Mapped[str] = mapped_column(String(400))
    account_note: Mapped[str | None] = mapped_column(String(300))
    product: Mapped[str] = mapped_column(String(20))
    region: Mapped[str | None] = mapped_column(String(12))
    link_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    link_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    opened_by: Mapped[int] = _operator()
    opened_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    fulfilled_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    letter_number: Mapped[str | None] = mapped_column(String(20))
    withdrawn_by: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("operator.id"))
    withdrawn_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    withdrawn_reason: Mapped[str | None] = mapped_column(String(300))


class DocketRuling(Base):
    """What was decided, as one operator recorded it and another confirmed it; the newest confirmed counts.

    `ordered_g` is what it says in tonnes, `amount_fen` what it says in money; at least one of them.
    """

    __tablename__ = "docket_ruling"
    __table_args__ = (
        Index(
            "uq_docket_ruling_waiting",
            "docket_id",
            unique=True,
            postgresql_where=text("confirmed_at IS NULL AND dropped_at IS NULL"),
        ),
        Index("ix_docket_ruling_docket_id", "docket_id", "id"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    docket_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("docket.cause_id"))
    basis: Mapped[str] = mapped_column(String(10))
    ruled_on: Mapped[date] = mapped_column(Date)
    legal_basis: Mapped[str] = mapped_column(String(500))
    rounding: Mapped[str | None] = mapped_column(String(20))
    loss_g: Mapped[int | None] = mapped_column(BigInteger)
    multiplier: Mapped[Decimal | None] = mapped_column(Numeric(6, 3))
    amount_fen: Mapped[int | None] = mapped_column(BigInteger)
    price_fen_per_t: Mapped[int | None] = mapped_column(BigInteger)
    price_source: Mapped[str | None] = mapped_column(String(200))
    priced_on: Mapped[date | None] = mapped_column(Date)
    ordered_g: Mapped[int | None] = mapped_column(BigInteger)
    recorded_by: Mapped[int] = _operator()
    recorded_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    confirmed_by: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("operator.id"))
    confirmed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    dropped_by: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("operator.id"))
    dropped_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class DocketInstalment(Base):
    """A part of a ruling and its last day; `part` is grams where the ruling says tonnes, fen otherwise."""

    __tablename__ = "docket_instalment"

    ruling_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("docket_ruling.id"), primary_key=True, autoincrement=False
    )
    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    due_on: Mapped[date] = mapped_column(Date, index=True)
    part: Mapped[int] = mapped_column(BigInteger)


class DocketPaper(Base):
    """A file of a docket, sealed with its title, which may name people; found by its SHA-256."""

    __tablename__ = "docket_paper"
    __table_args__ = (UniqueConstraint("docket_id", "sha256", name="uq_docket_paper_sha256"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    docket_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("docket.cause_id"))
    kind: Mapped[str] = mapped_column(String(20))
    title_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    media: Mapped[str] = mapped_column(String(10))
    sha256: Mapped[bytes] = mapped_column(LargeBinary)
    size_bytes: Mapped[int] = mapped_column(Integer)
    content_sealed: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)
    added_by: Mapped[int] = _operator()
    added_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class DocketWaiver(Base):
    """A paper that this case does without, and why."""

    __tablename__ = "docket_waiver"

    docket_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("docket.cause_id"), primary_key=True, autoincrement=False
    )
    kind: Mapped[str] = mapped_column(String(20), primary_key=True)
    reason: Mapped[str] = mapped_column(String(300))
    waived_by: Mapped[int] = _operator()
    waived_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class DocketReminder(Base):
    """That an instalment is near, due today or overdue, each once; `delivered_at` when it was passed on."""

    __tablename__ = "docket_reminder"
    __table_args__ = (
        UniqueConstraint("ruling_id", "number", "kind", name="uq_docket_reminder_kind"),
        Index("ix_docket_reminder_waiting", "docket_id", postgresql_where=text("delivered_at IS NULL")),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    docket_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("docket.cause_id"))
    ruling_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("docket_ruling.id"))
    number: Mapped[int] = mapped_column(Integer)
    kind: Mapped[str] = mapped_column(String(10))
    open_part: Mapped[int] = mapped_column(BigInteger)
    raised_on: Mapped[date] = mapped_column(Date)
    delivered_by: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("operator.id"))
    delivered_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
