"""Pushing notices: what is due is sent until nothing is, one endpoint's notices one after another."""

import json
import time
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextvars import copy_context

import structlog
from flask import Flask, current_app

from app.causes.provider import courier
from app.causes.rules.webhooks import signature
from app.causes.services import webhooks
from app.causes.services.webhooks import Lease, Push
from app.clients.errors import OutsideError
from app.clients.webhooks import Forbidden
from app.kit import clock
from app.kit.transaction import transaction

SEATS = 8
"""Endpoints that are called at once: a slow one takes its own seat and holds up no other."""
TURN_S = 10.0
"""How long one endpoint is told notice after notice before the others have their turn."""
_LOOKS_EVERY_S = 1.0
_log = structlog.get_logger(__name__)


def deliver_notices() -> int:
    """Push what waits; returns how many notices were taken. Safe to run anywhere, at once.

    Never rung for at a worker: whoever settles orders waits for no stranger's program.
    """
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    taken, running = 0, set[Future[int]]()
    with ThreadPoolExecutor(SEATS) as seats:
        while True:
            with transaction():
                due = webhooks.claim_due(SEATS - len(running))
            running |= {seats.submit(copy_context().run, _deliver, app, lease) for lease in due}
            if not running:
                return taken
            done, running = wait(running, _LOOKS_EVERY_S, FIRST_COMPLETED)
            taken += sum(each.result() for each in done)


def _deliver(app: Flask, lease: Lease) -> int:
    """Tell one endpoint what waits for it, one notice after another, as long as its turn lasts."""
    taken, ends = 0, time.monotonic() + TURN_S
    with app.app_context():
        while True:
            with transaction():
                push = webhooks.next_push(lease, more=time.monotonic() < ends)
            if push is None:
                return taken
            status, error = _send(push)
            with transaction():
                follows = webhooks.record_push(push, status, error)
            if not follows:
                return taken
            taken, lease = taken + 1, push.lease


def _send(push: Push) -> tuple[int | None, str]:
    """The status of the answer, None for none, and what was wrong in a word that holds no secret."""
    letter, stamp_s = push.letter, int(clock.now().timestamp())
    body = json.dumps(letter.content, ensure_ascii=False, separators=(",", ":")).encode()
    headers = {
        "Content-Type": "application/json",
        "webhook-id": letter.message_id,
        "webhook-timestamp": str(stamp_s),
        "webhook-signature": signature(letter.secrets, letter.message_id, stamp_s, body),
    }
    try:
        status = courier().send(push.url, headers, body)
    except Forbidden:
        return None, "forbidden address"
    except OutsideError as trouble:
        _log.info("a webhook was not taken", endpoint=push.lease.endpoint_id, reason=str(trouble))
        return None, str(trouble).rpartition(": ")[2][:80]
    return status, f"status {status}"
