"""Payouts in the console: runs, their approval by a second person, the bank's file and its results."""

from collections.abc import Callable
from typing import Any

from flask import Response, make_response, redirect, request

from app.accounts.queries.operators import OperatorFacts
from app.accounts.queries.operators import list_names as operator_names
from app.kit import clock
from app.kit.fields import Code, Month, NewSchema, OneOf, Text
from app.kit.messages import t
from app.kit.paging import page as page_of
from app.kit.paging import read_cursor
from app.kit.problems import Problem
from app.kit.transaction import transaction
from app.treasury.errors import RunUnknown
from app.treasury.queries import payouts
from app.treasury.rules.bank_files import LineFault, Result, read_bytes, read_results, result_fault
from app.treasury.rules.payouts import FROM, Outcome, is_month, month_before
from app.treasury.services import runs, transfers
from app.web.console import operated
from app.web.forms import Form, read_form
from app.web.pages import page, web

PAGE = 24
MOST_FILE = 4 * 1024 * 1024
"""Bytes of a result file: 20,000 lines with room to spare."""
_RUN = "/console/payouts/<code:month>/<int(min=1, max=32766):round_>"


class NewRun(NewSchema):
    """Which month is prepared."""

    month = Month(required=True)


class NewResult(NewSchema):
    """The bank's word on one payout, written by hand."""

    outcome = OneOf(tuple(Outcome), required=True)
    bank_reference = Code(64)
    reason = Text(100)


@web.get("/console/payouts")
@operated("money.read")
def payout_runs(operator: OperatorFacts) -> Response:
    """Every run, newest first."""
    return _runs_page(operator, Form())


@web.post("/console/payouts")
@operated("money.write")
def prepare_payouts(operator: OperatorFacts) -> Response:
    """Prepare a month's run, or go to it where it stands already."""
    form = read_form(NewRun)
    if not form.sound:
        return _runs_page(operator, form, 422)
    try:
        with transaction():
            run = runs.prepare_run(form.values["month"], 1, operator.id)
    except Problem as problem:
        return _runs_page(operator, form.refuse(problem), problem.status)
    return _to_run(run.month, run.round, "payouts_prepared")


def _runs_page(operator: OperatorFacts, form: Form, status: int = 200) -> Response:
    rows = payouts.list_runs(PAGE + 1, read_cursor(request.args.get("after")))
    return page(
        "console_payouts.html",
        status,
        listed=page_of(rows, PAGE, lambda summary: summary.run.id),
        form=form,
        month=month_before(clock.now()),
        may_write=operator.may("money.write"),
    )


@web.get(_RUN)
@operated("money.read")
def payout_run(operator: OperatorFacts, month: str, round_: int) -> Response:
    """One run with everybody in it. Raises `RunUnknown`."""
    return _run_page(operator, month, round_, Form())


@web.post(f"{_RUN}/approve")
@operated("money.write")
def approve_payouts(operator: OperatorFacts, month: str, round_: int) -> Response:
    """Approve a run that somebody else prepared."""
    return _step(operator, month, round_, "payouts_approved", runs.approve_run)


@web.post(f"{_RUN}/withdraw")
@operated("money.write")
def withdraw_payouts(operator: OperatorFacts, month: str, round_: int) -> Response:
    """Give up a run that was not approved."""
    return _step(operator, month, round_, "payouts_withdrawn", runs.withdraw_run)


def _step(
    operator: OperatorFacts, month: str, round_: int, said: str, do: Callable[[int, str, int], object]
) -> Response:
    _require_month(month)
    try:
        with transaction():
            do(operator.id, month, round_)
    except RunUnknown:
        raise
    except Problem as problem:
        return _run_page(operator, month, round_, Form().refuse(problem))
    return _to_run(month, round_, said)


@web.post(f"{_RUN}/again")
@operated("money.write")
def prepare_again(operator: OperatorFacts, month: str, round_: int) -> Response:
    """Prepare the next round of a month: what came back, and who had no account the first time."""
    _require_month(month)
    try:
        with transaction():
            run = runs.prepare_run(month, round_ + 1, operator.id)
    except RunUnknown:
        raise
    except Problem as problem:
        return _run_page(operator, month, round_, Form().refuse(problem))
    return _to_run(month, run.round, "payouts_prepared")


@web.post(f"{_RUN}/file")
@operated("money.write")
def take_file(operator: OperatorFacts, month: str, round_: int) -> Response:
    """The bank's file; taken again, it is the same bytes."""
    _require_month(month)
    try:
        with transaction():
            content = transfers.export_run(operator.id, month, round_)
    except RunUnknown:
        raise
    except Problem as problem:
        return _run_page(operator, month, round_, Form().refuse(problem))
    name = f"senhui-payouts-{month}-{round_}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(content, headers=headers, content_type="text/csv; charset=gb18030")


@web.post(f"{_RUN}/results")
@operated("money.write")
def take_results(operator: OperatorFacts, month: str, round_: int) -> Response:
    """Read the bank's result file; one bad line and nothing is recorded."""
    _require_month(month)
    request.max_content_length = MOST_FILE
    uploaded = request.files.get("file")
    content = read_bytes(uploaded.read()) if uploaded is not None else None
    results, faults = read_results(content or "")
    return _record(operator, month, round_, results, faults)


@web.post(f"{_RUN}/<code:number>")
@operated("money.write")
def mark_payout(operator: OperatorFacts, month: str, round_: int, number: str) -> Response:
    """Write down by hand what the bank says of one payout. Raises `RunUnknown`."""
    _require_month(month)
    form = read_form(NewResult)
    amount_fen = payouts.get_amount_fen(month, round_, number)
    if not form.sound:
        return _run_page(operator, month, round_, form, marking=number)
    said: dict[str, Any] = form.values
    reference, reason = said.get("bank_reference"), said.get("reason")
    result = Result(number, Outcome(said["outcome"]), amount_fen, reference, reason)
    missing = result_fault(result)
    return _record(operator, month, round_, [result], [missing] if missing else [])


@web.post(f"{_RUN}/<string:number>/confirm")
@operated("money.write")
def confirm_report(operator: OperatorFacts, month: str, round_: int, number: str) -> Response:
    """Confirm that a payout failed or came back, as somebody else reported. Raises `RunUnknown`."""
    return _judge(operator, month, round_, number, "payout_report_confirmed", transfers.confirm_report)


@web.post(f"{_RUN}/<string:number>/dismiss")
@operated("money.write")
def dismiss_report(operator: OperatorFacts, month: str, round_: int, number: str) -> Response:
    """Turn down or take back a report on a payout. Raises `RunUnknown`."""
    return _judge(operator, month, round_, number, "payout_report_dismissed", transfers.dismiss_report)


def _judge(
    operator: OperatorFacts,
    month: str,
    round_: int,
    number: str,
    said: str,
    do: Callable[[int, str, int, str], object],
) -> Response:
    return _step(operator, month, round_, said, lambda who, month, round_: do(who, month, round_, number))


def _record(
    operator: OperatorFacts, month: str, round_: int, results: list[Result], faults: list[LineFault]
) -> Response:
    try:
        transfers.refuse_lines(faults)
        with transaction():
            transfers.record_results(operator.id, month, round_, results)
    except RunUnknown:
        raise
    except Problem as problem:
        return _run_page(operator, month, round_, Form().refuse(problem))
    return _to_run(month, round_, "payout_results")


def _run_page(
    operator: OperatorFacts, month: str, round_: int, form: Form, marking: str | None = None
) -> Response:
    _require_month(month)
    status = form.status
    facts = payouts.get_run(month, round_)
    wanted = marking or request.args.get("mark")
    marked = next((each for each in facts.payouts if each.payout.number == wanted), None)
    free = marked.status if marked is not None and not marked.payout.waits else None
    possible = [each for each in Outcome if free in FROM[each]]
    return page(
        "console_run.html",
        status,
        facts=facts,
        form=form,
        marked=marked,
        names=operator_names(),
        me=operator.id,
        may_write=operator.may("money.write"),
        outcomes=[{"value": each.value, "label": t(f"treasury.outcome_{each}")} for each in possible],
    )


def _require_month(month: str) -> None:
    if not is_month(month):
        raise RunUnknown()


def _to_run(month: str, round_: int, said: str) -> Response:
    return make_response(redirect(f"/console/payouts/{month}/{round_}?said={said}", 303))
