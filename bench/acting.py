"""POST of one action through the whole stack, against the floor on the same kind of server."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from app.accounts import services as accounts
from app.config import Settings
from app.kit import clock
from app.kit.codes import random_code
from app.kit.identity import signer
from app.kit.transaction import transaction
from bench.load import rate
from bench.rounds import ROUNDS, side_by_side

REQUESTS = 3000
HOLDERS = 300
_GRANIAN = "--interface wsgi --workers 2 --blocking-threads 4 --backpressure 64 --no-ws --log-level warning"


@contextmanager
def served(target: str, settings: Settings) -> Iterator[int]:
    """A granian server for `target` on a free port, with the settings both applications take."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    env = {
        **os.environ,
        "DATABASE_URL": settings.database_url,
        "REDIS_URL": settings.redis_url,
        "SENHUI_VAR": str(settings.var),
        "PORT": str(port),
    }
    command = [sys.executable, "-m", "granian", *_GRANIAN.split(), "--port", str(port), target]
    server = subprocess.Popen(command, env=env, start_new_session=True)
    try:
        _await(port)
        yield port
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        server.wait(20)


def _await(port: int) -> None:
    end = time.monotonic() + 30
    while time.monotonic() < end:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            time.sleep(1.5)  # the port opens before the workers have imported the application
            return
        except OSError:
            time.sleep(0.05)
    raise RuntimeError("the server did not start")


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
