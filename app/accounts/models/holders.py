"""Holders, their sign-ins and consents, accounts and postings.

The tables' triggers and CHECKs stand in migration 0001: postings are append-only and move the
stored balances themselves, so a balance cannot differ from its postings whoever writes.
"""

from datetime import datetime

from sqlalchemy import (
    BigInteger,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    LargeBinary,
    SmallInteger,
    String,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.database import Base

HOLDER_KINDS = (
    "person",
    "household",
    "village",
    "organisation",
    "platform",
    "buffer",
    "event",
    "duty",
    "case",
    "gift",
    "programme",
    "drive",
    "planting",
)


class Holder(Base):
    """Whoever can hold books or units 持有人."""

    __tablename__ = "holder"

    id: Mapped[int] = mapped_column(BigInteger, Identity(start=1000), primary_key=True)
    code: Mapped[str] = mapped_column(String(26), unique=True)
    kind: Mapped[str] = mapped_column(String(20))
    name: Mapped[str | None] = mapped_column(String(100))
    region: Mapped[str | None] = mapped_column(String(20))
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    closed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class WeChatIdentity(Base):
    """A person's WeChat: the openid of our mini-program, and the latest session key, sealed."""

    __tablename__ = "wechat_identity"

    openid: Mapped[str] = mapped_column(String(64), primary_key=True)
    holder_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("holder.id"), unique=True)
    unionid: Mapped[str | None] = mapped_column(String(64))
    session_key_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    signed_in_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class SignInSession(Base):
    """One sign-in on one device: the family of its refresh tokens."""

    __tablename__ = "sign_in_session"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    holder_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("holder.id"), index=True)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    revoked_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class RefreshToken(Base):
    """One refresh token, by its hash. Used once; `successor_sealed` serves a lost answer for seconds."""

    __tablename__ = "refresh_token"

    hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    session_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("sign_in_session.id"), index=True)
    expires_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    used_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    successor_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)


class Consent(Base):
    """A holder's consent that data of one scene comes from one source; withdrawn, never deleted."""

    __tablename__ = "consent"
    __table_args__ = (
        Index(
            "uq_consent_standing",
            "holder_id",
            "scene",
            "source",
            unique=True,
            postgresql_where=text("withdrawn_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    holder_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("holder.id"))
    scene: Mapped[str] = mapped_column(String(40))
    source: Mapped[str] = mapped_column(String(40))
    version: Mapped[str] = mapped_column(String(20))
    granted_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    withdrawn_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class Account(Base):
    """A stored balance; only postings move it."""

    __tablename__ = "account"
    __table_args__ = ({"postgresql_with": {"fillfactor": "50"}},)

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    balance: Mapped[int] = mapped_column(BigInteger)


class PostingRow(Base):
    """One entry in the books: `amount` moved from `source` to `target`, for good."""

    __tablename__ = "posting"
    __table_args__ = (
        Index("ix_posting_source", "source", "id", postgresql_where=text("source % 100 < 90")),
        Index("ix_posting_target", "target", "id", postgresql_where=text("target % 100 < 90")),
        Index("ix_posting_posted_at", "posted_at", postgresql_using="brin"),
    )

    kind: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    reference: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    id: Mapped[int] = mapped_column(BigInteger, Identity())
    source: Mapped[int] = mapped_column(BigInteger)
    target: Mapped[int] = mapped_column(BigInteger)
    amount: Mapped[int] = mapped_column(BigInteger)
    posted_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
