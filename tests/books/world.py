"""The model: who owes what, who holds which kilograms, each order's state, each holder's money.

Plain dictionaries of frozen records and none of the application's arithmetic: what the application
computes forwards (what is available, short, carried, the seller's share) is derived here from as few
numbers as say it. Each change returns the outcome the application must have, in one word.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Any

from books.ledger import PLATFORM
from books.payouts import Payouts
from books.units import Lot, Units

LEAST_PAY_TIME = timedelta(seconds=60)


@dataclass(frozen=True)
class Order:
    """A purchase and what became of it."""

    id: int
    code: str
    holder: int
    lot: int
    kg: int
    fen: int
    expires_at: datetime
    status: str = "reserved"
    transaction: str | None = None
    due_g: int | None = None
    carry_g: int | None = None


@dataclass(frozen=True)
class Refund:
    """Money on its way back."""

    fen: int
    succeeded: bool = False
    abnormal: bool = False
    closed: bool = False


@dataclass(frozen=True)
class Doubt:
    """A word of payment that did not fit: how often it was heard, and the money held for it."""

    sightings: int = 0
    held_fen: int | None = None


@dataclass
class World(Units, Payouts):
    """Everything the model knows. `net_g` is what a holder owes (positive) or carries (negative)."""

    openids: dict[int, str] = field(default_factory=dict)
    orders: dict[int, Order] = field(default_factory=dict)
    refunds: dict[int, Refund] = field(default_factory=dict)
    doubts: dict[tuple[str, str, str], Doubt] = field(default_factory=dict)
    dues: dict[tuple[int, str, str], int] = field(default_factory=dict)
    net_g: Counter[int] = field(default_factory=Counter)

    def order_by(self, code: str) -> Order | None:
        """The order with this code."""
        return next((order for order in self.orders.values() if order.code == code), None)

    # -- orders -----------------------------------------------------------------------------------

    def place(self, order: Order, lot_id: int | None, kg: int | None, fen: int | None) -> Any:
        """Reserve on the named lot, or on the oldest vintage that has enough."""
        lot = self.lots[lot_id] if lot_id else self.oldest(kg, fen)
        if lot is None:
            return "SoldOut"
        unit, asked = (lot.step_kg, kg) if kg is not None else (lot.price_fen, fen or 0)
        if asked <= 0 or asked % unit:
            return "QuantityNotSold"
        steps = asked // unit
        kg, fen = steps * lot.step_kg, steps * lot.price_fen
        if lot.closed or kg > lot.available_kg:
            return "SoldOut"
        self.lots[lot.id] = replace(lot, reserved_kg=lot.reserved_kg + kg)
        if order.id:
            self.orders[order.id] = replace(order, lot=lot.id, kg=kg, fen=fen)
        return lot.id, kg, fen

    def payable(self, order_id: int) -> bool:
        """Whether a payment sheet may be opened."""
        order = self.orders[order_id]
        return order.status == "reserved" and order.expires_at >= self.now + LEAST_PAY_TIME

    def expire(self, order_id: int) -> bool:
        """Let an unpaid order go, once its time is over."""
        order = self.orders[order_id]
        if order.status != "reserved" or order.expires_at > self.now:
            return False
        self.orders[order_id] = replace(order, status="expired")
        self.end_promise(order.lot, order.kg)
        return True

    def let_go(self, order_ids: Iterable[int]) -> None:
        """Orders were seen to have expired: each of them must have been allowed to."""
        for order_id in order_ids:
            assert self.orders[order_id].status == "expired" or self.expire(order_id), (
                f"order {order_id} expired"
            )

    # -- money ------------------------------------------------------------------------------------

    def hear_payment(self, code: str, transaction: str, fen: int, currency: str, payer: str | None) -> str:
        """A verified word of payment, from a notice or a query."""
        order = self.order_by(code)
        if order is None:
            return self._doubt(code, transaction, fen, currency, ["unknown_order"], "unknown")
        wrong = {
            "second_transaction": order.transaction not in (None, transaction),
            "currency": currency != "CNY",
            "amount": fen != order.fen,
            "payer": payer not in (None, self.openids[order.holder]),
        }
        found = [name for name, is_so in wrong.items() if is_so]
        if order.transaction is not None and not found:
            return "duplicate"
        if not found and transaction in self._held():
            found = ["held_transaction"]
        if not found and transaction in self._credited():
            found = ["reused_transaction"]
        if found:
            return self._doubt(code, transaction, fen, currency, found, "mismatch")
        late = order.status == "expired"
        self.orders[order.id] = replace(order, transaction=transaction, status="paid")
        self.move("receive_payment", (PLATFORM, "provider"), (PLATFORM, "clearing"), fen)
        if late:
            self._send_back(order.id)
        return "late" if late else "paid"

    def _doubt(
        self, code: str, transaction: str, fen: int, currency: str, names: Iterable[str], outcome: str
    ) -> str:
        """Keep a doubt for each thing that is wrong; money that is ours is held once, and never credited."""
        for name in names:
            doubt = self.doubts.get((name, code, transaction), Doubt())
            ours = currency == "CNY" and name not in ("unknown_order", "reused_transaction")
            if ours and transaction not in self._held() | self._credited():
                self.move("hold_doubt", (PLATFORM, "provider"), (PLATFORM, "suspense"), fen)
                doubt = replace(doubt, held_fen=fen)
            self.doubts[name, code, transaction] = replace(doubt, sightings=doubt.sightings + 1)
        return outcome

    def _held(self) -> set[str]:
        return {key[2] for key, doubt in self.doubts.items() if doubt.held_fen}

    def _credited(self) -> set[str]:
        return {order.transaction for order in self.orders.values() if order.transaction}

    def _send_back(self, order_id: int) -> None:
        order = self.orders[order_id]
        self.orders[order_id] = replace(order, status="refunding")
        self.refunds[order_id] = Refund(order.fen)

    def hear_refund(self, order_id: int | None, status: str, fen: int) -> bool:
        """The provider's word on an order's refund; None for a number we do not know."""
        refund = self.refunds.get(order_id or 0)
        if refund is None or refund.succeeded or order_id is None:
            return False
        if status == "SUCCESS" and fen == refund.fen:
            self.refunds[order_id] = replace(refund, succeeded=True)
            self.orders[order_id] = replace(self.orders[order_id], status="refunded")
            self.move("refund", (PLATFORM, "clearing"), (PLATFORM, "provider"), fen)
            return True
        if status == "CLOSED":
            self.refunds[order_id] = replace(refund, closed=True)
        elif status != "PROCESSING":
            self.refunds[order_id] = replace(refund, abnormal=True)
        return False

    # -- settlement -------------------------------------------------------------------------------

    def waiting(self, lot_id: int) -> list[int]:
        """Paid orders of a lot, oldest first."""
        return sorted(o.id for o in self.orders.values() if o.lot == lot_id and o.status == "paid")

    def settle(self, lot_id: int, most: int) -> tuple[int, int]:
        """The longest beginning of what waits that the block still holds is settled, the rest goes back."""
        settled, fits = 0, True
        claimed = self.waiting(lot_id)[:most]
        for order_id in claimed:
            order, lot = self.orders[order_id], self.lots[lot_id]
            fits = fits and order.kg <= lot.block_kg
            self.end_promise(lot_id, order.kg, order.kg if fits else 0)
            if fits:
                self._settle(order, lot)
                settled += 1
            else:
                self._send_back(order_id)
        return settled, len(claimed) - settled

    def _settle(self, order: Order, lot: Lot) -> None:
        grams = order.kg * 1000
        due_g = min(grams, max(self.net_g[order.holder], 0))
        self.net_g[order.holder] -= grams
        self.orders[order.id] = replace(order, status="settled", due_g=due_g, carry_g=grams - due_g)
        issuance = self.issuances[lot.issuance]
        self.issuances[lot.issuance] = replace(issuance, retired_kg=issuance.retired_kg + order.kg)
        units = (lot.seller, "units")
        self.move("retire", units, (order.holder, "due_personal"), due_g)
        self.move("retire_surplus", units, (order.holder, "carry_personal"), grams - due_g)
        village, fee = (int(order.fen * Fraction(bp, 10_000)) for bp in (lot.village_bp, lot.fee_bp))
        clearing = (PLATFORM, "clearing")
        self.move("credit_seller", clearing, (lot.seller, "payable"), order.fen - village - fee)
        self.move("credit_village", clearing, (lot.village or lot.seller, "payable"), village)
        self.move("take_fee", clearing, (PLATFORM, "fees"), fee)

    # -- dues -------------------------------------------------------------------------------------

    def owe(self, holder: int, month: str, emitted_g: dict[str, int]) -> str:
        """A month's kinds as they stand now; what is owed is closed from what is carried, and back."""
        due, carry = (holder, "due_personal"), (holder, "carry_personal")
        for kind, grams in emitted_g.items():
            change = grams - self.dues.get((holder, month, kind), 0)
            carried = max(-self.net_g[holder], 0)
            self.dues[holder, month, kind] = grams
            self.net_g[holder] += change
            self.move("open_due", due, (PLATFORM, "atmosphere_emitted"), max(change, 0))
            self.move("reduce_due", (PLATFORM, "atmosphere_emitted"), due, max(-change, 0))
            freed = max(-self.net_g[holder], 0) - carried
            self.move("carry_over", carry, due, max(-freed, 0))
            self.move("return_to_carry", due, carry, max(freed, 0))
        return "owed"
