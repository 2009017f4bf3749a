"""What an organisation holds and uses on pages, and its years."""

from datetime import datetime
from hmac import compare_digest
from typing import Any

from flask import Response, make_response, redirect, request

from app.accounts.queries.memberships import get_organisation_by_code
from app.causes.queries import organisations as known
from app.causes.queries.organisation_years import organisation_year_facts
from app.causes.routes.acting import Actor
from app.causes.routes.organisation_units import csv_answer, find_own, require_year, use
from app.causes.services import organisations as services
from app.kit import clock
from app.kit.fields import Code, OneOf, Text, WholeText
from app.kit.http import public
from app.kit.messages import language
from app.kit.paging import page as page_of
from app.kit.paging import read_cursor
from app.kit.problems import NotFound, Problem
from app.kit.sealing import keyed_digest
from app.kit.transaction import transaction
from app.registry.errors import HoldingUnknown
from app.registry.queries import holdings
from app.registry.services import holdings as own
from app.web import session
from app.web.documents.answers import Form as DocumentForm
from app.web.documents.answers import answer
from app.web.documents.sheets import Document
from app.web.forms import Form, OnceSchema, Yuan, once, read_form
from app.web.organisations import Period, org_page, organisational, to
from app.web.pages import page, web

PAGE, YEARS = 20, 5


class NewUse(OnceSchema):
    """How much to use up for what."""

    quantity_kg = WholeText(1, required=True)
    use = Text(80, required=True)
    period = Period(7)
    print_name = OneOf(("yes",))


class NewTransfer(OnceSchema):
    """How much to hand over to whom."""

    quantity_kg = WholeText(1, required=True)
    receiver = Code(26, required=True)


class NewOffer(OnceSchema):
    """How much to offer again, for how much a step."""

    quantity_kg = WholeText(1, required=True)
    price = Yuan(required=True)


def _use(actor: Actor, serial: str, told: dict[str, Any]) -> str:
    wish = {**told, "print_name": "print_name" in told}
    return f"/retirements/{use(actor, serial, wish)}"


def _transfer(actor: Actor, serial: str, told: dict[str, Any]) -> str:
    services.transfer_units(actor.doing(), find_own(serial), told["quantity_kg"], told["receiver"])
    return f"/organisations/{actor.organisation.code}/units?said=holding_done"


def _offer(actor: Actor, serial: str, told: dict[str, Any]) -> str:
    lot = own.offer_units(actor.id, find_own(serial), told["quantity_kg"], told["price"])
    return f"/forest/{lot.code}?said=holding_done"


ACTS = {"uses": (NewUse, _use), "transfers": (NewTransfer, _transfer), "offers": (NewOffer, _offer)}
"""What can be done with a block, in the order of the page."""


@web.get("/organisations/<code:code>/units")
@organisational("read")
def organisation_units(actor: Actor) -> Response:
    """What it holds, and what it used up for what."""
    rows = holdings.list_holdings(actor.id, PAGE + 1, read_cursor(request.args.get("after")))
    return org_page(
        "organisation_units.html",
        actor,
        "units",
        listed=page_of(rows, PAGE, lambda row: row.serials.first),
        uses=known.list_uses(actor.id, PAGE),
    )


@web.get("/organisations/<code:code>/units/<string:serial>")
@organisational("read")
def organisation_block(actor: Actor, serial: str) -> Response:
    """One block and what can be done with it. Raises `HoldingUnknown`."""
    return _block_page(actor, serial, request.args.get("do", ""), Form())


@web.post("/organisations/<code:code>/units/<string:serial>/withdrawals")
@organisational("units")
def withdraw_organisation_block(actor: Actor, serial: str) -> Response:
    """Take it off sale. Raises `HoldingUnknown`."""
    with transaction():
        own.withdraw_units(actor.id, find_own(serial))
    return to(actor, "/units", "holding_done")


@web.post("/organisations/<code:code>/units/<string:serial>/<code:what>")
@organisational("units")
def do_with_organisation_block(actor: Actor, serial: str, what: str) -> Response:
    """Do one of `ACTS`. Raises `NotFound`, `HoldingUnknown`."""
    if what not in ACTS:
        raise NotFound()
    schema, act = ACTS[what]
    form = read_form(schema)
    if not form.sound:
        return _block_page(actor, serial, what, form)
    try:
        with transaction():
            done = once(actor.member_id, form, lambda: act(actor, serial, form.values))
    except HoldingUnknown:
        raise
    except Problem as problem:
        return _block_page(actor, serial, what, form.refuse(problem))
    return make_response(redirect(done, 303))


@web.get("/organisations/<code:code>/years")
@organisational("read")
def organisation_present_year(actor: Actor) -> Response:
    """To the year that runs."""
    return to(actor, f"/years/{clock.business_day().year}")


@web.get("/organisations/<code:code>/years/<int(max=9999):year>")
@organisational("read")
def organisation_year(actor: Actor, year: int) -> Response:
    """The statement of a year. Raises `NotFound`."""
    present = clock.business_day().year
    facts = organisation_year_facts(actor.id, require_year(year))
    years = range(present, max(present - YEARS, actor.organisation.since.year - 1), -1)
    return org_page("organisation_year.html", actor, "year", facts=facts, years=list(years))


@web.get("/organisations/<code:code>/years/<int(max=9999):year>.csv")
@organisational("read")
def organisation_year_file(actor: Actor, year: int) -> Response:
    """The statement's lines for a spreadsheet. Raises `NotFound`."""
    return csv_answer(organisation_year_facts(actor.id, require_year(year)))


@web.get("/organisations/<code:code>/years/<int(max=9999):year>.<any(pdf, png, svg):form>")
@organisational("read")
def organisation_year_document(actor: Actor, year: int, form: DocumentForm) -> Response:
    """The statement as a document to print. Raises `NotFound`."""
    facts = organisation_year_facts(actor.id, require_year(year))
    code = actor.organisation.code
    url = f"{session.settings().public_url}/organisations/{code}/years/{year}"
    if actor.organisation.verified:
        url += f"/{_mark(code, year)}"
    kind, as_of = "organisation_year", datetime.fromisoformat(facts["as_of"])
    return answer(Document(kind, f"{code}{year}", facts, url, as_of, language()), form)


@web.get("/organisations/<code:code>/years/<int(max=9999):year>/<code:mark>")
@public
def organisation_year_checked(code: str, year: int, mark: str) -> Response:
    """The statement of a year for whoever was given the paper, by its address. Raises `NotFound`."""
    if not compare_digest(mark, _mark(code, year)):
        raise NotFound()
    organisation = get_organisation_by_code(code)
    if not organisation.verified:
        raise NotFound()
    facts = organisation_year_facts(organisation.id, require_year(year))
    response = page("organisation_year_checked.html", facts=facts, base="")
    response.headers["X-Robots-Tag"] = "noindex"
    return response


def _mark(code: str, year: int) -> str:
    """What the paper of a year bears and nobody can guess."""
    digest = keyed_digest(f"{code}:{year}", "organisation_year")
    return digest.translate(str.maketrans("+/", "-_", "="))[:32]


def _block_page(actor: Actor, serial: str, what: str, form: Form) -> Response:
    blocks = holdings.list_holdings_in(actor.id, find_own(serial))
    return org_page(
        "organisation_block.html",
        actor,
        "units",
        form,
        serial=serial,
        blocks=blocks,
        free_kg=max((each.quantity_kg for each in blocks if each.free), default=0),
        acts=ACTS,
        what=what if what in ACTS else next(iter(ACTS)),
    )
