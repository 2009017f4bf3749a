"""Fairness at the operators' desk: what signals found, decisions on each account, appeals."""

from collections.abc import Callable
from typing import Any

from flask import Response, make_response, redirect, request

from app.accounts import queries as accounts
from app.accounts.queries.operators import OperatorFacts
from app.kit.fields import Code, NewSchema, OneOf
from app.kit.paging import page as page_of
from app.kit.paging import read_cursor
from app.kit.problems import NotFound, Problem
from app.kit.transaction import transaction
from app.rewards.queries import fairness as known
from app.rewards.queries import fairness_appeals, fairness_rules, programmes
from app.rewards.rules.fairness import LONGEST_REASON, Decision
from app.rewards.services import fairness
from app.rewards.services import fairness_appeals as appeals
from app.web.console import operated
from app.web.forms import Form, Prose, read_form
from app.web.pages import page, web

PAGE = 50
LISTS = ("open", "appeals", "closed", "answered")


class JudgementForm(NewSchema):
    """What is decided of one account and why; its holder reads the reason."""

    decision = OneOf(tuple(Decision), required=True)
    reason = Prose(LONGEST_REASON, required=True)


class AnswerForm(NewSchema):
    """What is answered and why; the holder reads the reason. `programme` is who pays, as it was read."""

    decision = OneOf(("grant", "refuse"), required=True)
    reason = Prose(LONGEST_REASON, required=True)
    programme = Code(26)


class ProposalForm(NewSchema):
    """Which programme shall thank for an act after all."""

    programme = Code(26, required=True)


@web.get("/console/fairness")
@operated("rewards.read")
def console_fairness(operator: OperatorFacts) -> Response:
    """Inquiries or appeals: those that wait, the longest first; with `list` others."""
    shown = next((name for name in LISTS if name == request.args.get("list")), LISTS[0])
    after = read_cursor(request.args.get("after"))
    values: dict[str, Any] = {"shown": shown, "lists": LISTS, "said_of": known.found_in_words}
    if shown in ("appeals", "answered"):
        rows = fairness_appeals.list_appeals(PAGE + 1, after, waiting=shown == "appeals")
        return page("console_fairness.html", listed=page_of(rows, PAGE, lambda row: row.id), **values)
    found = known.list_inquiries(PAGE + 1, after, is_open=shown == "open")
    counts = known.count_parties(found)
    return page(
        "console_fairness.html", listed=page_of(found, PAGE, lambda row: row.id), counts=counts, **values
    )


@web.get("/console/fairness/<code:code>")
@operated("rewards.read")
def console_inquiry(operator: OperatorFacts, code: str) -> Response:
    """One inquiry with its accounts. Raises `NotFound`."""
    inquiry = known.get_inquiry(code)
    parties = known.list_parties(inquiry)
    holders = accounts.list_holders([each.holder_id for each in parties])
    rule = fairness_rules.rules()[inquiry.rule]
    return page(
        "console_inquiry.html",
        inquiry=inquiry,
        parties=parties,
        holders=holders,
        rule=rule,
        found=known.found_in_words(inquiry),
        limits=fairness_rules.limits(),
    )


@web.get("/console/fairness/<code:code>/accounts/<code:holder>")
@operated("rewards.read")
def console_party(operator: OperatorFacts, code: str, holder: str) -> Response:
    """One account of an inquiry. Raises `NotFound`."""
    return _party_page(operator, code, holder, Form())


@web.post("/console/fairness/<code:code>/accounts/<code:holder>")
@operated("rewards.write")
def judge_party(operator: OperatorFacts, code: str, holder: str) -> Response:
    """Decide about it. Raises `NotFound`."""
    form = read_form(JudgementForm)
    if not form.sound:
        return _party_page(operator, code, holder, form, 422)
    told = form.values

    def act() -> None:
        fairness.judge(operator.id, code, _holder_id(holder), told["decision"], told["reason"])

    return _acted(operator, code, holder, form, act, "judged")


@web.post("/console/fairness/<code:code>/accounts/<code:holder>/confirm/<code:measure>")
@operated("rewards.write")
def confirm_measure(operator: OperatorFacts, code: str, holder: str, measure: str) -> Response:
    """Agree that points are taken back. Raises `NotFound`."""
    return _acted(operator, code, holder, Form(), lambda: fairness.confirm(operator.id, measure), "confirmed")


@web.post("/console/fairness/<code:code>/accounts/<code:holder>/lift/<code:measure>")
@operated("rewards.write")
def lift_measure(operator: OperatorFacts, code: str, holder: str, measure: str) -> Response:
    """End a measure early, or decline a proposal. Raises `NotFound`."""
    return _acted(operator, code, holder, Form(), lambda: fairness.lift(operator.id, measure), "lifted")


@web.get("/console/fairness/appeals/<code:code>")
@operated("rewards.read")
def console_fairness_appeal(operator: OperatorFacts, code: str) -> Response:
    """One appeal. Raises `NotFound`."""
    return _appeal_page(operator, code, Form())


@web.post("/console/fairness/appeals/<code:code>/propose")
@operated("rewards.write")
def propose_thanks(operator: OperatorFacts, code: str) -> Response:
    """Propose which programme thanks for the act. Raises `NotFound`."""
    form = read_form(ProposalForm)
    if not form.sound:
        return _appeal_page(operator, code, form, 422)
    return _answered(
        operator, code, form, lambda: appeals.propose(operator.id, code, form.values["programme"]), "proposed"
    )


@web.post("/console/fairness/appeals/<code:code>/answer")
@operated("rewards.write")
def answer_appeal(operator: OperatorFacts, code: str) -> Response:
    """Answer it. Raises `NotFound`."""
    form = read_form(AnswerForm)
    if not form.sound:
        return _appeal_page(operator, code, form, 422)
    told = form.values
    terms = {"granted": told["decision"] == "grant", "programme": told.get("programme")}
    return _answered(
        operator, code, form, lambda: appeals.answer(operator.id, code, told["reason"], **terms), "answered"
    )


def _acted(
    operator: OperatorFacts, code: str, holder: str, form: Form, act: Callable[[], object], said: str
) -> Response:
    try:
        with transaction():
            act()
    except NotFound:
        raise
    except Problem as problem:
        return _party_page(operator, code, holder, form.refuse(problem), problem.status)
    back = f"/console/fairness/{code}/accounts/{holder}?said=fairness_{said}"
    return make_response(redirect(back, 303))


def _answered(
    operator: OperatorFacts, code: str, form: Form, act: Callable[[], object], said: str
) -> Response:
    try:
        with transaction():
            act()
    except Problem as problem:
        return _appeal_page(operator, code, form.refuse(problem), problem.status)
    return make_response(redirect(f"/console/fairness/appeals/{code}?said=fairness_{said}", 303))


def _holder_id(code: str) -> int:
    holder = accounts.find_holder(code)
    if holder is None:
        raise NotFound()
    return holder.id


def _party_page(operator: OperatorFacts, code: str, holder: str, form: Form, status: int = 200) -> Response:
    inquiry = known.get_inquiry(code)
    holder_id = _holder_id(holder)
    return page(
        "console_party.html",
        status,
        inquiry=inquiry,
        found=known.found_in_words(inquiry),
        rule=fairness_rules.rules()[inquiry.rule],
        party=known.get_party(inquiry, holder_id),
        holder=accounts.get_holder(holder_id),
        names=accounts.operators.list_names(),
        decisions=list(Decision),
        form=form,
        me=operator.id,
        may_write=operator.may("rewards.write"),
        longest=LONGEST_REASON,
    )


def _appeal_page(operator: OperatorFacts, code: str, form: Form, status: int = 200) -> Response:
    row = fairness_appeals.get_appeal(code)
    appeal = fairness_appeals.read_appeal(row)
    measure = known.get_measure_by_id(row.measure_id) if row.measure_id else None
    names = {each.holder_id: each for each in programmes.list_programmes()}
    return page(
        "console_fairness_appeal.html",
        status,
        appeal=appeal,
        measure=measure,
        case=None if measure else fairness_appeals.get_act_case_of(row),
        holder=accounts.get_holder(appeal.holder_id),
        programmes=names,
        names=accounts.operators.list_names(),
        form=form,
        own=operator.id in appeal.against,
        may_write=operator.may("rewards.write"),
        longest=LONGEST_REASON,
    )
