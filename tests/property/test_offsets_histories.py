"""Whatever happens to orders, in whatever order and however often: the books prove, nothing is oversold.

Random histories on real PostgreSQL through the very services that routes and jobs call. All examples
share one database: every later history starts from what the earlier ones left.
"""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from builders import Forest, Person, forest, operator, person
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.accounts import services as accounts
from app.kit import announcements, clock
from app.kit.codes import random_code
from app.kit.database import db
from app.kit.problems import Problem
from app.kit.transaction import transaction
from app.offsets import jobs, queries
from app.offsets.services import dues, orders, payments, refunds, settlement, transfers
from app.offsets.services.orders import Wish
from app.offsets.services.transfers import Statement
from app.offsets.services.words import PaidWord, RefundWord
from app.registry import services as registry
from app.web.queries import proofs_of_all_rooms

STEPS = st.sampled_from(
    [
        "order",
        "order",
        "order",
        "pay",
        "pay",
        "pay",
        "pay-wrong",
        "settle",
        "settle-few",
        "expire",
        "burn",
        "owe",
        "refund",
        "refund-stuck",
        "return",
        "courtesy",
        "transfer",
        "read-transfer",
        "read-transfer",
        "crash",
    ]
)


class Crash(Exception):
    """A process that dies before it commits."""


class History:
    """One database, two villages, three people, and what they may do."""

    def __init__(self, app: Flask) -> None:
        self.people: list[Person] = [person(app) for _ in range(3)]
        self.forests: list[Forest] = []
        self.codes: list[str] = []
        self.amounts: dict[str, int] = {}
        self.now = clock.now()
        self.first, self.second = (operator(app, app.test_client()) for _ in range(2))
        self.transfers: list[tuple[str, int]] = []
        with transaction():
            self.office_id = accounts.open_organisation(self.first, "示例机构").id

    def begin(self) -> None:
        """New villages; what earlier histories left open stays open."""
        self.forests = [forest(300, fee_bp=700), forest(120)]
        self.codes.clear()
        self.transfers.clear()

    def do(self, step: str, dice: int) -> None:
        act: dict[str, Callable[[int], Any]] = {
            "order": self.order,
            "pay": self.pay,
            "pay-wrong": self.pay_wrong,
            "settle": lambda _: jobs.settle_paid(),
            "settle-few": self.settle_few,
            "expire": self.expire,
            "burn": self.burn,
            "owe": self.owe,
            "refund": self.refund,
            "refund-stuck": self.refund_stuck,
            "return": self.return_by_bank,
            "courtesy": self.courtesy,
            "transfer": self.transfer,
            "read-transfer": self.read_transfer,
            "crash": self.crash,
        }
        with clock.frozen(self.now):
            try:
                act[step](dice)
            except (Problem, Crash):
                db.session.rollback()

    def order(self, dice: int) -> None:
        lot = self.forests[dice % 2]
        wish = Wish("personal", quantity_kg=10 * (1 + dice % 7), lot_code=lot.lot_code)
        with transaction():
            order = orders.place_order(self.people[dice % 3].holder_id, wish, timedelta(minutes=15))
        self.codes.append(order.code)
        self.amounts[order.code] = order.amount_fen

    def word(self, dice: int, extra_fen: int = 0) -> PaidWord | None:
        if not self.codes:
            return None
        code = self.codes[dice % len(self.codes)]
        return PaidWord(code, f"T{code}", self.amounts[code] + extra_fen, "CNY", self.now)

    def pay(self, dice: int) -> None:
        if word := self.word(dice):
            with transaction():
                payments.record_payment(word)

    def pay_wrong(self, dice: int) -> None:
        if word := self.word(dice, extra_fen=1):
            with transaction():
                payments.record_payment(word)

    def settle_few(self, dice: int) -> None:
        for lot_id in settlement.lots_waiting():
            with transaction():
                settlement.settle_lot(lot_id, most=1 + dice % 3)

    def expire(self, dice: int) -> None:
        self.now += timedelta(minutes=16)
        with clock.frozen(self.now):
            jobs.watch_unpaid(limit=3)

    def burn(self, dice: int) -> None:
        with transaction():
            registry.cancel_units(self.forests[dice % 2].issuance_id, 10 * (1 + dice % 9), "fire")

    def owe(self, dice: int) -> None:
        with transaction():
            month = f"{clock.business_day():%Y-%m}"
            entries = [("electricity", 1 + dice % 90)]
            dues.open_personal_dues(self.people[dice % 3].holder_id, month, entries)

    def refund(self, dice: int) -> None:
        """WeChat delivers what it has not closed, also when somebody gave up waiting."""
        for refund in queries.list_refunds(1 + dice % 6):
            if refund.channel == "wechat" and refund.opened_at is not None and refund.closed_at is None:
                with transaction():
                    refunds.record_refund(RefundWord(refund.code, "R1", "SUCCESS", refund.amount_fen))

    def stuck(self) -> list[Any]:
        return queries.list_stuck_refunds()

    def refund_stuck(self, dice: int) -> None:
        """WeChat gives up on a refund, or says nothing new of it."""
        status = ("ABNORMAL", "CLOSED", "PROCESSING")[dice % 3]
        for refund in queries.list_refunds(2):
            if refund.channel == "wechat" and refund.opened_at is not None:
                with transaction():
                    refunds.record_refund(RefundWord(refund.code, "R1", status, refund.amount_fen))

    def return_by_bank(self, dice: int) -> None:
        """Two operators send what is stuck another way, or the second one declines."""
        stuck = self.stuck()
        if not stuck:
            return
        code = stuck[dice % len(stuck)].code
        with transaction():
            if dice % 3:
                asked = refunds.request_return(self.first, code, f"OUT{random_code(8)}", "by bank").code
            else:
                asked = refunds.request_again(self.first, code, "again").code
        with transaction():
            (refunds.decline if dice % 7 == 0 else refunds.approve)(self.second, asked)

    def courtesy(self, dice: int) -> None:
        if not self.codes:
            return
        code = self.codes[dice % len(self.codes)]
        reference = f"OUT{random_code(8)}" if dice % 2 else None
        with transaction():
            asked = refunds.request_goodwill(self.first, code, 1 + dice % 40, "a courtesy", reference).code
        with transaction():
            refunds.approve(self.second, asked)

    def transfer(self, dice: int) -> None:
        wish = Wish("organisation", quantity_kg=10 * (1 + dice % 7), lot_code=self.forests[dice % 2].lot_code)
        with transaction():
            order = transfers.place_transfer_order(self.first, self.office_id, wish, timedelta(days=1))
        self.transfers.append((order.code, order.amount_fen))

    def read_transfer(self, dice: int) -> None:
        """One of the operators reads the statement, now and then wrongly."""
        if not self.transfers:
            return
        code, amount_fen = self.transfers[dice % len(self.transfers)]
        read = Statement(
            amount_fen + (dice % 11 == 0), f"IN{code[: 8 - dice % 2]}", clock.business_day(self.now)
        )
        with transaction():
            transfers.confirm_transfer((self.first, self.second)[dice % 2], code, read)

    def crash(self, dice: int) -> None:
        """Everything a settlement does, and then death before the commit."""
        with transaction():
            for lot_id in settlement.lots_waiting():
                settlement.settle_lot(lot_id)
            raise Crash


@pytest.fixture
def history(app: Flask, monkeypatch: pytest.MonkeyPatch) -> History:
    """A world in which no provider is called: payments arrive as words."""
    monkeypatch.setattr(announcements, "ring", lambda: None)
    return History(app)


def test_every_history_leaves_books_that_prove(history: History) -> None:
    @settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    @given(st.lists(st.tuples(STEPS, st.integers(0, 1000)), min_size=5, max_size=40))
    def run(steps: list[tuple[str, int]]) -> None:
        history.begin()
        for step, dice in steps:
            history.do(step, dice)
        db.session.rollback()
        assert [proof for proof in proofs_of_all_rooms() if not proof.holds] == [], steps

    run()
