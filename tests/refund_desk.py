"""Two operators of finance at their desk, with refunds to ask for and to approve."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from builders import operator
from flask import Flask
from shop import Shop, eventually, paid

from app.kit import clock
from app.kit.problems import Problem
from app.kit.transaction import transaction
from app.offsets import jobs, queries
from app.offsets.services import payments, refunds
from app.offsets.services.words import PaidWord, RefundWord


class Desk:
    """Two operators of finance, and refunds asked for and approved by them."""

    def __init__(self, app: Flask, shop: Shop) -> None:
        self.shop = shop
        self.client = app.extensions["wechat_pay"]
        self.first, self.second = (operator(app, app.test_client(), "finance") for _ in range(2))

    def settled(self, amount_fen: int = 500) -> Any:
        order = self.shop.order(amount_fen=amount_fen)
        self.shop.pay(order)
        eventually(paid(self.shop, order))
        jobs.settle_paid()
        return order

    def give(self, order: Any, amount_fen: int) -> str:
        with transaction():
            code = refunds.request_goodwill(self.first, order["code"], amount_fen, "a courtesy").code
        self.approve(code)
        return code

    def approve(self, code: str) -> None:
        with transaction():
            refunds.approve(self.second, code)

    def late(self) -> tuple[Any, str]:
        """An order that was paid too late, and the code of its refund, not yet sent."""
        order = self.shop.order()
        self.shop.sheet(order)
        with clock.frozen(clock.now() + timedelta(minutes=16)):
            jobs.watch_unpaid()
        with transaction():
            payments.record_payment(PaidWord(order["code"], f"T{order['code']}", 100, "CNY", clock.now()))
        [refund] = queries.list_refunds_of(order["code"])
        return order, refund.code

    def hear(self, code: str, status: str) -> bool:
        with transaction():
            return refunds.record_refund(
                RefundWord(code, f"R{code}"[:32], status, queries.get_refund(code).amount_fen)
            )


def refused(act: Callable[[], Any]) -> str:
    with pytest.raises(Problem) as caught, transaction():
        act()
    return caught.value.code
