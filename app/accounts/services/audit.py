"""The audit log 审计日志: what operators did, written with the effect itself."""

from typing import Any

from app.accounts.models import AuditEntry
from app.kit import clock
from app.kit.database import db


def record(operator_id: int | None, action: str, subject: str, details: dict[str, Any] | None = None) -> None:
    """Write that an operator (None: the system) did `action` to `subject`, in the running transaction.

    `action` is a past-tense name such as `payout_approved`, `subject` the code of what it was done to,
    `details` plain JSON values without personal data.
    """
    db.session.add(
        AuditEntry(
            operator_id=operator_id,
            action=action,
            subject=subject,
            details=details or {},
            acted_at=clock.now(),
        )
    )
    db.session.flush()
