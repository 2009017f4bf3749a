"""What happens later: sanctions, holds, wishes and lots whose time is over end; who is concerned is told."""

from typing import Any

from app.kit.announcements import listens
from app.kit.transaction import transaction
from app.registry import services
from app.registry.services import holds, reversals, sanctions


def end_sanctions() -> int:
    """End what has run out; returns how many sanctions. For the sweeper."""
    with transaction():
        return sanctions.end_overdue()


def lapse_holds() -> int:
    """End every reservation and gift whose time is over, one a transaction; returns how many."""
    ended = 0
    while True:
        with transaction():
            if not holds.lapse_one():
                return ended
        ended += 1


@listens(reversals.TOPIC)
def tell_holders_of_reversal(payload: dict[str, Any]) -> None:
    """Tell holders and pledgees that their forest lost something."""
    reversals.tell_concerned(payload["code"])


def tidy_market() -> int:
    """End wishes whose time is over and close lots that are sold out; returns how many."""
    with transaction():
        ended = services.end_wishes()
    with transaction():
        return ended + services.close_sold_out()
