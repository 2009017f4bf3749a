"""Dockets at the desk of a court's clerk and of the platform: the list, a new one, the page of one."""

from collections.abc import Callable

from flask import Response, make_response, redirect, request

from app.accounts import queries as accounts
from app.accounts.queries.operators import OperatorFacts
from app.causes.queries.courts import Scope, list_courts, scope_of
from app.causes.queries.docket_lots import list_fitting_lots
from app.causes.queries.dockets import (
    DocketFacts,
    get_docket,
    list_dockets,
    list_reminders,
    open_link,
    open_parties,
)
from app.causes.rules.docket_papers import PAPERS, STAGES, STAGES_OF
from app.causes.rules.dockets import BASES, ROUNDINGS
from app.causes.rules.parties import ORGANISATION
from app.causes.services import dockets
from app.causes.services.dockets import NewDocket
from app.kit import clock
from app.kit.messages import t
from app.kit.paging import page as page_of
from app.kit.paging import read_cursor
from app.kit.problems import Problem
from app.kit.transaction import transaction
from app.offsets import queries as offsets
from app.offsets.queries import TransferFacts
from app.offsets.rules import OrderChannel
from app.web import session
from app.web.console import operated
from app.web.forms import Form, once, read_form
from app.web.pages import page, web
from app.web.routes.console_docket_forms import (
    PRODUCTS_ASKED,
    DescriptionForm,
    DocketForm,
    read_parties,
)

PAGE = 30
MOST_LOTS = 200


@web.get("/console/dockets")
@operated("dockets.read")
def console_dockets(operator: OperatorFacts) -> Response:
    """A clerk's own court's dockets, everybody's for who looks after courts; what waits first."""
    scope = scope_of(operator)
    words = request.args.get("number", "").strip()[:60]
    rows = list_dockets(scope, PAGE + 1, read_cursor(request.args.get("after")), words)
    return page(
        "console_dockets.html",
        listed=page_of(rows, PAGE, lambda row: row.docket.cause_id),
        reminders=list_reminders(scope),
        words=words,
        courts=list_courts(scope),
        may_write=operator.may("dockets.write"),
    )


@web.get("/console/dockets/new")
@operated("dockets.write")
def new_docket(operator: OperatorFacts) -> Response:
    """The form of a new case."""
    return _new_page(operator, Form())


@web.post("/console/dockets")
@operated("dockets.write")
def open_docket(operator: OperatorFacts) -> Response:
    """Open a case."""
    form = read_form(DocketForm)
    if not form.sound:
        return _new_page(operator, form, 422)
    told = form.values
    new = NewDocket(
        court=told["court"],
        case_number=told["case_number"],
        stage=told["stage"],
        parties=read_parties(form),
        product=told["product"],
        region=told.get("region"),
        account_note=told.get("account_note"),
    )
    scope = scope_of(operator)

    def act() -> str:
        return dockets.open_docket(operator.id, scope, new).code

    try:
        with transaction():
            code = once(operator.id, form, act)
    except Problem as problem:
        return _new_page(operator, form.refuse(problem), problem.status)
    return to_docket(code, "docket_opened")


@web.get("/console/dockets/<code:code>")
@operated("dockets.read")
def console_docket(operator: OperatorFacts, code: str) -> Response:
    """Everything about one case, and what can be done next. Raises `DocketUnknown`."""
    return docket_page(operator, code, Form())


@web.post("/console/dockets/<code:code>/description")
@operated("dockets.write")
def describe_docket(operator: OperatorFacts, code: str) -> Response:
    """Write stage, parties and note anew."""
    form = read_form(DescriptionForm)
    told = form.values

    def describe(operator_id: int, scope: Scope, docket: str) -> None:
        parties = read_parties(form)
        dockets.describe_docket(operator_id, scope, docket, told["stage"], parties, told.get("account_note"))

    return act_on(operator, code, form, "docket_described", describe)


def act_on(
    operator: OperatorFacts, code: str, form: Form, said: str, act: Callable[..., object], *told: object
) -> Response:
    """Do something to a docket, `act(operator_id, scope, code, *told)`; back to its page either way.

    One transaction; nothing is done with a form that is not sound.
    """
    if not form.sound:
        return docket_page(operator, code, form, 422)
    try:
        with transaction():
            act(operator.id, scope_of(operator), code, *told)
    except Problem as problem:
        return refused(operator, code, form, problem)
    return to_docket(code, said)


def refused(operator: OperatorFacts, code: str, form: Form, problem: Problem) -> Response:
    """The docket's page with a refusal; one that is not there, or not theirs, stays so."""
    if problem.status == 404:
        raise problem
    return docket_page(operator, code, form.refuse(problem), problem.status)


def to_docket(code: str, said: str) -> Response:
    """Back to the docket's page, with a sentence."""
    return make_response(redirect(f"/console/dockets/{code}?said={said}", 303))


def docket_page(operator: OperatorFacts, code: str, form: Form, status: int = 200) -> Response:
    """The docket's page, also with what was wrong with a form."""
    scope = scope_of(operator)
    found = get_docket(scope, code)
    parties = open_parties(found.docket)
    return page(
        "console_docket.html",
        status,
        found=found,
        docket=found.docket,
        form=form,
        parties={
            "persons": [each.name for each in parties if each.kind != ORGANISATION],
            "organisations": [each.name for each in parties if each.kind == ORGANISATION],
        },
        link=f"{session.settings().public_url}/dockets/{open_link(found.docket)}",
        reminders=list_reminders(scope, of=code),
        transfers=waiting_transfers(found),
        names=accounts.operators.list_names(),
        lots=list_fitting_lots(found, MOST_LOTS) if found.open_part else [],
        account=session.settings().bank_account,
        options={
            "stage": _options("stage", STAGES_OF[found.court.kind]),
            "basis": _options("basis", BASES),
            "rounding": _options("rounding", tuple(ROUNDINGS)),
            "paper": _options("paper", tuple(PAPERS)),
        },
        today=clock.business_day(),
        may_write=operator.may("dockets.write") and found.docket.withdrawn_at is None,
        may_confirm=operator.may("courts.write") and found.docket.withdrawn_at is None,
        me=operator.id,
    )


def waiting_transfers(found: DocketFacts) -> list[TransferFacts]:
    """Its orders that wait for a bank transfer, with what must be written on it."""
    offline = [each for each in found.orders if each.channel == OrderChannel.OFFLINE]
    return [each for each in map(offsets.get_transfer, (order.code for order in offline)) if each.waits]


def _new_page(operator: OperatorFacts, form: Form, status: int = 200) -> Response:
    courts = list_courts(scope_of(operator))
    theirs = {stage for each in courts for stage in STAGES_OF[each.kind]}
    return page(
        "console_docket_new.html",
        status,
        form=form,
        courts=[(each.code, each.name) for each in courts],
        options={
            "stage": _options("stage", tuple(each for each in STAGES if each in theirs)),
            "product": [
                (each, t("web.docket_any_product") if each == "any" else t(f"registry.product_{each}"))
                for each in PRODUCTS_ASKED
            ],
        },
    )


def _options(group: str, words: tuple[str, ...]) -> list[tuple[str, str]]:
    return [(each, t(f"causes.{group}_{each}")) for each in words]
