"""Where foreign units come from 来源. The guards stand in migration 0019."""

from datetime import date, datetime

from sqlalchemy import BigInteger, Date, DateTime, ForeignKey, Identity, Index, Integer, String
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.database import Base


class OriginSeries(Base):
    """A number line of another registry, on which runs of serials must not overlap."""

    __tablename__ = "origin_series"
    __table_args__ = (Index("uq_origin_series_home_series", "home", "series", unique=True),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    home: Mapped[str] = mapped_column(String(12))
    series: Mapped[str] = mapped_column(String(210))


class Origin(Base):
    """Units of another registry that are to become, or have become, an issuance of ours.

    Entered by an operator with the proof that they have left their home and approved by another, or
    accepted from a recognised programme and completed by its deed. While it stands, nothing else can
    claim its serials; it stands until `ended_at`, and for ever once it is issued.
    """

    __tablename__ = "origin"
    __table_args__ = (
        Index("ix_origin_project", "home", "project_code"),
        Index(
            "ix_origin_waiting",
            "id",
            postgresql_where=sql("issued_at IS NULL AND ended_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    code: Mapped[str] = mapped_column(String(26), unique=True)
    channel: Mapped[str] = mapped_column(String(10))
    home: Mapped[str] = mapped_column(String(12))
    home_name: Mapped[str] = mapped_column(String(60))
    project_code: Mapped[str] = mapped_column(String(60))
    serial: Mapped[str] = mapped_column(String(200))
    series_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("origin_series.id"))
    first_number: Mapped[int] = mapped_column(BigInteger)
    last_number: Mapped[int] = mapped_column(BigInteger)
    quantity_kg: Mapped[int] = mapped_column(BigInteger)
    methodology: Mapped[str] = mapped_column(String(200))
    reference: Mapped[str] = mapped_column(String(100))
    project_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("project.id"))
    holder_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("holder.id"))
    period_start: Mapped[date] = mapped_column(Date)
    period_end: Mapped[date] = mapped_column(Date)
    vintage: Mapped[int] = mapped_column(Integer)
    verification: Mapped[str] = mapped_column(String(100))
    proof_sha256: Mapped[str | None] = mapped_column(String(64))
    entered_by: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("operator.id"))
    entered_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    approved_by: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("operator.id"))
    issued_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    ended_by: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("operator.id"))
    ended_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))

    @property
    def waits(self) -> bool:
        """Whether it waits for its approval or its deed."""
        return self.issued_at is None and self.ended_at is None


class CarbonTicket(Base):
    """The face 票面 of an issuance that is a 林业碳票: its running number; all else is the issuance's."""

    __tablename__ = "carbon_ticket"

    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    issuance_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("issuance.id"), unique=True)
    issued_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
