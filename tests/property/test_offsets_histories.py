"""Whatever happens to orders, in whatever order and however often: the books prove, nothing is oversold.

Random histories on real PostgreSQL through the very services that routes and jobs call. All examples
share one database: every later history starts from what the earlier ones left.
"""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from builders import Forest, Person, forest, person
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.kit import announcements, clock
from app.kit.database import db
from app.kit.problems import Problem
from app.kit.transaction import transaction
from app.offsets import jobs
from app.offsets.services import dues, orders, payments, settlement
from app.offsets.services.orders import Wish
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

    def begin(self) -> None:
        """New villages; what earlier histories left open stays open."""
        self.forests = [forest(300, fee_bp=700), forest(120)]
        self.codes.clear()

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
        from sqlalchemy import select

        from app.offsets.models import Refund

        for refund in db.session.scalars(select(Refund).where(Refund.succeeded_at.is_(None)).limit(2)).all():
            with transaction():
                payments.record_refund(RefundWord(refund.code, "R1", "SUCCESS", refund.amount_fen))

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
