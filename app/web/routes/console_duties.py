"""Tree duties in the console: batches for greening offices, approved by another, and their answers."""

from collections.abc import Callable
from typing import Any

from flask import Response, make_response, redirect, request

from app.accounts.queries.operators import OperatorFacts
from app.accounts.queries.operators import list_names as operator_names
from app.causes.errors.duties import DutyBatchUnknown
from app.causes.queries import duty_batches as queries
from app.causes.queries.duty_tariffs import list_tariffs
from app.causes.rules.duties import Person, read_name, read_suffix
from app.causes.rules.lists import MOST_BYTES
from app.causes.services import duties
from app.causes.services import duty_batches as services
from app.causes.services.duty_batches import Taken
from app.kit import clock
from app.kit.fields import Area, NewSchema, Read, WholeText
from app.kit.http import read_file
from app.kit.messages import language
from app.kit.paging import page as page_of
from app.kit.paging import read_cursor
from app.kit.problems import Problem
from app.kit.transaction import transaction
from app.web.console import operated
from app.web.forms import Form, Prose, read_form
from app.web.pages import page, web

PAGE = 20
LINES = 100


class NewBatch(NewSchema):
    """Whose people are gathered: a tariff's region and a year."""

    region = Area(required=True)
    year = WholeText(2000, 2200, required=True)


class Released(NewSchema):
    """Whose year another person entered, and how that was found out."""

    name = Read(40, read_name, "causes.field_person_name", required=True)
    birth_year = WholeText(1800, 2200, required=True)
    id_suffix = Read(10, read_suffix, "causes.field_id_suffix", required=True)
    duty_year = WholeText(2000, 2200, required=True)
    reason = Prose(300, required=True)


@web.get("/console/duties")
@operated("duties.read")
def console_duties(operator: OperatorFacts) -> Response:
    """Every batch, newest first, and where another one may be due."""
    return _list_page(operator, Form())


@web.post("/console/duties")
@operated("duties.write")
def prepare_duty_batch(operator: OperatorFacts) -> Response:
    """Gather who has enough trees and was not sent yet."""
    form = read_form(NewBatch)
    if not form.sound:
        return _list_page(operator, form)
    try:
        with transaction():
            batch = services.prepare_batch(operator.id, form.values["region"], form.values["year"])
    except Problem as problem:
        return _list_page(operator, form.refuse(problem))
    return _to_batch(batch.number, "duty_batch_prepared")


@web.post("/console/duties/answers")
@operated("duties.write")
def take_duty_answers(operator: OperatorFacts) -> Response:
    """Take a greening office's file: what fits is recorded, each other line is named."""
    try:
        content = read_file("file", MOST_BYTES)
        with transaction():
            taken = services.take_answers(operator.id, content)
    except Problem as problem:
        return _list_page(operator, Form().refuse(problem))
    return _list_page(operator, Form(), taken)


@web.post("/console/duties/release")
@operated("duties.write")
def release_duty(operator: OperatorFacts) -> Response:
    """Release a person's year that somebody else entered in their name."""
    form = read_form(Released)
    if not form.sound:
        return _list_page(operator, form)
    told = form.values
    person = Person(told["name"], told["birth_year"], told["id_suffix"])
    try:
        with transaction():
            duties.release_duty(operator.id, person, told["duty_year"], told["reason"])
    except Problem as problem:
        return _list_page(operator, form.refuse(problem))
    return make_response(redirect("/console/duties?said=duty_released", 303))


@web.get("/console/duties/<code:number>")
@operated("duties.read")
def duty_batch(operator: OperatorFacts, number: str) -> Response:
    """One batch with its lines. Raises `DutyBatchUnknown`."""
    return _batch_page(operator, number, Form())


@web.post("/console/duties/<code:number>/approve")
@operated("duties.write")
def approve_duty_batch(operator: OperatorFacts, number: str) -> Response:
    """Approve what somebody else prepared. Raises `DutyBatchUnknown`."""
    return _step(operator, number, "duty_batch_approved", services.approve_batch)


@web.post("/console/duties/<code:number>/withdraw")
@operated("duties.write")
def withdraw_duty_batch(operator: OperatorFacts, number: str) -> Response:
    """Give up a batch that was not approved. Raises `DutyBatchUnknown`."""
    return _step(operator, number, "duty_batch_withdrawn", services.withdraw_batch)


@web.post("/console/duties/<code:number>/file")
@operated("duties.write")
def take_duty_file(operator: OperatorFacts, number: str) -> Response:
    """The file for the office; taken again, it is the same bytes. Raises `DutyBatchUnknown`."""
    try:
        with transaction():
            content = services.take_file(operator.id, number)
    except DutyBatchUnknown:
        raise
    except Problem as problem:
        return _batch_page(operator, number, Form().refuse(problem))
    headers = {"Content-Disposition": f'attachment; filename="senhui-duty-{number}.csv"'}
    return Response(content, headers=headers, content_type="text/csv; charset=gb18030")


def _step(operator: OperatorFacts, number: str, said: str, do: Callable[[int, str], object]) -> Response:
    try:
        with transaction():
            do(operator.id, number)
    except DutyBatchUnknown:
        raise
    except Problem as problem:
        return _batch_page(operator, number, Form().refuse(problem))
    return _to_batch(number, said)


def _list_page(operator: OperatorFacts, form: Form, taken: Taken | None = None) -> Response:
    rows = queries.list_batches(PAGE + 1, read_cursor(request.args.get("after")))
    places = _places()
    return page(
        "console_duties.html",
        form.status,
        form=form,
        taken=taken,
        listed=page_of(rows, PAGE, lambda each: each.id),
        bought=queries.count_reached(),
        places=places,
        place_choices=[(region, f"{name} {region}") for region, name in places.items()],
        year=clock.business_day().year,
        may_write=operator.may("duties.write"),
    )


def _batch_page(operator: OperatorFacts, number: str, form: Form) -> Response:
    batch = queries.get_batch(number)
    after = read_cursor(request.args.get("after")) or 0
    rows = queries.list_lines(batch.id, LINES + 1, after)
    listed: dict[str, Any] = page_of(rows, LINES, lambda each: each[0])
    return page(
        "console_duty_batch.html",
        form.status,
        form=form,
        batch=batch,
        place=_places().get(batch.region, batch.region),
        listed=listed,
        names=operator_names(),
        me=operator.id,
        may_write=operator.may("duties.write"),
    )


def _places() -> dict[str, str]:
    """The regions whose tariffs may be used, by code."""
    chinese = language() == "zh"
    return {
        each.region: each.place_zh if chinese else each.place_en
        for each in list_tariffs()
        if each.use != "refused"
    }


def _to_batch(number: str, said: str) -> Response:
    return make_response(redirect(f"/console/duties/{number}?said={said}", 303))
