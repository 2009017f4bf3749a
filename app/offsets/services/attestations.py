"""Attesting facts of a cause 证明, and revoking what no longer stands.

Whoever attests computes the facts anew; when they are what stands, nothing happens. So it may be asked
after everything that could have changed them.
"""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import func, select

from app.kit import clock
from app.kit.codes import checked_code
from app.kit.database import db
from app.offsets.models import Attestation, Cause
from app.offsets.rules import is_plain

CHANGED = "changed"
"""Why an attestation was revoked that another one replaces."""


def attest(cause_id: int, kind: str, facts: Mapping[str, Any]) -> str:
    """Attest `facts` and return the number; what stood with other facts is revoked.

    Raises ValueError for anything but plain values (`rules.is_plain`): its file could not be verified.
    """
    if not is_plain(dict(facts)):
        raise ValueError("only plain values are attested")
    standing = _standing(cause_id, kind)
    if standing is not None:
        if standing.facts == facts:
            return standing.number
        _revoke(standing, CHANGED)
    last = db.session.scalar(
        select(func.max(Attestation.version)).where(
            Attestation.cause_id == cause_id, Attestation.kind == kind
        )
    )
    fresh = Attestation(
        number=checked_code(16),
        cause_id=cause_id,
        kind=kind,
        version=(last or 0) + 1,
        facts=dict(facts),
        issued_at=clock.now(),
    )
    db.session.add(fresh)
    db.session.flush()
    return fresh.number


def revoke(cause_id: int, kind: str, reason: str) -> bool:
    """Let what stands of a kind stand no more, for a `reason` in a word; False when nothing stood."""
    standing = _standing(cause_id, kind)
    if standing is None:
        return False
    _revoke(standing, reason)
    return True


def _standing(cause_id: int, kind: str) -> Attestation | None:
    """What stands, its cause locked: two that attest at once do it one after another."""
    db.session.get_one(Cause, cause_id, with_for_update=True, populate_existing=True)
    return db.session.scalar(
        select(Attestation).where(
            Attestation.cause_id == cause_id, Attestation.kind == kind, Attestation.revoked_at.is_(None)
        )
    )


def _revoke(attestation: Attestation, reason: str) -> None:
    attestation.revoked_at, attestation.revoked_reason = clock.now(), reason
    db.session.flush()
