"""What can be known of bills and payouts. The only readers of this room."""

from app.kit.proof import Proof


def prove() -> list[Proof]:
    """The invariants of this room, each with its figures."""
    return []
