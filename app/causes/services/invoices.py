"""Invoices 发票: what they must say, asked for per settled order, answered by operators.

We print no invoice ourselves: the tax authority's system does, and an operator brings back number and file.
"""

import json
from collections.abc import Mapping

from psycopg import errors as pg
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError

from app.accounts.services import audit
from app.causes.errors.organisations import (
    InvoiceAsked,
    InvoiceDetailsMissing,
    InvoiceFileRefused,
    InvoiceMoved,
    InvoiceNotDue,
    InvoiceNumberUsed,
    InvoiceUnknown,
)
from app.causes.models.organisations import InvoiceDetails, InvoiceRequest
from app.causes.queries.invoices import DETAILS, FILE, REQUEST, find_details
from app.causes.rules.organisations import INVOICE_NEXT, LARGEST_INVOICE_BYTES, InvoiceStatus
from app.causes.services.webhooks import notify
from app.kit import clock, sealing
from app.kit.codes import random_code
from app.kit.database import db
from app.offsets.queries import get_order
from app.offsets.rules import OrderStatus

_FILES = {"pdf": b"%PDF-", "ofd": b"PK\x03\x04"}
ORDINARY = ("title", "tax_number")
SPECIAL = (*ORDINARY, "bank", "bank_account", "address", "phone")


def keep_details(organisation_id: int, details: Mapping[str, str]) -> None:
    """Keep what an organisation's invoices must say; requests that were made keep what stood then."""
    sealed = _sealed(details, DETAILS.format(organisation_id))
    row = {"sealed": sealed, "changed_at": clock.now()}
    statement = insert(InvoiceDetails).values(organisation_id=organisation_id, **row)
    db.session.execute(statement.on_conflict_do_update(index_elements=["organisation_id"], set_=row))


def ask_invoice(organisation_id: int, member_id: int, order_code: str, kind: str) -> InvoiceRequest:
    """Ask for an invoice of a settled order: of what was paid and did not go back.

    Raises `OrderUnknown`, `InvoiceNotDue`, `InvoiceDetailsMissing`, `InvoiceAsked`.
    """
    order = get_order(organisation_id, order_code)
    amount_fen = order.amount_fen - order.refunded_fen
    if order.status is not OrderStatus.SETTLED or amount_fen <= 0:
        raise InvoiceNotDue()
    details = find_details(organisation_id) or {}
    needed = SPECIAL if kind == "special" else ORDINARY
    if not all(details.get(name) for name in needed):
        raise InvoiceDetailsMissing()
    code = random_code()
    request = InvoiceRequest(
        code=code,
        organisation_id=organisation_id,
        order_id=order.id,
        order_code=order.code,
        kind=kind,
        amount_fen=amount_fen,
        details_sealed=_sealed({name: details[name] for name in needed}, REQUEST.format(code)),
        requested_by=member_id,
        requested_at=clock.now(),
    )
    db.session.add(request)
    try:
        db.session.flush()
    except IntegrityError as error:
        if isinstance(error.orig, pg.UniqueViolation):
            raise InvoiceAsked() from error
        raise
    return request


def issue_invoice(operator_id: int, code: str, number: str, content: bytes) -> InvoiceRequest:
    """Bring back an invoice: its number and its file.

    Raises `InvoiceUnknown`, `InvoiceMoved`, `InvoiceFileRefused`, `InvoiceNumberUsed`.
    """
    request = _step(code, InvoiceStatus.ISSUED)
    if file_kind(content) is None or len(content) > LARGEST_INVOICE_BYTES:
        raise InvoiceFileRefused()
    request.number, request.file_sealed = number, sealing.seal_bytes(content, FILE.format(code))
    request.issued_by, request.issued_at = operator_id, clock.now()
    try:
        db.session.flush()
    except IntegrityError as error:
        if isinstance(error.orig, pg.UniqueViolation):
            raise InvoiceNumberUsed() from error
        raise
    _told(operator_id, request)
    return request


def send_invoice(operator_id: int, code: str) -> InvoiceRequest:
    """Let the organisation have the file: it may be fetched from now on. Raises as `issue_invoice`."""
    request = _step(code, InvoiceStatus.SENT)
    request.sent_by, request.sent_at = operator_id, clock.now()
    db.session.flush()
    _told(operator_id, request)
    return request


def decline_invoice(operator_id: int, code: str, reason: str) -> InvoiceRequest:
    """Refuse a request, saying why; the order may be asked for again. Raises as `issue_invoice`."""
    request = _step(code, InvoiceStatus.DECLINED)
    request.declined_by, request.declined_at, request.reason = operator_id, clock.now(), reason
    db.session.flush()
    _told(operator_id, request)
    return request


def file_kind(content: bytes) -> str | None:
    """What a file is by its first bytes."""
    return next((kind for kind, magic in _FILES.items() if content.startswith(magic)), None)


def _sealed(details: Mapping[str, str], context: str) -> bytes:
    return sealing.seal(json.dumps(dict(details), ensure_ascii=False), context)


def _step(code: str, to: InvoiceStatus) -> InvoiceRequest:
    request = db.session.scalar(
        select(InvoiceRequest)
        .where(InvoiceRequest.code == code)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if request is None:
        raise InvoiceUnknown()
    if to not in INVOICE_NEXT[request.status]:
        raise InvoiceMoved()
    return request


def _told(operator_id: int, request: InvoiceRequest) -> None:
    status = str(request.status)
    audit.record(operator_id, f"invoice_{status}", request.code, {"number": request.number})
    data = {"invoice": request.code, "order": request.order_code, "number": request.number}
    notify(request.organisation_id, f"invoice.{status}", data)
