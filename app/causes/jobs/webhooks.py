"""Pushing notices: what is due is sent until nothing is, one endpoint's notices one after another."""

import json

import structlog

from app.causes.provider import courier
from app.causes.rules.webhooks import signature
from app.causes.services import webhooks
from app.causes.services.webhooks import Push
from app.clients.errors import OutsideError
from app.clients.webhooks import Forbidden
from app.kit import clock, queue
from app.kit.transaction import transaction

AT_ONCE, IN_A_ROW = 20, 50
"""Endpoints claimed at a time; notices sent to one of them before the others have their turn."""
_log = structlog.get_logger(__name__)


@queue.job
def deliver_notices() -> int:
    """Push what waits; returns how many notices were taken. Safe to run anywhere, at once."""
    taken = 0
    while True:
        with transaction():
            due = webhooks.claim_due(AT_ONCE)
        for endpoint_id in due:
            taken += _deliver(endpoint_id)
        if len(due) < AT_ONCE:
            return taken


def _deliver(endpoint_id: int) -> int:
    taken = 0
    while taken < IN_A_ROW:
        with transaction():
            push = webhooks.next_push(endpoint_id)
        if push is None:
            return taken
        status, error = _send(push)
        with transaction():
            follows = webhooks.record_push(push, status, error)
        if not follows:
            return taken
        taken += 1
    return taken


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
        _log.info("a webhook was not taken", endpoint=push.endpoint_id, reason=str(trouble))
        return None, str(trouble).rpartition(": ")[2][:80]
    return status, f"status {status}"
