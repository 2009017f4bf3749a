"""How a dossier moves at the operators' desk: review, notice, registration, issuance, each by another."""

from datetime import timedelta

from flask import Response

from app.accounts.queries.operators import OperatorFacts
from app.kit.fields import Day, NewSchema, OneOf, Text, WholeText
from app.registry.services import dossiers, objections, removals
from app.registry.services.removals import NewRemoval
from app.web import session
from app.web.console import operated
from app.web.forms import Form, Prose, read_form
from app.web.pages import web
from app.web.routes.console_dossier_parts import act


class ReviewForm(NewSchema):
    """The revision that was read."""

    revision = WholeText(1, 2**31 - 1, required=True)


class ReasonForm(NewSchema):
    """Why something ends."""

    reason = Prose(300, required=True)


class AnswerForm(NewSchema):
    """What is answered to an objection, in public."""

    answer = Prose(2_000, required=True)
    outcome = OneOf(("upheld", "dismissed"), required=True)


class RemovalForm(NewSchema):
    """What a verifier found."""

    document = WholeText(1, required=True)
    period_start = Day(required=True)
    period_end = Day(required=True)
    vintage = WholeText(2000, 2100, required=True)
    quantity_kg = WholeText(1, 10**12, required=True)
    verification = Text(100, required=True)
    verifier = Text(100, required=True)
    verified_on = Day(required=True)


@web.post("/console/dossiers/<code:code>/review")
@operated("registry.write")
def review_dossier(operator: OperatorFacts, code: str) -> Response:
    """Approve the draft that was read, and open its public notice."""
    form = read_form(ReviewForm)
    notice = timedelta(days=session.settings().notice_days)
    return act(
        operator,
        code,
        form,
        lambda: dossiers.review_dossier(operator.id, code, form.values["revision"], notice),
        "dossier_reviewed",
    )


@web.post("/console/dossiers/<code:code>/register")
@operated("registry.write")
def register_dossier(operator: OperatorFacts, code: str) -> Response:
    """Register the project."""
    return act(
        operator, code, Form(), lambda: dossiers.register_dossier(operator.id, code), "dossier_registered"
    )


@web.post("/console/dossiers/<code:code>/withdraw")
@operated("registry.write")
def withdraw_dossier(operator: OperatorFacts, code: str) -> Response:
    """End the dossier."""
    form = read_form(ReasonForm)
    return act(
        operator,
        code,
        form,
        lambda: dossiers.withdraw_dossier(operator.id, code, form.values["reason"]),
        "dossier_withdrawn",
    )


@web.post("/console/dossiers/<code:code>/objections/<code:objection>/answer")
@operated("registry.write")
def answer_objection(operator: OperatorFacts, code: str, objection: str) -> Response:
    """Answer an objection."""
    form = read_form(AnswerForm)

    def do() -> None:
        upheld = form.values["outcome"] == "upheld"
        objections.answer_objection(operator.id, code, objection, form.values["answer"], upheld=upheld)

    return act(operator, code, form, do, "objection_answered")


@web.post("/console/dossiers/<code:code>/removals")
@operated("registry.write")
def request_issuance(operator: OperatorFacts, code: str) -> Response:
    """Put a verified removal forward for issuance."""
    form = read_form(RemovalForm)

    def do() -> None:
        told = dict(form.values)
        period = (told.pop("period_start"), told.pop("period_end"))
        removals.request_issuance(
            operator.id, code, NewRemoval(document_id=told.pop("document"), period=period, **told)
        )

    return act(operator, code, form, do, "issuance_requested")


@web.post("/console/dossiers/<code:code>/removals/<code:removal>/approve")
@operated("registry.write")
def approve_issuance(operator: OperatorFacts, code: str, removal: str) -> Response:
    """Issue the units."""
    return act(
        operator,
        code,
        Form(),
        lambda: removals.approve_issuance(operator.id, code, removal),
        "issuance_approved",
    )


@web.post("/console/dossiers/<code:code>/removals/<code:removal>/refuse")
@operated("registry.write")
def refuse_issuance(operator: OperatorFacts, code: str, removal: str) -> Response:
    """Refuse the request."""
    form = read_form(ReasonForm)
    return act(
        operator,
        code,
        form,
        lambda: removals.refuse_issuance(operator.id, code, removal, form.values["reason"]),
        "issuance_refused",
    )
