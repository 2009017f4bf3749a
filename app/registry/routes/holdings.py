"""What a signed-in holder can do with their own units. A block's name is its serial.

An act names serials and a quantity; it is done on the first block within them that is free and large
enough. So a caller who knows an older name of what has been split since still finds the rest, and of many
who want the last units at once exactly as many win as there are.
"""

from typing import Any

from flask import current_app
from flask_smorest import Api

from app.accounts import queries as accounts
from app.kit.http import Blueprint, public
from app.kit.idempotency import writes
from app.kit.identity import caller, signed_in
from app.kit.paging import PageQuery, page, page_of, read_cursor
from app.registry.errors import HoldingUnknown, SerialUnknown
from app.registry.models import OwnRetirement
from app.registry.queries import holdings as known
from app.registry.queries.serials import Run, find_run
from app.registry.schemas.holdings import (
    GiftOfferView,
    GiftView,
    HoldingView,
    HoldView,
    NewGift,
    NewOffer,
    NewPart,
    NewPledge,
    NewReservation,
    NewRetirement,
    NewTransfer,
    PieceView,
    ResaleView,
    RetirementView,
    SplitView,
    WithdrawnView,
)
from app.registry.services import holdings as services
from app.registry.services import holds as holding
from app.registry.services.acts import By

holdings = Blueprint(
    "holdings", __name__, url_prefix="/v1/holdings", description="One's own units 持有的单位"
)
holds = Blueprint(
    "holds", __name__, url_prefix="/v1/holds", description="Set aside, given, pledged 预留与质押"
)
gifts = Blueprint("gifts", __name__, url_prefix="/v1/gifts", description="Gifts to redeem 赠送")
retirements = Blueprint(
    "retirements", __name__, url_prefix="/v1/retirements", description="Holders' own retirements 自行注销"
)


def _me() -> int:
    accounts.require_live_session(caller())
    return caller().holder_id


def _own(serial: str) -> Run:
    """The serials that a caller names as theirs; what was never issued is not theirs either."""
    try:
        return find_run(serial)
    except SerialUnknown as unknown:
        raise HoldingUnknown() from unknown


def gift_link(code: str) -> str:
    """Where a gift is redeemed."""
    return f"{current_app.extensions['settings'].public_url}/gifts/{code}"


@holdings.route("", methods=["GET"])
@signed_in
@holdings.arguments(PageQuery, location="query")
@holdings.response(200, page_of(HoldingView))
def get_holdings(wish: dict[str, Any]) -> dict[str, Any]:
    """The caller's blocks in the order of their serials: free, waiting, on sale."""
    rows = known.list_holdings(_me(), wish["limit"] + 1, read_cursor(wish.get("after")))
    return page(rows, wish["limit"], lambda row: row.serials.first)


@holdings.route("/<string:serial>", methods=["GET"])
@signed_in
@holdings.response(200, HoldingView(many=True))
def get_holding(serial: str) -> Any:
    """The caller's blocks within these serials, at most a hundred."""
    return known.list_holdings_in(_me(), _own(serial))


@holdings.route("/<string:serial>/splits", methods=["POST"])
@signed_in
@writes
@holdings.arguments(NewPart)
@holdings.response(201, SplitView)
def post_split(wish: dict[str, Any], serial: str) -> dict[str, Any]:
    """Cut a block in two: what is asked for, and the rest."""
    run = _own(serial)
    pieces = services.split_units(_me(), run, wish["quantity_kg"])
    both = [each for each in (pieces.piece, pieces.rest) if each]
    return {"pieces": [{"serial": run.series.text(each), "quantity_kg": each.quantity_kg} for each in both]}


@holdings.route("/<string:serial>/reservations", methods=["POST"])
@signed_in
@writes
@holdings.arguments(NewReservation)
@holdings.response(201, HoldView)
def post_reservation(wish: dict[str, Any], serial: str) -> Any:
    """Set units aside for a purpose and a time; they come free by themselves."""
    me, told = _me(), {"days": wish["days"], "purpose": wish["purpose"]}
    hold = holding.hold_units("reserve", me, _own(serial), wish["quantity_kg"], By(me), **told)
    return known.get_hold(hold.id)


@holdings.route("/<string:serial>/gifts", methods=["POST"])
@signed_in
@writes
@holdings.arguments(NewGift)
@holdings.response(201, GiftView)
def post_gift(wish: dict[str, Any], serial: str) -> Any:
    """Give units to whoever redeems the link; nobody in time, and they fall back."""
    me, told = _me(), {"days": wish["days"], "purpose": wish.get("message")}
    hold = holding.hold_units("give", me, _own(serial), wish["quantity_kg"], By(me), **told)
    facts = known.get_hold(hold.id)
    return {
        "hold": facts.hold,
        "serial": facts.serial,
        "quantity_kg": facts.quantity_kg,
        "other": None,
        "link": gift_link(hold.code),
    }


@holdings.route("/<string:serial>/transfers", methods=["POST"])
@signed_in
@writes
@holdings.arguments(NewTransfer)
@holdings.response(201, PieceView)
def post_transfer(wish: dict[str, Any], serial: str) -> dict[str, Any]:
    """Hand units over to another holder."""
    run = _own(serial)
    done = services.transfer_units(_me(), run, wish["quantity_kg"], wish["receiver"])
    serials = done.block.serials
    return {"serial": run.series.text(serials), "quantity_kg": serials.quantity_kg}


@holdings.route("/<string:serial>/pledges", methods=["POST"])
@signed_in
@writes
@holdings.arguments(NewPledge)
@holdings.response(201, HoldView)
def post_pledge(wish: dict[str, Any], serial: str) -> Any:
    """Pledge units to an organisation; only it can let them go."""
    hold = holding.pledge_own(_me(), _own(serial), wish["quantity_kg"], wish["pledgee"], wish.get("purpose"))
    return known.get_hold(hold.id)


@holdings.route("/<string:serial>/offers", methods=["POST"])
@signed_in
@writes
@holdings.arguments(NewOffer)
@holdings.response(201, ResaleView)
def post_offer(wish: dict[str, Any], serial: str) -> Any:
    """Offer units again, in whole steps; the answer says on which terms."""
    return services.offer_units(_me(), _own(serial), wish["quantity_kg"], wish["price_fen_per_step"])


@holdings.route("/<string:serial>/withdrawals", methods=["POST"])
@signed_in
@writes
@holdings.response(201, WithdrawnView)
def post_withdrawal(serial: str) -> dict[str, Any]:
    """Take what is on sale within these serials off sale, except what orders have reserved."""
    return {"withdrawn_kg": services.withdraw_units(_me(), _own(serial))}


@holdings.route("/<string:serial>/retirements", methods=["POST"])
@signed_in
@writes
@holdings.arguments(NewRetirement)
@holdings.response(201, RetirementView)
def post_retirement(wish: dict[str, Any], serial: str) -> Any:
    """Use units up for ever, for a purpose, under a public number."""
    retired: OwnRetirement = services.retire_units(
        _me(), _own(serial), wish["quantity_kg"], wish["purpose"], wish.get("beneficiary")
    )
    return known.retirement_facts(retired)


@holds.route("", methods=["GET"])
@signed_in
@holds.arguments(PageQuery, location="query")
@holds.response(200, page_of(HoldView))
def get_holds(wish: dict[str, Any]) -> dict[str, Any]:
    """What the caller set aside, gave and pledged, and what is pledged to them; newest first."""
    me = _me()
    rows = known.list_holds(me, wish["limit"] + 1, read_cursor(wish.get("after")))
    return page(rows, wish["limit"], lambda row: row.hold.id)


@holds.route("/<string:code>/release", methods=["POST"])
@signed_in
@writes
@holds.response(200, HoldView)
def post_release(code: str) -> Any:
    """End a reservation, or take back a gift that nobody has redeemed."""
    return known.get_hold(holding.release_own(_me(), code).id)


@gifts.route("/<string:code>", methods=["GET"])
@public
@gifts.response(200, GiftOfferView)
def get_gift(code: str) -> Any:
    """A gift, for whoever has its code."""
    return known.get_gift(code)


@gifts.route("/<string:code>/redemption", methods=["POST"])
@signed_in
@writes
@gifts.response(201, PieceView)
def post_redemption(code: str) -> dict[str, Any]:
    """Receive a gift; it works once."""
    facts = known.get_hold(holding.redeem_gift(_me(), code).id)
    return {"serial": facts.serial, "quantity_kg": facts.quantity_kg}


@retirements.route("", methods=["GET"])
@signed_in
@retirements.arguments(PageQuery, location="query")
@retirements.response(200, page_of(RetirementView))
def get_retirements(wish: dict[str, Any]) -> dict[str, Any]:
    """The caller's own retirements, newest first."""
    rows = known.list_retirements(_me(), wish["limit"] + 1, read_cursor(wish.get("after")))
    answer = page(rows, wish["limit"], lambda row: row.id)
    return {**answer, "items": [known.retirement_facts(row) for row in answer["items"]]}


@retirements.route("/<string:number>", methods=["GET"])
@public
@retirements.response(200, RetirementView)
def get_retirement(number: str) -> Any:
    """A holder's own retirement, by its number."""
    return known.get_retirement(number)


@retirements.route("/<string:number>/beneficiary", methods=["DELETE"])
@signed_in
@writes
@retirements.response(204)
def delete_beneficiary(number: str) -> None:
    """Take back the consent to show a name on one's own retirement."""
    services.hide_beneficiary(_me(), number)


def connect(api: Api) -> None:
    """Register these routes."""
    for each in (holdings, holds, gifts, retirements):
        api.register_blueprint(each)
