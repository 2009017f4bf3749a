"""What happens later: sanctions and holds whose time is over end; whom a reversal concerns is told."""

from typing import Any

from app.kit.announcements import listens
from app.kit.transaction import transaction
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
def tell_of_reversal(payload: dict[str, Any]) -> None:
    """Tell holders and pledgees that their forest lost something."""
    reversals.tell_concerned(payload["code"])
