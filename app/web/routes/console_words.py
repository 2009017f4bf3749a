"""Words at the operators' desk: what could not be judged by rule or by WeChat, and the decision."""

from flask import Response, make_response, redirect, request
from marshmallow import ValidationError, validates_schema

from app.accounts import queries as accounts
from app.accounts.queries.operators import OperatorFacts
from app.causes.queries import inscriptions
from app.causes.services.inscriptions import judge_words
from app.kit.fields import NewSchema, OneOf
from app.kit.messages import t
from app.kit.paging import page as page_of
from app.kit.paging import read_cursor
from app.kit.problems import Problem
from app.kit.transaction import transaction
from app.web.console import operated
from app.web.forms import Form, Prose, read_form
from app.web.pages import page, web

PAGE = 50


class JudgementForm(NewSchema):
    """Whether words may be shown; why not is read by their author."""

    decision = OneOf(("show", "refuse"), required=True)
    reason = Prose(200)

    @validates_schema
    def refused_for_a_reason(self, data: dict[str, str], **kwargs: object) -> None:
        """Nobody is refused without a reason."""
        if data["decision"] == "refuse" and "reason" not in data:
            raise ValidationError(t("kit.field_required"), "reason")


@web.get("/console/words")
@operated("words.read")
def console_words(operator: OperatorFacts) -> Response:
    """Words that wait, the longest first; with `decided` what people decided."""
    decided = "decided" in request.args
    rows = inscriptions.list_queue(PAGE + 1, read_cursor(request.args.get("after")), waiting=not decided)
    return page("console_words.html", listed=page_of(rows, PAGE, lambda words: words.id), decided=decided)


@web.get("/console/words/<code:code>")
@operated("words.read")
def console_inscription(operator: OperatorFacts, code: str) -> Response:
    """One inscription. Raises `InscriptionUnknown`."""
    return _words_page(operator, code, Form())


@web.post("/console/words/<code:code>")
@operated("words.write")
def judge_inscription(operator: OperatorFacts, code: str) -> Response:
    """Decide. Raises `InscriptionUnknown`."""
    form = read_form(JudgementForm)
    if not form.sound:
        return _words_page(operator, code, form)
    refused = form.values["decision"] == "refuse"
    try:
        with transaction():
            judge_words(operator.id, code, form.values["reason"] if refused else None)
    except Problem as problem:
        if problem.status == 404:
            raise
        return _words_page(operator, code, form.refuse(problem))
    said = "words_refused" if refused else "words_shown"
    return make_response(redirect(f"/console/words?said={said}", 303))


def _words_page(operator: OperatorFacts, code: str, form: Form) -> Response:
    return page(
        "console_inscription.html",
        form.status,
        words=inscriptions.get_inscription(code),
        form=form,
        names=accounts.operators.list_names(),
        may_write=operator.may("words.write"),
    )
