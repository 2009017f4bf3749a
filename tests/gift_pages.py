"""Gifts that are made by their form and paid, for the tests of pages and documents."""

from typing import Any

from builders import Forest
from giving import settle_all
from visiting import Visitor

from app.causes.queries import gifts as known
from app.causes.queries.gifts import GiftFacts
from app.kit import clock
from app.kit.transaction import transaction
from app.offsets import services
from app.offsets.services.words import PaidWord


def make(buyer: Visitor, lot: Forest, /, **form: Any) -> GiftFacts:
    """Make a gift by the form; the browser is on its way to the sheet."""
    key = {"form_key": f"key{len(str(form))}"}
    told = {"occasion": "birthday", "card_kg": "10", "lot": lot.lot_code}
    answer = buyer.post("/gifts", key | told | form)
    assert answer.status_code == 303, answer.text
    assert answer.location.startswith(f"{buyer.phone_url}/phone/pay?")
    return known.list_gifts(buyer.holder_id, 1)[0]


def paid(gift: GiftFacts) -> None:
    """Let the provider say that it is paid, and everything follow."""
    order = gift.order
    with transaction():
        word = PaidWord(order.code, f"T{order.code[:20]}", order.amount_fen, "CNY", clock.now())
        services.payments.record_payment(word)
    settle_all()


def given(buyer: Visitor, lot: Forest, /, **form: Any) -> GiftFacts:
    """The same, paid, retired and checked."""
    gift = make(buyer, lot, **form)
    paid(gift)
    return known.get_gift(buyer.holder_id, gift.code)
