"""The control room: what tests and developers can see and do that no real provider would let them.

Requests are JSON objects; a refusal is 400 with `{"error": …}`.
"""

from dataclasses import asdict
from typing import Any

from flask import Blueprint, Response

from simulator import bill_faults
from simulator.accounts import account_named, display_name
from simulator.bills import withdraw
from simulator.clock import rfc3339
from simulator.errors import ControlRefused, PhoneRefused
from simulator.faults import KINDS
from simulator.payments import pay, transaction_view
from simulator.refunds import refund_view
from simulator.shipping import is_frozen
from simulator.state import Transaction
from simulator.world import World, answer, wish, world

MOST_COPIES = 1000
MOST_FEN = 10**12
LONGEST_LEAP_S = 400 * 86_400

blueprint = Blueprint("control", __name__, url_prefix="/control")


@blueprint.errorhandler(ControlRefused)
def _refused(error: ControlRefused) -> Response:
    """Say what is wrong with a wish."""
    return answer({"error": str(error)}, 400)


@blueprint.errorhandler(PhoneRefused)
def _not_payable(error: PhoneRefused) -> Response:
    """Say why an order cannot be paid or an account not be made."""
    return answer({"error": error.english}, 400)


@blueprint.get("/state")
def state() -> Response:
    """Show accounts, transactions, refunds, notices with their attempts, faults and recent requests."""
    return answer(overview(world()))


@blueprint.post("/accounts")
def post_account() -> Response:
    """Make sure an account exists and tell its openid."""
    account = account_named(world(), wish().get("account"))
    return answer({"account": account.name, "openid": account.openid})


@blueprint.get("/faults")
def get_faults() -> Response:
    """List the kinds there are and the faults that are on."""
    kinds = {kind: {"places": list(places), "does": text} for kind, (places, text) in KINDS.items()}
    return answer({"kinds": kinds, "waiting": world().faults.waiting()})


@blueprint.post("/faults")
def post_fault() -> Response:
    """Switch a fault on."""
    return answer(asdict(world().faults.add(wish())), 201)


@blueprint.delete("/faults")
def delete_faults() -> Response:
    """Switch all faults off."""
    world().faults.clear()
    return Response(status=204)


@blueprint.get("/bill_faults")
def get_bill_faults() -> Response:
    """List what can be wrong with a day's bills, and what is."""
    kinds = {kind: f"{target}: {text}" for kind, (target, text, _) in bill_faults.KINDS.items()}
    return answer({"kinds": kinds, "faults": [asdict(each) for each in world().state.bill_faults.values()]})


@blueprint.post("/bill_faults")
def post_bill_fault() -> Response:
    """Let something be wrong with the bills of a `day`."""
    return answer(asdict(bill_faults.add(world().state, wish())), 201)


@blueprint.delete("/bill_faults")
def delete_bill_faults() -> Response:
    """Let all bills be right again."""
    with world().state.changing():
        world().state.bill_faults.clear()
    return Response(status=204)


@blueprint.post("/withdrawals")
def post_withdrawal() -> Response:
    """Move `amount_fen` from the merchant's account to its bank."""
    amount = _number(wish(), "amount_fen", 0, 1, MOST_FEN)
    return answer(asdict(withdraw(world(), int(amount))), 201)


@blueprint.post("/pay_late")
def pay_late() -> Response:
    """Pay an order at the provider although it is closed or expired: the payment came first."""
    order = _order(wish())
    pay(world(), order, late=True)
    return answer(transaction_view(order))


@blueprint.post("/notice")
def resend_notice() -> Response:
    """Deliver the notices about an order or a refund `count` more times."""
    asked = wish()
    reference = asked.get("out_trade_no") or asked.get("out_refund_no")
    count = asked.get("count", 1)
    if type(count) is not int or not 0 < count <= MOST_COPIES:
        raise ControlRefused(f"count must be a whole number from 1 to {MOST_COPIES}")
    sent = world().post.resend(str(reference), count)
    if not sent:
        raise ControlRefused("there is no notice about that out_trade_no or out_refund_no")
    return answer({"letters": sent})


@blueprint.post("/signtest")
def signtest() -> Response:
    """Probe the merchant's notice address with a signature that must be refused; tell its HTTP status."""
    status = world().post.probe(_order(wish()).request["notify_url"])
    return answer({"status": status, "refused": status is not None and status >= 400})


@blueprint.post("/trade")
def manage_trade() -> Response:
    """Hold funds until orders are reported as delivered, or stop doing so: `managed` true or false."""
    managed = wish().get("managed")
    if type(managed) is not bool:
        raise ControlRefused("managed must be true or false")
    world().state.trade_managed = managed
    return answer({"managed": managed})


@blueprint.post("/clock")
def move_clock() -> Response:
    """Move simulated time forward by `advance_seconds`, or change `speed`."""
    asked, clock = wish(), world().clock
    leap = _number(asked, "advance_seconds", 0, 0, LONGEST_LEAP_S)
    speed = _number(asked, "speed", clock.speed, 1, 1_000_000)
    clock.offset_s, clock.speed = clock.offset_s + leap, speed
    return answer({"now": rfc3339(clock.now()), "speed": clock.speed})


def overview(world: World) -> dict[str, Any]:
    """Return everything there is to see; session keys and tokens are not."""
    with world.state.lock:
        return {
            "now": rfc3339(world.clock.now()),
            "speed": world.clock.speed,
            "appid": world.keys.appid,
            "mchid": world.keys.mchid,
            "accounts": [
                {"account": each.name, "display_name": display_name(each.name), "openid": each.openid}
                for each in world.state.accounts.values()
            ],
            "transactions": [
                transaction_view(each)
                | {
                    "description": each.request["description"],
                    "amount_fen": each.amount_fen,
                    "openid": each.openid,
                    "created_at": rfc3339(each.created_at),
                    "expires_at": rfc3339(each.expires_at),
                    "frozen": is_frozen(each),
                }
                for each in world.state.transactions.values()
            ],
            "refunds": [refund_view(world, each) for each in world.state.refunds.values()],
            "notices": [asdict(each) for each in world.state.notices.values()],
            "faults": world.faults.waiting(),
            "requests": list(world.requests),
        }


def _order(asked: dict[str, Any]) -> Transaction:
    """Return the order a wish names."""
    order = world().state.transactions.get(str(asked.get("out_trade_no")))
    if order is None:
        raise ControlRefused("there is no such out_trade_no")
    return order


def _number(asked: dict[str, Any], name: str, default: float, least: float, most: float) -> float:
    """Read a number of a wish."""
    value = asked.get(name, default)
    if type(value) not in (int, float) or not least <= value <= most:
        raise ControlRefused(f"{name} must be a number from {least} to {most}")
    return float(value)
