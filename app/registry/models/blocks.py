"""Blocks of serials. CHECKs, range exclusion and guards stand in migrations 0003 and 0016.

A block is never deleted. It is split by one statement that shrinks it and inserts the piece cut off,
so the chain of blocks of an issuance has no gap at any moment, and the database refuses any other way.
"""

from datetime import datetime

from sqlalchemy import BigInteger, DateTime, ForeignKey, Identity, Index, String
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.database import Base
from app.registry.rules import Serials


class Block(Base):
    """A contiguous run of serials of one issuance with one holder and one state 号段.

    `lot_id` names the lot it is, or was, sold from; `changed_at` is the time of its present state;
    `bound` says of units handed over for a court's ruling that they may only be used up (0014).
    """

    __tablename__ = "block"
    __table_args__ = (
        Index("ix_block_active", "issuance_id", postgresql_where=sql("state = 'active'")),
        Index(
            "uq_block_on_sale",
            "lot_id",
            unique=True,
            postgresql_where=sql("state = 'active' AND lot_id IS NOT NULL"),
        ),
        Index(
            "ix_block_free",
            "holder_id",
            "first_serial",
            postgresql_where=sql("lot_id IS NULL AND state IN ('active', 'reserved', 'pledged')"),
        ),
        {"postgresql_with": {"autovacuum_vacuum_scale_factor": "0.01", "autovacuum_vacuum_threshold": "500"}},
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    issuance_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("issuance.id"))
    lot_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("lot.id"))
    holder_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("holder.id"))
    state: Mapped[str] = mapped_column(String(10))
    reason: Mapped[str | None] = mapped_column(String(20))
    bound: Mapped[str | None] = mapped_column(String(10))
    first_serial: Mapped[int] = mapped_column(BigInteger, unique=True)
    last_serial: Mapped[int] = mapped_column(BigInteger, unique=True)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    changed_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))

    @property
    def serials(self) -> Serials:
        """Its serials, numbered through over all issuances."""
        return Serials(self.first_serial, self.last_serial)
