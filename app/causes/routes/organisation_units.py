"""What an organisation holds, uses for its purposes, hands over and offers again; its years."""

from typing import Any

from flask import Response

from app.causes.errors.organisations import OrganisationUnverified
from app.causes.queries import organisations as known
from app.causes.queries.organisation_years import organisation_year_facts, year_csv
from app.causes.routes.acting import Actor, actor, acts
from app.causes.schemas.organisations import (
    MovedView,
    NewUse,
    OfferOut,
    OrganisationYearView,
    OwnBlockView,
    TransferOut,
    UseView,
)
from app.causes.services import organisations as services
from app.kit import clock
from app.kit.http import Blueprint
from app.kit.idempotency import writes
from app.kit.paging import PageQuery, page, page_of, read_cursor
from app.kit.problems import NotFound
from app.registry.errors import HoldingUnknown, SerialUnknown
from app.registry.queries import holdings
from app.registry.queries.serials import Run, find_run
from app.registry.services import holdings as own

units = Blueprint(
    "organisation_units",
    __name__,
    url_prefix="/v1/organisations",
    description="An organisation's units 组织持有的单位",
)
FIRST_YEAR = 2015


@units.route("/<string:code>/holdings", methods=["GET"])
@acts("read")
@units.arguments(PageQuery, location="query")
@units.response(200, page_of(OwnBlockView))
def get_holdings(wish: dict[str, Any]) -> dict[str, Any]:
    """What the organisation holds, in the order of the serials."""
    rows = holdings.list_holdings(actor().id, wish["limit"] + 1, read_cursor(wish.get("after")))
    return page(rows, wish["limit"], lambda row: row.serials.first)


def find_own(serial: str) -> Run:
    """Serials that somebody names as theirs. Raises `HoldingUnknown` for what was never issued."""
    try:
        return find_run(serial)
    except SerialUnknown as unknown:
        raise HoldingUnknown() from unknown


def use(acting: Actor, serial: str, wish: dict[str, Any]) -> str:
    """Retire a part for a purpose as NewUse names it; gives its number. Raises `OrganisationUnverified`."""
    if wish["print_name"] and not acting.organisation.verified:
        raise OrganisationUnverified()
    name = acting.organisation.public_name if wish["print_name"] else None
    doing = acting.doing(wish["use"], wish.get("period"))
    return services.use_units(doing, find_own(serial), wish["quantity_kg"], name)


@units.route("/<string:code>/holdings/<string:serial>/uses", methods=["POST"])
@acts("units")
@writes
@units.arguments(NewUse)
@units.response(201, UseView)
def post_use(wish: dict[str, Any], serial: str) -> Any:
    """Retire a part of what is held, for ever, for a purpose in the organisation's own words."""
    return known.find_use(use(actor(), serial, wish))


@units.route("/<string:code>/holdings/<string:serial>/transfers", methods=["POST"])
@acts("units")
@writes
@units.arguments(TransferOut)
@units.response(201, MovedView)
def post_transfer(wish: dict[str, Any], serial: str) -> dict[str, Any]:
    """Hand units over to another holder, where the units allow it."""
    run, doing = find_own(serial), actor().doing()
    moved = services.transfer_units(doing, run, wish["quantity_kg"], wish["receiver"])
    return {"serial": moved, "lot": None, "quantity_kg": wish["quantity_kg"]}


@units.route("/<string:code>/holdings/<string:serial>/offers", methods=["POST"])
@acts("units")
@writes
@units.arguments(OfferOut)
@units.response(201, MovedView)
def post_offer(wish: dict[str, Any], serial: str) -> dict[str, Any]:
    """Offer units again, in whole steps, where the product allows it."""
    lot = own.offer_units(actor().id, find_own(serial), wish["quantity_kg"], wish["price_fen_per_step"])
    return {"serial": None, "lot": lot.code, "quantity_kg": lot.available_kg}


@units.route("/<string:code>/holdings/<string:serial>/withdrawals", methods=["POST"])
@acts("units")
@writes
@units.response(201, MovedView)
def post_withdrawal(serial: str) -> dict[str, Any]:
    """Take what is on sale within these serials off sale, except what orders have reserved."""
    withdrawn_kg = own.withdraw_units(actor().id, find_own(serial))
    return {"serial": None, "lot": None, "quantity_kg": withdrawn_kg}


@units.route("/<string:code>/uses", methods=["GET"])
@acts("read")
@units.arguments(PageQuery, location="query")
@units.response(200, page_of(UseView))
def get_uses(wish: dict[str, Any]) -> dict[str, Any]:
    """What units were used up for, newest first."""
    rows = known.list_uses(actor().id, wish["limit"] + 1, read_cursor(wish.get("after")))
    return page(rows, wish["limit"], lambda row: row.id)


def require_year(written: str | int) -> int:
    """A year that may have a statement. Raises `NotFound`."""
    years = {f"{each}": each for each in range(FIRST_YEAR, clock.business_day().year + 1)}
    if str(written) not in years:
        raise NotFound()
    return years[str(written)]


@units.route("/<string:code>/years/<string:year>", methods=["GET"])
@acts("read")
@units.response(200, OrganisationYearView)
def get_year(year: str) -> dict[str, Any]:
    """The statement of a year: kilograms, fen, serials, purposes."""
    return {"facts": organisation_year_facts(actor().id, require_year(year))}


@units.route("/<string:code>/years/<string:year>.csv", methods=["GET"])
@acts("read")
@units.doc(responses={"200": {"description": "CSV, UTF-8", "content": {"text/csv": {}}}})
def get_year_csv(year: str) -> Response:
    """The statement's lines for a spreadsheet; no cell of it is a formula."""
    return csv_answer(organisation_year_facts(actor().id, require_year(year)))


def csv_answer(facts: dict[str, Any]) -> Response:
    """A year's lines as a file."""
    response = Response(year_csv(facts), content_type="text/csv; charset=utf-8")
    name = f"{facts['organisation']}-{facts['year']}.csv"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
