"""The bank accounts that holders are paid to 收款账户. The guards stand in migration 0011."""

from datetime import datetime

from sqlalchemy import BigInteger, DateTime, ForeignKey, Identity, Index, LargeBinary, String, text
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.database import Base


class PayeeAccount(Base):
    """A bank account of a holder: entered by one operator, confirmed by another.

    Never changed: a new account is a new row, and the one before ends when the new one is confirmed.
    Name and number are sealed for the row's `code`, so that they cannot be moved to another row.
    """

    __tablename__ = "payee_account"
    __table_args__ = (
        Index(
            "uq_payee_account_standing",
            "holder_id",
            unique=True,
            postgresql_where=text("confirmed_at IS NOT NULL AND ended_at IS NULL"),
        ),
        Index(
            "uq_payee_account_pending",
            "holder_id",
            unique=True,
            postgresql_where=text("confirmed_at IS NULL AND ended_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    code: Mapped[str] = mapped_column(String(26), unique=True)
    holder_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("holder.id"), index=True)
    name_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    number_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    last_four: Mapped[str] = mapped_column(String(4))
    bank_name: Mapped[str] = mapped_column(String(60))
    entered_by: Mapped[int] = mapped_column(BigInteger, ForeignKey("operator.id"))
    entered_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    confirmed_by: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("operator.id"))
    confirmed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    ended_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))

    @property
    def stands(self) -> bool:
        """Whether money may be sent to it."""
        return self.confirmed_at is not None and self.ended_at is None

    @property
    def waits(self) -> bool:
        """Whether it waits for its second person."""
        return self.confirmed_at is None and self.ended_at is None
