"""Redemptions in the console: parcels to send, complaints to answer, points that two give back."""

from collections.abc import Callable

from flask import Response, make_response, redirect, request

from app.accounts.queries.operators import OperatorFacts
from app.accounts.queries.operators import list_names as operator_names
from app.accounts.services import audit
from app.kit.fields import NewSchema, OneOf, Text
from app.kit.paging import page as page_of
from app.kit.paging import read_cursor
from app.kit.problems import Problem
from app.kit.transaction import transaction
from app.rewards.queries import redemptions as known
from app.rewards.queries.redemptions import WAITING
from app.rewards.services import returns as services
from app.web.console import operated
from app.web.forms import Form, Prose, read_form
from app.web.pages import page, web

PAGE = 30


class ParcelForm(NewSchema):
    """How it travels."""

    carrier = Text(40, required=True)
    tracking = Text(40, required=True)


class AnswerForm(NewSchema):
    """What was found."""

    answer = Prose(200, required=True)


class ReturnForm(NewSchema):
    """Why the points shall go back."""

    reason = Prose(200, required=True)


class DecisionForm(NewSchema):
    """Whether they do."""

    approved = OneOf(("yes", "no"), required=True)


@web.get("/console/redemptions")
@operated("rewards.read")
def console_redemptions(operator: OperatorFacts) -> Response:
    """What waits in one way, or everything, newest first."""
    asked = request.args.get("waiting")
    kind = asked if asked in WAITING else None
    rows = known.list_waiting(kind, PAGE + 1, read_cursor(request.args.get("after")))
    return page(
        "console_redemptions.html",
        listed=page_of(rows, PAGE, lambda found: found.row.id),
        kind=kind,
        counts={name: known.count_waiting(name) for name in WAITING},
    )


@web.get("/console/redemptions/<code:code>")
@operated("rewards.read")
def console_redemption(operator: OperatorFacts, code: str) -> Response:
    """One redemption; its voucher is never shown. Raises `RedemptionUnknown`."""
    return _redemption_page(operator, code, Form())


@web.post("/console/redemptions/<code:code>/address")
@operated("rewards.write")
def see_address(operator: OperatorFacts, code: str) -> Response:
    """Show where a parcel goes, to whoever sends it; that it was seen is kept. Raises `RedemptionUnknown`."""
    with transaction():
        found = known.get_any_redemption(code)
        dispatch = known.find_dispatch(found.row.id)
        address = known.read_address(dispatch, code) if dispatch else None
        audit.record(operator.id, "reward_address_seen", code)
    return _redemption_page(operator, code, Form(), address)


@web.post("/console/redemptions/<code:code>/parcel")
@operated("rewards.write")
def send_parcel(operator: OperatorFacts, code: str) -> Response:
    """Record that it is on its way. Raises `RedemptionUnknown`."""
    form = read_form(ParcelForm)
    return _step(
        operator, code, form, "parcel_sent", lambda: services.send_parcel(operator.id, code, **form.values)
    )


@web.post("/console/redemptions/<code:code>/answer")
@operated("rewards.write")
def answer_complaint(operator: OperatorFacts, code: str) -> Response:
    """Tell its holder what was found. Raises `RedemptionUnknown`."""
    form = read_form(AnswerForm)
    return _step(
        operator,
        code,
        form,
        "complaint_answered",
        lambda: services.answer_complaint(operator.id, code, form.values["answer"]),
    )


@web.post("/console/redemptions/<code:code>/return")
@operated("rewards.write")
def request_return(operator: OperatorFacts, code: str) -> Response:
    """Propose that the points go back. Raises `RedemptionUnknown`."""
    form = read_form(ReturnForm)
    return _step(
        operator,
        code,
        form,
        "return_requested",
        lambda: services.request_return(operator.id, code, form.values["reason"]),
    )


@web.post("/console/redemptions/<code:code>/decision")
@operated("rewards.write")
def decide_return(operator: OperatorFacts, code: str) -> Response:
    """Decide on what another has proposed. Raises `RedemptionUnknown`."""
    form = read_form(DecisionForm)
    approved = form.values.get("approved") == "yes"
    return _step(
        operator,
        code,
        form,
        "return_approved" if approved else "return_declined",
        lambda: services.decide_return(operator.id, code, approved=approved),
    )


def _step(operator: OperatorFacts, code: str, form: Form, said: str, act: Callable[[], object]) -> Response:
    if not form.sound:
        return _redemption_page(operator, code, form)
    try:
        with transaction():
            act()
    except Problem as problem:
        if problem.status == 404 and problem.message == "rewards.redemption_unknown":
            raise
        return _redemption_page(operator, code, form.refuse(problem))
    return make_response(redirect(f"/console/redemptions/{code}?said={said}", 303))


def _redemption_page(
    operator: OperatorFacts, code: str, form: Form, address: dict[str, str] | None = None
) -> Response:
    found = known.get_any_redemption(code)
    returns = known.list_returns(found.row.id)
    return page(
        "console_redemption.html",
        form.status,
        found=found,
        item=found.facts.item,
        form=form,
        dispatch=known.find_dispatch(found.row.id),
        address=address,
        complaint=known.read_complaint(found.row),
        issue=known.find_issue(found.row.id),
        returns=returns,
        open_return=next((each for each in returns if each.decided_at is None), None),
        names=operator_names(),
        me=operator.id,
        may_write=operator.may("rewards.write"),
    )
