"""Partners in the console: proposed by one, agreed to by another, stopped by anyone."""

from collections.abc import Callable
from datetime import datetime, time
from typing import Any, cast

from flask import Response, make_response, redirect, request

from app.accounts.queries.operators import OperatorFacts
from app.accounts.queries.operators import list_names as operator_names
from app.footprint import rules
from app.footprint.queries import partners as known
from app.footprint.rules import PartnerFacts
from app.footprint.services import partners as desk
from app.kit import clock
from app.kit.clock import SHANGHAI
from app.kit.fields import Code, Day, NewSchema, OneOf, Text, WholeText
from app.kit.message_signatures import read_public_key
from app.kit.paging import page as page_of
from app.kit.paging import read_cursor
from app.kit.problems import Problem
from app.kit.transaction import transaction
from app.web.console import operated
from app.web.forms import Form, OnceSchema, Prose, once, read_form
from app.web.pages import page, web

PAGE = 20


class NewKey(NewSchema):
    """A public key and its days."""

    public_key = Prose(400, required=True)
    valid_from = Day(required=True)
    valid_until = Day(required=True)


class Decision(NewSchema):
    """Which terms were read."""

    terms = WholeText(1, 2**63 - 1, required=True)


class NewSuspension(NewSchema):
    """Why nothing of the partner counts from now on."""

    reason = Text(300, required=True)


@web.get("/console/partners")
@operated("partners.read")
def console_partners(operator: OperatorFacts) -> Response:
    """All of them, with what waits for a second person marked."""
    rows = [(view, _waits(view.partner.id)) for view in known.list_partners()]
    return page("console_partners.html", rows=rows, may_write=operator.may("partners.write"))


@web.get("/console/partners/new")
@operated("partners.write")
def console_new_partner(operator: OperatorFacts) -> Response:
    """The form of a new one."""
    return _new_page(Form())


@web.post("/console/partners")
@operated("partners.write")
def propose_partner(operator: OperatorFacts) -> Response:
    """Propose a partner with its scenes and daily limits."""
    fields: dict[str, Any] = {
        "code": Code(30, required=True),
        "kind": OneOf(rules.PARTNER_KINDS, required=True),
        "name_zh": Text(60, required=True),
        "name_en": Text(60, required=True),
        "contact": Text(200, required=True),
    }
    form = read_form(_with_scenes(OnceSchema, fields))
    if not form.sound:
        return _new_page(form, 422)
    told = form.values
    facts = PartnerFacts(**{name: told[name] for name in fields})

    def propose() -> str:
        desk.propose_partner(operator.id, facts, _scenes(told))
        return facts.code

    try:
        with transaction():
            code = once(operator.id, form, propose)
    except Problem as problem:
        return _new_page(form.refuse(problem), problem.status)
    return _to(code, "partner_proposed")


@web.get("/console/partners/<code:code>")
@operated("partners.read")
def console_partner(operator: OperatorFacts, code: str) -> Response:
    """One partner: terms, keys, what it sent. Raises `PartnerUnknown`."""
    return _partner_page(operator, code, Form())


@web.post("/console/partners/<code:code>/terms")
@operated("partners.write")
def propose_partner_terms(operator: OperatorFacts, code: str) -> Response:
    """Propose other scenes and limits. Raises `PartnerUnknown`."""
    form = read_form(_with_scenes(NewSchema, {}))
    if not form.sound:
        return _partner_page(operator, code, form, 422)
    return _act(operator, code, form, lambda: desk.propose_terms(operator.id, code, _scenes(form.values)))


@web.post("/console/partners/<code:code>/terms/approve")
@operated("partners.write")
def approve_partner_terms(operator: OperatorFacts, code: str) -> Response:
    """Agree to what another proposed. Raises `PartnerUnknown`."""
    return _decide(operator, code, True)


@web.post("/console/partners/<code:code>/terms/decline")
@operated("partners.write")
def decline_partner_terms(operator: OperatorFacts, code: str) -> Response:
    """Turn down what another proposed. Raises `PartnerUnknown`."""
    return _decide(operator, code, False)


@web.post("/console/partners/<code:code>/suspend")
@operated("partners.write")
def suspend_partner(operator: OperatorFacts, code: str) -> Response:
    """Stop it at once. Raises `PartnerUnknown`."""
    form = read_form(NewSuspension)
    if not form.sound:
        return _partner_page(operator, code, form, 422)
    return _act(operator, code, form, lambda: desk.suspend(operator.id, code, form.values["reason"]))


@web.post("/console/partners/<code:code>/keys")
@operated("partners.write")
def register_partner_key(operator: OperatorFacts, code: str) -> Response:
    """Register a key. Raises `PartnerUnknown`."""
    form = read_form(NewKey)
    if not form.sound:
        return _partner_page(operator, code, form, 422)
    told = form.values
    begins = datetime.combine(told["valid_from"], time(), SHANGHAI)
    return _act(
        operator,
        code,
        form,
        lambda: desk.register_key(
            operator.id,
            code,
            read_public_key(told["public_key"]),
            begins,
            clock.end_of_day(told["valid_until"]),
        ),
    )


@web.post("/console/partners/<code:code>/keys/<code:kid>/confirm")
@operated("partners.write")
def confirm_partner_key(operator: OperatorFacts, code: str, kid: str) -> Response:
    """Confirm a key that another registered. Raises `PartnerUnknown`."""
    return _act(operator, code, Form(), lambda: desk.confirm_key(operator.id, code, kid))


@web.post("/console/partners/<code:code>/keys/<code:kid>/revoke")
@operated("partners.write")
def revoke_partner_key(operator: OperatorFacts, code: str, kid: str) -> Response:
    """Let a key be good no more. Raises `PartnerUnknown`."""
    return _act(operator, code, Form(), lambda: desk.revoke_key(operator.id, code, kid))


def _with_scenes(base: type[NewSchema], fields: dict[str, Any]) -> type[NewSchema]:
    """A form with a daily limit for each scene that a partner can report."""
    limits = {f"scene_{scene}": WholeText(1, rules.MOST_DAILY_ITEMS) for scene in known.reportable_scenes()}
    return cast("type[NewSchema]", base.from_dict({**fields, **limits}))


def _scenes(told: dict[str, Any]) -> dict[str, int]:
    return {name.removeprefix("scene_"): most for name, most in told.items() if name.startswith("scene_")}


def _waits(partner_id: int) -> bool:
    keys = known.list_keys(partner_id)
    return known.find_waiting_terms(partner_id) is not None or any(
        each.confirmed_at is None and each.revoked_at is None for each in keys
    )


def _act(operator: OperatorFacts, code: str, form: Form, act: Callable[[], Any]) -> Response:
    try:
        with transaction():
            act()
    except Problem as problem:
        return _partner_page(operator, code, form.refuse(problem), problem.status)
    return _to(code, "partner_stepped")


def _decide(operator: OperatorFacts, code: str, approved: bool) -> Response:
    """Decide on the terms that the page showed, whatever waits by now."""
    form = read_form(Decision)
    if not form.sound:
        return _partner_page(operator, code, form, 422)
    return _act(
        operator, code, form, lambda: desk.decide_terms(operator.id, code, form.values["terms"], approved)
    )


def _new_page(form: Form, status: int = 200) -> Response:
    return page(
        "console_partner_new.html",
        status,
        form=form,
        scenes=known.reportable_scenes(),
        kinds=rules.PARTNER_KINDS,
    )


def _partner_page(operator: OperatorFacts, code: str, form: Form, status: int = 200) -> Response:
    view = known.find_partner(code)
    rows = known.list_batches(view.partner.id, PAGE + 1, read_cursor(request.args.get("after")))
    waiting = known.find_waiting_terms(view.partner.id)
    return page(
        "console_partner.html",
        status,
        view=view,
        form=form,
        waiting=waiting,
        approvable=waiting is not None and known.can_be_approved(waiting),
        suspensions=known.list_suspensions(view.partner.id),
        keys=[(each, known.is_good(each, clock.now())) for each in known.list_keys(view.partner.id)],
        listed=page_of(rows, PAGE, lambda row: row.id),
        counted=known.counted_today(view.partner.id),
        scenes=known.reportable_scenes(),
        names=operator_names(),
        me=operator.id,
        may_write=operator.may("partners.write"),
    )


def _to(code: str, said: str) -> Response:
    return make_response(redirect(f"/console/partners/{code}?said={said}", 303))
