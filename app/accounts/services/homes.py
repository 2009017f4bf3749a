"""Choosing a home region, and taking it back.

Rooms above keep what they made of it: `statements.services` lets go of that in the same transaction, so
people's wishes come in through there.
"""

from sqlalchemy import text

from app.accounts.announcements import HOME_CHANGED
from app.accounts.queries.holders import lock_holders
from app.accounts.queries.homes import find_home
from app.kit import clock
from app.kit.announcements import announce
from app.kit.database import write

_CHOOSE = text(
    "INSERT INTO home (holder_id, region, chosen_at) VALUES (:holder, :region, :now)"
    " ON CONFLICT (holder_id) DO UPDATE SET region = excluded.region, chosen_at = excluded.chosen_at"
    " WHERE home.region <> excluded.region"
)
_LEAVE = text("DELETE FROM home WHERE holder_id = :holder")


def choose_home(holder_id: int, region: str) -> bool:
    """Be at home in `region` from now on; False for whoever is there already, since when stays as it is."""
    left = _left(holder_id)
    chosen = write(_CHOOSE, {"holder": holder_id, "region": region, "now": clock.now()})
    return _told(chosen, holder_id, left)


def leave_home(holder_id: int) -> bool:
    """Be at home nowhere; False when there was no home."""
    left = _left(holder_id)
    return _told(write(_LEAVE, {"holder": holder_id}), holder_id, left)


def _left(holder_id: int) -> str | None:
    """Where somebody is at home until now; of two who say otherwise at once, the second waits."""
    lock_holders(holder_id)
    home = find_home(holder_id)
    return home.region if home else None


def _told(changed: int, holder_id: int, left: str | None) -> bool:
    if changed:
        announce(HOME_CHANGED, {"holder_id": holder_id, "left": left})
    return bool(changed)
