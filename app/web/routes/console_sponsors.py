"""Sponsors' programmes in the console: proposed by one and approved by another; their money."""

from collections.abc import Callable
from datetime import date
from typing import Any, cast

from flask import Response, make_response, redirect, request
from marshmallow import fields

from app.accounts import queries as accounts
from app.accounts.queries.operators import OperatorFacts
from app.accounts.queries.operators import list_names as operator_names
from app.kit import clock
from app.kit.fields import Area, Code, Day, NewSchema, OneOf, Text, WholeText
from app.kit.messages import t
from app.kit.paging import read_cursor
from app.kit.problems import Problem
from app.kit.transaction import transaction
from app.rewards.errors.proposals import ProposalUnknown
from app.rewards.queries import proposals as waiting
from app.rewards.queries import sponsoring
from app.rewards.queries.programmes import find_programme, find_programmes
from app.rewards.rules.proposals import (
    LEAST_GRAMS_PER_POINT,
    MOST_GRAMS_PER_POINT,
    MOST_PENDING_DAYS,
    ProgrammeTerms,
    TariffTerms,
    earliest_change,
)
from app.rewards.rules.spending import Kind
from app.rewards.rules.tariffs import LONGEST_LIFE_MONTHS, PENDING_DAYS
from app.rewards.services import funding, programmes, proposals
from app.web.console import operated
from app.web.forms import Form, OnceSchema, Prose, Yuan, once, read_form
from app.web.pages import page, web
from app.web.routes.points import area_names, programme_facts, scene_names

MOVEMENTS = ("deposit", "fees", "return")
"""What an operator can record; the other kinds of movements are the machine's own."""


class NewMovement(OnceSchema):
    """Money that came in, or shall go out."""

    kind = OneOf(MOVEMENTS, required=True)
    amount = Yuan(required=True)
    bank_reference = Code(64)


class NewClosing(OnceSchema):
    """Why a programme ends for good."""

    reason = Prose(200, required=True)


@web.get("/console/sponsors")
@operated("rewards.read")
def console_sponsors(operator: OperatorFacts) -> Response:
    """What waits for a second person, and every programme."""
    return _list_page(operator, Form())


@web.get("/console/sponsors/new")
@operated("rewards.write")
def console_new_sponsor(operator: OperatorFacts) -> Response:
    """The form of a new programme."""
    return _new_page(Form())


@web.post("/console/sponsors")
@operated("rewards.write")
def propose_programme(operator: OperatorFacts) -> Response:
    """Propose a programme with its first tariff."""
    form = read_form(_with_tariff(_programme_fields()))
    sponsor = accounts.find_holder(form.values.get("sponsor", "")) if form.sound else None
    if form.sound and sponsor is None:
        form.faults["sponsor"] = t("rewards.field_sponsor")
    if not form.sound or sponsor is None:
        return _new_page(form)
    told, sponsor_id = form.values, sponsor.id

    def propose() -> str:
        kinds = tuple(each for each in Kind if told.get(f"pays_{each}"))
        terms = ProgrammeTerms(
            sponsor_id,
            told["name"],
            told.get("region"),
            told["begins_on"],
            told.get("ends_on"),
            kinds or None,
            _tariff(told, told["begins_on"]),
        )
        return str(proposals.propose_programme(operator.id, terms).id)

    try:
        with transaction():
            once(operator.id, form, propose)
    except Problem as problem:
        return _new_page(form.refuse(problem))
    return make_response(redirect("/console/sponsors?said=sponsor_proposed", 303))


@web.get("/console/sponsors/<code:code>")
@operated("rewards.read")
def console_sponsor(operator: OperatorFacts, code: str) -> Response:
    """One programme: its money, its tariffs, what waits. Raises `ProgrammeUnknown`."""
    return _programme_page(operator, code, Form())


@web.post("/console/sponsors/<code:code>/tariffs")
@operated("rewards.write")
def propose_programme_tariff(operator: OperatorFacts, code: str) -> Response:
    """Propose the next tariff. Raises `ProgrammeUnknown`."""
    form = read_form(_with_tariff({"valid_from": Day(required=True)}))

    def propose(programme_id: int) -> str:
        terms = _tariff(form.values, form.values["valid_from"])
        return str(proposals.propose_tariff(operator.id, programme_id, terms).id)

    return _once(operator, code, form, propose)


@web.post("/console/sponsors/<code:code>/closing")
@operated("rewards.write")
def propose_programme_closing(operator: OperatorFacts, code: str) -> Response:
    """Propose that it ends for good. Raises `ProgrammeUnknown`."""
    form = read_form(NewClosing)

    def propose(programme_id: int) -> str:
        return str(proposals.propose_closing(operator.id, programme_id, form.values["reason"]).id)

    return _once(operator, code, form, propose)


@web.post("/console/sponsors/<code:code>/movements")
@operated("money.write")
def record_fund_movement(operator: OperatorFacts, code: str) -> Response:
    """Record money that came in or shall go out. Raises `ProgrammeUnknown`."""
    form = read_form(NewMovement)
    told = form.values

    def record(programme_id: int) -> str:
        reference = told.get("bank_reference")
        return str(funding.record(operator.id, programme_id, told["kind"], told["amount"], reference).id)

    return _once(operator, code, form, record)


@web.post("/console/sponsors/<code:code>/movements/<int(max=9223372036854775807):movement>/confirm")
@operated("money.write")
def confirm_fund_movement(operator: OperatorFacts, code: str, movement: int) -> Response:
    """Book what another recorded. Raises `ProgrammeUnknown`, `MovementUnknown`."""
    return _step(operator, code, movement, funding.confirm)


@web.post("/console/sponsors/<code:code>/movements/<int(max=9223372036854775807):movement>/drop")
@operated("money.write")
def drop_fund_movement(operator: OperatorFacts, code: str, movement: int) -> Response:
    """Give up what was recorded. Raises `ProgrammeUnknown`, `MovementUnknown`."""
    return _step(operator, code, movement, programmes.drop_movement)


@web.post("/console/sponsors/proposals/<int(max=9223372036854775807):proposal>/approve")
@operated("rewards.write")
def approve_sponsor_proposal(operator: OperatorFacts, proposal: int) -> Response:
    """Let what another proposed come true. Raises `ProposalUnknown`."""
    return _decide(operator, lambda: proposals.approve(operator.id, proposal), "sponsor_approved")


@web.post("/console/sponsors/proposals/<int(max=9223372036854775807):proposal>/decline")
@operated("rewards.write")
def decline_sponsor_proposal(operator: OperatorFacts, proposal: int) -> Response:
    """Turn a proposal down, or withdraw one's own. Raises `ProposalUnknown`."""
    return _decide(operator, lambda: proposals.decline(operator.id, proposal), "sponsor_declined")


def _programme_fields() -> dict[str, fields.Field[Any]]:
    pays = {f"pays_{each}": OneOf(("yes",)) for each in Kind}
    return {
        "sponsor": Code(26, required=True),
        "name": Text(60, required=True),
        "region": Area(),
        "begins_on": Day(required=True),
        "ends_on": Day(),
        **pays,
    }


def _with_tariff(own: dict[str, fields.Field[Any]]) -> type[NewSchema]:
    """A form with a tariff: grams a point, and where scenes or grades differ."""
    terms: dict[str, fields.Field[Any]] = {
        "grams_per_point": WholeText(LEAST_GRAMS_PER_POINT, MOST_GRAMS_PER_POINT, required=True),
        "life_months": WholeText(1, LONGEST_LIFE_MONTHS, required=True),
        **{f"scene_{each}": WholeText(0, MOST_GRAMS_PER_POINT) for each in scene_names()},
        **{f"pending_{each}": WholeText(0, MOST_PENDING_DAYS) for each in PENDING_DAYS},
    }
    return cast("type[NewSchema]", OnceSchema.from_dict({**own, **terms}))


def _tariff(told: dict[str, Any], valid_from: date) -> TariffTerms:
    scenes = {name[6:]: grams for name, grams in told.items() if name.startswith("scene_")}
    pending = {each: told.get(f"pending_{each}", usual) for each, usual in PENDING_DAYS.items()}
    return TariffTerms(valid_from, told["grams_per_point"], scenes, pending, told["life_months"])


def _once(operator: OperatorFacts, code: str, form: Form, act: Callable[[int], str]) -> Response:
    programme = find_programme(code)
    if not form.sound:
        return _programme_page(operator, code, form)
    try:
        with transaction():
            once(operator.id, form, lambda: act(programme.holder_id))
    except Problem as problem:
        return _programme_page(operator, code, form.refuse(problem))
    return _to(code)


def _step(operator: OperatorFacts, code: str, movement_id: int, act: Callable[[int, int], Any]) -> Response:
    sponsoring.require_movement(find_programme(code).holder_id, movement_id)
    try:
        with transaction():
            act(operator.id, movement_id)
    except Problem as problem:
        if problem.status == 404:
            raise
        return _programme_page(operator, code, Form().refuse(problem))
    return _to(code)


def _to(code: str) -> Response:
    return make_response(redirect(f"/console/sponsors/{code}?said=sponsor_stepped", 303))


def _decide(operator: OperatorFacts, act: Callable[[], Any], said: str) -> Response:
    try:
        with transaction():
            act()
    except ProposalUnknown:
        raise
    except Problem as problem:
        return _list_page(operator, Form().refuse(problem))
    return make_response(redirect(f"/console/sponsors?said={said}", 303))


def _list_page(operator: OperatorFacts, form: Form) -> Response:
    listed = sponsoring.list_views(before=read_cursor(request.args.get("after")))
    proposed, movements = waiting.list_waiting(), waiting.list_unconfirmed()
    about = [*(each.programme_id for each in proposed), *(each.programme_id for each in movements)]
    sponsors = accounts.list_holders([each.terms["sponsor_id"] for each in proposed if each.kind == "open"])
    return page(
        "console_sponsors.html",
        form.status,
        form=form,
        listed=listed,
        named=find_programmes(about),
        waiting=proposed,
        movements=movements,
        sponsors=sponsors,
        areas=area_names(listed["items"]),
        **_terms(),
        **_around(operator),
    )


def _new_page(form: Form) -> Response:
    return page(
        "console_sponsor_new.html",
        form.status,
        form=form,
        kinds=list(Kind),
        today=clock.business_day(),
        **_terms(),
    )


def _programme_page(operator: OperatorFacts, code: str, form: Form) -> Response:
    view = sponsoring.get_view(code)
    return page(
        "console_sponsor.html",
        form.status,
        form=form,
        waiting=waiting.list_waiting(view.id),
        decided=waiting.list_decided(view.id),
        movements=sponsoring.list_movements(view.id),
        givers=sponsoring.list_givers(view.id),
        kinds=MOVEMENTS,
        earliest=earliest_change(clock.business_day()),
        **_terms(),
        **_around(operator),
        **programme_facts(view),
    )


def _terms() -> dict[str, Any]:
    return {"scene_names": scene_names(), "grades": PENDING_DAYS, "longest_life": LONGEST_LIFE_MONTHS}


def _around(operator: OperatorFacts) -> dict[str, Any]:
    return {
        "operators": operator_names(),
        "me": operator.id,
        "may_write": operator.may("rewards.write"),
        "may_pay": operator.may("money.write"),
    }
