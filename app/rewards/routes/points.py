"""A person's points over HTTP."""

from typing import Any

from app.accounts import queries as accounts
from app.kit.http import Blueprint
from app.kit.identity import caller, signed_in
from app.kit.paging import PageQuery, page, page_of, read_cursor
from app.rewards import queries
from app.rewards.schemas import BalancesView, GrantView

points = Blueprint("points", __name__, url_prefix="/v1/points", description="Points earned 积分")


@points.route("", methods=["GET"])
@signed_in
@points.arguments(PageQuery, location="query")
@points.response(200, page_of(GrantView))
def get_points(wish: dict[str, Any]) -> dict[str, Any]:
    """The caller's lots, the newest first, with what earned nothing and why."""
    accounts.require_live_session(caller())
    rows = queries.grants.list_grants(caller().holder_id, wish["limit"] + 1, read_cursor(wish.get("after")))
    return page(rows, wish["limit"], lambda grant: grant.id)


@points.route("/balances", methods=["GET"])
@signed_in
@points.response(200, BalancesView)
def get_balances() -> queries.grants.Balances:
    """How the caller's points stand: free, pending, set aside, owed, and what they came to in all."""
    accounts.require_live_session(caller())
    return queries.grants.balances(caller().holder_id)
