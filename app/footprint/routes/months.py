"""A person's month."""

import re
from typing import Any

from app.accounts import queries as accounts
from app.footprint import queries, rules
from app.footprint.schemas import (
    EmissionKindView,
    EmissionQuery,
    EmissionView,
    MonthView,
)
from app.kit.http import Blueprint, public
from app.kit.identity import caller, signed_in
from app.kit.paging import page, page_of, read_cursor
from app.kit.problems import NotFound

months = Blueprint("months", __name__, url_prefix="/v1", description="A person's month 月度足迹")


@months.route("/months/<string:month>", methods=["GET"])
@signed_in
@months.response(200, MonthView)
def get_month(month: str) -> queries.MonthSummary:
    """What the caller avoided by day and scene, and emitted by kind, in a month (YYYY-MM)."""
    accounts.require_live_session(caller())
    if not re.fullmatch(r"20[0-9]{2}-(0[1-9]|1[0-2])", month):
        raise NotFound()
    return queries.month_summary(caller().holder_id, month)


@months.route("/emissions", methods=["GET"])
@signed_in
@months.arguments(EmissionQuery, location="query")
@months.response(200, page_of(EmissionView))
def get_emissions(wish: dict[str, Any]) -> dict[str, Any]:
    """What the caller recorded as emitted, the last recorded first, corrected rows too."""
    accounts.require_live_session(caller())
    before = read_cursor(wish.get("after"))
    rows = queries.list_emissions(caller().holder_id, wish.get("month"), wish["limit"] + 1, before)
    return page(rows, wish["limit"], lambda emission: emission.id)


@months.route("/emission-kinds", methods=["GET"])
@public
@months.response(200, EmissionKindView(many=True))
def get_emission_kinds() -> Any:
    """The kinds of emission that can be recorded, with the factor of Fujian."""
    return [
        {**vars(kind), "regions": kind.regions, "factor": kind.find_factor(rules.HOME_REGION)}
        for kind in queries.emission_kinds().values()
    ]
