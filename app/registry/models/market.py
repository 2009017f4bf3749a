"""Supply and demand: lots as they are searched, wishes, what was offered to them and bought for them.

The guards stand in migration 0017.
"""

from datetime import datetime

from sqlalchemy import BigInteger, Boolean, DateTime, ForeignKey, Identity, Index, Integer, String
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.database import Base

_OPEN = sql("closed_at IS NULL")


class OpenLot(Base):
    """A lot that is on sale, with what lots are sorted by; gone when it is closed.

    So however many lots were ever sold, the market reads only those that are there. None of this ever
    changes while the lot is open, and reservations do not touch it.
    """

    __tablename__ = "open_lot"
    __table_args__ = (
        Index("ix_open_lot_price", "price_fen_per_t", "lot_id"),
        Index("ix_open_lot_vintage", "vintage", "lot_id"),
    )

    lot_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("lot.id"), primary_key=True, autoincrement=False
    )
    project_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("project.id"), index=True)
    product: Mapped[str] = mapped_column(String(20))
    step_kg: Mapped[int] = mapped_column(BigInteger)
    vintage: Mapped[int] = mapped_column(Integer)
    price_fen_per_t: Mapped[int] = mapped_column(BigInteger)


class Wish(Base):
    """What somebody wishes to buy 求购: no word of their own and no name, so nothing personal shows.

    `bought_kg` is the sum of its `WishPurchase` rows; the terms never change.
    """

    __tablename__ = "wish"
    __table_args__ = (
        Index("ix_wish_holder", "holder_id", "id"),
        Index("ix_wish_open", "id", postgresql_where=_OPEN),
        Index("ix_wish_open_price", "most_fen_per_t", "id", postgresql_where=_OPEN),
        Index("ix_wish_open_expiry", "expires_at", postgresql_where=_OPEN),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    code: Mapped[str] = mapped_column(String(26), unique=True)
    holder_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("holder.id"))
    product: Mapped[str] = mapped_column(String(20))
    step_kg: Mapped[int] = mapped_column(BigInteger)
    quantity_kg: Mapped[int] = mapped_column(BigInteger)
    most_fen_per_step: Mapped[int] = mapped_column(BigInteger)
    most_fen_per_t: Mapped[int] = mapped_column(BigInteger)
    region: Mapped[str | None] = mapped_column(String(12))
    forest_type: Mapped[str | None] = mapped_column(String(40))
    vintage_from: Mapped[int | None] = mapped_column(Integer)
    vintage_to: Mapped[int | None] = mapped_column(Integer)
    sample: Mapped[bool] = mapped_column(Boolean, server_default=sql("false"))
    opened_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    expires_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    bought_kg: Mapped[int] = mapped_column(BigInteger, server_default="0")
    closed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    closed_as: Mapped[str | None] = mapped_column(String(10))
    reason: Mapped[str | None] = mapped_column(String(200))


class WishOffer(Base):
    """A lot that its seller, or an operator for a village, offers to a wish. Once and for ever."""

    __tablename__ = "wish_offer"

    wish_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("wish.id"), primary_key=True)
    lot_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("lot.id"), primary_key=True, index=True)
    operator_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("operator.id"))
    offered_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class WishPurchase(Base):
    """A settled purchase that counts towards a wish; `reference` is the purchase's own id, counted once."""

    __tablename__ = "wish_purchase"

    reference: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    wish_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("wish.id"), index=True)
    quantity_kg: Mapped[int] = mapped_column(BigInteger)
    counted_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
