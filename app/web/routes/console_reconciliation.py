"""The console's reconciliation: which days are closed, what stands open, and who answers for it."""

from datetime import date
from typing import Any

from flask import Response, make_response, redirect, request
from marshmallow import ValidationError

from app.accounts import queries as accounts
from app.accounts.queries.operators import OperatorFacts
from app.kit import clock
from app.kit.fields import Day, Moment, NewSchema, Text, WholeText
from app.kit.problems import Conflict, NotFound, Problem
from app.kit.transaction import transaction
from app.treasury.queries import bills
from app.treasury.rules.breaks import Break
from app.treasury.rules.days import Wait
from app.treasury.services import breaks, days
from app.web.console import operated
from app.web.forms import Form, read_form
from app.web.pages import page, web

PAGE = 31
SHOWN = 50
"""Breaks of one kind on a page; forms that mean all of a kind mean those beyond it too."""


class NewConfirmation(NewSchema):
    """One break or all of a kind, as they stood when the page was drawn."""

    seen_at = Moment(required=True)
    break_id = WholeText(least=1)


class NewExplanation(NewConfirmation):
    """Why a break is as it is, and what was done about it."""

    explanation = Text(500, 4, required=True)


@web.get("/console/reconciliation")
@operated("money.read")
def reconciliation(operator: OperatorFacts) -> Response:
    """Every reconciled day, newest first. Raises `NotFound` for a day that cannot be read."""
    before = _day(request.args["before"]) if "before" in request.args else None
    listed = bills.list_days(PAGE + 1, before)
    return page(
        "console_reconciliation.html",
        days=listed[:PAGE],
        older=listed[PAGE - 1].day if len(listed) > PAGE else None,
        oldest=bills.oldest_unsettled(),
        troubled=bills.count_troubled_days(),
    )


@web.get("/console/reconciliation/<code:day>")
@operated("money.read")
def reconciled_day(operator: OperatorFacts, day: str) -> Response:
    """One day with its bills and breaks. Raises `DayUnknown`."""
    return _day_page(operator, _day(day), Form())


@web.post("/console/reconciliation/<code:day>/<code:kind>/explain")
@operated("money.write")
def explain_breaks(operator: OperatorFacts, day: str, kind: str) -> Response:
    """Explain one break or all open ones of a kind. Raises `DayUnknown` or `NotFound`."""
    return _answer(operator, _day(day), _kind(kind), read_form(NewExplanation), breaks.explain_breaks)


@web.post("/console/reconciliation/<code:day>/<code:kind>/confirm")
@operated("money.write")
def confirm_breaks(operator: OperatorFacts, day: str, kind: str) -> Response:
    """Confirm what another has explained. Raises `DayUnknown` or `NotFound`."""
    return _answer(operator, _day(day), _kind(kind), read_form(NewConfirmation), breaks.confirm_breaks)


@web.post("/console/reconciliation/<string:day>/match-again")
@operated("money.write")
def match_again(operator: OperatorFacts, day: str) -> Response:
    """Have the sweeper match a day again. Raises `DayUnknown`."""
    wanted, form = _day(day), Form()
    try:
        with transaction():
            days.match_again(operator.id, wanted)
    except Conflict as problem:
        return _day_page(operator, wanted, form.refuse(problem), problem.status)
    return make_response(redirect(f"/console/reconciliation/{wanted}?said=match_again", 303))


def _answer(operator: OperatorFacts, day: date, kind: Break, form: Form, act: Any) -> Response:
    """Do what the form asks for, and come back to the day, or to the form with what is wrong with it."""
    form.written["kind"] = kind
    if not form.sound:
        return _day_page(operator, day, form, 422)
    try:
        with transaction():
            act(operator.id, day, kind, **form.values)
    except Problem as problem:
        return _day_page(operator, day, form.refuse(problem), problem.status)
    return make_response(redirect(f"/console/reconciliation/{day}?said={act.__name__}#{kind}", 303))


def _day_page(operator: OperatorFacts, day: date, form: Form, status: int = 200) -> Response:
    facts, counted = bills.get_day(day), bills.count_breaks(day)
    return page(
        "console_reconciliation_day.html",
        status,
        facts=facts,
        versions=bills.list_versions(day),
        difference_fen=bills.difference_fen(day),
        sections=[(kind, *counts, bills.list_breaks(day, kind, SHOWN)) for kind, counts in counted.items()],
        names=accounts.operators.list_names(),
        may_answer=operator.may("money.write"),
        may_match=facts.wait is not Wait.AGAIN and day in bills.due_at(clock.now()),
        operator_id=operator.id,
        seen_at=clock.now().isoformat(),
        form=form,
    )


def _day(written: str) -> date:
    """The day of an address. Raises `NotFound` for what is none."""
    try:
        found: date = Day().deserialize(written)
    except ValidationError:
        raise NotFound() from None
    return found


def _kind(written: str) -> Break:
    if written not in set(Break):
        raise NotFound()
    return Break(written)
