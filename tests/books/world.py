"""The model: who owes what, who holds which kilograms, each order's state, each holder's money.

Plain dictionaries of frozen records and none of the application's arithmetic: what the application
computes forwards (what is available, short, carried, the seller's share) is derived here from as few
numbers as say it. Each change returns the outcome the application must have, in one word.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

from books.ledger import PLATFORM
from books.payouts import Payouts
from books.records import Doubt, Order, Reading
from books.returns import Returns
from books.units import Lot

LEAST_PAY_TIME = timedelta(seconds=60)
PAID_AHEAD = timedelta(days=7)


def shanghai(at: datetime) -> date:
    """The business day of a moment."""
    return at.astimezone(ZoneInfo("Asia/Shanghai")).date()


@dataclass
class World(Returns, Payouts):
    """Everything the model knows. `net_g` is what a holder owes (positive) or carries (negative)."""

    openids: dict[int, str] = field(default_factory=dict)
    dues: dict[tuple[int, str, str], int] = field(default_factory=dict)
    net_g: Counter[int] = field(default_factory=Counter)
    readings: dict[tuple[int, int, str], Reading] = field(default_factory=dict)

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

    def hear_payment(
        self, code: str, transaction: str, fen: int, currency: str, payer: str | None, *, bank: bool = False
    ) -> str:
        """A verified word of payment, from a notice, a query, or two operators at the bank."""
        order = self.order_by(code)
        if order is None:
            return self._doubt(code, transaction, fen, currency, ["unknown_order"], "unknown", bank)
        wrong = {
            "second_transaction": order.transaction not in (None, transaction),
            "currency": currency != "CNY",
            "amount": fen != order.fen,
            "payer": payer not in (None, self.openids.get(order.holder, "")),
        }
        found = [name for name, is_so in wrong.items() if is_so]
        if order.transaction is not None and not found:
            return "duplicate"
        if not found and transaction in self._held():
            found = ["held_transaction"]
        if not found and transaction in self._credited():
            found = ["reused_transaction"]
        if found:
            return self._doubt(code, transaction, fen, currency, found, "mismatch", bank)
        late = order.status == "expired"
        self.orders[order.id] = replace(order, transaction=transaction, status="paid", bank=bank)
        entry, outside = ("receive_transfer", "bank") if bank else ("receive_payment", "provider")
        self.move(entry, (PLATFORM, outside), (PLATFORM, "clearing"), fen)
        if late:
            self.send_back(order.id)
        return "late" if late else "paid"

    def _doubt(
        self,
        code: str,
        transaction: str,
        fen: int,
        currency: str,
        names: Iterable[str],
        outcome: str,
        bank: bool,
    ) -> str:
        """Keep a doubt for each thing that is wrong; money that is ours is held once, and never credited."""
        entry, outside = ("hold_transfer_doubt", "bank") if bank else ("hold_doubt", "provider")
        for name in names:
            doubt = self.doubts.get((name, code, transaction), Doubt(bank))
            ours = currency == "CNY" and name not in ("unknown_order", "reused_transaction")
            if ours and transaction not in self._held() | self._credited():
                self.move(entry, (PLATFORM, outside), (PLATFORM, "suspense"), fen)
                doubt = replace(doubt, held_fen=fen)
            self.doubts[name, code, transaction] = replace(doubt, sightings=doubt.sightings + 1)
        return outcome

    def resolve_doubt(self, operator: int, key: tuple[str, str, str]) -> str:
        """An operator explains a doubt; its money stays where it is."""
        if self.doubts[key].resolved_by is not None:
            return "DoubtResolved"
        self.doubts[key] = replace(self.doubts[key], resolved_by=operator)
        return "resolved"

    def _held(self) -> set[str]:
        return {key[2] for key, doubt in self.doubts.items() if doubt.held_fen}

    def _credited(self) -> set[str]:
        return {order.transaction for order in self.orders.values() if order.transaction}

    # -- bank transfers ---------------------------------------------------------------------------

    def confirm_transfer(self, operator: int, order_id: int, fen: int, reference: str, day: date) -> Any:
        """What an operator has read at the bank: a payment once a second one has read the same."""
        order, reference = self.orders[order_id], reference.upper()
        known = self._held() | self._credited()
        elsewhere = any(ref == reference and read != order_id for read, _, ref in self.readings)
        if not shanghai(order.reserved_at) - PAID_AHEAD <= day <= shanghai(self.now):
            return "TransferDay"
        if f"bank:{reference}" in known or elsewhere:
            return "BankReferenceUsed"
        unagreed = {key: it for key, it in self.readings.items() if key[0] == order_id and not it.agreed}
        others = {key: it for key, it in unagreed.items() if key[1] != operator}
        read = Reading(fen, day)
        if any((key[2], it) != (reference, read) for key, it in others.items()):
            return "TransferDiffers"
        self.readings = {key: it for key, it in self.readings.items() if key not in unagreed or key in others}
        self.readings[order_id, operator, reference] = read
        if not others:
            return None
        for key in (*others, (order_id, operator, reference)):
            self.readings[key] = replace(read, agreed=True)
        return self.hear_payment(order.code, f"bank:{reference}", fen, "CNY", None, bank=True)

    def take_back_reading(self, operator: int, order_id: int) -> str:
        """An operator takes back what nobody else has read yet."""
        mine = [k for k, it in self.readings.items() if k[:2] == (order_id, operator) and not it.agreed]
        self.readings = {key: it for key, it in self.readings.items() if key not in mine}
        return "taken back" if mine else "TransferMoved"

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
                self.send_back(order_id)
        return settled, len(claimed) - settled

    def _settle(self, order: Order, lot: Lot) -> None:
        grams = order.kg * 1000
        due_g = min(grams, max(self.net_g[order.holder], 0))
        self.net_g[order.holder] -= grams
        self.orders[order.id] = replace(order, status="settled", due_g=due_g, carry_g=grams - due_g)
        issuance = self.issuances[lot.issuance]
        self.issuances[lot.issuance] = replace(issuance, retired_kg=issuance.retired_kg + order.kg)
        units = (lot.seller, "units")
        self.move("retire", units, (order.holder, "due"), due_g)
        self.move("retire_surplus", units, (order.holder, "carry"), grams - due_g)
        village, fee = (int(order.fen * Fraction(bp, 10_000)) for bp in (lot.village_bp, lot.fee_bp))
        clearing = (PLATFORM, "clearing")
        self.move("credit_seller", clearing, (lot.seller, "payable"), order.fen - village - fee)
        self.move("credit_village", clearing, (lot.village or lot.seller, "payable"), village)
        self.move("take_fee", clearing, (PLATFORM, "fees"), fee)

    # -- dues -------------------------------------------------------------------------------------

    def owe(self, holder: int, month: str, emitted_g: dict[str, int]) -> str:
        """A month's kinds as they stand now; what is owed is closed from what is carried, and back."""
        due, carry = (holder, "due"), (holder, "carry")
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
