"""What can be known of points and programmes. The only readers of this room."""

from app.kit.proof import Proof
from app.rewards.queries import fairness, grants, items, programmes, redemptions
from app.rewards.queries.badge_proofs import prove_days
from app.rewards.queries.catalogue_proofs import prove_catalogue
from app.rewards.queries.challenges import prove_challenges
from app.rewards.queries.drive_gifts import prove_drives
from app.rewards.queries.fairness_proofs import prove_fairness
from app.rewards.queries.fund_proofs import prove_funds
from app.rewards.queries.plantings import prove_plantings
from app.rewards.queries.proofs import prove_points
from app.rewards.queries.scores import prove_scores

__all__ = ["fairness", "grants", "items", "programmes", "prove", "redemptions"]

PROOFS = (
    prove_points,
    prove_catalogue,
    prove_drives,
    prove_fairness,
    prove_days,
    prove_funds,
    prove_scores,
    prove_challenges,
    prove_plantings,
)


def prove() -> list[Proof]:
    """The invariants of this room, each with its figures."""
    return [proof for each in PROOFS for proof in each()]
