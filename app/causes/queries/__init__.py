"""What can be known of causes. The only readers of this room."""

from app.causes.queries import organisations, webhooks
from app.causes.queries.docket_proofs import prove_dockets
from app.causes.queries.duty_proofs import prove_duties
from app.causes.queries.event_proofs import prove_events
from app.causes.queries.gift_proofs import prove_gifts
from app.causes.queries.participant_proofs import prove_participants
from app.kit.proof import Proof

PROOFS = (
    prove_dockets,
    prove_duties,
    prove_gifts,
    prove_events,
    prove_participants,
    organisations.prove,
    webhooks.prove,
)


def prove() -> list[Proof]:
    """The invariants of this room, each with its figures."""
    return [proof for each in PROOFS for proof in each()]
