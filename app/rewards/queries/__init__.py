"""What can be known of points and programmes. The only readers of this room."""

from app.kit.proof import Proof
from app.rewards.queries import grants, programmes
from app.rewards.queries.drive_gifts import prove_drives
from app.rewards.queries.fund_proofs import prove_funds
from app.rewards.queries.proofs import prove_points

__all__ = ["grants", "programmes", "prove"]

PROOFS = (prove_points, prove_drives, prove_funds)


def prove() -> list[Proof]:
    """The invariants of this room, each with its figures."""
    return [proof for each in PROOFS for proof in each()]
