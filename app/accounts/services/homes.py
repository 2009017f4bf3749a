"""Choosing a home region, and taking it back.

Rooms above keep what they made of it: `statements.services` lets go of that in the same transaction, so
people's wishes come in through there.
"""

from sqlalchemy import text

from app.kit import clock
from app.kit.database import write

_CHOOSE = text(
    "INSERT INTO home (holder_id, region, chosen_at) VALUES (:holder, :region, :now)"
    " ON CONFLICT (holder_id) DO UPDATE SET region = excluded.region, chosen_at = excluded.chosen_at"
    " WHERE home.region <> excluded.region"
)
_LEAVE = text("DELETE FROM home WHERE holder_id = :holder")


def choose_home(holder_id: int, region: str) -> bool:
    """Be at home in `region` from now on; False for whoever is there already, since when stays as it is."""
    return bool(write(_CHOOSE, {"holder": holder_id, "region": region, "now": clock.now()}))


def leave_home(holder_id: int) -> bool:
    """Be at home nowhere; False when there was no home."""
    return bool(write(_LEAVE, {"holder": holder_id}))
