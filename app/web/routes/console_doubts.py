"""Payments in doubt at the operators' desk: what does not fit, its money, and what was said to it."""

from flask import Response, make_response, redirect, request

from app.accounts import queries as accounts
from app.accounts.queries.operators import OperatorFacts
from app.kit.fields import Code, NewSchema, Text
from app.kit.paging import page as page_of
from app.kit.paging import read_cursor
from app.kit.problems import Problem
from app.kit.transaction import transaction
from app.offsets import queries as offsets
from app.offsets.services import doubts, refunds
from app.web.console import operated
from app.web.forms import Form, read_form
from app.web.pages import page, web

PAGE = 50


class NewDoubtRefund(NewSchema):
    """Why the money goes back; what came by bank needs the reference of the transfer that returned it."""

    note = Text(200, required=True)
    reference = Code(58)


class NewExplanation(NewSchema):
    """What it was about."""

    explanation = Text(500, required=True)


@web.get("/console/doubts")
@operated("money.read")
def console_doubts(operator: OperatorFacts) -> Response:
    """Doubts that nobody has explained; with `all` the others too."""
    every = "all" in request.args
    rows = offsets.list_doubts(PAGE + 1, read_cursor(request.args.get("after")), open_only=not every)
    listed = page_of(rows, PAGE, lambda doubt: doubt.id)
    return page("console_doubts.html", listed=listed, every=every)


@web.get("/console/doubts/<int(max=9223372036854775807):doubt_id>")
@operated("money.read")
def console_doubt(operator: OperatorFacts, doubt_id: int) -> Response:
    """One doubt. Raises `DoubtUnknown`."""
    return _doubt_page(operator, doubt_id, Form())


@web.post("/console/doubts/<int(max=9223372036854775807):doubt_id>/refund")
@operated("money.write")
def refund_doubt(operator: OperatorFacts, doubt_id: int) -> Response:
    """Ask for its money to go back; another operator has to approve it."""
    form = read_form(NewDoubtRefund)
    if not form.sound:
        return _doubt_page(operator, doubt_id, form, 422)
    try:
        with transaction():
            told = form.values
            refund = refunds.request_doubt_refund(operator.id, doubt_id, told["note"], told.get("reference"))
    except Problem as problem:
        return _refused(operator, doubt_id, form, problem)
    return make_response(redirect(f"/console/refunds/{refund.code}?said=refund_requested", 303))


@web.post("/console/doubts/<int(max=9223372036854775807):doubt_id>/explain")
@operated("money.write")
def explain_doubt(operator: OperatorFacts, doubt_id: int) -> Response:
    """Close it with an explanation, which moves no money."""
    form = read_form(NewExplanation)
    if not form.sound:
        return _doubt_page(operator, doubt_id, form, 422)
    try:
        with transaction():
            doubts.resolve(doubt_id, operator.id, form.values["explanation"])
    except Problem as problem:
        return _refused(operator, doubt_id, form, problem)
    return make_response(redirect(f"/console/doubts/{doubt_id}?said=doubt_explained", 303))


def _refused(operator: OperatorFacts, doubt_id: int, form: Form, problem: Problem) -> Response:
    if problem.status == 404:
        raise problem
    return _doubt_page(operator, doubt_id, form.refuse(problem), problem.status)


def _doubt_page(operator: OperatorFacts, doubt_id: int, form: Form, status: int = 200) -> Response:
    doubt = offsets.get_doubt(doubt_id)
    refunded = offsets.list_refunds_of_doubts([doubt.id]).get(doubt.id, [])
    return page(
        "console_doubt.html",
        status,
        doubt=doubt,
        refunds=refunded,
        may_refund=doubt.held_fen is not None and all(each.declined_at for each in refunded),
        form=form,
        names=accounts.operators.list_names(),
        may_write=operator.may("money.write"),
    )
