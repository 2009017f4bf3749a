"""The registry at the operators' desk: what is to be done with blocks, with a preview and four eyes."""

from collections.abc import Callable
from typing import Any

from flask import Response, make_response, redirect, request

from app.accounts import queries as accounts
from app.accounts.queries.operators import OperatorFacts
from app.kit.fields import Code, NewSchema, OneOf, Text, WholeText
from app.kit.paging import page as page_of
from app.kit.paging import read_cursor
from app.kit.problems import NotFound, Problem
from app.kit.transaction import transaction
from app.registry.queries import dossiers, holdings, mandates, reversals
from app.registry.rules import JUDICIAL, REASONS, allot, price_fen
from app.registry.services import mandates as services
from app.registry.services import reversals as covering
from app.registry.services.mandates import MandateWish
from app.web.console import operated
from app.web.forms import Form, OnceSchema, once, read_form
from app.web.pages import page, web

PAGE = 50


class NewMandate(OnceSchema):
    """What every mandate needs: the document behind it."""

    note = Text(200, required=True)


class NewAboutUnits(NewMandate):
    """A mandate about a quantity of some serials."""

    serial = Text(100, required=True)
    quantity_kg = WholeText(1, required=True)


class NewReversal(NewAboutUnits):
    """A loss of forest."""

    reason = OneOf(tuple(each for each in REASONS if each != "fault"), required=True)


class NewHandover(NewAboutUnits):
    """A transfer or a pledge."""

    other = Code(26, required=True)
    bound = OneOf((JUDICIAL,))


class NewPledge(NewAboutUnits):
    """A pledge to an organisation."""

    other = Code(26, required=True)


class NewRelease(NewMandate):
    """The end of a pledge, on the pledgee's word."""

    hold = Code(26, required=True)


FORMS: dict[str, tuple[type[NewSchema], dict[str, Any]]] = {
    "reversal": (NewReversal, {}),
    "cancellation": (NewAboutUnits, {"reason": "fault"}),
    "transfer": (NewHandover, {}),
    "pledge": (NewPledge, {}),
    "release": (NewRelease, {}),
}
"""Each kind's form, and what it says without being asked."""


@web.get("/console/registry")
@operated("registry.read")
def console_registry(operator: OperatorFacts) -> Response:
    """Mandates, the newest first; what the pool holds and what is owed; pledges that stand."""
    rows = mandates.list_mandates(PAGE + 1, read_cursor(request.args.get("after")))
    return page(
        "console_registry.html",
        listed=page_of(rows, PAGE, lambda each: each.mandate.id),
        pledges=holdings.list_standing_pledges(),
        pool_kg=reversals.pool_kg(),
        owed_kg=reversals.sum_owed_kg(),
        kinds=FORMS,
        may_write=operator.may("registry.write"),
    )


@web.get("/console/registry/new/<code:kind>")
@operated("registry.write")
def new_mandate(operator: OperatorFacts, kind: str) -> Response:
    """The form of one kind of mandate. Raises `NotFound`."""
    return _form_page(kind, Form(request.args.to_dict()))


@web.post("/console/registry/new/<code:kind>")
@operated("registry.write")
def request_mandate(operator: OperatorFacts, kind: str) -> Response:
    """Ask for it; another operator has to approve."""
    if kind not in FORMS:
        raise NotFound()
    schema, given = FORMS[kind]
    form = read_form(schema)
    if not form.sound:
        return _form_page(kind, form, 422)
    told = {name: value for name, value in form.values.items() if name != "form_key"}
    wish = MandateWish(kind=kind, **given, **told)
    try:
        with transaction():
            code = once(operator.id, form, lambda: services.request_mandate(operator.id, wish).code)
    except Problem as problem:
        return _form_page(kind, form.refuse(problem), problem.status)
    return _to(code, "mandate_requested")


@web.get("/console/registry/<code:code>")
@operated("registry.read")
def console_mandate(operator: OperatorFacts, code: str) -> Response:
    """One mandate, and what approving it would do. Raises `MandateUnknown`."""
    return _mandate_page(operator, code, Form())


@web.post("/console/registry/<code:code>/approve")
@operated("registry.write")
def approve_mandate(operator: OperatorFacts, code: str) -> Response:
    """Approve what another asked for; it is done at once."""
    return _step(operator, code, "mandate_approved", lambda: services.approve_mandate(operator.id, code))


@web.post("/console/registry/<code:code>/decline")
@operated("registry.write")
def decline_mandate(operator: OperatorFacts, code: str) -> Response:
    """Turn a mandate down, or take one's own back."""
    return _step(operator, code, "mandate_declined", lambda: services.decline_mandate(operator.id, code))


@web.post("/console/registry/<code:code>/cover")
@operated("registry.write")
def cover_reversal(operator: OperatorFacts, code: str) -> Response:
    """Cover what an approved reversal still owes, as far as units have come."""
    return _step(operator, code, "reversal_covered", lambda: covering.cover(operator.id, code))


def _step(operator: OperatorFacts, code: str, said: str, act: Callable[[], Any]) -> Response:
    try:
        with transaction():
            act()
    except Problem as problem:
        if problem.status == 404:
            raise
        return _mandate_page(operator, code, Form().refuse(problem), problem.status)
    return _to(code, said)


def _to(code: str, said: str) -> Response:
    return make_response(redirect(f"/console/registry/{code}?said={said}", 303))


def _form_page(kind: str, form: Form, status: int = 200) -> Response:
    if kind not in FORMS:
        raise NotFound()
    fields = FORMS[kind][0]().fields
    return page("console_mandate_new.html", status, kind=kind, form=form, asked=fields, reasons=REASONS[:-1])


def _mandate_page(operator: OperatorFacts, code: str, form: Form, status: int = 200) -> Response:
    facts = mandates.get_mandate(code)
    return page(
        "console_mandate.html",
        status,
        m=facts.mandate,
        facts=facts,
        preview=mandates.preview_of(facts),
        heard=accounts.notices.count_told(code),
        form=form,
        maker=_is_kept_from(operator, facts),
        **_terms_shown(facts),
        names=accounts.operators.list_names(),
        mine=facts.mandate.requested_by == operator.id,
        may_write=operator.may("registry.write"),
    )


def _is_kept_from(operator: OperatorFacts, facts: mandates.MandateFacts) -> bool:
    """Whether the operator had a hand in the forest whose units are to go on sale."""
    return facts.terms is not None and dossiers.is_maker_of(operator.id, facts.mandate.issuance_id)


def _terms_shown(facts: mandates.MandateFacts) -> dict[str, Any]:
    """What the lot of an offer will cost, and who gets how much of it."""
    terms = facts.terms
    if terms is None:
        return {"terms": None}
    amount_fen = price_fen(facts.mandate.quantity_kg, terms.step_kg, terms.price_fen_per_step)
    return {"terms": terms, "amount_fen": amount_fen, "shares": allot(terms, amount_fen)}
