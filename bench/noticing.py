"""From a payment's notice to its settlement, in an open loop: notices come at their times, whatever waits.

Real notices, signed as WeChat Pay signs, go to the real web server; a worker is woken through Redis and
the sweeper looks as always. An order's time runs from the moment its notice was due to be sent until a
reader of the database sees it retired.
"""

import os
import selectors
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from statistics import quantiles

from rq import Worker
from sqlalchemy import text

from app.accounts.chart import CARRY, CODES, DUE
from app.config import Settings
from app.kit import queue
from app.kit.codes import checked_code, random_code
from app.kit.database import db
from app.kit.transaction import transaction
from app.registry import services as registry
from bench.databases import another
from bench.forest import plant
from bench.load import Refused
from bench.server import served
from fuzz.letters import Pen, Target
from simulator import Keys

A_SECOND = 1000
SECONDS = 8
WARM_SECONDS = 2
PEOPLE = 2000
KG, FEN = 10, 100
LINES = 16


def prepare(keys: Keys, count: int) -> tuple[dict[str, int], list[bytes]]:
    """Orders of one lot whose payment sheets are open, by code, and a signed notice for each."""
    forest = plant(PEOPLE, KG * count, 10**9)
    codes = [random_code() for _ in range(count)]
    with transaction() as session:
        session.execute(_KNOW, {"people": forest.holders})
        registry.reserve(forest.lot_id, KG * count)
        values = {
            "codes": codes,
            "numbers": [checked_code(16) for _ in codes],
            "people": [forest.holders[n % PEOPLE] for n in range(count)],
            "lot": forest.lot_id,
            "kg": KG,
            "fen": FEN,
        }
        session.execute(_ACCOUNTS, {"people": forest.holders})
        rows = session.execute(_ORDERS, values)
        ids = {row.code: int(row.id) for row in rows}
    pen = Pen(keys)
    targets = [Target(code, FEN, f"openid-{forest.holders[n % PEOPLE]}") for n, code in enumerate(codes)]
    return ids, [_request(pen, target) for target in targets]


_KNOW = text(
    "INSERT INTO wechat_identity (openid, holder_id, session_key_sealed, signed_in_at)"
    " SELECT 'openid-' || holder, holder, '', now() FROM unnest(CAST(:people AS bigint[])) holder"
)
_ACCOUNTS = text(
    f"INSERT INTO account (id, balance) SELECT holder * {CODES} + code, 0"
    " FROM unnest(CAST(:people AS bigint[])) holder"
    f" CROSS JOIN (VALUES ({DUE.code}), ({CARRY.code})) AS kinds (code)"
    " ON CONFLICT DO NOTHING"
)
_ORDERS = text(
    "INSERT INTO orders (code, holder_id, purpose, lot_id, quantity_kg, amount_fen, description,"
    " certificate_number, reserved_at, expires_at, next_check_at, prepaid_at)"
    " SELECT code, holder, 'personal', :lot, :kg, :fen, 'bench', number, now(), now() + interval '1 day',"
    " now() + interval '1 day', now()"
    " FROM unnest(CAST(:codes AS text[]), CAST(:people AS bigint[]), CAST(:numbers AS text[]))"
    " AS wished (code, holder, number) RETURNING id, code"
)


def _request(pen: Pen, target: Target) -> bytes:
    letter = pen.write(pen.paid(target))
    head = "".join(f"{name}: {value}\r\n" for name, value in letter.headers.items())
    return (
        f"POST /v1/wechat-pay/notices HTTP/1.1\r\nHost: bench\r\n{head}"
        f"Content-Length: {len(letter.body)}\r\n\r\n"
    ).encode() + letter.body


class Eye(threading.Thread):
    """Sees retirements the moment they are there; one lot's serials are laid in order."""

    def __init__(self, url: str) -> None:
        super().__init__(daemon=True)
        self.url = url.replace("+psycopg", "", 1)
        self.seen: dict[int, float] = {}
        self.over = threading.Event()

    def run(self) -> None:
        """Look every five milliseconds."""
        import psycopg

        last = 0
        with psycopg.connect(self.url, autocommit=True) as connection:
            while not self.over.wait(0.005):
                rows = connection.execute(_NEW, (last,), prepare=True).fetchall()
                at = time.perf_counter()
                for order_id, last_serial in rows:
                    self.seen[order_id] = at
                    last = max(last, last_serial)


_NEW = "SELECT order_id, last_serial FROM retirement WHERE first_serial > %s"


def send(port: int, requests: Sequence[bytes], a_second: int) -> list[float]:
    """Send each request at its time, over whichever line is free; returns when each was due.

    Raises `Refused` for an answer that is not a success.
    """
    start = time.perf_counter() + 0.1
    due = [start + number / a_second for number in range(len(requests))]
    poll = selectors.DefaultSelector()
    free: deque[socket.socket] = deque()
    for _ in range(LINES):
        line = socket.create_connection(("127.0.0.1", port))
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        poll.register(line, selectors.EVENT_READ, line)
        free.append(line)
    number = answered = 0
    while answered < len(requests):
        while number < len(requests) and free and due[number] <= time.perf_counter():
            free.popleft().sendall(requests[number])
            number += 1
        wait = due[number] - time.perf_counter() if number < len(requests) and free else 1.0
        for key, _ in poll.select(max(wait, 0)):
            answering: socket.socket = key.data
            answer = answering.recv(65536)
            if not answer.startswith(b"HTTP/1.1 204"):
                raise Refused(answer[:300].decode("utf-8", "replace"))
            answered += 1
            free.append(answering)
    return due


@contextmanager
def working(settings: Settings) -> Iterator[None]:
    """A worker and a sweeper, as `make run` starts them."""
    env = {**os.environ, "DATABASE_URL": settings.database_url, "REDIS_URL": settings.redis_url}
    flask = [sys.executable, "-m", "flask", "--app", "wsgi"]
    crew = [
        subprocess.Popen([*flask, role], env=env, start_new_session=True) for role in ("worker", "sweeper")
    ]
    try:
        time.sleep(2)
        yield
    finally:
        for each in crew:
            os.killpg(each.pid, signal.SIGTERM)
        for each in crew:
            each.wait(20)


def _jobs_done() -> int:
    workers = Worker.all(connection=queue.redis())
    return sum(each.successful_job_count + each.failed_job_count for each in workers)


def compare(settings: Settings, keys: Keys) -> dict[str, float]:
    """Percentiles of the time to settlement, and jobs per thousand orders; on a database of its own."""
    app = another(settings, "bench_noticing")
    with app.app_context():
        return _measure(app.extensions["settings"], keys)


def _measure(settings: Settings, keys: Keys) -> dict[str, float]:
    warm, count = A_SECOND * WARM_SECONDS, A_SECOND * SECONDS
    ids, requests = prepare(keys, warm + count)
    order_ids = list(ids.values())
    with served("wsgi:app", settings) as port, working(settings):
        eye = Eye(settings.database_url)
        eye.start()
        send(port, requests[:warm], A_SECOND // 2)
        before = _jobs_done()
        due = send(port, requests[warm:], A_SECOND)
        end = time.monotonic() + 30
        while len(eye.seen) < len(order_ids) and time.monotonic() < end:
            time.sleep(0.05)
        eye.over.set()
        eye.join()
        time.sleep(queue.STAYS_S + 1)
        jobs = _jobs_done() - before
    db.session.rollback()
    if len(eye.seen) < len(order_ids):
        raise RuntimeError(f"{len(order_ids) - len(eye.seen)} orders were not settled")
    took = [(eye.seen[order] - at) * 1000 for order, at in zip(order_ids[warm:], due, strict=True)]
    cuts = quantiles(took, n=100)
    return {
        "settle_p50_ms": cuts[49],
        "settle_p99_ms": cuts[98],
        "settle_slowest_ms": max(took),
        "rq_jobs_per_1000_orders": 1000 * jobs / count,
    }
