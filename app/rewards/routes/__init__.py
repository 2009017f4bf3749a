"""What can be asked of rewards over HTTP."""

from typing import Any

from flask import Flask
from flask_smorest import Api

from app.accounts import queries as accounts
from app.kit.http import Blueprint
from app.kit.identity import caller, signed_in
from app.kit.paging import PageQuery, page, page_of, read_cursor
from app.rewards import queries
from app.rewards.routes import boards, groups
from app.rewards.schemas import GrantView

points = Blueprint("points", __name__, url_prefix="/v1/points", description="Points earned 积分")


@points.route("", methods=["GET"])
@signed_in
@points.arguments(PageQuery, location="query")
@points.response(200, page_of(GrantView))
def get_points(wish: dict[str, Any]) -> dict[str, Any]:
    """The caller's grants, newest first; the balance stands at /v1/me."""
    accounts.require_live_session(caller())
    rows = queries.list_grants(caller().holder_id, wish["limit"] + 1, read_cursor(wish.get("after")))
    return page(rows, wish["limit"], lambda grant: grant.action_id)


def connect(app: Flask, api: Api) -> None:
    """Register this room's routes."""
    for blueprint in (points, *boards.BLUEPRINTS, *groups.BLUEPRINTS):
        api.register_blueprint(blueprint)
