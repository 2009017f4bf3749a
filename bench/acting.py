"""POST of one action through the whole stack, against the floor on the same kind of server."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta

from app.accounts import services as accounts
from app.config import Settings
from app.kit import clock
from app.kit.codes import random_code
from app.kit.identity import signer
from app.kit.transaction import transaction
from bench.load import rate
from bench.rounds import ROUNDS, side_by_side
from bench.server import served

REQUESTS = 3000
HOLDERS = 300


class Trips:
    """People with tokens, and ever new trips of theirs as raw requests."""

    def __init__(self) -> None:
        self.people: list[tuple[int, str]] = []
        self.sent = 0
        self.start = clock.now().replace(minute=0, second=0, microsecond=0) - timedelta(days=29)
        with transaction():
            for _ in range(HOLDERS):
                signed = accounts.sign_in_wechat(f"bench-{random_code()}", None, "bench")
                token = signer().issue(signed.holder_id, signed.session_id, "api", timedelta(hours=2))
                self.people.append((signed.holder_id, token))

    def requests(self, count: int) -> list[bytes]:
        """`count` requests for trips that were never sent before."""
        return [self._one(*self._next()) for _ in range(count)]

    def _next(self) -> tuple[int, str, datetime]:
        holder, token = self.people[self.sent % HOLDERS]
        turn = self.sent // HOLDERS
        self.sent += 1
        # Two hours apart: the people's days fill slowly, so that no trip meets the day's cap.
        return holder, token, self.start + timedelta(hours=2 * turn)

    def _one(self, holder: int, token: str, started_at: datetime) -> bytes:
        trip = {"scene": "metro", "started_at": started_at.isoformat(), "distance_m": 3000}
        body = json.dumps(trip).encode()
        head = (
            "POST /v1/actions HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\n"
            f"Authorization: Bearer {token}\r\nX-Holder: {holder}\r\nX-Code: {random_code()}\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        return head.encode() + body


def compare(settings: Settings) -> dict[str, float]:
    """The ratio, with the rates behind it."""
    trips = Trips()
    with served("wsgi:app", settings) as ours, served("bench.floor:app", settings) as floor:

        def at(port: int) -> Callable[[], float]:
            return lambda: rate(port, trips.requests(REQUESTS))

        for port in (ours, floor):
            rate(port, trips.requests(REQUESTS // ROUNDS))
        mine, bare, ratio = side_by_side(at(ours), at(floor))
    return {"action_posts_per_s": mine, "action_floor_per_s": bare, "action_post_vs_floor": ratio}
