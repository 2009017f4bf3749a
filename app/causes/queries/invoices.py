"""Requests for invoices, as the organisation and as operators see them."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select

from app.accounts.queries import memberships
from app.accounts.queries.memberships import OrganisationFacts
from app.causes.errors.organisations import InvoiceUnknown
from app.causes.models.organisations import InvoiceDetails, InvoiceRequest
from app.kit import sealing
from app.kit.database import db

DETAILS, REQUEST, FILE = "invoice_details:{}", "invoice_request:{}", "invoice_file:{}"
"""The contexts under which details, a request's details and its file are sealed."""


@dataclass(frozen=True)
class InvoiceFacts:
    """A request as operators see it: for whom, and what the invoice must say."""

    request: InvoiceRequest
    organisation: OrganisationFacts
    details: dict[str, str]


def find_details(organisation_id: int) -> dict[str, str] | None:
    """What an organisation's invoices must say."""
    row = db.session.get(InvoiceDetails, organisation_id, populate_existing=True)
    return None if row is None else _unsealed(row.sealed, DETAILS.format(organisation_id))


def list_invoices(organisation_id: int, limit: int, before: int | None = None) -> Sequence[InvoiceRequest]:
    """An organisation's requests, newest first; `before` is a request's id."""
    wanted = select(InvoiceRequest).where(InvoiceRequest.organisation_id == organisation_id)
    if before is not None:
        wanted = wanted.where(InvoiceRequest.id < before)
    return db.session.scalars(wanted.order_by(InvoiceRequest.id.desc()).limit(limit)).all()


def get_file(organisation_id: int, code: str) -> tuple[InvoiceRequest, bytes]:
    """An invoice that was sent, with its file. Raises `InvoiceUnknown` also for another's."""
    request = _find(code)
    if request.organisation_id != organisation_id or request.sent_at is None or not request.file_sealed:
        raise InvoiceUnknown()
    return request, sealing.unseal_bytes(request.file_sealed, FILE.format(code))


def get_invoice(code: str) -> InvoiceFacts:
    """A request for an operator. Raises `InvoiceUnknown`."""
    request = _find(code)
    details = _unsealed(request.details_sealed, REQUEST.format(code))
    return InvoiceFacts(request, memberships.get_organisation(request.organisation_id), details)


def list_open_invoices(limit: int = 200) -> list[InvoiceFacts]:
    """Requests that wait for an operator, oldest first."""
    rows = db.session.scalars(
        select(InvoiceRequest).where(*_OPEN).order_by(InvoiceRequest.id).limit(limit)
    ).all()
    return [get_invoice(row.code) for row in rows]


def count_open_invoices() -> int:
    """How many requests wait for an operator."""
    return db.session.scalar(select(func.count()).where(*_OPEN)) or 0


_OPEN = (InvoiceRequest.sent_at.is_(None), InvoiceRequest.declined_at.is_(None))


def _find(code: str) -> InvoiceRequest:
    request = db.session.scalar(
        select(InvoiceRequest).where(InvoiceRequest.code == code).execution_options(populate_existing=True)
    )
    if request is None:
        raise InvoiceUnknown()
    return request


def _unsealed(sealed: bytes, context: str) -> dict[str, str]:
    details: dict[str, str] = json.loads(sealing.unseal(sealed, context))
    return details
