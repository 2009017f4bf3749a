"""Buyers: each signs in and lives one order after another, well or badly, until told to stop."""

import random
import secrets
import threading
from collections import Counter
from datetime import UTC, datetime
from typing import Any

import requests

from chaos.forest import Forest
from chaos.instance import Instance
from chaos.provider import ACCEPTED, Provider
from chaos.waiting import let_an_order_run_out

PATIENCE = 150
"""How often a call is sent again, a tenth of a second apart, to a server that is away."""
EXPIRY_PATIENCE = 60
STEP_KG = 10


class GaveUp(RuntimeError):
    """The load is over, or a call found no server for too long: this order is left as it stands."""


class Buyer(threading.Thread):
    """One person with a phone; counts what the server answered."""

    def __init__(self, instance: Instance, forest: Forest, seed: str, over: threading.Event) -> None:
        super().__init__(daemon=True)
        self.instance, self.forest, self.over = instance, forest, over
        self.dice = random.Random(seed)
        self.account = f"buyer {seed}"
        self.provider = Provider(instance)
        self.http = requests.Session()
        self.http.trust_env = False
        self.openid = ""
        self.answers: Counter[int] = Counter()
        self.lives: Counter[str] = Counter()
        self.forgeries: Counter[tuple[str, bool]] = Counter()

    def run(self) -> None:
        """Live orders; whatever is given up, the next one is begun."""
        lives, weights = zip(*_LIVES.items(), strict=True)
        while not self.over.is_set():
            try:
                if not self.openid:
                    self._sign_in()
                    self._owe()
                life = self.dice.choices(lives, weights)[0]
                getattr(self, life)()
                self.lives[life] += 1
            except (GaveUp, requests.RequestException):
                self.over.wait(0.1)

    def buys(self) -> None:
        """Order, pay, and sometimes the provider says so again and again."""
        sheet, code, _ = self._order(self.dice.choice(self.forest.lots))
        if self.provider.pay(sheet) and self.dice.random() < 0.3:
            self.provider.tell_again(code, self.dice.randint(1, 4))

    def buys_what_burns(self) -> None:
        """Order from a lot whose units will be gone, and pay."""
        sheet, _, _ = self._order(self.forest.burning.code)
        self.over.wait(self.dice.uniform(0.0, 1.0))
        self.provider.pay(sheet)

    def pays_too_late(self) -> None:
        """Order, let it run out, and then it turns out to be paid."""
        _, code, _ = self._order(self.dice.choice(self.forest.lots))
        if not let_an_order_run_out(self.instance.env["DATABASE_URL"], code):
            return
        for _ in range(EXPIRY_PATIENCE):
            _, order = self._call("GET", f"/v1/orders/{code}")
            if order["status"] == "expired":
                break
            self.over.wait(0.1)
        self.provider.pay_late(code)

    def pays_at_the_last_moment(self) -> None:
        """Pay in the very moment in which the order runs out."""
        sheet, code, _ = self._order(self.dice.choice(self.forest.lots))
        let_an_order_run_out(self.instance.env["DATABASE_URL"], code)
        self.over.wait(self.dice.uniform(0.0, 1.2))
        self.provider.pay(sheet)

    def never_pays(self) -> None:
        """Order, and somebody forges the notices."""
        _, code, fen = self._order(self.dice.choice(self.forest.lots))
        for way, status in self.provider.forge(code, self.openid, fen).items():
            self.forgeries[way, status in ACCEPTED] += 1

    def _order(self, lot: str) -> tuple[dict[str, Any], str, int]:
        """Place an order and open its payment; the sheet, the order's code and its price."""
        wish = {"purpose": "personal", "lot": lot, "quantity_kg": STEP_KG * self.dice.randint(1, 3)}
        _, order = self._call("POST", "/v1/orders", wish)
        _, sheet = self._call("POST", f"/v1/orders/{order['code']}/payment")
        return sheet, str(order["code"]), int(order["amount_fen"])

    def _sign_in(self) -> None:
        code, openid = self.provider.login(self.account)
        _, tokens = self._call("POST", "/v1/sessions", {"code": code})
        self.http.headers["Authorization"] = f"Bearer {tokens['access_token']}"
        self.openid = openid

    def _owe(self) -> None:
        """Owe something, so that purchases close a due and not only fill the carry account."""
        entries = [{"kind": "electricity", "quantity": 100}]
        self._call("POST", "/v1/dues", {"month": f"{datetime.now(UTC):%Y-%m}", "entries": entries})

    def _call(self, method: str, path: str, body: dict[str, Any] | None = None) -> tuple[int, Any]:
        """One call of the API, repeated unchanged while no server serves it. Raises GaveUp."""
        key = {"Idempotency-Key": secrets.token_hex(16)} if method == "POST" else {}
        for _ in range(PATIENCE):
            status, answer = self._send(method, path, body, key)
            self.answers[status] += 1
            if status == 401:
                self.openid = ""
            if 200 <= status < 300:
                return status, answer
            if 400 <= status < 500:
                break
            if self.over.wait(0.1):
                break
        raise GaveUp(path)

    def _send(
        self, method: str, path: str, body: dict[str, Any] | None, key: dict[str, str]
    ) -> tuple[int, Any]:
        """Status and JSON of one try; status 0 when there was no answer."""
        try:
            answer = self.http.request(method, self.instance.url + path, json=body, headers=key, timeout=10)
            return answer.status_code, answer.json()
        except requests.RequestException:
            return 0, None


_LIVES = {
    "buys": 12,
    "buys_what_burns": 3,
    "pays_too_late": 2,
    "pays_at_the_last_moment": 1,
    "never_pays": 1,
}
"""How often each kind of life is lived."""
