"""What happens later: photos that nobody has to see any more are erased."""

from app.footprint.services import reviews
from app.kit.transaction import transaction


def erase_photos() -> int:
    """Erase pictures whose time is over; returns how many. For the sweeper."""
    with transaction():
        return reviews.erase_photos()
