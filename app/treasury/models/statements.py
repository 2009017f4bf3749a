"""A seller's month on paper 对账单. Append-only; `flask prove` recomputes every figure from the books."""

from datetime import datetime

from sqlalchemy import BigInteger, DateTime, ForeignKey, Identity, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.database import Base


class Statement(Base):
    """What a holder was owed at a month's beginning and end, and why the two differ.

    `code` is the only way to it. `first_entry` and `last_entry` are the entries of the books between
    which the month's income lies, so that its lines are found without reading the other months.
    """

    __tablename__ = "statement"
    __table_args__ = (UniqueConstraint("holder_id", "month"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    code: Mapped[str] = mapped_column(String(26), unique=True)
    holder_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("holder.id"))
    month: Mapped[str] = mapped_column(String(7), index=True)
    opening_fen: Mapped[int] = mapped_column(BigInteger)
    income_fen: Mapped[int] = mapped_column(BigInteger)
    paid_fen: Mapped[int] = mapped_column(BigInteger)
    returned_fen: Mapped[int] = mapped_column(BigInteger)
    closing_fen: Mapped[int] = mapped_column(BigInteger)
    first_entry: Mapped[int] = mapped_column(BigInteger)
    last_entry: Mapped[int] = mapped_column(BigInteger)
    made_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class StatementLot(Base):
    """The month's sales of one lot: kilograms, their price, and the holder's part of it."""

    __tablename__ = "statement_lot"

    statement_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("statement.id"), primary_key=True)
    lot_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("lot.id"), primary_key=True)
    orders: Mapped[int] = mapped_column(BigInteger)
    quantity_kg: Mapped[int] = mapped_column(BigInteger)
    price_fen: Mapped[int] = mapped_column(BigInteger)
    seller_fen: Mapped[int] = mapped_column(BigInteger)
    village_fen: Mapped[int] = mapped_column(BigInteger)


class StatementReward(Base):
    """The month's income from one sponsor's fund: what was given for points, and what that came to."""

    __tablename__ = "statement_reward"

    statement_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("statement.id"), primary_key=True)
    fund_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("holder.id"), primary_key=True)
    payments: Mapped[int] = mapped_column(BigInteger)
    amount_fen: Mapped[int] = mapped_column(BigInteger)
