"""What is remembered of gifts. The guards stand in migration 0032.

A gift is a cause with one order; its certificate's serials are tiled by its cards, so that one payment
makes gifts for many and every kilogram still has one place.
"""

from datetime import datetime

from sqlalchemy import (
    BigInteger,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    String,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.database import Base


def _moment(*, nullable: bool = False) -> "Mapped[datetime]":
    return mapped_column(DateTime(timezone=True), nullable=nullable)


class Gift(Base):
    """Units bought and retired for others 赠礼; `shown` is the giver's consent to stand in public."""

    __tablename__ = "gift"
    __table_args__ = (Index("ix_gift_giver_id", "giver_id", "cause_id"),)

    cause_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("cause.holder_id"), primary_key=True, autoincrement=False
    )
    order_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("orders.id"), unique=True)
    giver_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("holder.id"))
    occasion: Mapped[str] = mapped_column(String(20))
    cards: Mapped[int] = mapped_column(SmallInteger)
    card_kg: Mapped[int] = mapped_column(BigInteger)
    shown: Mapped[bool]
    made_at: Mapped[datetime] = _moment()


class GiftCard(Base):
    """One share of a gift, for whoever has its link 礼卡.

    The link's secret is kept nowhere: it follows from our key, the card and its `issue`, and is found by
    its hash. Handing it out again is the next issue, with a new secret.
    """

    __tablename__ = "gift_card"
    __table_args__ = (
        Index("uq_gift_card_place", "gift_id", "place", unique=True),
        Index("ix_gift_card_claimed_by", "claimed_by", "id", postgresql_where=text("claimed_by IS NOT NULL")),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    code: Mapped[str] = mapped_column(String(26), unique=True)
    gift_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("gift.cause_id"))
    place: Mapped[int] = mapped_column(SmallInteger)
    issue: Mapped[int] = mapped_column(Integer)
    link_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    until: Mapped[datetime] = _moment()
    withdrawn_at: Mapped[datetime | None] = _moment(nullable=True)
    claimed_by: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("holder.id"))
    claimed_at: Mapped[datetime | None] = _moment(nullable=True)


class Inscription(Base):
    """Words that somebody wrote on a gift for others to read 题写, sealed, and what was thought of them.

    Kinds: `gift` (the giver's words and every name on the cards, judged as one), `name` (how a recipient
    wants to be named in public: their consent) and `thanks`. One stands of each; another one takes its
    place, and what was taken back is erased. `doubt` is why a person has to look.
    """

    __tablename__ = "inscription"
    __table_args__ = (
        Index(
            "uq_inscription_standing",
            "gift_id",
            "card_id",
            "kind",
            unique=True,
            postgresql_nulls_not_distinct=True,
            postgresql_where=text("withdrawn_at IS NULL"),
        ),
        Index(
            "ix_inscription_waiting",
            "id",
            postgresql_where=text("passed_at IS NULL AND refused_at IS NULL AND withdrawn_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    code: Mapped[str] = mapped_column(String(12), unique=True)
    gift_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("gift.cause_id"))
    card_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("gift_card.id"))
    kind: Mapped[str] = mapped_column(String(10))
    author_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("holder.id"))
    text_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    doubt: Mapped[str | None] = mapped_column(String(20))
    written_at: Mapped[datetime] = _moment()
    passed_at: Mapped[datetime | None] = _moment(nullable=True)
    refused_at: Mapped[datetime | None] = _moment(nullable=True)
    judged_by: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("operator.id"))
    reason: Mapped[str | None] = mapped_column(String(200))
    withdrawn_at: Mapped[datetime | None] = _moment(nullable=True)
