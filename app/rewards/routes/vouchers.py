"""Coupons of ours at the shop that takes them, in the shop's name: by a member, or by its till with a key."""

from typing import Any

from app.causes.routes.acting import actor, acts
from app.kit.http import Blueprint
from app.kit.idempotency import writes
from app.kit.messages import language
from app.rewards.queries import redemptions as known
from app.rewards.queries.redemptions import RedemptionFacts
from app.rewards.schemas.redemptions import TakenView, VoucherShown
from app.rewards.services import vouchers as services

vouchers = Blueprint(
    "vouchers",
    __name__,
    url_prefix="/v1/organisations",
    description="Coupons at the shop that takes them 核销",
)


def written_code(told: str) -> str:
    """The code in what was scanned: a link's last part, or what was typed."""
    return "".join(told.split()).rstrip("/").rpartition("/")[2]


def taken_view(found: RedemptionFacts) -> dict[str, Any]:
    """A coupon as its shop sees it."""
    item = found.facts.item
    return {
        "title": item.title_zh if language() == "zh" else item.title_en,
        "kind": item.kind,
        "points": found.row.points,
        "status": found.step,
        "ends_at": found.row.ends_at,
        "used_at": found.row.done_at,
    }


@vouchers.route("/<string:code>/vouchers/look", methods=["POST"])
@acts("vouchers")
@vouchers.arguments(VoucherShown)
@vouchers.response(200, TakenView)
def post_look(wish: dict[str, Any]) -> dict[str, Any]:
    """Look at a coupon of this shop, without using it."""
    return taken_view(known.find_voucher(actor().id, written_code(wish["code"])))


@vouchers.route("/<string:code>/vouchers/uses", methods=["POST"])
@acts("vouchers")
@writes
@vouchers.arguments(VoucherShown)
@vouchers.response(201, TakenView)
def post_use(wish: dict[str, Any]) -> dict[str, Any]:
    """Mark a coupon used: it works once, and the shop is paid for it."""
    act = actor()
    return taken_view(services.use_voucher(act.id, act.member_id, written_code(wish["code"])))
