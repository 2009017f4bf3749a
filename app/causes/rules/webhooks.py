"""What is true of webhooks: what they say, how they are signed, when they are tried again. Pure.

Signed as Standard Webhooks 1.0 says: HMAC-SHA-256 over id, time stamp and the exact body.
"""

import base64
import hashlib
import hmac
from collections.abc import Iterable
from datetime import datetime, timedelta

KINDS = (
    "order.placed",
    "order.paid",
    "order.settled",
    "order.expired",
    "order.refunding",
    "order.refunded",
    "units.retired",
    "units.transferred",
    "member.joined",
    "member.changed",
    "member.left",
    "key.revoked",
    "organisation.verified",
    "organisation.declined",
    "invoice.issued",
    "invoice.sent",
    "invoice.declined",
    "webhook.stopped",
    "webhook.test",
)
"""Everything that an organisation's notices may be about."""
SECRET_MARK = "whsec_"  # noqa: S105
MOST_ENDPOINTS = 5
RETRY_AFTER = (
    timedelta(seconds=5),
    timedelta(seconds=30),
    timedelta(minutes=2),
    timedelta(minutes=10),
    timedelta(minutes=30),
    timedelta(hours=1),
    timedelta(hours=3),
    timedelta(hours=6),
)
"""When a notice that was not taken is sent again; after the last time it is a dead letter."""
STOP_AFTER = 3
"""Dead letters in a row after which an endpoint gets no more: a day and a half of silence."""
GONE = 410
"""An endpoint that answers this wants no more. Source: Standard Webhooks 1.0, deliverability."""
SECRETS_OVERLAP = timedelta(hours=24)
"""How long letters are signed with the secret before as well."""


def is_taken(status: int) -> bool:
    """Whether an answer says that the notice was taken: 2xx, and nothing else; a redirect is none."""
    return 200 <= status < 300


def next_try(now: datetime, attempts: int) -> datetime | None:
    """When to send again after so many tries that failed; None when that was the last."""
    return now + RETRY_AFTER[attempts - 1] if attempts <= len(RETRY_AFTER) else None


def signature(secrets: Iterable[str], message_id: str, stamp_s: int, body: bytes) -> str:
    """The `webhook-signature` header: one signature a secret, the present one first."""
    signed = f"{message_id}.{stamp_s}.".encode() + body
    made = (hmac.digest(_key(secret), signed, hashlib.sha256) for secret in secrets)
    return " ".join(f"v1,{base64.b64encode(each).decode()}" for each in made)


def _key(secret: str) -> bytes:
    return base64.b64decode(secret.removeprefix(SECRET_MARK))
