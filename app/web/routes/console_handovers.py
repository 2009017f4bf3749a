"""Handovers in the console: lock, approve, carry letters by hand, accept, refuse, withdraw."""

from collections.abc import Callable
from typing import Any

from flask import Response, make_response, redirect, request

from app.accounts.queries.operators import OperatorFacts
from app.accounts.queries.operators import list_names as operator_names
from app.kit import clock, letters
from app.kit.fields import Code, NewSchema, Text, WholeText
from app.kit.problems import NotFound, Problem
from app.kit.transaction import transaction
from app.registry.queries.handovers import (
    get_given,
    get_taken,
    list_given,
    list_taken,
    received_serial,
    view_given,
)
from app.registry.queries.programmes import list_programmes
from app.registry.rules.handovers import may_withdraw
from app.registry.services import handovers, receipts
from app.registry.services.handovers import HandoverWish
from app.registry.services.letters import hear
from app.web import session
from app.web.console import operated
from app.web.forms import Form, OnceSchema, once, read_form
from app.web.pages import page, web

LETTERS = ("offer", "acceptance", "refusal", "deed", "withdrawal")


class NewHandover(OnceSchema):
    """Which units go to whom, and the document behind it."""

    serial = Text(100, required=True)
    quantity_kg = WholeText(1, 10**12, required=True)
    programme = Code(12, required=True)
    recipient = Code(40, required=True)
    note = Text(200, required=True)


class CarriedLetter(NewSchema):
    """A letter that somebody carried here."""

    document = Text(letters.LONGEST, required=True)


@web.get("/console/handovers")
@operated("registry.read")
def handover_list(operator: OperatorFacts) -> Response:
    """What we give and what we are given."""
    return _list_page(operator, Form())


@web.post("/console/handovers")
@operated("registry.write")
def request_handover(operator: OperatorFacts) -> Response:
    """Lock units for a programme; another person signs the offer."""
    form = read_form(NewHandover)
    if not form.sound:
        return _list_page(operator, form)
    told = form.values
    wish = HandoverWish(
        told["serial"], told["quantity_kg"], told["programme"], told["recipient"], told["note"]
    )
    try:
        with transaction():
            number = once(operator.id, form, lambda: handovers.request_handover(operator.id, wish).number)
    except Problem as problem:
        return _list_page(operator, form.refuse(problem))
    return _to(f"given/{number}", "handover_requested")


@web.post("/console/handovers/letters")
@operated("registry.write")
def import_letter(operator: OperatorFacts) -> Response:
    """Hear a letter that was carried by hand, whatever its kind."""
    form = read_form(CarriedLetter)
    if not form.sound:
        return _list_page(operator, form)
    try:
        with transaction():
            heard = hear(form.values["document"], operator.id)
    except Problem as problem:
        return _list_page(operator, form.refuse(problem))
    giver = getattr(heard, "giver", None)
    return _to(f"taken/{giver}/{heard.number}" if giver else f"given/{heard.number}", "letter_heard")


@web.get("/console/handovers/given/<code:number>")
@operated("registry.read")
def given(operator: OperatorFacts, number: str) -> Response:
    """One that we give. Raises `HandoverUnknown`."""
    return _given_page(operator, number, Form())


@web.post("/console/handovers/given/<code:number>/approve")
@operated("registry.write")
def approve_handover(operator: OperatorFacts, number: str) -> Response:
    """Sign the offer. Raises `HandoverUnknown`."""
    get_given(number)
    return _act_given(
        operator, number, lambda: handovers.approve_handover(operator.id, number), "handover_offered"
    )


@web.post("/console/handovers/given/<code:number>/withdraw")
@operated("registry.write")
def withdraw_handover(operator: OperatorFacts, number: str) -> Response:
    """Take the units back. Raises `HandoverUnknown`."""
    get_given(number)
    return _act_given(
        operator, number, lambda: handovers.withdraw_handover(operator.id, number), "handover_withdrawn"
    )


@web.get("/console/handovers/given/<code:number>/<code:letter>.jws")
@operated("registry.read")
def given_letter(operator: OperatorFacts, number: str, letter: str) -> Response:
    """A letter to be carried by hand. Raises `HandoverUnknown` and `NotFound`."""
    return _download(get_given(number), number, letter)


@web.get("/console/handovers/taken/<code:giver>/<code:number>")
@operated("registry.read")
def taken(operator: OperatorFacts, giver: str, number: str) -> Response:
    """One that we are given. Raises `HandoverUnknown`."""
    return _taken_page(operator, giver, number, Form())


@web.post("/console/handovers/taken/<code:giver>/<code:number>/propose")
@operated("registry.write")
def propose_acceptance(operator: OperatorFacts, giver: str, number: str) -> Response:
    """Say that it is to be accepted; another person accepts. Raises `HandoverUnknown`."""
    get_taken(giver, number)
    return _act_taken(
        operator,
        (giver, number),
        lambda: receipts.propose_acceptance(operator.id, giver, number),
        "handover_proposed",
    )


@web.post("/console/handovers/taken/<code:giver>/<code:number>/accept")
@operated("registry.write")
def accept_offer(operator: OperatorFacts, giver: str, number: str) -> Response:
    """Accept what another has proposed; then only the giver can end it. Raises `HandoverUnknown`."""
    get_taken(giver, number)
    samples = not session.settings().production
    return _act_taken(
        operator,
        (giver, number),
        lambda: receipts.accept_offer(operator.id, giver, number, samples=samples),
        "handover_accepted",
    )


@web.post("/console/handovers/taken/<code:giver>/<code:number>/refuse")
@operated("registry.write")
def refuse_offer(operator: OperatorFacts, giver: str, number: str) -> Response:
    """Refuse; the giver takes the units back. Raises `HandoverUnknown`."""
    get_taken(giver, number)
    return _act_taken(
        operator,
        (giver, number),
        lambda: receipts.refuse_offer(operator.id, giver, number),
        "handover_refused",
    )


@web.get("/console/handovers/taken/<code:giver>/<code:number>/<code:letter>.jws")
@operated("registry.read")
def taken_letter(operator: OperatorFacts, giver: str, number: str, letter: str) -> Response:
    """A letter to be carried by hand. Raises `HandoverUnknown` and `NotFound`."""
    return _download(get_taken(giver, number), number, letter)


def _download(held: Any, number: str, letter: str) -> Response:
    document = getattr(held, letter, None) if letter in LETTERS else None
    if document is None:
        raise NotFound()
    response = make_response(document)
    response.content_type = "application/jose"
    response.headers["Content-Disposition"] = f'attachment; filename="{number}-{letter}.jws"'
    return response


def _act_given(operator: OperatorFacts, number: str, act: Callable[[], object], said: str) -> Response:
    try:
        with transaction():
            act()
    except Problem as problem:
        return _given_page(operator, number, Form().refuse(problem))
    return _to(f"given/{number}", said)


def _act_taken(
    operator: OperatorFacts, place: tuple[str, str], act: Callable[[], object], said: str
) -> Response:
    try:
        with transaction():
            act()
    except Problem as problem:
        return _taken_page(operator, *place, Form().refuse(problem))
    return _to(f"taken/{place[0]}/{place[1]}", said)


def _list_page(operator: OperatorFacts, form: Form) -> Response:
    return page(
        "console_handovers.html",
        form.status,
        given=list_given(),
        taken=list_taken(),
        programmes=list_programmes(),
        form=form,
        may_write=operator.may("registry.write"),
    )


def _given_page(operator: OperatorFacts, number: str, form: Form) -> Response:
    each = view_given(number)
    held = each.handover
    return page(
        "console_given.html",
        form.status,
        each=each,
        held=held,
        form=form,
        letters=LETTERS,
        names=operator_names(),
        me=operator.id,
        may_write=operator.may("registry.write"),
        may_withdraw=may_withdraw(held.status, held.expires_at, clock.now()),
        base=request.path.rsplit("/given/", 1)[0],
    )


def _taken_page(operator: OperatorFacts, giver: str, number: str, form: Form) -> Response:
    held = get_taken(giver, number)
    return page(
        "console_taken.html",
        form.status,
        held=held,
        offer=letters.content_of(held.offer),
        serial_here=received_serial(held),
        form=form,
        letters=LETTERS,
        names=operator_names(),
        me=operator.id,
        may_write=operator.may("registry.write"),
        expired=clock.now() >= held.expires_at,
    )


def _to(place: str, said: str) -> Response:
    return make_response(redirect(f"/console/handovers/{place}?said={said}", 303))
