"""Partners 数据伙伴, their terms and keys, the links of people to them, and what they sent.

Terms, keys and links are decided or ended once; batches and items never change (triggers in migration
0024). Items carry no foreign keys: they belong to the hot path of a batch, and `flask prove` holds each
against its action.
"""

from datetime import date, datetime

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Date,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    String,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.database import Base


class Partner(Base):
    """An organisation that reports what people did with it; `code` is the source of its actions."""

    __tablename__ = "partner"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    code: Mapped[str] = mapped_column(String(30), unique=True)
    kind: Mapped[str] = mapped_column(String(20))
    name_zh: Mapped[str] = mapped_column(String(60))
    name_en: Mapped[str] = mapped_column(String(60))
    contact: Mapped[str] = mapped_column(String(200))
    proposed_by: Mapped[int] = mapped_column(BigInteger, ForeignKey("operator.id"))
    proposed_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class PartnerTerms(Base):
    """Which scenes a partner may report and how many items of each a day; in force once another approved.

    The last approved terms count, if they were approved after the last suspension.
    """

    __tablename__ = "partner_terms"
    __table_args__ = (
        CheckConstraint("decided_by <> proposed_by", name="checker"),
        CheckConstraint("num_nulls(decided_by, decided_at, approved) IN (0, 3)", name="decided"),
        Index(
            "uq_partner_terms_waiting",
            "partner_id",
            unique=True,
            postgresql_where=text("decided_at IS NULL"),
        ),
        Index("ix_partner_terms_partner_id", "partner_id", "decided_at"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    partner_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("partner.id"))
    scenes: Mapped[dict[str, int]] = mapped_column(JSONB)
    proposed_by: Mapped[int] = mapped_column(BigInteger, ForeignKey("operator.id"))
    proposed_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    decided_by: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("operator.id"))
    decided_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    approved: Mapped[bool | None]


class PartnerSuspension(Base):
    """One operator stopped a partner at once; only terms that two agree on afterwards let it report again."""

    __tablename__ = "partner_suspension"
    __table_args__ = (Index("ix_partner_suspension_partner_id", "partner_id"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    partner_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("partner.id"))
    reason: Mapped[str] = mapped_column(String(300))
    suspended_by: Mapped[int] = mapped_column(BigInteger, ForeignKey("operator.id"))
    suspended_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class PartnerKey(Base):
    """An Ed25519 public key of a partner's: good between its days, once confirmed, until revoked."""

    __tablename__ = "partner_key"
    __table_args__ = (
        CheckConstraint("octet_length(public_key) = 32", name="ed25519"),
        CheckConstraint("valid_from < valid_until", name="life"),
        CheckConstraint("confirmed_by <> registered_by", name="checker"),
        CheckConstraint("(confirmed_by IS NULL) = (confirmed_at IS NULL)", name="confirmed"),
        CheckConstraint("(revoked_by IS NULL) = (revoked_at IS NULL)", name="revoked"),
        Index("ix_partner_key_partner_id", "partner_id"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    partner_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("partner.id"))
    kid: Mapped[str] = mapped_column(String(16), unique=True)
    public_key: Mapped[bytes] = mapped_column(LargeBinary)
    valid_from: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    valid_until: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    registered_by: Mapped[int] = mapped_column(BigInteger, ForeignKey("operator.id"))
    registered_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    confirmed_by: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("operator.id"))
    confirmed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    revoked_by: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("operator.id"))
    revoked_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class PartnerLink(Base):
    """A holder as one partner knows them: by a token that says nothing and is used nowhere else.

    `turned_away` counts items that came without the holder's consent, so that a withdrawal shows its effect.
    """

    __tablename__ = "partner_link"
    __table_args__ = (
        Index(
            "uq_partner_link_standing",
            "holder_id",
            "partner_id",
            unique=True,
            postgresql_where=text("ended_at IS NULL"),
        ),
        {"postgresql_with": {"fillfactor": "80"}},
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    token: Mapped[str] = mapped_column(String(26), unique=True)
    partner_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("partner.id"))
    holder_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("holder.id"))
    linked_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    ended_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    turned_away: Mapped[int] = mapped_column(BigInteger, server_default="0")
    turned_away_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class PartnerBatch(Base):
    """One signed batch: whose key, the digest of its bytes, and what became of each item (deflated JSON)."""

    __tablename__ = "partner_batch"
    __table_args__ = (
        UniqueConstraint("partner_id", "name"),
        CheckConstraint("accepted + repeated + refused = items", name="counts"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    partner_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("partner.id"))
    name: Mapped[str] = mapped_column(String(64))
    key_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("partner_key.id"))
    digest: Mapped[bytes] = mapped_column(LargeBinary)
    items: Mapped[int] = mapped_column(Integer)
    accepted: Mapped[int] = mapped_column(Integer)
    repeated: Mapped[int] = mapped_column(Integer)
    refused: Mapped[int] = mapped_column(Integer)
    results: Mapped[bytes] = mapped_column(LargeBinary)
    received_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class PartnerItem(Base):
    """An item that counts, by the partner's own id: it counts once, whatever batch it comes in again."""

    __tablename__ = "partner_item"

    partner_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    item: Mapped[str] = mapped_column(String(64), primary_key=True)
    batch_id: Mapped[int] = mapped_column(BigInteger)
    holder_id: Mapped[int] = mapped_column(BigInteger)
    action_id: Mapped[int] = mapped_column(BigInteger)
    fingerprint: Mapped[bytes] = mapped_column(LargeBinary)


class PartnerDay(Base):
    """How many items of one scene a partner had counted on one of Shanghai's days."""

    __tablename__ = "partner_day"
    __table_args__ = (CheckConstraint("items >= 0", name="items"),)

    partner_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("partner.id"), primary_key=True)
    day: Mapped[date] = mapped_column(Date, primary_key=True)
    scene: Mapped[str] = mapped_column(String(40), primary_key=True)
    items: Mapped[int] = mapped_column(BigInteger)


class TripKey(Base):
    """A ride that is counted, by a digest that needs our key: the same ride told by another meets it.

    A trigger forgets the key of an action that is withdrawn.
    """

    __tablename__ = "trip_key"
    __table_args__ = (Index("ix_trip_key_action_id", "action_id"),)

    key: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    holder_id: Mapped[int] = mapped_column(BigInteger)
    action_id: Mapped[int] = mapped_column(BigInteger)
