"""Random histories of one shop's items: whatever people and operators do, stock, points and money add up."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from builders import person
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from redeeming import Counter, remaining
from rewarding import assert_covered, balances, with_points

from app.kit import clock
from app.kit.database import db
from app.kit.problems import Problem
from app.kit.transaction import transaction
from app.rewards.jobs.redemptions import conclude_redemptions, tend_redemptions
from app.rewards.queries.redemptions import list_redemptions, read_voucher
from app.rewards.rules.items import Kind, Supply
from app.rewards.rules.redemptions import Step
from app.rewards.services import redemptions, returns, vouchers
from app.rewards.services.redemptions import Address

ACTS = ("redeem", "redeem", "redeem", "use", "return", "send", "receive", "complain", "give back", "wait")
STOCK, PURSE = 4, 900
moves = st.lists(
    st.tuples(st.sampled_from(ACTS), st.integers(0, 5), st.integers(0, 2)), min_size=12, max_size=30
)


class Shop:
    """One shop with an item of every kind but the partner's, two customers, and what they may try."""

    def __init__(self, app: Flask, counter: Counter) -> None:
        counter.move()
        self.counter, self.now = counter, clock.now()
        self.items = (
            self.counter.offer(stock=STOCK),
            self.counter.codes(*(f"CODE-{each}" for each in range(STOCK))),
            self.counter.offer(kind=Kind.GOODS, supply=Supply.DELIVERY, stock=STOCK),
        )
        self.people = [person(app).holder_id for _ in range(2)]
        for each in self.people:
            with_points(each, PURSE)
        self.acts: dict[str, Callable[[int, int], Any]] = {
            "redeem": self.redeem,
            "use": self.use,
            "return": lambda who, _: redemptions.return_redemption(who, self.any(who).row.code),
            "receive": lambda who, _: redemptions.receive(who, self.any(who).row.code),
            "complain": lambda who, _: redemptions.complain(who, self.any(who).row.code, "坏的"),
            "send": self.send,
            "give back": self.give_back,
        }

    def any(self, who: int) -> Any:
        """One of their redemptions, the pick of this move."""
        held = list_redemptions(who, 50)
        if not held:
            raise Nothing
        return held[self.pick % len(held)]

    def redeem(self, who: int, which: int) -> None:
        address = Address("某", "13800138000", "示例路 8 号") if which == 2 else None
        redemptions.redeem(who, self.items[which], address)

    def use(self, who: int, _: int) -> None:
        voucher = read_voucher(self.any(who).row)
        if voucher is None:
            raise Nothing
        vouchers.use_voucher(self.any(who).facts.item.giver_id, who, voucher.code)

    def send(self, who: int, _: int) -> None:
        returns.send_parcel(self.counter.first, self.any(who).row.code, "示例速运", "1")

    def give_back(self, who: int, _: int) -> None:
        code = self.any(who).row.code
        returns.request_return(self.counter.first, code, "核实")
        returns.decide_return(self.counter.second, code, approved=True)

    def play(self, act: str, pick: int, which: int) -> None:
        """One move; what is refused changes nothing."""
        self.pick = pick
        with clock.frozen(self.now):
            if act == "wait":
                self.now += timedelta(days=(1, 9, 40)[which])
            else:
                try:
                    with transaction():
                        self.acts[act](self.people[pick % 2], which)
                except (Problem, Nothing):
                    db.session.rollback()
        with clock.frozen(self.now):
            conclude_redemptions()
            tend_redemptions()

    def assert_adds_up(self) -> None:
        """Nothing was given out twice or lost: every item, every purse, and what the shop is owed."""
        assert_covered()
        db.session.rollback()
        held = [each for who in self.people for each in list_redemptions(who, 100)]
        for item in self.items:
            taken = sum(each.facts.item.code == item and not each.row.restocked for each in held)
            assert remaining(item) == STOCK - taken
        done = sum(each.row.points for each in held if each.step is Step.DONE)
        assert self.counter.owed_fen() == done
        bound = sum(each.row.points for each in held if each.step in (Step.RESERVED, Step.FULFILLED))
        points = [balances(who) for who in self.people]
        assert sum(each.reserved for each in points) == bound
        assert sum(each.active for each in points) == 2 * PURSE - done - bound
        codes = [voucher.code for each in held if (voucher := read_voucher(each.row))]
        assert len(codes) == len(set(codes))


class Nothing(Exception):
    """There is nothing to do this with."""


@pytest.fixture
def counter(app: Flask) -> Counter:
    return Counter(app)


@settings(
    max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], database=None
)
@given(moves)
def test_whatever_happens_stock_points_and_money_add_up(
    app: Flask, counter: Counter, history: list[tuple[str, int, int]]
) -> None:
    shop = Shop(app, counter)
    for move in history:
        shop.play(*move)
    shop.assert_adds_up()
