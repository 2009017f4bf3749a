"""Orders a second over HTTP on one hot lot, against the same orders spread over 64 lots."""

import json
from collections.abc import Callable, Sequence
from datetime import timedelta

from app.accounts import services as accounts
from app.config import Settings
from app.kit.codes import random_code
from app.kit.identity import signer
from app.kit.transaction import transaction
from bench.forest import lots_of
from bench.load import rate
from bench.rounds import ROUNDS, side_by_side
from bench.server import served

REQUESTS = 2000
BUYERS = 300
SPREAD = 64
CONNECTIONS = 16


class Orders:
    """Buyers with tokens, and ever new orders of theirs as raw requests."""

    def __init__(self) -> None:
        self.tokens = []
        self.sent = 0
        with transaction():
            for _ in range(BUYERS):
                signed = accounts.sign_in_wechat(f"buyer-{random_code()}", None, "bench")
                life = timedelta(hours=2)
                self.tokens.append(signer().issue(signed.holder_id, signed.session_id, "api", life))

    def requests(self, count: int, lots: Sequence[str]) -> list[bytes]:
        """`count` orders of one yuan each, from `lots` in turn."""
        return [self._one(lots[n % len(lots)]) for n in range(count)]

    def _one(self, lot: str) -> bytes:
        self.sent += 1
        body = json.dumps({"purpose": "personal", "lot": lot, "amount_fen": 100}).encode()
        head = (
            "POST /v1/orders HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\n"
            f"Authorization: Bearer {self.tokens[self.sent % BUYERS]}\r\n"
            f"Idempotency-Key: {random_code()}\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        return head.encode() + body


def compare(settings: Settings) -> dict[str, float]:
    """The ratio, with the rates behind it."""
    orders = Orders()
    lots = lots_of(SPREAD, 10 * REQUESTS * (2 * ROUNDS + 4))
    with served("wsgi:app", settings) as port:

        def on(some: Sequence[str]) -> Callable[[], float]:
            return lambda: rate(port, orders.requests(REQUESTS, some), CONNECTIONS)

        rate(port, orders.requests(REQUESTS, lots), CONNECTIONS)
        hot, spread, ratio = side_by_side(on(lots[:1]), on(lots))
    return {"orders_one_lot_per_s": hot, "orders_64_lots_per_s": spread, "order_one_lot_vs_64": ratio}
