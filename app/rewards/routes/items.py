"""What points can be redeemed for, and redeeming them."""

from typing import Any

from app.accounts import queries as accounts
from app.kit.http import Blueprint, public
from app.kit.idempotency import writes
from app.kit.identity import caller, signed_in
from app.kit.messages import language
from app.kit.paging import page, page_of, read_cursor
from app.rewards.queries import items as known
from app.rewards.queries.items import ItemFacts
from app.rewards.routes.redemptions import redemption_view
from app.rewards.schemas.items import ItemQuery, ItemView, NewRedemption
from app.rewards.schemas.redemptions import RedemptionView
from app.rewards.services import redemptions as services
from app.rewards.services.redemptions import Address

items = Blueprint(
    "rewards", __name__, url_prefix="/v1/rewards", description="What points can be redeemed for 积分兑换"
)


def item_view(facts: ItemFacts) -> dict[str, Any]:
    """An item as everybody sees it."""
    item, zh = facts.item, language() == "zh"
    plain = ("code", "kind", "supply", "points", "region", "use_days", "opens_on", "closes_on", "sample")
    return {
        **{name: getattr(item, name) for name in plain},
        "title": item.title_zh if zh else item.title_en,
        "terms": item.terms_zh if zh else item.terms_en,
        "giver": facts.giver,
        "offer": facts.offer,
        "remaining": facts.remaining,
        "limit": {"most": item.most_each, "period": item.period} if facts.limited else None,
        "charity": {
            "name": facts.giver,
            "credit_code": item.charity_code,
            "appeal_number": item.appeal_number,
        }
        if item.charity_code
        else None,
    }


@items.route("", methods=["GET"])
@public
@items.arguments(ItemQuery, location="query")
@items.response(200, page_of(ItemView))
def get_items(wish: dict[str, Any]) -> dict[str, Any]:
    """What is on offer or announced, newest first."""
    cursor = read_cursor(wish.get("after"))
    rows = known.list_items(wish["limit"] + 1, cursor, wish.get("kind"), wish.get("region"))
    answer = page(rows, wish["limit"], lambda facts: facts.item.id)
    return {**answer, "items": [item_view(each) for each in answer["items"]]}


@items.route("/<string:code>", methods=["GET"])
@public
@items.response(200, ItemView)
def get_item(code: str) -> dict[str, Any]:
    """One item."""
    return item_view(known.get_item(code))


@items.route("/<string:code>/redemptions", methods=["POST"])
@signed_in
@writes
@items.arguments(NewRedemption)
@items.response(201, RedemptionView)
def post_redemption(wish: dict[str, Any], code: str) -> dict[str, Any]:
    """Redeem points for it. Its voucher is told by `/v1/me/redemptions/{code}` alone."""
    accounts.require_live_session(caller())
    address = Address(**wish["address"]) if "address" in wish else None
    return redemption_view(services.redeem(caller().holder_id, code, address))
