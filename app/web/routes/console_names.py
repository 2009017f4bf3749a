"""Names of groups and people at the operators' desk: what neither rules nor WeChat could judge."""

from flask import Response, make_response, redirect, request

from app.accounts.queries.operators import OperatorFacts
from app.kit.fields import NewSchema
from app.kit.paging import page as page_of
from app.kit.paging import read_cursor
from app.kit.problems import Problem
from app.kit.transaction import transaction
from app.rewards.queries import names
from app.rewards.services.names import judge_name, take_down
from app.web.console import operated
from app.web.forms import Form, Prose, read_form
from app.web.pages import page, web
from app.web.routes.console_words import JudgementForm

PAGE = 20


class DownForm(NewSchema):
    """Why a name is shown no more; its author reads it."""

    reason = Prose(200, required=True)


@web.get("/console/names")
@operated("words.read")
def console_names(operator: OperatorFacts) -> Response:
    """Names that wait, the longest first, each with its decision beside it; or those that are shown."""
    return _names_page(operator, Form())


@web.post("/console/names/<code:code>")
@operated("words.write")
def judge_shown_name(operator: OperatorFacts, code: str) -> Response:
    """Decide. Raises `NotFound`."""
    form = read_form(JudgementForm)
    if not form.sound:
        return _names_page(operator, form, code)
    refused = form.values["decision"] == "refuse"
    try:
        with transaction():
            judge_name(operator.id, code, form.values["reason"] if refused else None)
    except Problem as problem:
        if problem.status == 404:
            raise
        return _names_page(operator, form.refuse(problem))
    said = "words_refused" if refused else "words_shown"
    return make_response(redirect(f"/console/names?said={said}", 303))


@web.post("/console/names/<code:code>/down")
@operated("words.write")
def take_name_down(operator: OperatorFacts, code: str) -> Response:
    """Let a name not be shown any more. Raises `NotFound`."""
    form = read_form(DownForm)
    if not form.sound:
        return _names_page(operator, form, code, shown=True)
    try:
        with transaction():
            take_down(operator.id, code, form.values["reason"])
    except Problem as problem:
        if problem.status == 404:
            raise
        return _names_page(operator, form.refuse(problem), shown=True)
    return make_response(redirect("/console/names?shown=1&said=words_refused", 303))


def _names_page(operator: OperatorFacts, form: Form, about: str = "", *, shown: bool = False) -> Response:
    shown = shown or "shown" in request.args
    rows = (names.list_shown if shown else names.list_queue)(PAGE + 1, read_cursor(request.args.get("after")))
    return page(
        "console_names.html",
        form.status,
        listed=page_of(rows, PAGE, lambda name: name.id),
        form=form,
        about=about,
        shown=shown,
        may_write=operator.may("words.write"),
    )
