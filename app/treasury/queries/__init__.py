"""What can be known of bills and payouts. The only readers of this room."""

from app.kit.proof import Proof
from app.treasury.queries import bills, proofs

__all__ = ["bills", "prove"]


def prove() -> list[Proof]:
    """The invariants of this room, each with its figures."""
    return [*proofs.reconciled_days()]
