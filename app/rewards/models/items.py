"""What points can be redeemed for, how much of it there is, and who issues it.

The guards (terms that never change once published, four eyes, stock within its bounds) stand in
migration 0035.
"""

from datetime import date, datetime

from sqlalchemy import (
    BigInteger,
    Date,
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
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.database import Base


def _moment(*, nullable: bool = False) -> "Mapped[datetime]":
    return mapped_column(DateTime(timezone=True), nullable=nullable)


class VoucherPartner(Base):
    """A giver's server that issues vouchers when it is asked; its key signs whatever it answers."""

    __tablename__ = "voucher_partner"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    code: Mapped[str] = mapped_column(String(12), unique=True)
    holder_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("holder.id"))
    base_url: Mapped[str] = mapped_column(String(200))
    public_key: Mapped[bytes] = mapped_column(LargeBinary)
    added_by: Mapped[int] = mapped_column(BigInteger, ForeignKey("operator.id"))
    added_at: Mapped[datetime] = _moment()
    confirmed_by: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("operator.id"))
    confirmed_at: Mapped[datetime | None] = _moment(nullable=True)
    ended_by: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("operator.id"))
    ended_at: Mapped[datetime | None] = _moment(nullable=True)


class RewardItem(Base):
    """One thing that points can be redeemed for 兑换品; its giver is paid a fen for every point.

    `region` None is for everybody; `most_each` None is without a limit for one person; `use_days` is how
    long a code of ours can be used. A charity stands with the numbers that it may raise money under.
    """

    __tablename__ = "reward_item"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    code: Mapped[str] = mapped_column(String(12), unique=True)
    kind: Mapped[str] = mapped_column(String(10))
    supply: Mapped[str] = mapped_column(String(10))
    giver_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("holder.id"), index=True)
    partner_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("voucher_partner.id"))
    product: Mapped[str | None] = mapped_column(String(40))
    title_zh: Mapped[str] = mapped_column(String(60))
    title_en: Mapped[str] = mapped_column(String(60))
    terms_zh: Mapped[str] = mapped_column(String(500))
    terms_en: Mapped[str] = mapped_column(String(500))
    points: Mapped[int] = mapped_column(Integer)
    region: Mapped[str | None] = mapped_column(String(12))
    most_each: Mapped[int | None] = mapped_column(SmallInteger)
    period: Mapped[str] = mapped_column(String(5))
    use_days: Mapped[int | None] = mapped_column(SmallInteger)
    opens_on: Mapped[date] = mapped_column(Date)
    closes_on: Mapped[date | None] = mapped_column(Date)
    charity_code: Mapped[str | None] = mapped_column(String(18))
    appeal_number: Mapped[str | None] = mapped_column(String(40))
    sample: Mapped[bool]
    drafted_by: Mapped[int] = mapped_column(BigInteger, ForeignKey("operator.id"))
    drafted_at: Mapped[datetime] = _moment()
    published_by: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("operator.id"))
    published_at: Mapped[datetime | None] = _moment(nullable=True)
    withdrawn_by: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("operator.id"))
    withdrawn_at: Mapped[datetime | None] = _moment(nullable=True)
    withdrawn_why: Mapped[str | None] = mapped_column(String(200))


class ItemStock(Base):
    """How many of an item were ever put up, and how many are left; no row is a stock without an end.

    A row of its own, and the last that a redemption locks: nobody reads an item behind a redeemer.
    """

    __tablename__ = "item_stock"

    item_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("reward_item.id"), primary_key=True)
    offered: Mapped[int] = mapped_column(Integer)
    remaining: Mapped[int] = mapped_column(Integer)


class VoucherCode(Base):
    """A giver's code, sealed, and to which redemption it was given: to one, once.

    One that nobody had in time, or whose item was withdrawn before, has lapsed. The digest, of the giver's
    own, finds a code that comes a second time without telling it: it stands in one item at once.
    """

    __tablename__ = "voucher_code"
    __table_args__ = (
        UniqueConstraint("item_id", "code_digest"),
        Index(
            "uq_voucher_code_standing",
            "code_digest",
            unique=True,
            postgresql_where=text("lapsed_at IS NULL"),
        ),
        Index(
            "ix_voucher_code_free",
            "item_id",
            "last_day",
            "id",
            postgresql_where=text("redemption_id IS NULL AND lapsed_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    item_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("reward_item.id"))
    code_digest: Mapped[bytes] = mapped_column(LargeBinary)
    code_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    last_day: Mapped[date | None] = mapped_column(Date)
    uploaded_by: Mapped[int] = mapped_column(BigInteger, ForeignKey("operator.id"))
    uploaded_at: Mapped[datetime] = _moment()
    redemption_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("redemption.id"), unique=True)
    lapsed_at: Mapped[datetime | None] = _moment(nullable=True)
