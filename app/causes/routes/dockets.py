"""A case over HTTP, for whoever was given its link: where it stands, and buying for it."""

from datetime import timedelta
from typing import Any

from flask import current_app

from app.accounts import queries as accounts
from app.causes.queries.docket_lots import NOW
from app.causes.queries.dockets import DocketFacts, get_docket_by_link
from app.causes.schemas.dockets import DocketOrderView, DocketView, NewDocketOrder
from app.causes.services.docket_orders import Purchase, buy_for_docket
from app.causes.services.dockets import hash_of
from app.config import Settings
from app.kit import platforms
from app.kit.http import Blueprint, public
from app.kit.idempotency import writes
from app.kit.identity import caller, signed_in
from app.offsets.errors import PurchaseClosed
from app.offsets.queries import OrderFacts

dockets = Blueprint(
    "dockets", __name__, url_prefix="/v1/dockets", description="Cases of courts, by their link 生态司法案卷"
)


@dockets.route("/<string:link>", methods=["GET"])
@public
@dockets.response(200, DocketView)
def get_docket(link: str) -> dict[str, Any]:
    """Where a case stands: ordered, paid and retired side by side; the link is the secret."""
    return docket_view(get_docket_by_link(hash_of(link)))


@dockets.route("/<string:link>/orders", methods=["POST"])
@signed_in
@writes
@dockets.arguments(NewDocketOrder)
@dockets.response(201, DocketOrderView)
def post_docket_order(wish: dict[str, Any], link: str) -> OrderFacts:
    """Reserve units for a case; the caller pays, the case's due is closed, and no points are earned."""
    if not platforms.may_buy():
        raise PurchaseClosed()
    accounts.require_live_session(caller())
    purchase = Purchase(wish["lot"], wish.get("quantity_kg"), wish.get("part", NOW))
    return buy(caller().holder_id, link, purchase)


def buy(holder_id: int, link: str, purchase: Purchase) -> OrderFacts:
    """Place an order for a case within this instance's limits; inside a transaction."""
    settings: Settings = current_app.extensions["settings"]
    reservation = timedelta(seconds=settings.reservation_seconds)
    return buy_for_docket(holder_id, link, purchase, reservation, settings.most_unpaid_orders)


def docket_view(found: DocketFacts) -> dict[str, Any]:
    """A docket as its link shows it."""
    docket = found.docket
    return {
        "court": found.court.name,
        "case_number": docket.case_number,
        "stage": docket.stage,
        "parties": docket.parties_shown,
        "state": found.state,
        "measure": found.measure,
        "ordered": found.ordered,
        "done": found.done,
        "open_now": found.open_now,
        "open_part": found.open_part,
        "paid_fen": found.standing.paid_fen,
        "paid_kg": found.standing.paid_kg,
        "retired_g": found.standing.retired_g,
        "ruling": found.ruling.ruling if found.ruling else None,
        "instalments": found.stands,
        "retirements": found.retirements,
        "letter": found.letter.number if found.letter else None,
    }
