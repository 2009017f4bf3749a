"""Asking givers' servers for vouchers: claimed, called without a transaction, recorded.

One redemption is one number for ever. Who gave no answer is asked again under it; after an hour it is asked
to cancel it; and only what a partner has signed, that there is a voucher or that there will be none, ends
the asking.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy import select, text

from app.kit import clock, sealing
from app.kit.database import db
from app.rewards.models.redemptions import PartnerIssue, Redemption
from app.rewards.queries.items import get_items
from app.rewards.queries.redemptions import RedemptionFacts, Voucher
from app.rewards.rules.items import Supply
from app.rewards.rules.redemptions import GIVE_UP_AFTER, ReturnReason, Step, ask_again
from app.rewards.services.items import GIVER
from app.rewards.services.redemptions import fulfil, give_back, tell

LEASE = timedelta(seconds=60)
_CLAIM = text(
    "UPDATE partner_issue i SET next_at = :until,"
    " cancelling_at = coalesce(cancelling_at,"
    "   CASE WHEN asked_at <= :patience THEN CAST(:now AS timestamptz) END)"
    " FROM voucher_partner p, redemption r WHERE p.id = i.partner_id AND r.id = i.redemption_id"
    " AND i.redemption_id IN (SELECT redemption_id FROM partner_issue"
    "   WHERE ended_at IS NULL AND next_at <= :now ORDER BY next_at LIMIT :limit FOR UPDATE SKIP LOCKED)"
    " RETURNING i.redemption_id, r.code AS number, i.product, p.holder_id, p.base_url, p.public_key,"
    " i.next_at, i.cancelling_at IS NOT NULL AS cancels"
)
_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Asking:
    """What one partner is asked, for as long as the lease lasts."""

    redemption_id: int
    number: str
    product: str
    giver_id: int
    base_url: str
    public_key: bytes
    until: datetime
    cancels: bool


def claim_due(limit: int) -> list[Asking]:
    """Who has to be asked now, each leased so that nobody else asks meanwhile."""
    now = clock.now()
    values = {"now": now, "until": now + LEASE, "limit": limit, "patience": now - GIVE_UP_AFTER}
    rows = db.session.execute(_CLAIM, values)
    return [
        Asking(
            row.redemption_id,
            row.number,
            row.product,
            row.holder_id,
            row.base_url,
            bytes(row.public_key),
            row.next_at,
            row.cancels,
        )
        for row in rows
    ]


def record_issued(asking: Asking, voucher: Voucher) -> bool:
    """Keep the voucher that a partner signed for; again, it changes nothing. False when it was over.

    False also for a code that it has issued for another number: nobody else gets it, and the asking goes on.
    """
    digest = sealing.digester(GIVER.format(asking.giver_id))(voucher.code)
    if _is_anothers(asking, digest):
        record_silence(asking, "CodeOfAnother")
        return False
    found = _lock(asking)
    if found is None:
        return False
    db.session.get_one(PartnerIssue, asking.redemption_id).code_digest = digest
    fulfil(found.row, Supply.PARTNER, voucher)
    db.session.flush()
    tell(found, "voucher_issued")
    return True


def _is_anothers(asking: Asking, digest: bytes) -> bool:
    wanted = select(PartnerIssue.redemption_id).where(
        PartnerIssue.code_digest == digest, PartnerIssue.redemption_id != asking.redemption_id
    )
    return db.session.scalar(wanted) is not None


def record_none(asking: Asking, reason: ReturnReason) -> bool:
    """Give the points back: the partner has signed that there is no voucher and will be none."""
    found = _lock(asking)
    if found is None:
        return False
    give_back(found.row, reason, restock=reason is ReturnReason.PARTNER_SILENT)
    tell(found, f"returned_{reason}")
    return True


def record_silence(asking: Asking, error: str) -> None:
    """Ask again later, under the same number; nothing is kept when the lease was lost meanwhile."""
    issue = db.session.get_one(
        PartnerIssue, asking.redemption_id, with_for_update=True, populate_existing=True
    )
    if issue.ended_at is None and issue.next_at == asking.until:
        issue.attempts += 1
        issue.next_at = clock.now() + ask_again(issue.attempts)
        issue.last_error = error[:80]
        db.session.flush()


def _lock(asking: Asking) -> RedemptionFacts | None:
    """The redemption whose asking ends now, locked; None when it has ended before."""
    row = db.session.scalar(
        select(Redemption)
        .where(Redemption.id == asking.redemption_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    issue = db.session.get_one(
        PartnerIssue, asking.redemption_id, with_for_update=True, populate_existing=True
    )
    if row is None or issue.ended_at is not None:
        return None
    issue.ended_at, issue.last_error = clock.now(), None
    db.session.flush()
    found = RedemptionFacts(row, get_items([row.item_id])[row.item_id])
    if found.step is not Step.RESERVED:
        _log.warning("a partner's word came too late", redemption=row.code)
        return None
    return found
