"""Notices as programs read them, and endpoints as their owners see them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select, text

from app.causes.errors.webhooks import EndpointUnknown
from app.causes.models.webhooks import DeadLetter, OrganisationNotice, WebhookEndpoint
from app.kit import clock, sealing
from app.kit.database import db
from app.kit.proof import Proof, none

SECRET = "webhook_secret:{}"  # noqa: S105
PAGE = 100


@dataclass(frozen=True)
class Letter:
    """A notice as it is pushed: its id, its content, and the secrets that sign it."""

    position: int
    message_id: str
    content: dict[str, Any]
    secrets: tuple[str, ...]


def content_of(notice: OrganisationNotice) -> dict[str, Any]:
    """A notice as it is pushed and as it is pulled: the same words."""
    return {
        "id": f"ntc_{notice.code}",
        "position": notice.position,
        "type": notice.kind,
        "timestamp": notice.at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "data": notice.data,
    }


def list_notices(organisation_id: int, after: int, limit: int) -> list[dict[str, Any]]:
    """An organisation's notices behind a position, in their order."""
    wanted = select(OrganisationNotice).where(
        OrganisationNotice.organisation_id == organisation_id, OrganisationNotice.position > after
    )
    rows = db.session.scalars(wanted.order_by(OrganisationNotice.position).limit(limit))
    return [content_of(row) for row in rows]


def letter_of(endpoint: WebhookEndpoint, notice: OrganisationNotice) -> Letter:
    """A notice for one endpoint."""
    context = SECRET.format(endpoint.code)
    sealed = [endpoint.secret_sealed]
    if endpoint.past_secret_sealed and endpoint.past_until and endpoint.past_until > clock.now():
        sealed.append(endpoint.past_secret_sealed)
    content = content_of(notice)
    secrets = tuple(sealing.unseal(each, context) for each in sealed)
    return Letter(notice.position, content["id"], content, secrets)


def find_next(endpoint: WebhookEndpoint) -> OrganisationNotice | None:
    """The first notice behind what was delivered that this endpoint wants."""
    wanted = select(OrganisationNotice).where(
        OrganisationNotice.organisation_id == endpoint.organisation_id,
        OrganisationNotice.position > endpoint.delivered,
    )
    if endpoint.kinds:
        wanted = wanted.where(OrganisationNotice.kind.in_(endpoint.kinds))
    return db.session.scalar(wanted.order_by(OrganisationNotice.position).limit(1))


def find_due_replay(endpoint_id: int) -> tuple[DeadLetter, OrganisationNotice] | None:
    """The first dead letter that somebody asked to send again."""
    row = db.session.execute(
        select(DeadLetter, OrganisationNotice)
        .join(WebhookEndpoint, WebhookEndpoint.id == DeadLetter.endpoint_id)
        .join(
            OrganisationNotice,
            (OrganisationNotice.organisation_id == WebhookEndpoint.organisation_id)
            & (OrganisationNotice.position == DeadLetter.position),
        )
        .where(
            DeadLetter.endpoint_id == endpoint_id,
            DeadLetter.replay_at.is_not(None),
            DeadLetter.delivered_at.is_(None),
        )
        .order_by(DeadLetter.position)
        .limit(1)
    ).first()
    return (row[0], row[1]) if row else None


def list_endpoints(organisation_id: int) -> Sequence[WebhookEndpoint]:
    """An organisation's endpoints that were not ended, the oldest first."""
    wanted = select(WebhookEndpoint).where(
        WebhookEndpoint.organisation_id == organisation_id, WebhookEndpoint.ended_at.is_(None)
    )
    rows = db.session.scalars(wanted.order_by(WebhookEndpoint.id).execution_options(populate_existing=True))
    return rows.all()


def get_endpoint(organisation_id: int, code: str) -> WebhookEndpoint:
    """One endpoint. Raises `EndpointUnknown` also for another's."""
    found = next((each for each in list_endpoints(organisation_id) if each.code == code), None)
    if found is None:
        raise EndpointUnknown()
    return found


def list_dead_letters(endpoint_id: int, limit: int = PAGE) -> Sequence[DeadLetter]:
    """What an endpoint never took, the newest first."""
    wanted = select(DeadLetter).where(
        DeadLetter.endpoint_id == endpoint_id, DeadLetter.delivered_at.is_(None)
    )
    return db.session.scalars(wanted.order_by(DeadLetter.position.desc()).limit(limit)).all()


_GAPS = text(
    "SELECT count(*) FROM organisation_feed f WHERE last <>"
    " (SELECT count(*) FROM organisation_notice n WHERE n.organisation_id = f.organisation_id)"
)
_AHEAD = text(
    "SELECT count(*) FROM webhook_endpoint e LEFT JOIN organisation_feed f USING (organisation_id)"
    " WHERE e.delivered > coalesce(f.last, 0)"
)


def prove() -> list[Proof]:
    """Every feed is without a gap, and no endpoint was told what nobody wrote."""
    gaps, ahead = (int(db.session.scalar(each) or 0) for each in (_GAPS, _AHEAD))
    return [none("causes.prove_notices", feeds=gaps, endpoints=ahead)]
