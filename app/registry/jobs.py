"""What happens later: sanctions whose last day has passed end."""

from app.kit.transaction import transaction
from app.registry.services import sanctions


def end_sanctions() -> int:
    """End what has run out; returns how many sanctions. For the sweeper."""
    with transaction():
        return sanctions.end_overdue()
