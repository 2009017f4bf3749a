"""Organisations as holders that people act for: who may, since when, and how they came to it.

Guards (what never changes, the last owner) stand in migration 0033.
"""

from datetime import datetime

from sqlalchemy import BigInteger, Boolean, DateTime, ForeignKey, Identity, Index, LargeBinary, String, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.database import Base


def _moment(*, nullable: bool = False) -> "Mapped[datetime]":
    return mapped_column(DateTime(timezone=True), nullable=nullable)


class Organisation(Base):
    """What is known of an organisation beside its books.

    `told_name` is what its founder calls it and is shown to its own members only; `holder.name` is empty
    until operators have verified it, so that nothing that prints a holder's name prints an unverified one.
    """

    __tablename__ = "organisation"

    holder_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("holder.id"), primary_key=True)
    told_name: Mapped[str] = mapped_column(String(100))
    founded_by: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("holder.id"))
    credit_code: Mapped[str | None] = mapped_column(String(18), unique=True)
    verified_at: Mapped[datetime | None] = _moment(nullable=True)


class Verification(Base):
    """An organisation's wish to be known by its name and credit code, and what an operator decided."""

    __tablename__ = "verification"
    __table_args__ = (
        Index(
            "uq_verification_open",
            "organisation_id",
            unique=True,
            postgresql_where=text("decided_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    organisation_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("organisation.holder_id"), index=True)
    name: Mapped[str] = mapped_column(String(100))
    credit_code: Mapped[str] = mapped_column(String(18))
    requested_by: Mapped[int] = mapped_column(BigInteger, ForeignKey("holder.id"))
    requested_at: Mapped[datetime] = _moment()
    decided_by: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("operator.id"))
    decided_at: Mapped[datetime | None] = _moment(nullable=True)
    approved: Mapped[bool | None] = mapped_column(Boolean)
    reason: Mapped[str | None] = mapped_column(String(200))


class Membership(Base):
    """A person who may act for an organisation 成员; left or removed, the row stays.

    The label is what the organisation calls the person, sealed: people have no public name here.
    """

    __tablename__ = "membership"
    __table_args__ = (
        Index(
            "uq_membership_standing",
            "organisation_id",
            "member_id",
            unique=True,
            postgresql_where=text("ended_at IS NULL"),
        ),
        Index("ix_membership_member_id", "member_id", postgresql_where=text("ended_at IS NULL")),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    organisation_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("organisation.holder_id"))
    member_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("holder.id"))
    role: Mapped[str] = mapped_column(String(12))
    label_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    joined_at: Mapped[datetime] = _moment()
    ended_at: Mapped[datetime | None] = _moment(nullable=True)
    ended_by: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("holder.id"))


class Invitation(Base):
    """A link that lets one person in, once and for some days; only its hash is kept.

    `invited_by` None is an operator, who invites the first owner of an organisation that they opened.
    """

    __tablename__ = "invitation"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    code: Mapped[str] = mapped_column(String(26), unique=True)
    organisation_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("organisation.holder_id"), index=True)
    role: Mapped[str] = mapped_column(String(12))
    label_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    link_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    invited_by: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("holder.id"))
    invited_at: Mapped[datetime] = _moment()
    expires_at: Mapped[datetime] = _moment()
    accepted_by: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("holder.id"))
    accepted_at: Mapped[datetime | None] = _moment(nullable=True)
    withdrawn_at: Mapped[datetime | None] = _moment(nullable=True)


class ApiKey(Base):
    """A program's way to act for an organisation: found by its prefix, known by its hash."""

    __tablename__ = "api_key"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    organisation_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("organisation.holder_id"), index=True)
    prefix: Mapped[str] = mapped_column(String(12), unique=True)
    secret_hash: Mapped[bytes] = mapped_column(LargeBinary)
    name: Mapped[str] = mapped_column(String(60))
    scopes: Mapped[list[str]] = mapped_column(ARRAY(String(12)))
    created_by: Mapped[int] = mapped_column(BigInteger, ForeignKey("holder.id"))
    created_at: Mapped[datetime] = _moment()
    expires_at: Mapped[datetime] = _moment()
    revoked_at: Mapped[datetime | None] = _moment(nullable=True)
    last_used_at: Mapped[datetime | None] = _moment(nullable=True)
    replaces_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("api_key.id"), unique=True)
