"""Telling organisations' programs: writing notices, and endpoints to which they are pushed.

Delivery is leased: an endpoint is claimed and committed, called without a transaction, and what came of it
recorded. A crash in between lets the lease lapse, and the same notice is sent again under the same id.
"""

import base64
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select, text

from app.accounts.queries.memberships import list_members
from app.accounts.services import notices
from app.causes.errors.webhooks import DeadLetterUnknown, EndpointUnknown, TooManyEndpoints
from app.causes.models.webhooks import DeadLetter, OrganisationNotice, WebhookEndpoint
from app.causes.queries.webhooks import SECRET, Letter, find_due_replay, find_next, letter_of
from app.causes.rules.webhooks import (
    GONE,
    KINDS,
    MOST_ENDPOINTS,
    SECRET_MARK,
    SECRETS_OVERLAP,
    STOP_AFTER,
    is_taken,
    next_try,
)
from app.kit import clock, sealing
from app.kit.codes import random_code
from app.kit.database import db

LEASE = timedelta(seconds=60)
_NEXT = text(
    "INSERT INTO organisation_feed (organisation_id, last) VALUES (:id, 1)"
    " ON CONFLICT (organisation_id) DO UPDATE SET last = organisation_feed.last + 1 RETURNING last"
)
_LAST = text("SELECT coalesce((SELECT last FROM organisation_feed WHERE organisation_id = :id), 0)")
_LOCK = text("SELECT 1 FROM organisation WHERE holder_id = :id FOR NO KEY UPDATE")
_CLAIM = text(
    "UPDATE webhook_endpoint SET next_at = :until WHERE id IN (SELECT e.id FROM webhook_endpoint e"
    " WHERE stopped_at IS NULL AND ended_at IS NULL AND next_at <= :now AND (EXISTS"
    "   (SELECT FROM organisation_notice n WHERE n.organisation_id = e.organisation_id"
    "     AND n.position > e.delivered AND (cardinality(kinds) = 0 OR n.kind = ANY(kinds)))"
    "   OR EXISTS (SELECT FROM webhook_dead_letter d WHERE d.endpoint_id = e.id AND d.replay_at IS NOT NULL"
    "     AND d.delivered_at IS NULL))"
    " ORDER BY next_at LIMIT :limit FOR UPDATE SKIP LOCKED) RETURNING id, next_at"
)


def notify(organisation_id: int, kind: str, data: dict[str, Any]) -> OrganisationNotice:
    """Write the next notice of an organisation into the running transaction.

    Its feed is locked until the commit: notices become visible in the order of their positions.
    """
    if kind not in KINDS:
        raise ValueError(f"no notice is about {kind}")
    notice = OrganisationNotice(
        organisation_id=organisation_id,
        position=db.session.scalar(_NEXT, {"id": organisation_id}),
        code=random_code(),
        kind=kind,
        data=data,
        at=clock.now(),
    )
    db.session.add(notice)
    db.session.flush()
    return notice


def open_endpoint(organisation_id: int, url: str, kinds: list[str]) -> tuple[WebhookEndpoint, str]:
    """Push what happens from now on to `url`; gives the secret, which is shown only now.

    The caller has checked that the address is a public one. Raises `TooManyEndpoints`.
    """
    db.session.execute(_LOCK, {"id": organisation_id})
    standing = select(func.count()).where(
        WebhookEndpoint.organisation_id == organisation_id, WebhookEndpoint.ended_at.is_(None)
    )
    if (db.session.scalar(standing) or 0) >= MOST_ENDPOINTS:
        raise TooManyEndpoints(most=MOST_ENDPOINTS)
    code, secret = random_code(), _new_secret()
    endpoint = WebhookEndpoint(
        code=code,
        organisation_id=organisation_id,
        url=url,
        kinds=sorted(set(kinds)),
        secret_sealed=sealing.seal(secret, SECRET.format(code)),
        created_at=clock.now(),
        delivered=db.session.scalar(_LAST, {"id": organisation_id}),
        next_at=clock.now(),
    )
    db.session.add(endpoint)
    db.session.flush()
    return endpoint, secret


def replace_secret(organisation_id: int, code: str) -> tuple[WebhookEndpoint, str]:
    """Sign with another secret; for a day the one before signs as well. Raises `EndpointUnknown`."""
    endpoint = _lock(organisation_id, code)
    secret = _new_secret()
    endpoint.past_secret_sealed, endpoint.past_until = endpoint.secret_sealed, clock.now() + SECRETS_OVERLAP
    endpoint.secret_sealed = sealing.seal(secret, SECRET.format(code))
    db.session.flush()
    return endpoint, secret


def end_endpoint(organisation_id: int, code: str) -> None:
    """Push nothing more there. Raises `EndpointUnknown`."""
    _lock(organisation_id, code).ended_at = clock.now()


def resume_endpoint(organisation_id: int, code: str) -> WebhookEndpoint:
    """Go on with an endpoint that stopped, from where it stopped. Raises `EndpointUnknown`."""
    endpoint = _lock(organisation_id, code)
    endpoint.stopped_at, endpoint.attempts, endpoint.dead_in_row = None, 0, 0
    endpoint.next_at = clock.now()
    db.session.flush()
    return endpoint


def try_endpoint(organisation_id: int, code: str) -> None:
    """Write a notice that says nothing but that it arrived. Raises `EndpointUnknown`."""
    _lock(organisation_id, code)
    notify(organisation_id, "webhook.test", {"endpoint": code})


def replay(organisation_id: int, code: str, position: int) -> DeadLetter:
    """Send a dead letter again, before what waits. Raises `EndpointUnknown`, `DeadLetterUnknown`."""
    endpoint = _lock(organisation_id, code)
    letter = db.session.scalar(
        select(DeadLetter)
        .where(
            DeadLetter.endpoint_id == endpoint.id,
            DeadLetter.position == position,
            DeadLetter.delivered_at.is_(None),
        )
        .with_for_update()
    )
    if letter is None:
        raise DeadLetterUnknown()
    letter.replay_at = clock.now()
    db.session.flush()
    return letter


@dataclass(frozen=True)
class Lease:
    """An endpoint and until when it is one deliverer's; whoever finds another end there has lost it."""

    endpoint_id: int
    until: datetime


@dataclass(frozen=True)
class Push:
    """One letter on its way to an endpoint, under a lease."""

    lease: Lease
    url: str
    letter: Letter
    dead_letter_id: int | None


def claim_due(limit: int) -> list[Lease]:
    """Endpoints with something to be told now, each leased so that no other deliverer takes it."""
    now = clock.now()
    rows = db.session.execute(_CLAIM, {"now": now, "until": now + LEASE, "limit": limit})
    return [Lease(row.id, row.next_at) for row in rows]


def next_push(lease: Lease, *, more: bool = True) -> Push | None:
    """What an endpoint is told next, the lease renewed.

    None, and the lease given back, when there is nothing or no `more` is wanted; None too when the lease was
    lost: another deliverer goes on, and two never tell one endpoint at once.
    """
    endpoint = _lock_any(lease.endpoint_id)
    if endpoint.stopped_at or endpoint.ended_at or endpoint.next_at != lease.until:
        return None
    dead = find_due_replay(endpoint.id) if more else None
    notice = dead[1] if dead else find_next(endpoint) if more else None
    endpoint.next_at = clock.now() + (LEASE if notice else timedelta())
    if notice is None:
        return None
    renewed = Lease(endpoint.id, endpoint.next_at)
    return Push(renewed, endpoint.url, letter_of(endpoint, notice), dead[0].id if dead else None)


def record_push(push: Push, status: int | None, error: str) -> bool:
    """Keep what came of a push (`status` None: no answer); whether the next one may follow at once.

    Nothing is kept of a failure when the lease was lost meanwhile: it is the other deliverer's to count.
    """
    endpoint = _lock_any(push.lease.endpoint_id)
    now, taken = clock.now(), status is not None and is_taken(status)
    if not taken and endpoint.next_at != push.lease.until:
        return False
    endpoint.answered_at = now if status is not None else endpoint.answered_at
    endpoint.last_error = None if taken else error
    if status == GONE:
        _stop(endpoint)
    elif push.dead_letter_id is not None:
        _record_replay(endpoint, push.dead_letter_id, error=None if taken else error)
    elif endpoint.delivered < push.letter.position:  # else another deliverer was faster
        _record_next(endpoint, push.letter.position, error=None if taken else error)
    db.session.flush()
    return taken


def _record_replay(endpoint: WebhookEndpoint, letter_id: int, error: str | None) -> None:
    letter = db.session.get_one(DeadLetter, letter_id, with_for_update=True)
    letter.replay_at = None
    if error is None:
        letter.delivered_at = clock.now()
    else:
        letter.error = error
        endpoint.next_at = clock.now()


def _record_next(endpoint: WebhookEndpoint, position: int, error: str | None) -> None:
    now = clock.now()
    if error is None:
        endpoint.delivered, endpoint.attempts, endpoint.dead_in_row = position, 0, 0
        return
    endpoint.attempts += 1
    again = next_try(now, endpoint.attempts)
    endpoint.next_at = again or now
    if again is None:
        db.session.add(DeadLetter(endpoint_id=endpoint.id, position=position, error=error, died_at=now))
        endpoint.delivered, endpoint.attempts = position, 0
        endpoint.dead_in_row += 1
        if endpoint.dead_in_row >= STOP_AFTER:
            _stop(endpoint)


def _stop(endpoint: WebhookEndpoint) -> None:
    endpoint.stopped_at = clock.now()
    notify(endpoint.organisation_id, "webhook.stopped", {"endpoint": endpoint.code})
    owners = [each.holder_id for each in list_members(endpoint.organisation_id) if each.role == "owner"]
    stopped = f"webhook:{endpoint.id}:{endpoint.stopped_at:%Y%m%d%H%M}"
    notices.tell(owners, "causes.notice_webhook_stopped", stopped, url=endpoint.url)


def _lock_any(endpoint_id: int) -> WebhookEndpoint:
    return db.session.get_one(WebhookEndpoint, endpoint_id, with_for_update=True, populate_existing=True)


def _lock(organisation_id: int, code: str) -> WebhookEndpoint:
    endpoint = db.session.scalar(
        select(WebhookEndpoint)
        .where(
            WebhookEndpoint.code == code,
            WebhookEndpoint.organisation_id == organisation_id,
            WebhookEndpoint.ended_at.is_(None),
        )
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if endpoint is None:
        raise EndpointUnknown()
    return endpoint


def _new_secret() -> str:
    return SECRET_MARK + base64.b64encode(secrets.token_bytes(32)).decode()
