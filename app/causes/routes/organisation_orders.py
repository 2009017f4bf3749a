"""Orders and budgets in an organisation's name."""

from datetime import timedelta
from typing import Any

from app.accounts.queries import memberships
from app.causes.errors.organisations import OrganisationUnverified, PayByMember
from app.causes.queries import organisations as known
from app.causes.queries.organisations import PlacedOrder
from app.causes.routes.acting import Actor, actor, acts
from app.causes.schemas.organisations import (
    BudgetChange,
    BudgetsView,
    NewOrganisationOrder,
    PaymentSheetView,
    PlacedOrderView,
)
from app.causes.services import organisations as services
from app.kit import clock
from app.kit.http import Blueprint
from app.kit.idempotency import writes
from app.kit.paging import PageQuery, page, page_of, read_cursor
from app.kit.problems import NotFound
from app.offsets import queries as offsets
from app.offsets.errors import OfflineClosed
from app.offsets.provider import settings
from app.offsets.queries import OrderFacts
from app.offsets.routes.orders import open_payment, require_open_shop
from app.offsets.rules import OrderChannel
from app.offsets.services.orders import Wish

orders = Blueprint(
    "organisation_orders",
    __name__,
    url_prefix="/v1/organisations",
    description="Buying for an organisation 组织采购",
)


def place(acting: Actor, wish: dict[str, Any]) -> OrderFacts:
    """Place an order in an organisation's name for a wish as NewOrganisationOrder takes it.

    Raises `OrganisationUnverified` for a bank transfer, which keeps units from others for days, or a
    printed name; `OfflineClosed`; and what placing an order refuses.
    """
    offline = wish["channel"] == OrderChannel.OFFLINE
    if offline and settings().bank_account is None:
        raise OfflineClosed()
    if (offline or wish["print_name"]) and not acting.organisation.verified:
        raise OrganisationUnverified()
    reservation = timedelta(seconds=settings().reservation_seconds)
    if offline:
        reservation = timedelta(days=settings().offline_reservation_days)
    asked = Wish(
        purpose=None if wish.get("cause") else "organisation",
        cause=wish.get("cause"),
        quantity_kg=wish.get("quantity_kg"),
        amount_fen=wish.get("amount_fen"),
        lot_code=wish.get("lot"),
        region=wish.get("region"),
        village=wish.get("village"),
        product=wish["product"],
        beneficiary=acting.organisation.public_name if wish["print_name"] else None,
        channel=OrderChannel(wish["channel"]),
        keep=wish["keep"],
    )
    doing = acting.doing(wish.get("use"), wish.get("period"))
    return services.place_order(doing, asked, reservation, settings().most_unpaid_orders)


def view(placed: PlacedOrder) -> dict[str, Any]:
    """An order as its organisation sees it, with the way to pay it by bank where that is how."""
    link = None
    if placed.order.channel == OrderChannel.OFFLINE:
        link = f"{settings().public_url}/transfer/{offsets.get_transfer(placed.order.code).link}"
    told = {name: getattr(placed, name) for name in ("order", "by_key", "use_name", "period")}
    return {**told, "transfer_link": link}


@orders.route("/<string:code>/orders", methods=["GET"])
@acts("read")
@orders.arguments(PageQuery, location="query")
@orders.response(200, page_of(PlacedOrderView))
def get_orders(wish: dict[str, Any]) -> dict[str, Any]:
    """Orders of members, programs and operators in its name, newest first."""
    rows = known.list_placed(actor().id, wish["limit"] + 1, read_cursor(wish.get("after")))
    answer = page(rows, wish["limit"], lambda row: row.order.id)
    return {**answer, "items": [view(each) for each in answer["items"]]}


@orders.route("/<string:code>/orders", methods=["POST"])
@acts("orders")
@writes
@orders.arguments(NewOrganisationOrder)
@orders.response(201, PlacedOrderView)
def post_order(wish: dict[str, Any]) -> dict[str, Any]:
    """Order units within the budgets; pay before `expires_at`, on a member's phone or by bank."""
    require_open_shop()
    return view(known.get_placed(actor().id, place(actor(), wish).code))


@orders.route("/<string:code>/orders/<string:order>", methods=["GET"])
@acts("read")
@orders.response(200, PlacedOrderView)
def get_order(order: str) -> dict[str, Any]:
    """One order of the organisation."""
    return view(known.get_placed(actor().id, order))


@orders.route("/<string:code>/orders/<string:order>/payment", methods=["POST"])
@acts("orders")
@orders.response(200, PaymentSheetView)
def post_payment(order: str) -> dict[str, str]:
    """Open the payment on the caller's own phone; a program cannot, since WeChat asks a person."""
    require_open_shop()
    if actor().key_id is not None:
        raise PayByMember()
    return open_payment(actor().id, order, actor().member_id)


@orders.route("/<string:code>/budgets", methods=["GET"])
@acts("read")
@orders.response(200, BudgetsView)
def get_budgets() -> dict[str, Any]:
    """Budgets, and what is spent, reserved and left of them in the present year or month."""
    return {"items": _budgets(actor().id)}


@orders.route("/<string:code>/budgets", methods=["PUT"])
@acts("money", member=True)
@writes
@orders.arguments(BudgetChange)
@orders.response(200, BudgetsView)
def put_budget(wish: dict[str, Any]) -> dict[str, Any]:
    """Limit what the organisation, or one member, orders for in any year or month; null lifts it."""
    member_id = None
    if "member" in wish:
        members = {each.code: each.holder_id for each in memberships.list_members(actor().id)}
        if wish["member"] not in members:
            raise NotFound()
        member_id = members[wish["member"]]
    services.set_budget(actor().id, member_id, wish["period"], wish["limit_fen"], actor().member_id)
    return {"items": _budgets(actor().id)}


def _budgets(organisation_id: int) -> list[dict[str, Any]]:
    codes = {each.holder_id: each.code for each in memberships.list_members(organisation_id)}
    return [
        {
            "member": codes.get(each.member_id or 0),
            "period": each.period,
            "since": each.since,
            "spending": each.spending,
        }
        for each in known.list_spending(organisation_id, clock.business_day())
        if each.member_id is None or each.member_id in codes
    ]
