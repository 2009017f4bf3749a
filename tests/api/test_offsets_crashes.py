"""Every call to WeChat Pay, met by every misfortune: whatever happens at it, one outcome is left.

The notices are lost in all of these stories, so that our own calls alone must find the way.
"""

import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import requests
from flask import Flask
from shop import Shop, assert_books_prove
from werkzeug.test import TestResponse

from app.kit import announcements, clock
from app.kit.database import db
from app.kit.transaction import transaction
from app.offsets import jobs
from app.offsets.services import orders, payments, refunds

PATHS = {
    "prepay": "/v3/pay/transactions/jsapi",
    "query": "/v3/pay/transactions/out-trade-no/{code}",
    "close": "/v3/pay/transactions/out-trade-no/{code}/close",
    "refund": "/v3/refund/domestic/refunds",
    "query_refund": "/v3/refund/domestic/refunds/",
}
PAID, EXPIRED = (payments, "record_payment"), (orders, "expire_order")
REFUNDED = (refunds, "record_refund")
STORIES: dict[str, tuple[str, str, tuple[Any, str]]] = {
    "the sheet is opened": ("prepay", "settled", PAID),
    "a lost notice is asked after": ("query", "settled", PAID),
    "nobody pays": ("close", "expired", EXPIRED),
    "nobody pays and the first question fails": ("query", "expired", EXPIRED),
    "the payment comes between question and close": ("close", "settled", PAID),
    "a late payment goes back": ("refund", "refunded", REFUNDED),
    "a refund is asked after": ("query_refund", "refunded", REFUNDED),
}
"""Which call the misfortune is at, how it ends, and what is recorded after the call."""
MINUTE_S = 0.7
"""A minute at the simulator, whose clock runs a hundredfold: so long a refund takes."""
FAULTS = ("reset", "lost_answer", "http_500", "killed_before", "killed_after", "killed_recording")


class Killed(BaseException):
    """The process is gone: nothing catches this."""


class Story:
    """One order on its way, and one misfortune at one call."""

    def __init__(self, app: Flask, shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
        self.shop, self.monkeypatch = shop, monkeypatch
        self.pay_client = app.extensions["wechat_pay"]
        self.order: Any = None
        self.at = clock.now()
        self.met = 0

    def meet(self, name: str, fault: str) -> None:
        """Let the next call of the story meet `fault`, once."""
        call, _, recording = STORIES[name]
        if not fault.startswith("killed"):
            path = PATHS[call].format(code=self.order["code"])
            self.shop.control("faults", kind=fault, path=path, count=1)
            self._count(self.pay_client, call)
        elif fault == "killed_recording":
            self._kill(*recording, before=False)
        else:
            self._kill(self.pay_client, call, before=fault == "killed_before")

    def _count(self, owner: Any, name: str) -> None:
        real = getattr(owner, name)

        def counted(*args: Any, **kwargs: Any) -> Any:
            self.met += 1
            return real(*args, **kwargs)

        self.monkeypatch.setattr(owner, name, counted)

    def _kill(self, owner: Any, name: str, *, before: bool) -> None:
        real = getattr(owner, name)

        def dies_once(*args: Any, **kwargs: Any) -> Any:
            self.met += 1
            if self.met > 1:
                return real(*args, **kwargs)
            if not before:
                real(*args, **kwargs)
            raise Killed

        self.monkeypatch.setattr(owner, name, dies_once)

    def survive(self, act: Callable[[], Any]) -> Any:
        """Act; whoever dies of it comes back with a fresh connection."""
        try:
            return act()
        except Killed:
            db.session.remove()
            return None

    def open_sheet(self) -> TestResponse | None:
        path = f"/v1/orders/{self.order['code']}/payment"
        found: TestResponse | None = self.survive(
            lambda: self.shop.client.post(path, headers=self.shop.buyer.auth)
        )
        return found

    def pay(self) -> None:
        """At WeChat, without a word to us."""
        self.shop.control("pay_late", out_trade_no=self.order["code"])

    def pass_time(self, minutes: int = 2, rounds: int = 1) -> None:
        """What the sweeper does, again and again."""
        for _ in range(rounds):
            self.at += timedelta(minutes=minutes)
            with clock.frozen(self.at):
                for chore in (jobs.watch_unpaid, announcements.deliver, jobs.settle_paid):
                    self.survive(chore)

    def expire(self) -> None:
        self.pass_time(minutes=16, rounds=2)
        assert self.shop.read(self.order)["status"] == "expired"

    def hear_late(self) -> None:
        """WeChat repeats the notice of a payment that came too late."""
        answer = self.pay_client.query(self.order["code"])
        with transaction():
            payments.record_payment(jobs.paid_word(answer))


def tell(story: Story, name: str, fault: str) -> None:
    """Play the story up to where the misfortune waits, and on from there."""
    call = STORIES[name][0]
    story.order = story.shop.order()
    if call == "prepay":
        story.meet(name, fault)
        story.open_sheet()
        answer = story.open_sheet()
        assert answer is not None
        assert answer.status_code == 200, answer.text
        story.pay()
        return
    assert story.open_sheet() is not None
    if name == "a lost notice is asked after":
        story.pay()
        story.meet(name, fault)
    elif name.startswith("nobody pays"):
        story.at += timedelta(minutes=16)
        story.meet(name, fault)
    elif call == "close":
        story.at += timedelta(minutes=16)
        _pay_after_first_question(story)
        story.meet(name, fault)
    else:
        story.expire()
        story.pay()
        story.hear_late()
        story.meet(name, fault)


def _pay_after_first_question(story: Story) -> None:
    real = story.pay_client.query
    asked = []

    def query(code: str) -> Any:
        answer = real(code)
        if not asked:
            asked.append(code)
            story.pay()
        return answer

    story.monkeypatch.setattr(story.pay_client, "query", query)


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("name", STORIES)
def test_a_crash_anywhere_leaves_one_outcome(
    app: Flask, shop: Shop, monkeypatch: pytest.MonkeyPatch, name: str, fault: str
) -> None:
    monkeypatch.setattr(announcements, "ring", lambda: None)
    shop.control("faults", kind="drop_notice", path="notice", count=99)
    story = Story(app, shop, monkeypatch)
    tell(story, name, fault)
    story.pass_time(rounds=4)
    if STORIES[name][1] == "refunded":
        time.sleep(MINUTE_S)
    story.pass_time(minutes=15, rounds=2)
    assert story.met >= 1, "the misfortune was met"
    told = requests.get(f"{shop.phone.base_url}/control/state", timeout=5).json()
    assert [each for each in told["faults"] if each["kind"] != "drop_notice"] == []
    [trade] = [each for each in told["transactions"] if each["out_trade_no"] == story.order["code"]]
    gone = [each["status"] for each in told["refunds"] if each["out_trade_no"] == story.order["code"]]
    ends = {"settled": ("SUCCESS", []), "expired": ("CLOSED", []), "refunded": ("REFUND", ["SUCCESS"])}
    end = shop.read(story.order)
    assert (end["status"], (trade["trade_state"], gone)) == (STORIES[name][1], ends[STORIES[name][1]])
    assert end["refunded_fen"] == 100 * len(gone)
    with clock.frozen(story.at):
        assert announcements.backlog()["waiting"] == 0
    assert_books_prove()
