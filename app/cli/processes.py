"""The long-running processes besides the web server: the worker and the sweeper."""

import signal
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from types import FrameType

import click
import structlog
from flask import Flask, current_app

from app.kit import announcements, clock, idempotency, queue
from app.kit.database import db
from app.kit.transaction import transaction
from app.offsets import jobs as offsets

KEYS_KEPT = timedelta(hours=48)
HEARD_KEPT = timedelta(days=7)
_log = structlog.get_logger(__name__)


@click.command("worker")
def worker() -> None:
    """Run one RQ worker, which forks for each job, until stopped."""
    settings = current_app.extensions["settings"]
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    db.engine.dispose()
    queue.worker(app, settings.redis_url).work(logging_level="WARNING")


@dataclass(frozen=True)
class Chore:
    """Work that the sweeper looks for every so many seconds."""

    name: str
    every_s: float
    do: Callable[[], object]


def _forget() -> int:
    """Drop idempotency keys and heard announcements that nobody can ask for any more."""
    with transaction():
        keys = idempotency.forget_before(clock.now() - KEYS_KEPT)
        return keys + announcements.forget_before(clock.now() - HEARD_KEPT)


CHORES = (
    Chore("settle", 1, offsets.settle_paid),
    Chore("deliver", 1, announcements.deliver),
    Chore("watch unpaid", 1, offsets.watch_unpaid),
    Chore("forget", 3600, _forget),
)


@click.command("sweeper")
def sweeper() -> None:
    """Find what no bell reached, without Redis: settle, deliver, ask the provider. Until stopped."""
    stop = threading.Event()

    def end(number: int, frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    due = dict.fromkeys(CHORES, 0.0)
    while not stop.is_set():
        for chore in CHORES:
            if due[chore] <= time.monotonic() and not stop.is_set():
                due[chore] = time.monotonic() + chore.every_s
                _do(chore)
        stop.wait(max(0.05, min(due.values()) - time.monotonic()))


def _do(chore: Chore) -> None:
    """One look at one chore; whatever goes wrong, the sweeper goes on and looks again."""
    try:
        chore.do()
    except Exception:  # a database that is away comes back; a bug must not stop the other chores
        _log.warning("chore failed", chore=chore.name, exc_info=True)
    finally:
        db.session.remove()
