"""Organisations in the console: who waits to be verified, whose invoices wait, who may get an owner."""

from collections.abc import Callable
from typing import Any

from flask import Response, make_response, redirect, request

from app.accounts.queries import memberships
from app.accounts.queries.operators import OperatorFacts
from app.accounts.services import memberships as members
from app.accounts.services import verifications
from app.causes.queries import invoices as known
from app.causes.routes.organisations import invitation_link
from app.causes.rules.organisations import INVOICE_NUMBER, LARGEST_INVOICE_BYTES
from app.causes.services import invoices
from app.kit.fields import NewSchema, Shaped
from app.kit.http import read_file
from app.kit.paging import page as page_of
from app.kit.paging import read_cursor
from app.kit.problems import Problem
from app.kit.transaction import transaction
from app.web.console import operated
from app.web.forms import Form, Prose, read_form
from app.web.pages import page, web

PAGE = 50


class Reason(NewSchema):
    """Why something is refused; the organisation reads it."""

    reason = Prose(200, required=True)


class NewNumber(NewSchema):
    """The number on the invoice."""

    number = Shaped(INVOICE_NUMBER, 20, required=True)


@web.get("/console/organisations")
@operated("money.read")
def console_organisations(operator: OperatorFacts) -> Response:
    """What waits, and all organisations."""
    return _page(operator, Form())


@web.post("/console/organisations/verifications/<int(max=9223372036854775807):wish>/approve")
@operated("money.write")
def approve_verification(operator: OperatorFacts, wish: int) -> Response:
    """Let an organisation show the name that was looked up under its code. Raises `NotFound`."""
    return _do(operator, lambda: verifications.approve(operator.id, wish), "org_verified")


@web.post("/console/organisations/verifications/<int(max=9223372036854775807):wish>/decline")
@operated("money.write")
def decline_verification(operator: OperatorFacts, wish: int) -> Response:
    """Refuse a name. Raises `NotFound`."""
    form = read_form(Reason)
    if not form.sound:
        return _page(operator, form)
    reason = form.values["reason"]
    return _do(operator, lambda: verifications.decline(operator.id, wish, reason), "org_declined")


@web.post("/console/organisations/<code:code>/owner")
@operated("money.write")
def invite_owner(operator: OperatorFacts, code: str) -> Response:
    """Make the link of a first owner; it is shown on this page only. Raises `NotFound`."""
    found = memberships.get_organisation_by_code(code)
    try:
        with transaction():
            made = members.invite_owner(operator.id, found.id)
    except Problem as problem:
        return _page(operator, Form().refuse(problem))
    return _page(operator, Form(), link=invitation_link(made.secret))


@web.get("/console/organisations/invoices/<code:code>")
@operated("money.read")
def console_invoice(operator: OperatorFacts, code: str) -> Response:
    """A request: what the invoice must say, and its next step. Raises `InvoiceUnknown`."""
    return _invoice_page(operator, code, Form())


@web.post("/console/organisations/invoices/<code:code>/issue")
@operated("money.write")
def issue_organisation_invoice(operator: OperatorFacts, code: str) -> Response:
    """Bring back the invoice: its number and its file. Raises `InvoiceUnknown`."""
    try:
        content = read_file("file", LARGEST_INVOICE_BYTES)
    except Problem as problem:
        return _invoice_page(operator, code, Form().refuse(problem))
    form = read_form(NewNumber)
    if not form.sound:
        return _invoice_page(operator, code, form)
    number = form.values["number"]
    return _step(operator, code, form, lambda: invoices.issue_invoice(operator.id, code, number, content))


@web.post("/console/organisations/invoices/<code:code>/send")
@operated("money.write")
def send_organisation_invoice(operator: OperatorFacts, code: str) -> Response:
    """Let the organisation have it. Raises `InvoiceUnknown`."""
    return _step(operator, code, Form(), lambda: invoices.send_invoice(operator.id, code))


@web.post("/console/organisations/invoices/<code:code>/decline")
@operated("money.write")
def decline_organisation_invoice(operator: OperatorFacts, code: str) -> Response:
    """Refuse a request. Raises `InvoiceUnknown`."""
    form = read_form(Reason)
    if not form.sound:
        return _invoice_page(operator, code, form)
    reason = form.values["reason"]
    return _step(operator, code, form, lambda: invoices.decline_invoice(operator.id, code, reason))


def _do(operator: OperatorFacts, act: Callable[[], Any], said: str) -> Response:
    try:
        with transaction():
            act()
    except Problem as problem:
        if problem.status == 404:
            raise
        return _page(operator, Form().refuse(problem))
    return make_response(redirect(f"/console/organisations?said={said}", 303))


def _step(operator: OperatorFacts, code: str, form: Form, act: Callable[[], Any]) -> Response:
    try:
        with transaction():
            act()
    except Problem as problem:
        if problem.status == 404:
            raise
        return _invoice_page(operator, code, form.refuse(problem))
    return make_response(redirect(f"/console/organisations/invoices/{code}?said=org_invoice_moved", 303))


def _page(operator: OperatorFacts, form: Form, link: str | None = None) -> Response:
    rows = memberships.list_organisations(PAGE + 1, read_cursor(request.args.get("after")))
    return page(
        "console_organisations.html",
        form.status,
        form=form,
        verifications=memberships.list_open_verifications(),
        invoices=known.list_open_invoices(),
        listed=page_of(rows, PAGE, lambda row: row.id),
        link=link,
        may_write=operator.may("money.write"),
    )


def _invoice_page(operator: OperatorFacts, code: str, form: Form) -> Response:
    return page(
        "console_invoice.html",
        form.status,
        form=form,
        found=known.get_invoice(code),
        may_write=operator.may("money.write"),
    )
