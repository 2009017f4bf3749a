"""The history of serials and the losses of forest, for anyone to read."""

from typing import Any

from flask_smorest import Api

from app.kit.http import Blueprint, public
from app.kit.paging import PageQuery, page, page_of, read_cursor
from app.registry.queries import histories, reversals
from app.registry.schemas.holdings import HistoryView, ReversalView

serials = Blueprint("serials", __name__, url_prefix="/v1/serials", description="Histories of units 序列号")
losses = Blueprint("reversals", __name__, url_prefix="/v1/reversals", description="Losses of forest 逆转")


@serials.route("/<string:serial>", methods=["GET"])
@public
@serials.response(200, HistoryView)
def get_serial(serial: str) -> Any:
    """What stands under these serials, and everything that happened to them since they were issued."""
    return histories.get_history(serial)


@losses.route("", methods=["GET"])
@public
@losses.arguments(PageQuery, location="query")
@losses.response(200, page_of(ReversalView))
def get_reversals(wish: dict[str, Any]) -> dict[str, Any]:
    """Reversals, newest first: what was lost, what made it good, what is owed."""
    rows = reversals.list_reversals(wish["limit"] + 1, read_cursor(wish.get("after")))
    return page(rows, wish["limit"], lambda row: row.mandate.id)


def connect(api: Api) -> None:
    """Register these routes."""
    for each in (serials, losses):
        api.register_blueprint(each)
