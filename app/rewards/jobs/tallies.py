"""What programmes came to is counted now and then, not when somebody looks."""

from app.kit.transaction import transaction
from app.rewards.services import tallies


def count_thanks() -> int:
    """Count what all lots came to; returns how many programmes have any. For the sweeper."""
    with transaction():
        return tallies.count_thanks()
