"""What is attacked: somebody signed in, orders that wait for their payment, a lot on sale."""

from dataclasses import dataclass
from datetime import timedelta

from app.accounts import services as accounts
from app.kit.codes import random_code
from app.kit.transaction import transaction
from app.offsets.services import orders
from app.offsets.services.orders import Wish
from bench.forest import open_sample_lot
from fuzz.letters import Target
from fuzz.tokens import Visitor

UNITS_KG = 10
LASTS = timedelta(days=1)
"""Longer than any run: an order that expires meanwhile would refuse by its age alone."""


@dataclass(frozen=True)
class Scene:
    """One attacker's share: orders that nobody may pay, orders that must be paid, and a visitor."""

    victims: list[Target]
    payable: list[Target]
    visitor: Visitor


def plant(lot_code: str, victims: int, payable: int) -> Scene:
    """A new visitor with orders for units of the lot."""
    openid = f"o{random_code(20)}"
    with transaction():
        ended = accounts.sign_in_wechat(openid, None, "tiihtNczf5v6AKRyjwEUhQ==")
        accounts.sign_out(ended.session_id)
        signed = accounts.sign_in_wechat(openid, None, "tiihtNczf5v6AKRyjwEUhQ==")
    placed = [_order(signed.holder_id, lot_code, openid) for _ in range(victims + payable)]
    visitor = Visitor(signed.holder_id, signed.session_id, ended.session_id, signed.refresh_token)
    return Scene(placed[:victims], placed[victims:], visitor)


def _order(holder_id: int, lot_code: str, openid: str) -> Target:
    with transaction():
        wish = Wish("personal", quantity_kg=UNITS_KG, lot_code=lot_code)
        order = orders.place_order(holder_id, wish, LASTS)
    return Target(order.code, order.amount_fen, openid)


def open_lot(quantity_kg: int) -> str:
    """A village that offers `quantity_kg`; the lot's code."""
    with transaction():
        return open_sample_lot(f"F{random_code(6)}", quantity_kg).code
