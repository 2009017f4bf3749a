"""Public notices 公示: what is to be registered, and what anybody holds against it."""

from typing import Any

from app.kit.http import Blueprint, public
from app.kit.paging import PageQuery, page, page_of, read_cursor
from app.kit.transaction import transaction
from app.registry import queries
from app.registry.schemas.dossiers import (
    NewObjection,
    ObjectionReceipt,
    PublicNoticeDetailView,
    PublicNoticeView,
)
from app.registry.services import objections

public_notices = Blueprint(
    "public_notices", __name__, url_prefix="/v1/public-notices", description="Public notices 公示"
)


@public_notices.route("", methods=["GET"])
@public
@public_notices.arguments(PageQuery, location="query")
@public_notices.response(200, page_of(PublicNoticeView))
def get_notices(wish: dict[str, Any]) -> dict[str, Any]:
    """Projects in public notice before their registration, the oldest first."""
    rows = queries.dossiers.list_notices(wish["limit"] + 1, read_cursor(wish.get("after")))
    return page(rows, wish["limit"], lambda row: row.dossier.id)


@public_notices.route("/<string:code>", methods=["GET"])
@public
@public_notices.response(200, PublicNoticeDetailView)
def get_notice(code: str) -> Any:
    """One dossier that is or was in public notice, with its land, right holders and documents' digests."""
    return queries.dossiers.get_dossier(code, public=True)


@public_notices.route("/<string:code>/objections", methods=["POST"])
@public
@public_notices.arguments(NewObjection)
@public_notices.response(201, ObjectionReceipt)
def raise_objection(wish: dict[str, Any], code: str) -> Any:
    """Object to a registration. It waits until an operator has answered; the same words twice are one."""
    with transaction():
        return objections.raise_objection(code, wish["words"])
