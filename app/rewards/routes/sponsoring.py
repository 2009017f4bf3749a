"""Programmes and the rulebook for everybody, expiry and spendings for their holder, budgets for sponsors."""

from dataclasses import asdict
from typing import Any

from app.accounts import queries as accounts
from app.causes.routes.acting import actor, acts
from app.kit.http import Blueprint, public
from app.kit.identity import caller, signed_in
from app.kit.paging import PageQuery, page, page_of, read_cursor
from app.rewards.queries import history, sponsoring
from app.rewards.queries.rulebook import rulebook
from app.rewards.rules.rulebook import Rulebook
from app.rewards.schemas import sponsoring as said

programmes = Blueprint(
    "point_programmes",
    __name__,
    url_prefix="/v1/points/programmes",
    description="Sponsors' programmes 赞助计划",
)
own = Blueprint("own_points", __name__, url_prefix="/v1/points", description="Points earned 积分")
sponsored = Blueprint(
    "sponsored", __name__, url_prefix="/v1/organisations", description="What a sponsor's money did 赞助"
)


@programmes.route("", methods=["GET"])
@public
@programmes.arguments(PageQuery, location="query")
@programmes.response(200, page_of(said.RewardProgrammeView))
def get_programmes(wish: dict[str, Any]) -> dict[str, Any]:
    """Every programme: all that run on the first page, then those that ended, the newest first."""
    return sponsoring.list_views(wish["limit"], read_cursor(wish.get("after")))


@programmes.route("/<string:code>", methods=["GET"])
@public
@programmes.response(200, said.RewardProgrammeView)
def get_programme(code: str) -> sponsoring.ProgrammeView:
    """One programme: its tariffs with their versions, its budget, what a kilogram earns."""
    return sponsoring.get_view(code)


@own.route("/rules", methods=["GET"])
@public
@own.response(200, said.RulebookView)
def get_rules() -> Rulebook:
    """The rulebook of points: no money, not transferable, how they expire and change."""
    return rulebook()


@own.route("/expiring", methods=["GET"])
@signed_in
@own.response(200, said.ExpiringListView)
def get_expiring() -> dict[str, Any]:
    """The caller's active points by their last day, the nearest first."""
    accounts.require_live_session(caller())
    found = history.list_expiring(caller().holder_id)
    names = sponsoring.list_names(each.programme_id for each in found)
    return {"items": [asdict(each) | {"programme": names[each.programme_id]} for each in found]}


@own.route("/spendings", methods=["GET"])
@signed_in
@own.arguments(PageQuery, location="query")
@own.response(200, page_of(said.SpendingView))
def get_spendings(wish: dict[str, Any]) -> dict[str, Any]:
    """What the caller spent points on, or tried to, the newest first."""
    accounts.require_live_session(caller())
    before = read_cursor(wish.get("after"))
    rows = history.list_spendings(caller().holder_id, wish["limit"] + 1, before)
    return page(rows, wish["limit"], lambda spending: spending.id)


@sponsored.route("/<string:code>/sponsoring", methods=["GET"])
@acts("read")
@sponsored.response(200, said.SponsoredListView)
def get_sponsored() -> dict[str, Any]:
    """What the organisation's money did: its programmes, and whom they paid."""
    views = sponsoring.list_sponsored(actor().id)
    return {"items": [_told(each) for each in views]}


def _told(view: sponsoring.ProgrammeView) -> dict[str, Any]:
    names = ("programme", "sponsor_name", "state", "tariffs", "budget", "worth")
    return {name: getattr(view, name) for name in names} | {"givers": sponsoring.list_givers(view.id)}


BLUEPRINTS = (programmes, own, sponsored)
