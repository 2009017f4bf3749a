"""Courts at the platform's desk: opening them, and binding their clerks."""

from collections.abc import Callable

from flask import Response, make_response, redirect

from app.accounts import queries as accounts
from app.accounts.queries.operators import OperatorFacts
from app.causes.queries.courts import list_court_lines
from app.causes.rules.docket_papers import COURT_KINDS
from app.causes.services import courts
from app.kit.messages import t
from app.kit.problems import Problem
from app.kit.transaction import transaction
from app.web.console import operated
from app.web.forms import Form, once, read_form
from app.web.pages import page, web
from app.web.routes.console_docket_forms import ClerkForm, CourtForm


@web.get("/console/courts")
@operated("courts.read")
def console_courts(operator: OperatorFacts) -> Response:
    """All courts, with their clerks."""
    return _page(operator, Form())


@web.post("/console/courts")
@operated("courts.write")
def open_court(operator: OperatorFacts) -> Response:
    """Open the books of a court."""
    form = read_form(CourtForm)
    told = form.values

    def act() -> str:
        return courts.open_court(operator.id, told["name"], told["kind"], told.get("region")).code

    return _do(operator, form, lambda: once(operator.id, form, act), "court_opened")


@web.post("/console/courts/clerks")
@operated("courts.write")
def bind_clerk(operator: OperatorFacts) -> Response:
    """Make an operator a court's clerk."""
    form = read_form(ClerkForm)
    told = form.values
    return _do(
        operator, form, lambda: courts.bind_clerk(operator.id, told["court"], told["clerk"]), "clerk_bound"
    )


@web.post("/console/courts/clerks/end")
@operated("courts.write")
def end_clerk(operator: OperatorFacts) -> Response:
    """Let a clerk see nothing of their court any more."""
    form = read_form(ClerkForm)
    told = form.values
    return _do(
        operator, form, lambda: courts.end_clerk(operator.id, told["court"], told["clerk"]), "clerk_ended"
    )


def _do(operator: OperatorFacts, form: Form, act: Callable[[], object], said: str) -> Response:
    if not form.sound:
        return _page(operator, form, 422)
    try:
        with transaction():
            act()
    except Problem as problem:
        return _page(operator, form.refuse(problem), problem.status)
    return make_response(redirect(f"/console/courts?said={said}", 303))


def _page(operator: OperatorFacts, form: Form, status: int = 200) -> Response:
    lines = list_court_lines()
    return page(
        "console_courts.html",
        status,
        form=form,
        lines=lines,
        names=accounts.operators.list_names(),
        kinds=[(each, t(f"causes.court_kind_{each}")) for each in COURT_KINDS],
        courts=[(each.court.code, each.court.name) for each in lines],
        may_write=operator.may("courts.write"),
    )
