"""What can be asked about planting together; another group's is 404."""

from datetime import timedelta
from typing import Any

from app.accounts import queries as accounts
from app.kit.http import Blueprint
from app.kit.idempotency import writes
from app.kit.identity import caller, signed_in
from app.kit.paging import PageQuery, page, page_of, read_cursor
from app.offsets.provider import settings
from app.offsets.queries import OrderFacts
from app.offsets.queries.cause_parts import Part
from app.offsets.routes import require_open_shop
from app.rewards.queries import plantings as known
from app.rewards.queries.plantings import PlantingFacts
from app.rewards.rules.plantings import Share, Way
from app.rewards.schemas import plantings as said
from app.rewards.services import plantings as services

plantings = Blueprint(
    "plantings", __name__, url_prefix="/v1/plantings", description="A group's goal, bought in parts 共植"
)


def _me() -> int:
    accounts.require_live_session(caller())
    return caller().holder_id


@plantings.route("", methods=["GET"])
@signed_in
@plantings.arguments(PageQuery, location="query")
@plantings.response(200, page_of(said.PlantingBriefView))
def get_plantings(wish: dict[str, Any]) -> dict[str, Any]:
    """The plantings of the caller's groups, newest first."""
    me = _me()
    rows = known.list_plantings(me, wish["limit"] + 1, read_cursor(wish.get("after")))
    answer = page(rows, wish["limit"], lambda each: each.id)
    return {**answer, "items": [_brief(me, each) for each in answer["items"]]}


@plantings.route("", methods=["POST"])
@signed_in
@writes
@plantings.arguments(said.NewPlanting)
@plantings.response(201, said.PlantingView)
def post_planting(wish: dict[str, Any]) -> dict[str, Any]:
    """Begin a planting of a group of the caller's; its terms never change, only the forest may."""
    me = _me()
    return view(me, services.begin_planting(me, new_planting(wish)))


@plantings.route("/<string:code>", methods=["GET"])
@signed_in
@plantings.response(200, said.PlantingView)
def get_planting(code: str) -> dict[str, Any]:
    """A planting of a group of the caller's."""
    me = _me()
    return view(me, known.get_planting(me, code))


@plantings.route("/<string:code>/pledge", methods=["PUT"])
@signed_in
@writes
@plantings.arguments(said.NewPlantingPledge)
@plantings.response(200, said.PlantingView)
def put_pledge(wish: dict[str, Any], code: str) -> dict[str, Any]:
    """Promise so much in all, or take it back; costs nothing before the pledges cover the goal."""
    me = _me()
    return view(me, services.pledge(me, code, wish["quantity_kg"]))


@plantings.route("/<string:code>/orders", methods=["POST"])
@signed_in
@writes
@plantings.arguments(said.NewPlantedPart)
@plantings.response(201, said.PlantedOrderView)
def post_part(wish: dict[str, Any], code: str) -> dict[str, Any]:
    """Order one's part, and pay it at /v1/orders/…/payment; it is retired with a certificate of its own."""
    require_open_shop()
    order = order_part(_me(), code, wish["quantity_kg"])
    return {
        "order": order.code,
        "quantity_kg": order.quantity_kg,
        "amount_fen": order.amount_fen,
        "expires_at": order.expires_at,
    }


@plantings.route("/<string:code>/forest", methods=["PUT"])
@signed_in
@writes
@plantings.arguments(said.NewPlantingForest)
@plantings.response(200, said.PlantingView)
def put_forest(wish: dict[str, Any], code: str) -> dict[str, Any]:
    """Buy what is lacking from another forest, when the first has sold out."""
    me = _me()
    return view(me, services.change_forest(me, code, wish["lot"]))


@plantings.route("/<string:code>/call-off", methods=["POST"])
@signed_in
@writes
@plantings.response(201, said.PlantingView)
def post_call_off(code: str) -> dict[str, Any]:
    """Call it off as long as nobody has ordered; nobody owes anything then."""
    me = _me()
    return view(me, services.call_off(me, code))


def new_planting(wish: dict[str, Any]) -> services.NewPlanting:
    """What a member asks for, as the service takes it."""
    return services.NewPlanting(**{**wish, "way": Way(wish["way"])})


def order_part(holder_id: int, code: str, quantity_kg: int) -> OrderFacts:
    """Order a part on the shop's terms; inside a transaction."""
    reservation = timedelta(seconds=settings().reservation_seconds)
    return services.order_part(holder_id, code, quantity_kg, reservation, settings().most_unpaid_orders)


def view(holder_id: int, planting: PlantingFacts) -> dict[str, Any]:
    """A planting for one of its members, with its parts."""
    parts = [
        {
            "certificate_number": each.number,
            "serial": each.serial,
            "quantity_kg": each.quantity_kg,
            "retired_at": each.retired_at,
            "own": each.holder_id == holder_id,
        }
        for each in known.list_parts(planting)
    ]
    return {**_brief(holder_id, planting), "parts": parts}


def _brief(holder_id: int, planting: PlantingFacts) -> dict[str, Any]:
    own = planting.shares.get(holder_id, Share())
    return {
        **{name: getattr(planting, name) for name in _TOLD},
        "group": planting.group.code,
        "people": len(planting.shares),
        "lot": planting.lot.code,
        "organised": planting.organiser_id == holder_id,
        "own": {
            "pledged_kg": own.pledged_kg,
            "reserved_kg": own.reserved_kg,
            "paid_kg": own.paid_kg,
            "retired_kg": planting.parts.get(holder_id, Part(0, 0, 0)).retired_kg,
            "room_kg": planting.room_of(holder_id),
        },
    }


_TOLD = (
    "code",
    "status",
    "way",
    "goal_kg",
    "pledged_kg",
    "taken_kg",
    "retired_kg",
    "price_fen",
    "last_day",
    "pay_until",
    "ends_on",
    "begun_at",
    "ended_at",
    "attestation",
)
