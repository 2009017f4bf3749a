"""What organisations' programs are told, to whom it is pushed, and what could not be.

A notice's position counts within its organisation without a gap and in the order of the commits, since
whoever writes one locks the feed: so who has read up to a position has missed nothing before it.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    String,
    UniqueConstraint,
)
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.database import Base


def _moment(*, nullable: bool = False) -> "Mapped[datetime]":
    return mapped_column(DateTime(timezone=True), nullable=nullable)


class Feed(Base):
    """How many notices an organisation has; locked by whoever writes the next one."""

    __tablename__ = "organisation_feed"

    organisation_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("organisation.holder_id"), primary_key=True
    )
    last: Mapped[int] = mapped_column(BigInteger)


class OrganisationNotice(Base):
    """One thing that an organisation's programs are told, by push or when they ask. Never changes."""

    __tablename__ = "organisation_notice"
    __table_args__ = (Index("ix_organisation_notice_kind", "organisation_id", "kind", "position"),)

    organisation_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("organisation.holder_id"), primary_key=True
    )
    position: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    code: Mapped[str] = mapped_column(String(26), unique=True)
    kind: Mapped[str] = mapped_column(String(30))
    data: Mapped[dict[str, Any]] = mapped_column(JSONB)
    at: Mapped[datetime] = _moment()


class WebhookEndpoint(Base):
    """An address to which notices are pushed one after another; `delivered` is the position before the next.

    `next_at` is when it may be tried, and while somebody tries it the end of their lease.
    """

    __tablename__ = "webhook_endpoint"
    __table_args__ = (
        Index(
            "ix_webhook_endpoint_due",
            "next_at",
            postgresql_where=sql("stopped_at IS NULL AND ended_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    code: Mapped[str] = mapped_column(String(26), unique=True)
    organisation_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("organisation.holder_id"), index=True)
    url: Mapped[str] = mapped_column(String(500))
    kinds: Mapped[list[str]] = mapped_column(ARRAY(String(30)))
    secret_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    past_secret_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    past_until: Mapped[datetime | None] = _moment(nullable=True)
    created_at: Mapped[datetime] = _moment()
    delivered: Mapped[int] = mapped_column(BigInteger)
    attempts: Mapped[int] = mapped_column(Integer, server_default="0")
    dead_in_row: Mapped[int] = mapped_column(Integer, server_default="0")
    next_at: Mapped[datetime] = _moment()
    answered_at: Mapped[datetime | None] = _moment(nullable=True)
    last_error: Mapped[str | None] = mapped_column(String(80))
    stopped_at: Mapped[datetime | None] = _moment(nullable=True)
    ended_at: Mapped[datetime | None] = _moment(nullable=True)


class DeadLetter(Base):
    """A notice that an endpoint never took; `replay_at` is when somebody asked to send it again."""

    __tablename__ = "webhook_dead_letter"
    __table_args__ = (UniqueConstraint("endpoint_id", "position"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    endpoint_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("webhook_endpoint.id"))
    position: Mapped[int] = mapped_column(BigInteger)
    error: Mapped[str] = mapped_column(String(80))
    died_at: Mapped[datetime] = _moment()
    replay_at: Mapped[datetime | None] = _moment(nullable=True)
    delivered_at: Mapped[datetime | None] = _moment(nullable=True)
