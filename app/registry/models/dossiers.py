"""Dossiers and what belongs to them. Who may write what and when is guarded in migration 0018."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Date,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    String,
    Text,
    UniqueConstraint,
)
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.database import Base
from app.registry.models.projects import Described
from app.registry.rules.dossiers import (
    DossierStatus,
    RemovalStatus,
    Share,
    dossier_status,
)


def _id() -> Mapped[int]:
    return mapped_column(BigInteger, Identity(), primary_key=True)


def _operator(**kwargs: Any) -> Mapped[Any]:
    return mapped_column(BigInteger, ForeignKey("operator.id"), **kwargs)


def _dossier() -> Mapped[int]:
    return mapped_column(BigInteger, ForeignKey("dossier.id"), index=True)


def _moment() -> Mapped[Any]:
    return mapped_column(DateTime(timezone=True))


class Dossier(Described, Base):
    """A forest put forward to become a project 项目申报书: draft, public notice, registered or withdrawn.

    `holder_id` is the right holder to whom units are issued; `revision` counts the changes of the draft,
    so that a review speaks of what was read. From the review on its terms never change.
    """

    __tablename__ = "dossier"
    __table_args__ = (
        Index(
            "uq_dossier_project_code",
            "project_code",
            unique=True,
            postgresql_where=sql("withdrawn_at IS NULL"),
        ),
    )

    id: Mapped[int] = _id()
    code: Mapped[str] = mapped_column(String(12), unique=True)
    project_code: Mapped[str] = mapped_column(String(20))
    region_code: Mapped[str | None] = mapped_column(String(12))
    buffer_bp: Mapped[int] = mapped_column(Integer, server_default="0")
    holder_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("holder.id"))
    period_start: Mapped[date] = mapped_column(Date)
    period_end: Mapped[date] = mapped_column(Date)
    revision: Mapped[int] = mapped_column(Integer, server_default="1")
    drafted_by: Mapped[int] = _operator()
    drafted_at: Mapped[datetime] = _moment()
    edited_by: Mapped[int] = _operator()
    reviewed_by: Mapped[int | None] = _operator()
    reviewed_at: Mapped[datetime | None] = _moment()
    notice_until: Mapped[datetime | None] = _moment()
    registered_by: Mapped[int | None] = _operator()
    registered_at: Mapped[datetime | None] = _moment()
    project_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("project.id"), unique=True)
    withdrawn_by: Mapped[int | None] = _operator()
    withdrawn_at: Mapped[datetime | None] = _moment()
    withdrawn_reason: Mapped[str | None] = mapped_column(String(300))

    @property
    def status(self) -> DossierStatus:
        """Where it stands."""
        return dossier_status(self.reviewed_at, self.registered_at, self.withdrawn_at)

    def takes_objections(self, now: datetime) -> bool:
        """Whether its notice runs: what comes later would keep it from its registration for ever."""
        in_notice = self.status is DossierStatus.NOTICE
        return in_notice and self.notice_until is not None and now < self.notice_until

    @property
    def period(self) -> tuple[date, date]:
        """Its crediting period 计入期, both days included."""
        return self.period_start, self.period_end


class DossierMaker(Base):
    """Whoever wrote or dropped anything of a dossier: others review, register, and dismiss objections."""

    __tablename__ = "dossier_maker"

    dossier_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("dossier.id"), primary_key=True)
    operator_id: Mapped[int] = _operator(primary_key=True)


class RightShare(Base):
    """What one right holder is entitled to; `named` is their consent to be named in public."""

    __tablename__ = "right_share"
    __table_args__ = (UniqueConstraint("dossier_id", "holder_id", "role"),)

    id: Mapped[int] = _id()
    dossier_id: Mapped[int] = _dossier()
    holder_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("holder.id"))
    role: Mapped[str] = mapped_column(String(10))
    share_bp: Mapped[int] = mapped_column(Integer)
    named: Mapped[bool] = mapped_column(Boolean)
    added_by: Mapped[int] = _operator()

    @property
    def share(self) -> Share:
        """The share as the rules know it."""
        return Share(self.holder_id, self.role, self.share_bp)


class Parcel(Base):
    """A plot of a dossier 地块. `rings` are GeoJSON coordinates; the columns around them bound its box."""

    __tablename__ = "parcel"
    __table_args__ = (
        UniqueConstraint("dossier_id", "number"),
        Index("ix_parcel_box", sql("box(point(west, south), point(east, north))"), postgresql_using="gist"),
    )

    id: Mapped[int] = _id()
    dossier_id: Mapped[int] = _dossier()
    number: Mapped[int] = mapped_column(Integer)
    name: Mapped[str] = mapped_column(String(60))
    rings: Mapped[list[list[list[float]]]] = mapped_column(JSONB)
    area_m2: Mapped[int] = mapped_column(BigInteger)
    declared_area_m2: Mapped[int | None] = mapped_column(BigInteger)
    west: Mapped[float] = mapped_column()
    south: Mapped[float] = mapped_column()
    east: Mapped[float] = mapped_column()
    north: Mapped[float] = mapped_column()
    added_by: Mapped[int] = _operator()
    added_at: Mapped[datetime] = _moment()


class Document(Base):
    """A file of a dossier 附件: its SHA-256 is public, its content sealed and for operators only."""

    __tablename__ = "dossier_document"
    __table_args__ = (UniqueConstraint("dossier_id", "sha256"),)

    id: Mapped[int] = _id()
    dossier_id: Mapped[int] = _dossier()
    kind: Mapped[str] = mapped_column(String(20))
    title: Mapped[str] = mapped_column(String(100))
    media: Mapped[str] = mapped_column(String(4))
    sha256: Mapped[bytes] = mapped_column(LargeBinary)
    size_bytes: Mapped[int] = mapped_column(Integer)
    content_sealed: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)
    added_by: Mapped[int] = _operator()
    added_at: Mapped[datetime] = _moment()


class Opinion(Base):
    """What an expert says of a dossier 专家意见; `expert` as they consented to be shown."""

    __tablename__ = "dossier_opinion"

    id: Mapped[int] = _id()
    dossier_id: Mapped[int] = _dossier()
    expert: Mapped[str] = mapped_column(String(100))
    verdict: Mapped[str] = mapped_column(String(15))
    words: Mapped[str] = mapped_column(Text)
    given_on: Mapped[date] = mapped_column(Date)
    added_by: Mapped[int] = _operator()
    added_at: Mapped[datetime] = _moment()


class Objection(Base):
    """What somebody holds against a dossier in public notice 异议; sealed, since it may name people.

    `upheld` is None until an operator has answered: then whether it ends the dossier.
    """

    __tablename__ = "objection"
    __table_args__ = (UniqueConstraint("dossier_id", "digest"),)

    id: Mapped[int] = _id()
    code: Mapped[str] = mapped_column(String(12), unique=True)
    dossier_id: Mapped[int] = _dossier()
    digest: Mapped[str] = mapped_column(String(44))
    words_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    raised_at: Mapped[datetime] = _moment()
    answered_by: Mapped[int | None] = _operator()
    answered_at: Mapped[datetime | None] = _moment()
    answer: Mapped[str | None] = mapped_column(Text)
    upheld: Mapped[bool | None] = mapped_column(Boolean)


class VerifiedRemoval(Base):
    """What a verifier found that a project took up in one monitoring period 核证量; issued once or refused.

    Neither a report's file, nor its reference, nor a day of a project stands in two that are not refused.
    """

    __tablename__ = "verified_removal"
    __table_args__ = tuple(
        Index(
            f"uq_verified_removal_{name}", name, unique=True, postgresql_where=sql("refused_reason IS NULL")
        )
        for name in ("report_sha256", "verification")
    )

    id: Mapped[int] = _id()
    code: Mapped[str] = mapped_column(String(12), unique=True)
    dossier_id: Mapped[int] = _dossier()
    document_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("dossier_document.id"))
    report_sha256: Mapped[bytes] = mapped_column(LargeBinary)
    period_start: Mapped[date] = mapped_column(Date)
    period_end: Mapped[date] = mapped_column(Date)
    vintage: Mapped[int] = mapped_column(Integer)
    quantity_kg: Mapped[int] = mapped_column(BigInteger)
    verification: Mapped[str] = mapped_column(String(100))
    verifier: Mapped[str] = mapped_column(String(100))
    verified_on: Mapped[date] = mapped_column(Date)
    requested_by: Mapped[int] = _operator()
    requested_at: Mapped[datetime] = _moment()
    decided_by: Mapped[int | None] = _operator()
    decided_at: Mapped[datetime | None] = _moment()
    refused_reason: Mapped[str | None] = mapped_column(String(300))
    issuance_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("issuance.id"), unique=True)

    @property
    def status(self) -> RemovalStatus:
        """Where it stands."""
        if self.decided_at is None:
            return RemovalStatus.REQUESTED
        return RemovalStatus.ISSUED if self.issuance_id is not None else RemovalStatus.REFUSED
