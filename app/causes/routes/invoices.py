"""Invoices over HTTP: what they must say, asking for them, fetching them."""

from typing import Any

from flask import Response

from app.causes.queries import invoices as known
from app.causes.routes.acting import actor, acts
from app.causes.schemas.invoices import (
    InvoiceDetailsChange,
    InvoiceDetailsView,
    InvoiceView,
    NewInvoice,
)
from app.causes.services import invoices as services
from app.kit.http import Blueprint
from app.kit.idempotency import writes
from app.kit.paging import PageQuery, page, page_of, read_cursor
from app.kit.problems import NotFound

invoices = Blueprint(
    "invoices", __name__, url_prefix="/v1/organisations", description="An organisation's invoices 发票"
)
MEDIA = {"pdf": "application/pdf", "ofd": "application/ofd"}


@invoices.route("/<string:code>/invoice-details", methods=["GET"])
@acts("money")
@invoices.response(200, InvoiceDetailsView)
def get_details() -> dict[str, Any]:
    """What the organisation's invoices must say."""
    found = known.find_details(actor().id)
    if found is None:
        raise NotFound()
    return {name: found.get(name) for name in services.SPECIAL}


@invoices.route("/<string:code>/invoice-details", methods=["PUT"])
@acts("money")
@writes
@invoices.arguments(InvoiceDetailsChange)
@invoices.response(200, InvoiceDetailsView)
def put_details(wish: dict[str, Any]) -> dict[str, Any]:
    """Say what invoices must say; kept sealed. Requests that were made keep what stood then."""
    services.keep_details(actor().id, wish)
    return {name: wish.get(name) for name in services.SPECIAL}


@invoices.route("/<string:code>/invoices", methods=["GET"])
@acts("money")
@invoices.arguments(PageQuery, location="query")
@invoices.response(200, page_of(InvoiceView))
def get_invoices(wish: dict[str, Any]) -> dict[str, Any]:
    """Requests for invoices, newest first."""
    rows = known.list_invoices(actor().id, wish["limit"] + 1, read_cursor(wish.get("after")))
    return page(rows, wish["limit"], lambda row: row.id)


@invoices.route("/<string:code>/invoices", methods=["POST"])
@acts("money")
@writes
@invoices.arguments(NewInvoice)
@invoices.response(201, InvoiceView)
def post_invoice(wish: dict[str, Any]) -> Any:
    """Ask for an invoice of a settled order; an operator answers."""
    return services.ask_invoice(actor().id, actor().member_id, wish["order"], wish["kind"])


@invoices.route("/<string:code>/invoices/<string:invoice>/file", methods=["GET"])
@acts("money")
@invoices.doc(responses={"200": {"description": "PDF or OFD", "content": {"application/pdf": {}}}})
def get_file(invoice: str) -> Response:
    """An invoice that was sent, as a file."""
    return file_answer(*known.get_file(actor().id, invoice))


def file_answer(request: Any, content: bytes) -> Response:
    """An invoice's file, never shown inside a page of ours."""
    kind = services.file_kind(content) or "pdf"
    response = Response(content, content_type=MEDIA[kind])
    response.headers["Content-Disposition"] = f'attachment; filename="{request.number}.{kind}"'
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response
