"""What happens later: sanctions, wishes and lots whose time is over end."""

from app.kit.transaction import transaction
from app.registry import services
from app.registry.services import sanctions


def end_sanctions() -> int:
    """End what has run out; returns how many sanctions. For the sweeper."""
    with transaction():
        return sanctions.end_overdue()


def tidy_market() -> int:
    """End wishes whose time is over and close lots that are sold out; returns how many."""
    with transaction():
        ended = services.end_wishes()
    with transaction():
        return ended + services.close_sold_out()
