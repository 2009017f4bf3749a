"""A day of business at a provider of its own: payments, refunds, and next morning's reconciliation.

The provider's clock is moved, never the machine's: the day is one that nothing else has touched, and
its noon is the same whenever the tests run.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
from builders import forest, person
from flask import Flask
from sqlalchemy import text

import simulator
from app.clients import pay
from app.config import Settings
from app.kit import announcements, clock
from app.kit.clock import SHANGHAI
from app.kit.transaction import transaction
from app.offsets.provider import paid_word, wechat_pay
from app.offsets.services import orders, payments
from app.offsets.services.orders import Wish
from app.treasury import jobs


class BusinessDay:
    """One day, from its noon on."""

    def __init__(self, app: Flask, provider: simulator.Running) -> None:
        self.url = provider.base_url
        self._ahead = self._provider_ahead()
        self.date = (self.now() + timedelta(days=1)).astimezone(SHANGHAI).date()
        self.move_to(12)
        self.lot = forest(100_000)
        openid = self.control("accounts", account="buyer")["openid"]
        self.buyer = person(app, openid)

    def control(self, act: str, **body: Any) -> Any:
        answer = requests.post(f"{self.url}/control/{act}", json=body, timeout=10)
        assert answer.ok, answer.text
        return answer.json()

    def state(self) -> Any:
        return requests.get(f"{self.url}/control/state", timeout=10).json()

    def _provider_ahead(self) -> timedelta:
        return datetime.fromisoformat(self.control("clock")["now"]) - datetime.now(SHANGHAI)

    def now(self) -> datetime:
        """The provider's present."""
        return datetime.now(SHANGHAI) + self._ahead

    def move_to(self, hour: int, minute: int = 0, days: int = 0) -> None:
        """Let the provider's clock go on to this time of the day, or of a later one."""
        aim = datetime(self.date.year, self.date.month, self.date.day, hour, minute, tzinfo=SHANGHAI)
        wait = (aim + timedelta(days=days) - self.now()).total_seconds()
        self.control("clock", advance_seconds=wait)
        self._ahead += timedelta(seconds=wait)

    @contextmanager
    def present(self) -> Iterator[None]:
        """Our own clock agrees with the provider's."""
        with clock.frozen(self.now()):
            yield

    def paid(self, heard: bool = True) -> str:
        """A paid order's code; unheard of where the notice and every query were lost."""
        with self.present():
            with transaction():
                wish = Wish("personal", quantity_kg=10, lot_code=self.lot.lot_code)
                order = orders.place_order(self.buyer.holder_id, wish, timedelta(minutes=15))
            with transaction():
                payments.open_payment(self.buyer.holder_id, order.code)
            self.pay_at_provider(order.code, order.amount_fen)
            if heard:
                self.hear(order.code)
        return order.code

    def pay_at_provider(self, code: str, amount_fen: int) -> None:
        self.control("faults", kind="drop_notice", path="notice", count=1)
        prepay_id = wechat_pay().prepay(
            out_trade_no=code,
            description="碳汇",
            amount_fen=amount_fen,
            payer_openid=self.buyer.openid,
            expires_at=self.now() + timedelta(minutes=15),
        )
        sheet = wechat_pay().client_params(prepay_id) | {"appId": wechat_pay()._appid}
        answer = requests.post(f"{self.url}/phone/api/pay", json=sheet, timeout=10)
        assert answer.json() == {"result": "ok"}, answer.text

    def hear(self, code: str) -> None:
        answer = wechat_pay().query(code)
        assert answer is not None
        with transaction():
            payments.record_payment(paid_word(answer))

    def refunded(self) -> str:
        """The code of an order that was paid when its time was over, and whose money has come back."""
        code = self.paid(heard=False)
        with clock.frozen(self.now() + timedelta(minutes=16)), transaction() as session:
            found = session.scalar(text("SELECT id FROM orders WHERE code = :code"), {"code": code})
            assert orders.expire_order(int(found or 0))
        self.control("faults", kind="drop_notice", path="notice", count=1)
        with self.present():
            self.hear(code)
            announcements.deliver()
        end = time.monotonic() + 10
        while any(each["status"] == "PROCESSING" for each in self.state()["refunds"]):
            assert time.monotonic() < end
            time.sleep(0.02)
        with clock.frozen(self.now() + timedelta(minutes=2)):
            announcements.deliver()
        return code

    def spoil(self, *kinds: str) -> None:
        for kind in kinds:
            self.control("bill_faults", day=self.date.isoformat(), kind=kind)

    def next_morning(self) -> None:
        self.move_to(10, 30, days=1)

    def reconcile(self) -> jobs.Reconciled:
        with self.present():
            return jobs.reconcile_day(self.date)


def serve_provider(root: Path, name: str) -> Iterator[simulator.Running]:
    with simulator.serve(root / name, speed=3000.0) as running:
        yield running


def attach(app: Flask, provider: simulator.Running, var: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let `app` be this provider's merchant for the length of a test."""
    lines = (var / "wechat.env").read_text().splitlines()
    settings: Settings = app.extensions["settings"]
    env = {
        **dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#")),
        "SENHUI_ENV": "test",
        "SENHUI_VAR": str(settings.var),
        "DATABASE_URL": settings.database_url,
        "REDIS_URL": settings.redis_url,
        "WECHAT_API_BASE": provider.base_url,
        "WECHAT_PAY_BASE": provider.base_url,
    }
    wechat = Settings.from_env(env).wechat
    monkeypatch.setitem(app.extensions, "settings", replace(settings, wechat=wechat))
    notices = f"{settings.public_url}/v1/wechat-pay/notices"
    client = pay.WeChatPay(
        wechat.pay_base,
        wechat.appid,
        wechat.mchid,
        wechat.merchant_serial,
        pay.load_private_key(wechat.merchant_private_key),
        {wechat.platform_key_id: pay.load_public_key(wechat.platform_public_key)},
        wechat.apiv3_key,
        notices,
        notices,
    )
    monkeypatch.setitem(app.extensions, "wechat_pay", client)
