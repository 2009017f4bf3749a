"""What one has redeemed: seen, given back, received, complained of."""

from typing import Any

from flask import current_app

from app.accounts import queries as accounts
from app.kit.http import Blueprint
from app.kit.idempotency import writes
from app.kit.identity import caller, signed_in
from app.kit.messages import language
from app.kit.paging import PageQuery, page, page_of, read_cursor
from app.rewards.queries import redemptions as known
from app.rewards.queries.redemptions import RedemptionFacts, Voucher
from app.rewards.rules.items import Supply
from app.rewards.schemas.redemptions import NewComplaint, RedemptionDetailView, RedemptionView
from app.rewards.services import redemptions as services

redemptions = Blueprint(
    "redemptions", __name__, url_prefix="/v1/me/redemptions", description="What one has redeemed 我的兑换"
)
_STAMPS = ("reserved_at", "fulfilled_at", "ends_at", "done_at", "returned_at", "complained_at")


def _me() -> int:
    accounts.require_live_session(caller())
    return caller().holder_id


def voucher_link(voucher: Voucher) -> str:
    """What a shop scans: where it marks the coupon used."""
    return f"{current_app.extensions['settings'].public_url}/vouchers/{voucher.code}"


def redemption_view(found: RedemptionFacts) -> dict[str, Any]:
    """Where it stands, without anything that must not be kept with an answer."""
    row, item = found.row, found.facts.item
    return {
        "code": row.code,
        "item": item.code,
        "kind": item.kind,
        "title": item.title_zh if language() == "zh" else item.title_en,
        "giver": found.facts.giver,
        "points": row.points,
        "status": found.step,
        **{name: getattr(row, name) for name in _STAMPS},
        "return_reason": row.return_reason,
        "returnable": found.returnable,
        "complainable": found.complainable,
        "answer": row.answer,
    }


def _detail(found: RedemptionFacts) -> dict[str, Any]:
    voucher, dispatch = known.read_voucher(found.row), known.find_dispatch(found.row.id)
    link = voucher_link(voucher) if voucher and found.supply is Supply.OWN else None
    parcel = None
    if dispatch is not None:
        erased = dict.fromkeys(("name", "phone", "place"))
        parcel = {
            **(known.read_address(dispatch, found.row.code) or erased),
            "carrier": dispatch.carrier,
            "tracking": known.read_tracking(dispatch, found.row.code),
        }
    shown = {"code": voucher.code, "last_day": voucher.last_day, "link": link} if voucher else None
    return {**redemption_view(found), "voucher": shown, "parcel": parcel}


@redemptions.route("", methods=["GET"])
@signed_in
@redemptions.arguments(PageQuery, location="query")
@redemptions.response(200, page_of(RedemptionView))
def get_redemptions(wish: dict[str, Any]) -> dict[str, Any]:
    """The caller's redemptions, newest first."""
    rows = known.list_redemptions(_me(), wish["limit"] + 1, read_cursor(wish.get("after")))
    answer = page(rows, wish["limit"], lambda found: found.row.id)
    return {**answer, "items": [redemption_view(each) for each in answer["items"]]}


@redemptions.route("/<string:code>", methods=["GET"])
@signed_in
@redemptions.response(200, RedemptionDetailView)
def get_redemption(code: str) -> dict[str, Any]:
    """One of them, with its voucher or parcel."""
    return _detail(known.get_redemption(_me(), code))


@redemptions.route("/<string:code>/return", methods=["POST"])
@signed_in
@writes
@redemptions.response(200, RedemptionView)
def post_return(code: str) -> dict[str, Any]:
    """Give back a coupon that was not used, or a parcel that was not sent; the points come back."""
    return redemption_view(services.return_redemption(_me(), code))


@redemptions.route("/<string:code>/receipt", methods=["POST"])
@signed_in
@writes
@redemptions.response(200, RedemptionView)
def post_receipt(code: str) -> dict[str, Any]:
    """Say that the parcel has come."""
    return redemption_view(services.receive(_me(), code))


@redemptions.route("/<string:code>/complaint", methods=["POST"])
@signed_in
@writes
@redemptions.arguments(NewComplaint)
@redemptions.response(201, RedemptionView)
def post_complaint(wish: dict[str, Any], code: str) -> dict[str, Any]:
    """Say that what came is no good; its giver is not paid before it is looked into."""
    return redemption_view(services.complain(_me(), code, wish["words"]))
