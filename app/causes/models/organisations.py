"""What an organisation decides for itself: budgets, what orders and units are for, invoices.

Guards (legal edges, what never changes) stand in migration 0033.
"""

from datetime import datetime

from sqlalchemy import (
    BigInteger,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    LargeBinary,
    String,
    UniqueConstraint,
)
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column

from app.causes.rules.organisations import InvoiceStatus, invoice_status
from app.kit.database import Base


def _moment(*, nullable: bool = False) -> "Mapped[datetime]":
    return mapped_column(DateTime(timezone=True), nullable=nullable)


class Budget(Base):
    """What an organisation, or one of its members, may order for in any one year or month, in fen."""

    __tablename__ = "budget"
    __table_args__ = (
        UniqueConstraint("organisation_id", "member_id", "period", postgresql_nulls_not_distinct=True),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    organisation_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("organisation.holder_id"))
    member_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("holder.id"))
    period: Mapped[str] = mapped_column(String(5))
    limit_fen: Mapped[int] = mapped_column(BigInteger)
    set_by: Mapped[int] = mapped_column(BigInteger, ForeignKey("holder.id"))
    set_at: Mapped[datetime] = _moment()


class OrganisationOrder(Base):
    """Who placed an organisation's order, and what it is for. `told` is the last standing it was told of."""

    __tablename__ = "organisation_order"
    __table_args__ = (
        Index("ix_organisation_order_organisation_id", "organisation_id", "order_id"),
        Index(
            "ix_organisation_order_open",
            "order_id",
            postgresql_where=sql("told NOT IN ('settled', 'refunded')"),
        ),
    )

    order_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("orders.id"), primary_key=True, autoincrement=False
    )
    order_code: Mapped[str] = mapped_column(String(26), unique=True)
    organisation_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("organisation.holder_id"))
    member_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("holder.id"))
    key_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("api_key.id"))
    use_name: Mapped[str | None] = mapped_column(String(80))
    period: Mapped[str | None] = mapped_column(String(7))
    placed_at: Mapped[datetime] = _moment()
    told: Mapped[str] = mapped_column(String(10))


class NamedUse(Base):
    """What an organisation used units of its own up for: a name and a period beside a retirement's number."""

    __tablename__ = "named_use"
    __table_args__ = (Index("ix_named_use_organisation_id", "organisation_id", "id"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    number: Mapped[str] = mapped_column(String(20), unique=True)
    organisation_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("organisation.holder_id"))
    member_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("holder.id"))
    use_name: Mapped[str] = mapped_column(String(80))
    period: Mapped[str | None] = mapped_column(String(7))
    used_at: Mapped[datetime] = _moment()


class InvoiceDetails(Base):
    """What an organisation's invoices must say 开票信息, sealed as one text."""

    __tablename__ = "invoice_details"

    organisation_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("organisation.holder_id"), primary_key=True
    )
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
    changed_at: Mapped[datetime] = _moment()


class InvoiceRequest(Base):
    """An organisation's wish for an invoice of one settled order, with the details as they stood then."""

    __tablename__ = "invoice_request"
    __table_args__ = (
        Index(
            "uq_invoice_request_order_id",
            "order_id",
            unique=True,
            postgresql_where=sql("declined_at IS NULL"),
        ),
        Index("ix_invoice_request_organisation_id", "organisation_id", "id"),
        Index(
            "ix_invoice_request_open", "id", postgresql_where=sql("sent_at IS NULL AND declined_at IS NULL")
        ),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    code: Mapped[str] = mapped_column(String(26), unique=True)
    organisation_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("organisation.holder_id"))
    order_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("orders.id"))
    order_code: Mapped[str] = mapped_column(String(26))
    kind: Mapped[str] = mapped_column(String(10))
    amount_fen: Mapped[int] = mapped_column(BigInteger)
    details_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    requested_by: Mapped[int] = mapped_column(BigInteger, ForeignKey("holder.id"))
    requested_at: Mapped[datetime] = _moment()
    number: Mapped[str | None] = mapped_column(String(20), unique=True)
    file_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    issued_by: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("operator.id"))
    issued_at: Mapped[datetime | None] = _moment(nullable=True)
    sent_by: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("operator.id"))
    sent_at: Mapped[datetime | None] = _moment(nullable=True)
    declined_by: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("operator.id"))
    declined_at: Mapped[datetime | None] = _moment(nullable=True)
    reason: Mapped[str | None] = mapped_column(String(200))

    @property
    def status(self) -> InvoiceStatus:
        """Where it stands."""
        return invoice_status(self.issued_at, self.sent_at, self.declined_at)
