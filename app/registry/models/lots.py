"""Blocks on sale. The guards stand in migration 0003."""

from datetime import datetime

from sqlalchemy import (
    BigInteger,
    DateTime,
    ForeignKey,
    ForeignKeyConstraint,
    Identity,
    Index,
    Integer,
    SmallInteger,
    String,
)
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.database import Base


class Lot(Base):
    """A block on sale 货批: seller, terms and what remains.

    `available_kg` can be reserved, `reserved_kg` is promised to orders, `short_kg` is the part of the
    promised that was cancelled since: the active block of the lot holds available + reserved - short.
    `restraint` is what sanctions in force mean for it (`rules.sanctions`).
    """

    __tablename__ = "lot"
    __table_args__ = (
        ForeignKeyConstraint(["issuance_id", "product"], ["issuance.id", "issuance.product"]),
        Index("ix_lot_open", "product", "id", postgresql_where=sql("closed_at IS NULL")),
        Index("ix_lot_seller", "seller_holder_id", "id"),
        {"postgresql_with": {"fillfactor": "50"}},
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    code: Mapped[str] = mapped_column(String(26), unique=True)
    issuance_id: Mapped[int] = mapped_column(BigInteger, index=True)
    seller_holder_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("holder.id"))
    product: Mapped[str] = mapped_column(String(20))
    step_kg: Mapped[int] = mapped_column(BigInteger)
    price_fen_per_step: Mapped[int] = mapped_column(BigInteger)
    village_holder_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("holder.id"))
    village_bp: Mapped[int] = mapped_column(Integer)
    fee_bp: Mapped[int] = mapped_column(Integer)
    offered_kg: Mapped[int] = mapped_column(BigInteger)
    available_kg: Mapped[int] = mapped_column(BigInteger)
    reserved_kg: Mapped[int] = mapped_column(BigInteger, server_default="0")
    short_kg: Mapped[int] = mapped_column(BigInteger, server_default="0")
    opened_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    closed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    restraint: Mapped[int] = mapped_column(SmallInteger, server_default="0")
