"""Operators at their desks: refunds by hand, transfers read at the bank, doubts explained."""

from datetime import timedelta
from itertools import count
from typing import Any

from builders import Person
from sqlalchemy import text

from app.accounts import services as accounts
from app.kit.database import db
from app.offsets.services import doubts, refunds, transfers
from app.offsets.services.orders import Wish
from app.offsets.services.transfers import Statement
from books.acts import Dice, act
from books.history import Change, History, Step, once
from books.records import Order, RefundKey
from books.refund_picture import numbers
from books.world import World, shanghai

TRANSFER_TIME = timedelta(hours=2)


class Desks(History):
    """What operators do with money that is not where it should be."""

    numbers: "count[int]"
    operators: list[int]
    people: list[Person]
    organisation: int

    def begin_desks(self) -> None:
        """An organisation that pays by bank."""
        self.organisation = self.atomic(
            lambda: accounts.open_holder("organisation", "示例单位", "350700").id
        )()

    def orders_or(self, dice: Dice, *statuses: str, offline: bool | None = None) -> Order | None:
        """One of the orders, of those that stand at `statuses` mostly; only offline ones, or none of them."""
        known = [each for each in self.world.orders.values() if offline in (None, each.offline)]
        fitting = [order for order in known if order.status in statuses]
        found = fitting if fitting and dice.upto(8) else known
        return dice.of(found) if found else None

    # -- refunds ----------------------------------------------------------------------------------

    @act(3, races=True)
    def give_back(self, dice: Dice) -> Step | None:
        """An operator asks for a part of a settled order to go back from the fees."""
        order = self.orders_or(dice, "settled")
        if order is None:
            return None
        operator, fen = dice.of(self.operators), dice.of((1, 2, 5, 10, order.fen // 2 + 1, order.fen))
        by_bank = order.bank if dice.upto(8) else not order.bank
        reference = self._reference(dice) if by_bank else None
        work = lambda: refunds.request_goodwill(operator, order.code, fen, "示例", reference)  # noqa: E731
        return self._request(
            f"{operator} asks to give back {fen} fen of order {order.id} by {reference or 'WeChat'}",
            work,
            lambda w: w.request_goodwill(operator, order.id, fen, reference),
        )

    @act(2, races=True)
    def give_back_doubt(self, dice: Dice) -> Step | None:
        """An operator asks for money that is held in doubt to go back."""
        if not self.world.doubts:
            return None
        held = [key for key, doubt in self.world.doubts.items() if doubt.held_fen]
        key = dice.of(held if held and dice.upto(8) else list(self.world.doubts))
        doubt, operator = self.world.doubts[key], dice.of(self.operators)
        by_bank = doubt.bank if dice.upto(8) else not doubt.bank
        reference, doubt_id = self._reference(dice) if by_bank else None, self._doubt_id(key)
        return self._request(
            f"{operator} asks to give back doubt {key} by {reference or 'WeChat'}",
            lambda: refunds.request_doubt_refund(operator, doubt_id, "示例", reference),
            lambda w: w.request_doubt_refund(operator, key, reference),
        )

    @act(5, races=True)
    def replace_refund(self, dice: Dice) -> Step | None:
        """An operator asks for another way, or another number, in the place of a refund that is stuck."""
        fitting = [
            key
            for key, each in self.world.refunds.items()
            if each.stuck or (each.unheard and (each.bank or each.refused))
        ]
        known = fitting if dice.upto(8) else list(self.world.refunds)
        if not known:
            return None
        key, operator = dice.of(known), dice.of(self.operators)
        by_bank = dice.upto(3) or not self.world.refunds[key].closed
        return self._instead(key, operator, self._reference(dice) if by_bank else None)

    def _instead(self, key: RefundKey, operator: int, reference: str | None) -> Step:
        code = numbers()[key]

        def work() -> object:
            if reference is None:
                return refunds.request_again(operator, code, "示例")
            return refunds.request_return(operator, code, reference, "示例")

        name = f"{operator} asks to replace refund {key} by {reference or 'a new number'}"
        return self._request(name, work, lambda w: w.request_instead(operator, key, reference))

    def _request(self, name: str, work: Any, change: Change) -> Step:
        return Step(name, self.atomic(lambda: work() and "requested"), once(change))

    @act(6, races=True)
    def decide(self, dice: Dice) -> Step | None:
        """An operator approves or declines a refund, mostly one that waits for it."""
        waiting = [key for key, refund in self.world.refunds.items() if refund.requested]
        known = waiting if dice.upto(12) else list(self.world.refunds)
        if not known:
            return None
        key, operator = dice.of(known), dice.of(self.operators)
        return self._decision(key, operator, approving=bool(dice.upto(5)))

    def _decision(self, key: RefundKey, operator: int, *, approving: bool) -> Step:
        code = numbers()[key]

        def work() -> str:
            if approving:
                refunds.approve(operator, code)
                return "opened"
            refunds.decline(operator, code)
            return "declined"

        def change(world: World) -> str:
            return world.approve_refund(operator, key) if approving else world.decline_refund(operator, key)

        name = f"{operator} {'approves' if approving else 'declines'} refund {key}"
        return Step(name, self.atomic(work), once(change))

    @act()
    def ask_after_refund(self, dice: Dice) -> Step | None:
        """An operator has the provider asked at once."""
        known = list(self.world.refunds)
        if not known:
            return None
        key, operator = dice.of(known), dice.of(self.operators)
        code = numbers()[key]
        work = self.atomic(lambda: refunds.ask_now(operator, code) and "asked")
        return Step(f"{operator} asks after refund {key}", work, once(lambda w: w.ask_now(key)))

    def _reference(self, dice: Dice) -> str:
        """A bank reference, mostly one that nothing bears yet."""
        used = sorted({ref for *_, ref in self.world.readings} - {""})
        used += [each.reference for each in self.world.refunds.values() if each.reference]
        return dice.of(used).lower() if used and not dice.upto(10) else f"b{next(self.numbers)}"

    # -- doubts -----------------------------------------------------------------------------------

    @act(races=True)
    def explain_doubt(self, dice: Dice) -> Step | None:
        """An operator explains a doubt, perhaps one that was explained before."""
        if not self.world.doubts:
            return None
        key, operator = dice.of(list(self.world.doubts)), dice.of(self.operators)
        doubt_id = self._doubt_id(key)
        work = self.atomic(lambda: doubts.resolve(doubt_id, operator, "示例") or "resolved")
        return Step(f"{operator} explains doubt {key}", work, once(lambda w: w.resolve_doubt(operator, key)))

    def _doubt_id(self, key: tuple[str, str, str]) -> int:
        wanted = text(
            "SELECT id FROM payment_doubt WHERE (name, order_code, transaction_id) = (:name, :code, :paid)"
        )
        doubt_id = db.session.scalar(wanted, dict(zip(("name", "code", "paid"), key, strict=True)))
        db.session.rollback()
        assert doubt_id is not None
        return int(doubt_id)

    # -- bank transfers ---------------------------------------------------------------------------

    @act(2, races=True)
    def order_offline(self, dice: Dice) -> Step | None:
        """An operator places an organisation's order, to be paid by bank."""
        operator, kg = dice.of(self.operators), dice.of((10, 20, 50))
        wish, ids = Wish("personal", kg), {"id": 0, "code": ""}

        def work() -> Any:
            order = transfers.place_transfer_order(operator, self.organisation, wish, TRANSFER_TIME)
            ids.update(id=order.id, code=order.code)
            return order.lot_id, order.quantity_kg, order.amount_fen

        def change(world: World) -> Any:
            now, (number, code) = world.now, (int(ids["id"]), str(ids["code"]))
            order = Order(number, code, self.organisation, 0, 0, 0, now, now + TRANSFER_TIME, offline=True)
            return world.place(order, None, kg, None)

        return Step(f"{operator} orders {kg} kg offline", self.atomic(work), once(change))

    @act(8, races=True)
    def read_bank(self, dice: Dice) -> Step | None:
        """An operator reads a transfer at the bank: mostly the one that another has read."""
        order = self.orders_or(dice, "reserved", "expired", offline=True)
        if order is None:
            return None
        operator, today = dice.of(self.operators), shanghai(self.world.now)
        read = Statement(
            order.fen + dice.of((0, 0, 0, 0, 0, 1, -1)),
            self._reference(dice),
            today - timedelta(days=dice.of((0, 0, 0, 0, 0, 0, 1, 1, 40, -1))),
        )
        others = [
            Statement(it.fen, reference, it.day)
            for (order_id, by, reference), it in self.world.readings.items()
            if order_id == order.id and by != operator and not it.agreed
        ]
        return self._reading(order, operator, others[0] if others and dice.upto(8) else read)

    def _reading(self, order: Order, operator: int, read: Statement) -> Step:
        def work() -> str | None:
            outcome = transfers.confirm_transfer(operator, order.code, read)
            return None if outcome is None else outcome.value

        facts = (order.id, read.amount_fen, read.bank_reference, read.received_on)
        name = f"{operator} reads at the bank for order {order.id}: {read}"
        return Step(name, self.atomic(work), once(lambda w: w.confirm_transfer(operator, *facts)))

    @act(races=True)
    def take_back_reading(self, dice: Dice) -> Step | None:
        """An operator takes back what they have read."""
        order = self.orders_or(dice, "reserved", "expired", offline=True)
        if order is None:
            return None
        operator = dice.of(self.operators)
        work = self.atomic(lambda: transfers.take_back(operator, order.code) or "taken back")
        name = f"{operator} takes back what they read for order {order.id}"
        return Step(name, work, once(lambda w: w.take_back_reading(operator, order.id)))

    # -- the end ----------------------------------------------------------------------------------

    def rest_desks(self) -> None:
        """Whatever waits for people is decided, and what has no way left gets one."""
        for key, refund in list(self.world.refunds.items()):
            if refund.unheard and refund.bank and not self.world.replacement(key):
                self.play(self._instead(key, self.operators[0], f"b{next(self.numbers)}"))
        for key, refund in list(self.world.refunds.items()):
            second = next(each for each in self.operators if each != refund.requested_by)
            stuck = self.world.refunds[refund.replaces] if refund.replaces else None
            # What was refused once is tried once more; what may not be approved is declined.
            again = stuck is not None and stuck.unheard and not stuck.bank
            for approving in (not again, again):
                if self.world.refunds[key].requested:
                    self.play(self._decision(key, second, approving=approving))
