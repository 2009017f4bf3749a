"""Sanctions in the console: laid by one, removals and liftings by two."""

from collections.abc import Callable
from typing import Any

from flask import Response, make_response, redirect, request

from app.accounts.queries.operators import OperatorFacts
from app.accounts.queries.operators import list_names as operator_names
from app.kit.fields import Code, Day, NewSchema, OneOf, Text, WholeText
from app.kit.paging import page as page_of
from app.kit.paging import read_cursor
from app.kit.problems import Problem
from app.kit.transaction import transaction
from app.registry.queries import sanctions as known
from app.registry.rules.sanctions import GROUNDS, KINDS, SanctionTerms
from app.registry.services import sanctions
from app.web.console import operated
from app.web.forms import Form, OnceSchema, once, read_form
from app.web.pages import page, web

PAGE = 50
MOST_DAILY_KG = 1_000_000_000


class NewSanction(OnceSchema):
    """Whom, what, why, and for how long."""

    target = Code(40, required=True)
    kind = OneOf(KINDS, required=True)
    ground = OneOf(GROUNDS, required=True)
    reason = Text(500, required=True)
    no_new_lots = OneOf(("yes",))
    daily_kg = WholeText(1, MOST_DAILY_KG)
    last_day = Day()


class NewLifting(NewSchema):
    """Why a sanction should end; published when another operator agrees."""

    note = Text(500, required=True)


@web.get("/console/sanctions")
@operated("registry.read")
def console_sanctions(operator: OperatorFacts) -> Response:
    """All of them, newest first, with what waits for a second person marked."""
    rows = known.list_sanctions(PAGE + 1, read_cursor(request.args.get("after")), published=False)
    return page(
        "console_sanctions.html",
        listed=page_of(rows, PAGE, lambda row: row.sanction.id),
        may_write=operator.may("registry.write"),
    )


@web.get("/console/sanctions/new")
@operated("registry.write")
def console_new_sanction(operator: OperatorFacts) -> Response:
    """The form of a new one."""
    return _new_page(Form())


@web.post("/console/sanctions")
@operated("registry.write")
def impose_sanction(operator: OperatorFacts) -> Response:
    """Lay a sanction at once, or propose a removal."""
    form = read_form(NewSanction)
    if not form.sound:
        return _new_page(form, 422)
    told = form.values
    terms = SanctionTerms(
        told["kind"],
        told["ground"],
        told["reason"],
        "no_new_lots" in told,
        told.get("daily_kg"),
        told.get("last_day"),
    )
    try:
        with transaction():
            code = once(operator.id, form, lambda: sanctions.impose(operator.id, told["target"], terms).code)
    except Problem as problem:
        return _new_page(form.refuse(problem), problem.status)
    return _to(code, "sanction_laid")


@web.get("/console/sanctions/<code:code>")
@operated("registry.read")
def console_sanction(operator: OperatorFacts, code: str) -> Response:
    """One sanction, every step with who took it, and what can follow. Raises `SanctionUnknown`."""
    return _sanction_page(operator, code, Form())


@web.post("/console/sanctions/<code:code>/confirm")
@operated("registry.write")
def confirm_sanction(operator: OperatorFacts, code: str) -> Response:
    """Agree to what another proposed. Raises `SanctionUnknown`."""
    return _act(operator, code, Form(), lambda: sanctions.confirm(operator.id, code))


@web.post("/console/sanctions/<code:code>/decline")
@operated("registry.write")
def decline_sanction(operator: OperatorFacts, code: str) -> Response:
    """Turn down what was proposed. Raises `SanctionUnknown`."""
    return _act(operator, code, Form(), lambda: sanctions.decline(operator.id, code))


@web.post("/console/sanctions/<code:code>/lift")
@operated("registry.write")
def lift_sanction(operator: OperatorFacts, code: str) -> Response:
    """Propose to lift it. Raises `SanctionUnknown`."""
    form = read_form(NewLifting)
    if not form.sound:
        return _sanction_page(operator, code, form, 422)
    return _act(operator, code, form, lambda: sanctions.propose_lift(operator.id, code, form.values["note"]))


def _act(operator: OperatorFacts, code: str, form: Form, act: Callable[[], Any]) -> Response:
    try:
        with transaction():
            act()
    except Problem as problem:
        return _sanction_page(operator, code, form.refuse(problem), problem.status)
    return _to(code, "sanction_stepped")


def _new_page(form: Form, status: int = 200) -> Response:
    projects, holders = known.list_targets()
    return page(
        "console_sanction_new.html",
        status,
        form=form,
        projects=projects,
        holders=holders,
        kinds=KINDS,
        grounds=GROUNDS,
    )


def _sanction_page(operator: OperatorFacts, code: str, form: Form, status: int = 200) -> Response:
    return page(
        "console_sanction.html",
        status,
        facts=known.get_sanction(code, published=False),
        form=form,
        names=operator_names(),
        me=operator.id,
        may_write=operator.may("registry.write"),
    )


def _to(code: str, said: str) -> Response:
    return make_response(redirect(f"/console/sanctions/{code}?said={said}", 303))
