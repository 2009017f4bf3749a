"""Everything that can happen: one method an act, which says what the application does and the model.

A new flow is one more method with `@act`. An act that changes only the outside world or the clock
does so and returns None.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from math import ceil
from typing import Any, TypeVar

from builders import person
from paying import colleague
from sqlalchemy import text

from app.clients.pay import Refund, Transaction
from app.footprint.queries.kinds import emission_kinds
from app.footprint.rules import HOME_REGION
from app.kit import announcements, clock
from app.kit.database import db
from app.kit.transaction import transaction
from app.offsets import jobs, routes
from app.offsets.provider import paid_word, refund_word
from app.offsets.services import dues, orders, payments, refunds, settlement
from app.offsets.services.orders import Wish
from app.offsets.services.words import PaidWord, RefundWord
from books.acts import Dice, act
from books.desks import Desks
from books.forests import Forests
from books.history import Change, ModelBroken, Step, once
from books.paydays import Paydays
from books.provider import Refusal, Trade, Unknown
from books.records import Order, RefundKey
from books.refund_picture import numbers
from books.world import World

T = TypeVar("T")
START = datetime(2026, 6, 15, 4, 0, tzinfo=UTC)
MONTHS = ("2026-04", "2026-05", "2026-06")
RESERVATION = timedelta(minutes=15)
MOODS = ("well", "well", "well", "silent", "deaf", "dying")
WHEN_REFUNDING = (*MOODS, "poor")
AT_CLOSE = (*MOODS, "paid_at_close", "paid_at_close", "paid_at_close")
REFUND_STATUSES = ("PROCESSING", "SUCCESS", "SUCCESS", "ABNORMAL", "CLOSED")


class Story(Forests, Paydays, Desks):
    """Two people, some villages, a provider, and what they do."""

    def begin(self) -> None:
        """Three villages and two people: one carries grams and is about to pay, one owes and paid late."""
        self.world = World(START)
        self.numbers = count(1)
        with clock.frozen(START):
            self.people = [person(self.app) for _ in range(2)]
            self.operators = [colleague() for _ in range(3)]
        self.world.openids = {each.holder_id: each.openid for each in self.people}
        for number in (0, 1, 2):
            self.play(self.list_forest(Dice(number)))
        carrying, owing = (each.holder_id for each in self.people)
        self.play(self._emission(owing, MONTHS[0], [("electricity", 300)]))
        self.play(self._order(owing, 20, None, None))
        self.world.now += RESERVATION
        self.play(self._look(20))
        self.play(self._order(carrying, 30, None, None))
        for order in list(self.world.orders.values()):
            self.provider.pay(order.code, order.fen, self.world.openids[order.holder])
            self.play(self._notice(self.provider.trades[order.code]))
        self.play(self.settle_all(Dice(0)))
        self.begin_paydays()
        self.begin_desks()
        self.play(self._order(carrying, 10, None, None))
        self.play(self._sheet(max(self.world.orders.values(), key=lambda order: order.id)))

    # -- orders -----------------------------------------------------------------------------------

    @act(6, races=True)
    def place(self, dice: Dice) -> Step:
        """Someone orders, of a lot or of any, by quantity or by money."""
        buyer, named, by_money = dice.of(self.people), dice.upto(4), dice.upto(3) == 2
        lots = list(self.world.lots.values())
        holding = [lot for lot in lots if lot.available_kg and (dice.upto(4) == 0 or not lot.closed)]
        lot = dice.of(holding if holding and dice.upto(16) else lots)
        steps, odd = dice.of((1, 1, 2, 3, 7)), dice.upto(16) == 15
        kg = None if by_money else steps * 10 + odd
        fen = steps * lot.price_fen + odd if by_money else None
        return self._order(buyer.holder_id, kg, fen, lot.id if named else None)

    def _order(self, holder: int, kg: int | None, fen: int | None, lot: int | None) -> Step:
        wish = Wish("personal", kg, fen, self._code_of(lot) if lot else None)
        ids: dict[str, Any] = {"id": 0, "code": ""}

        def do() -> Any:
            with transaction():
                order = orders.place_order(holder, wish, RESERVATION)
            ids.update(id=order.id, code=order.code)
            return order.lot_id, order.quantity_kg, order.amount_fen

        def change(world: World) -> Any:
            order = Order(ids["id"], ids["code"], holder, 0, 0, 0, world.now, world.now + RESERVATION)
            return world.place(order, lot, kg, fen)

        where = f"lot {lot}" if lot else "any lot"
        return Step(f"order {kg} kg or {fen} fen of {where} for {holder}", do, once(change))

    def _code_of(self, lot_id: int) -> str:
        return str(db.session.scalar(text("SELECT code FROM lot WHERE id = :id"), {"id": lot_id}))

    @act(5)
    def open_sheet(self, dice: Dice) -> Step | None:
        """The buyer opens the payment sheet, perhaps again."""
        order = self.orders_or(dice, "reserved", offline=False)
        self.provider.mood = dice.of(MOODS)
        return self._sheet(order) if order else None

    def _sheet(self, order: Order) -> Step:
        trade = self.provider.trades.get(order.code)
        answer = {"silent": "OutsideUnavailable", "deaf": "OutsideUnavailable"}.get(
            self.provider.mood, "sheet"
        )
        if trade and self.provider.mood != "silent" and (trade.paid_at or trade.closed):
            answer = "OrderNotPayable" if trade.paid_at else "PaymentRefused"

        def do() -> str:
            return "sheet" if routes.open_payment(order.holder, order.code) else "nothing"

        def change(world: World) -> str:
            return answer if world.payable(order.id) else "OrderNotPayable"

        return Step(f"open the sheet of order {order.id}, {self.provider.mood}", do, once(change))

    @act(2)
    def watch(self, dice: Dice) -> Step:
        """The sweeper looks at unpaid orders: asks, closes, asks again, lets go."""
        self.provider.mood, limit = dice.of(AT_CLOSE), dice.of((2, 5, 20))
        self.world.now += timedelta(seconds=dice.of((10, 61, 300, 910)))
        return self._look(limit)

    def _look(self, limit: int) -> Step:
        before = [order.id for order in self.world.orders.values() if order.status == "reserved"]

        def changes() -> list[Change]:
            gone = self._seen_expired(before)
            heard = [each for each in self.provider.heard if isinstance(each, Transaction)]
            paid = [self._hearing(paid_word(each)) for each in heard if each.transaction_id]
            return [lambda w: w.let_go(gone), *paid]

        do = lambda: jobs.watch_unpaid(limit)  # noqa: E731
        return Step(f"look at {limit} unpaid orders, {self.provider.mood}", do, changes, job=True)

    def _seen_expired(self, candidates: Sequence[int]) -> list[int]:
        """Which of these orders the database holds as expired; the provider must have ruled payment out."""
        rows = db.session.execute(
            text("SELECT id, code FROM orders WHERE id = ANY(:ids) AND expired_at IS NOT NULL ORDER BY id"),
            {"ids": list(candidates)},
        ).all()
        for row in rows:
            trade = self.provider.trades.get(row.code)
            if trade and trade.terms and (trade.paid_at or not trade.closed):
                raise ModelBroken(f"order {row.id} was let go, and the provider can take or has its money")
        return [row.id for row in rows]

    @act(2, races=True)
    def expire(self, dice: Dice) -> Step | None:
        """An order that the provider knows nothing of is let go: only once its time is over."""
        order = self.orders_or(dice, "reserved")
        if order is None or ((trade := self.provider.trades.get(order.code)) and trade.terms):
            return None
        if dice.upto(2):
            self.world.now = max(self.world.now, order.expires_at)
        work = self.atomic(lambda: orders.expire_order(order.id))
        return Step(f"expire order {order.id}", work, once(lambda w: w.expire(order.id)))

    # -- payments ---------------------------------------------------------------------------------

    @act(5, races=True)
    def pay(self, dice: Dice) -> Step | None:
        """The buyer pays, and the notice comes at once, later, or not at all."""
        order = self.orders_or(dice, dice.of(("reserved", "reserved", "reserved", "expired")), offline=False)
        if order is None:
            return None
        self.provider.now = self.world.now
        self.provider.pay(order.code, order.fen, self.world.openids[order.holder])
        return self._notice(self.provider.trades[order.code]) if dice.upto(4) else None

    @act(2, races=True)
    def hear_payment(self, dice: Dice) -> Step | None:
        """A notice of any payment: late, repeated, out of order."""
        return self._notice(dice.of(self.provider.paid)) if self.provider.paid else None

    def _notice(self, trade: Trade) -> Step:
        word = paid_word(self.provider.transaction(trade))
        return self._word_step(f"a notice of {trade.code[:6]} paid", word)

    @act(4, races=True)
    def hear_wrong(self, dice: Dice) -> Step | None:
        """A verified word that does not fit its order."""
        order = self.orders_or(dice, "reserved", "paid", "settled")
        if order is None:
            return None
        told = [key[2] for key, doubt in self.world.doubts.items() if doubt.held_fen]
        told += [other.transaction for other in self.world.orders.values() if other.transaction]
        again = dice.of(told) if told and dice.upto(2) else None
        right = PaidWord(order.code, f"W{next(self.numbers)}", order.fen, "CNY", self.world.now)
        wrong: dict[str, Any] = dice.of(
            (
                {"amount_fen": order.fen + 1},
                {"amount_fen": order.fen - 1},
                {"currency": "USD"},
                {"payer_openid": "a stranger"},
                {"order_code": "NOSUCHORDER"},
                {"amount_fen": order.fen + 1, "currency": "USD", "payer_openid": "a stranger"},
                *([{}] * 3 if again or order.transaction else [{"amount_fen": 1}]),
            )
        )
        wrong["transaction_id"] = again or right.transaction_id
        word = replace(right, **wrong)
        self.provider.stray(word.order_code, word.amount_fen)
        return self._word_step(f"a wrong word for order {order.id}: {wrong}", word)

    def _word_step(self, name: str, word: PaidWord) -> Step:
        work = self.atomic(lambda: payments.record_payment(word).value)
        return Step(name, work, once(self._hearing(word)))

    def _hearing(self, word: PaidWord) -> Change:
        facts = (word.order_code, word.transaction_id, word.amount_fen, word.currency, word.payer_openid)
        return lambda w: w.hear_payment(*facts)

    # -- settlement -------------------------------------------------------------------------------

    @act(2)
    def settle_all(self, dice: Dice) -> Step:
        """The job that settles whatever waits."""
        waiting = sorted({order.lot for order in self.world.orders.values() if order.status == "paid"})
        runs = [lambda w, lot=lot: w.settle(lot, 1000) for lot in waiting]
        return Step("settle all", jobs.settle_paid, lambda: runs, job=True)

    @act(3, races=True)
    def settle_some(self, dice: Dice) -> Step:
        """One run of at most a few orders of one lot."""
        waiting = sorted({order.lot for order in self.world.orders.values() if order.status == "paid"})
        lot, most = dice.of(waiting or list(self.world.lots)), dice.of((1, 2, 3, 100))

        def work() -> tuple[int, int]:
            run = settlement.settle_lot(lot, most)
            return run.settled, run.refunding

        name, change = f"settle {most} of lot {lot}", once(lambda w: w.settle(lot, most))
        return Step(name, self.atomic(work), change, yields=(0, 0))

    # -- refunds ----------------------------------------------------------------------------------

    @act(8)
    def deliver(self, dice: Dice) -> Step:
        """Refunds that wait are asked for, and asked after."""
        self.provider.mood = dice.of(WHEN_REFUNDING)
        self.provider.refund_status = dice.of(REFUND_STATUSES)
        return self._delivery()

    def _delivery(self) -> Step:
        name = f"deliver, {self.provider.mood}, {self.provider.refund_status}"
        return Step(name, announcements.deliver, self._heard_of_refunds, job=True)

    def _heard_of_refunds(self) -> list[Change]:
        known = {number: key for key, number in numbers().items()}
        changes: list[Change] = []
        for each in self.provider.heard:
            if isinstance(each, Refund):
                changes.append(self._hearing_back(known.get(each.out_refund_no), refund_word(each)))
            elif isinstance(each, Refusal):
                changes.append(lambda w, key=known[each.number]: w.hear_refusal(key))
            elif isinstance(each, Unknown):
                changes.append(lambda w, key=known[each.number]: w.hear_unknown(key))
        return changes

    def _hearing_back(self, key: RefundKey | None, word: RefundWord) -> Change:
        return lambda w: w.hear_refund(key, word.status, word.amount_fen)

    @act(2, races=True)
    def hear_refund(self, dice: Dice) -> Step | None:
        """A notice of a refund: as it stands, or of another amount or number."""
        if not self.provider.refunds:
            return None
        trade, back = dice.of(self.provider.refunds)
        if back.status != "SUCCESS" and dice.upto(3):
            self.provider.succeed(trade, back)
        record = self.provider.refund_record(trade, back)
        odd = dice.upto(5)
        if odd == 3:
            record = replace(record, amount_fen=record.amount_fen + 1)
        if odd == 4:
            record = replace(record, out_refund_no="NOSUCHREFUND")
        return self._refund_notice(record)

    def _refund_notice(self, record: Refund) -> Step:
        word = refund_word(record)
        key = {number: key for key, number in numbers().items()}.get(word.refund_code)
        name = f"a notice of refund {key} {word.status}, {word.amount_fen} fen"
        work = self.atomic(lambda: refunds.record_refund(word))
        return Step(name, work, once(self._hearing_back(key, word)))

    # -- dues and time ----------------------------------------------------------------------------

    @act(6, races=True)
    def owe(self, dice: Dice) -> Step:
        """A month is recorded, or recorded again."""
        holder, month = dice.of(self.people).holder_id, dice.of(MONTHS)
        figures = (("electricity", dice.of((1, 4, 16, 90))), ("gas", 1 + dice.upto(5)))
        entries = dice.of((figures, figures[:1], figures[1:]))
        return self._emission(holder, month, entries)

    def _emission(self, holder: int, month: str, entries: Sequence[tuple[str, int]]) -> Step:
        grams = {kind: self._grams(kind, quantity) for kind, quantity in entries}

        def work() -> str:
            dues.open_personal_dues(holder, month, entries)
            return "owed"

        return Step(
            f"{holder} emitted {grams} in {month}",
            self.atomic(work),
            once(lambda w: w.owe(holder, month, grams)),
        )

    def _grams(self, kind: str, quantity: int) -> int:
        factor = emission_kinds()[kind].find_factor(HOME_REGION)
        assert factor is not None
        return ceil(quantity * factor.value * 1000)

    @act()
    def time_passes(self, dice: Dice) -> None:
        """A moment, or long enough for orders to expire."""
        self.world.now += timedelta(seconds=dice.of((5, 61, 300, 850, 910, 4000)))

    # -- the end ----------------------------------------------------------------------------------

    def rest(self) -> None:
        """The outside is well again, and everything that waits is done: nothing may stay open."""
        for _ in range(4):
            self.world.now += timedelta(hours=1)
            self.provider.mood, self.provider.refund_status = "well", "SUCCESS"
            self.play(self._look(20))
            for trade in self.provider.paid:
                if self._only_a_notice_tells(trade):
                    self.play(self._notice(trade))
            self.play(self.settle_all(Dice(0)))
            self.play(self._delivery())
            self.rest_desks()
            for trade, back in self.provider.refunds:
                key = {number: key for key, number in numbers().items()}[back.number]
                if not self.world.refunds[key].succeeded and not self.world.replacement(key):
                    self.provider.succeed(trade, back)
                    if self.world.refunds[key].stuck:  # nobody asks after it any more
                        self.play(self._refund_notice(self.provider.refund_record(trade, back)))
        self.rest_paydays()
        self.prove_rest()

    def _only_a_notice_tells(self, trade: Trade) -> bool:
        """Whether a payment is one that nobody would ask about: no sheet, or paid when all was over."""
        order = self.world.order_by(trade.code)
        return (
            order is not None and order.transaction is None and (not trade.terms or order.status == "expired")
        )
