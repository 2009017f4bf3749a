"""What whoever retired units by orders, or had them retired for a cause, is told of their forest."""

from app.accounts.services import notices
from app.registry.queries import reversals

_SERVED = (
    "settlement_run run JOIN retirement ON retirement.run_id = run.id"
    " JOIN orders ON orders.id = retirement.order_id"
)
_BUYERS = f"SELECT orders.holder_id FROM {_SERVED} WHERE run.issuance_id = :issuance"
_OWNERS = (
    f"SELECT owner_id AS holder_id FROM {_SERVED} JOIN cause ON cause.holder_id = cause_id"
    " WHERE run.issuance_id = :issuance AND owner_id <> orders.holder_id"
)


def tell_retired(code: str) -> int:
    """Tell of a reversal everyone who was served from its issuance, and whose causes were; returns how many.

    Somebody else may have bought for an event: whoever calls it neutral has to know.
    """
    issuance_id, details = reversals.find_reversed(code)
    values = {"issuance": issuance_id}
    told = notices.tell_from(_BUYERS, values, "registry.notice_reversal_retired", code, details)
    return told + notices.tell_from(_OWNERS, values, "offsets.notice_reversal_cause", code, details)
