"""Events at the operators' desk: what is shown to the public, and proofs of forests planted for events."""

import re
from typing import Any

from flask import Response, make_response, redirect, request

from app.accounts import queries as accounts
from app.accounts.queries.operators import OperatorFacts
from app.causes.queries import events as known
from app.causes.queries.event_details import detail_of
from app.causes.queries.schemes import schemes
from app.causes.rules.events import MOST_G
from app.causes.services import event_forests
from app.causes.services import events as services
from app.causes.services.event_forests import Proof
from app.kit.fields import AnyDay, NewSchema, OneOf, Shaped, Text, WholeText
from app.kit.paging import page as page_of
from app.kit.paging import read_cursor
from app.kit.problems import NotFound, Problem
from app.kit.transaction import transaction
from app.web.console import operated
from app.web.forms import Form, Prose, read_form
from app.web.pages import page, web
from app.web.routes.events import picture

PAGE = 50
_SHA256 = re.compile("[0-9a-f]{64}")


class ProofForm(NewSchema):
    """What a certifier found."""

    proven_kg = WholeText(1, MOST_G // 1000, required=True)
    methodology = Text(100, required=True)
    certifier = Text(100, required=True)
    report = Text(200, required=True)
    report_sha256 = Shaped(_SHA256, 64, required=True)
    measured_on = AnyDay(required=True)


class ProofDecisionForm(NewSchema):
    """Accepted or declined."""

    decision = OneOf(("accept", "decline"), required=True)


class HidingForm(NewSchema):
    """Why an event is hidden."""

    reason = Prose(300, required=True)


@web.get("/console/events")
@operated("registry.read")
def console_events(operator: OperatorFacts) -> Response:
    """All events, or with `forest` those that plant one; the newest first."""
    planting = "forest" in request.args
    listing = known.list_forests if planting else known.list_all
    rows = listing(PAGE + 1, read_cursor(request.args.get("after")))
    listed = page_of(rows, PAGE, lambda each: each.id)
    return page("console_events.html", listed=listed, planting=planting, kinds=schemes().kinds)


@web.get("/console/events/<code:code>")
@operated("registry.read")
def console_event(operator: OperatorFacts, code: str) -> Response:
    """One event. Raises `NotFound`."""
    return _event_page(operator, code, Form())


@web.post("/console/events/<code:code>/proofs")
@operated("registry.write")
def request_forest_proof(operator: OperatorFacts, code: str) -> Response:
    """Put a proof of its forest forward. Raises `NotFound`."""

    def ask(told: dict[str, Any]) -> None:
        told["proven_g"] = told.pop("proven_kg") * 1000
        event_forests.request_proof(operator.id, code, Proof(**told))

    return _act(operator, code, ProofForm, ask, "proof_requested")


@web.post("/console/events/<code:code>/proofs/<int(max=9223372036854775807):number>")
@operated("registry.write")
def decide_forest_proof(operator: OperatorFacts, code: str, number: int) -> Response:
    """Accept or decline a proof that somebody else put forward. Raises `NotFound`."""

    def decide(told: dict[str, Any]) -> None:
        event_forests.decide_proof(operator.id, code, number, approved=told["decision"] == "accept")

    return _act(operator, code, ProofDecisionForm, decide, "proof_decided")


@web.post("/console/events/<code:code>/hide")
@operated("registry.write")
def hide_event(operator: OperatorFacts, code: str) -> Response:
    """Hide it from the public for a reason. Raises `NotFound`."""
    return _act(
        operator,
        code,
        HidingForm,
        lambda told: services.hide_event(operator.id, code, told["reason"]),
        "event_hidden",
    )


@web.post("/console/events/<code:code>/unhide")
@operated("registry.write")
def unhide_event(operator: OperatorFacts, code: str) -> Response:
    """Let its organiser show it again. Raises `NotFound`."""
    return _act(
        operator, code, NewSchema, lambda _: services.hide_event(operator.id, code, None), "event_unhidden"
    )


def _act(operator: OperatorFacts, code: str, schema: type[NewSchema], do: Any, said: str) -> Response:
    form = read_form(schema)
    if not form.sound:
        return _event_page(operator, code, form, 422)
    try:
        with transaction():
            do(form.values)
    except Problem as problem:
        if problem.status == 404:
            raise
        return _event_page(operator, code, form.refuse(problem), problem.status)
    return make_response(redirect(f"/console/events/{code}?said={said}", 303))


def _event_page(operator: OperatorFacts, code: str, form: Form, status: int = 200) -> Response:
    event_id = known.find_event(code)
    if event_id is None:
        raise NotFound()
    detail = detail_of(known.get_event(event_id), own=True)
    return page(
        "console_event.html",
        status,
        event=detail,
        form=form,
        operator=operator,
        who=accounts.operators.list_names(),
        terms=schemes().forest,
        may_write=operator.may("registry.write"),
        **picture(detail),
    )
