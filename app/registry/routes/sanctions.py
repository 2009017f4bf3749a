"""The register of sanctions 处罚公示. Public, reading only; laying and lifting is done in the console."""

from typing import Any

from app.kit.http import Blueprint, public
from app.kit.paging import page, page_of, read_cursor
from app.registry.queries import sanctions as queries
from app.registry.schemas.sanctions import SanctionQuery, SanctionView

sanctions = Blueprint("sanctions", __name__, url_prefix="/v1/sanctions", description="Sanctions 处罚公示")


@sanctions.route("", methods=["GET"])
@public
@sanctions.arguments(SanctionQuery, location="query")
@sanctions.response(200, page_of(SanctionView))
def get_sanctions(wish: dict[str, Any]) -> dict[str, Any]:
    """Every sanction that was ever imposed, newest first, with what became of it."""
    asked = wish.get("standing")
    rows = queries.list_sanctions(
        wish["limit"] + 1,
        read_cursor(wish.get("after")),
        standing=None if asked is None else asked == "true",
    )
    return page(rows, wish["limit"], lambda row: row.sanction.id)


@sanctions.route("/<string:code>", methods=["GET"])
@public
@sanctions.response(200, SanctionView)
def get_sanction(code: str) -> Any:
    """One sanction and its history."""
    return queries.get_sanction(code)
