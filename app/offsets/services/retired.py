"""What whoever retired units by orders is told of their forest."""

from app.accounts.services import notices
from app.registry.queries import reversals

_RETIRED = (
    "SELECT orders.holder_id FROM settlement_run run JOIN retirement ON retirement.run_id = run.id"
    " JOIN orders ON orders.id = retirement.order_id WHERE run.issuance_id = :issuance"
)


def tell_retired(code: str) -> int:
    """Tell everyone whose order was served from the issuance of a reversal; returns how many."""
    issuance_id, details = reversals.find_reversed(code)
    values = {"issuance": issuance_id}
    return notices.tell_from(_RETIRED, values, "registry.notice_reversal_retired", code, details)
