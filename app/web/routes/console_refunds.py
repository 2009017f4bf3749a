"""Refunds at the operators' desk: what is stuck and what to do, courtesies, the second pair of eyes."""

from collections.abc import Callable
from typing import Any

from flask import Response, make_response, redirect, request

from app.accounts import queries as accounts
from app.accounts.queries.operators import OperatorFacts
from app.kit.fields import Code, NewSchema, Text
from app.kit.paging import page as page_of
from app.kit.paging import read_cursor
from app.kit.problems import Problem
from app.kit.transaction import transaction
from app.offsets import queries as offsets
from app.offsets.queries import RefundFacts
from app.offsets.services import refunds
from app.web.console import operated
from app.web.forms import Form, OnceSchema, Yuan, once, read_form
from app.web.pages import page, web

PAGE = 50


class NewCourtesy(OnceSchema):
    """A courtesy on a settled order; an order that was paid by bank needs the transfer's reference."""

    order = Code(26, required=True)
    amount = Yuan(required=True)
    note = Text(200, required=True)
    reference = Code(58)


class NewReturn(NewSchema):
    """The transfer that brought a refund's money back."""

    returned_reference = Code(58, required=True)
    returned_note = Text(200, required=True)


class NewAttempt(NewSchema):
    """Why a closed refund is sent again."""

    again_note = Text(200, required=True)


@web.get("/console/refunds")
@operated("money.read")
def console_refunds(operator: OperatorFacts) -> Response:
    """What is stuck first, then all of them."""
    return _list_page(operator, Form(request.args.to_dict()))


@web.get("/console/shippings")
@operated("money.read")
def console_shippings(operator: OperatorFacts) -> Response:
    """Settled orders whose funds stay frozen, because WeChat does not take them as delivered."""
    return page("console_shippings.html", refused=offsets.list_refused_shippings())


@web.post("/console/refunds")
@operated("money.write")
def request_courtesy(operator: OperatorFacts) -> Response:
    """Ask for a courtesy; another operator has to approve it."""
    form = read_form(NewCourtesy)
    if not form.sound:
        return _list_page(operator, form, 422)
    told = form.values
    wish = (told["order"], told["amount"], told["note"], told.get("reference"))
    try:
        with transaction():
            code = once(operator.id, form, lambda: refunds.request_goodwill(operator.id, *wish).code)
    except Problem as problem:
        return _list_page(operator, form.refuse(problem), problem.status)
    return _to(code, "refund_requested")


@web.get("/console/refunds/<code:code>")
@operated("money.read")
def console_refund(operator: OperatorFacts, code: str) -> Response:
    """One refund, and what this operator can do about it. Raises `RefundUnknown`."""
    return _refund_page(operator, code, Form())


@web.post("/console/refunds/<code:code>/approve")
@operated("money.write")
def approve_refund(operator: OperatorFacts, code: str) -> Response:
    """Open what another operator asked for."""
    return _step(operator, code, "refund_approved", lambda: refunds.approve(operator.id, code))


@web.post("/console/refunds/<code:code>/decline")
@operated("money.write")
def decline_refund(operator: OperatorFacts, code: str) -> Response:
    """Turn a request down, or take one's own back."""
    return _step(operator, code, "refund_declined", lambda: refunds.decline(operator.id, code))


@web.post("/console/refunds/<code:code>/ask")
@operated("money.write")
def ask_for_refund(operator: OperatorFacts, code: str) -> Response:
    """Have the provider asked now."""
    return _step(operator, code, "refund_asked", lambda: refunds.ask_now(operator.id, code))


@web.post("/console/refunds/<code:code>/return")
@operated("money.write")
def return_refund(operator: OperatorFacts, code: str) -> Response:
    """Record that the money went back by bank; another operator has to approve it."""
    form = read_form(NewReturn)
    told = form.values
    return _instead(
        operator,
        code,
        form,
        lambda: refunds.request_return(operator.id, code, told["returned_reference"], told["returned_note"]),
    )


@web.post("/console/refunds/<code:code>/again")
@operated("money.write")
def refund_again(operator: OperatorFacts, code: str) -> Response:
    """Ask to send a closed refund under a new number; another operator has to approve it."""
    form = read_form(NewAttempt)
    told = form.values
    return _instead(
        operator, code, form, lambda: refunds.request_again(operator.id, code, told["again_note"])
    )


def _instead(operator: OperatorFacts, code: str, form: Form, act: Callable[[], Any]) -> Response:
    if not form.sound:
        return _refund_page(operator, code, form, 422)
    try:
        with transaction():
            refund = act()
    except Problem as problem:
        return _refund_page(operator, code, form.refuse(problem), problem.status)
    return _to(refund.code, "refund_requested")


def _step(operator: OperatorFacts, code: str, said: str, act: Callable[[], Any]) -> Response:
    try:
        with transaction():
            act()
    except Problem as problem:
        if problem.status == 404:
            raise
        return _refund_page(operator, code, Form().refuse(problem), problem.status)
    return _to(code, said)


def _to(code: str, said: str) -> Response:
    return make_response(redirect(f"/console/refunds/{code}?said={said}", 303))


def _list_page(operator: OperatorFacts, form: Form, status: int = 200) -> Response:
    rows = offsets.list_refunds(PAGE + 1, read_cursor(request.args.get("after")))
    return page(
        "console_refunds.html",
        status,
        stuck=offsets.list_stuck_refunds(),
        listed=page_of(rows, PAGE, lambda refund: refund.id),
        form=form,
        may_write=operator.may("money.write"),
    )


def _refund_page(operator: OperatorFacts, code: str, form: Form, status: int = 200) -> Response:
    refund: RefundFacts = offsets.get_refund(code)
    return page(
        "console_refund.html",
        status,
        refund=refund,
        form=form,
        names=accounts.operators.list_names(),
        mine=refund.requested_by == operator.id,
        may_write=operator.may("money.write"),
    )
