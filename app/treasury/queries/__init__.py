"""What can be known of bills and payouts. The only readers of this room."""

from app.kit.proof import Proof
from app.treasury.queries import bills, payees, payouts, proofs, statements
from app.treasury.queries.payout_proofs import prove_payouts

__all__ = ["bills", "payees", "payouts", "prove", "statements"]


def prove() -> list[Proof]:
    """The invariants of this room, each with its figures."""
    return [*proofs.reconciled_days(), *prove_payouts()]
