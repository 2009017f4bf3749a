"""A person's home region: chosen, changed and taken back, with all that was made of it."""

from sqlalchemy import text

from app.accounts import services as accounts
from app.kit.database import db, write
from app.registry.queries import regions
from app.statements.errors import HomeUnknown

# A sealing that has read homes and not yet written shares would otherwise write them for a home that is gone.
_TURN = text("LOCK TABLE region_snapshot IN SHARE MODE")
_WAITING = text("DELETE FROM region_share WHERE person = :person AND release_id IS NULL")
# Within one release a person stays one, or it would seem to have more people than it had; two releases
# cannot be brought together again.
_RELEASED = text(
    "UPDATE region_share SET person = -first FROM (SELECT id, min(id) OVER (PARTITION BY release_id) AS first"
    "   FROM region_share WHERE person = :person) told WHERE told.id = region_share.id"
)


def choose_home(holder_id: int, region: str) -> bool:
    """Count with this region from now on; False for whoever does already. Raises `HomeUnknown`."""
    if region not in regions.list_names([region]):
        raise HomeUnknown(region=region)
    db.session.execute(_TURN)
    chosen = accounts.homes.choose_home(holder_id, region)
    if chosen:
        _forget(holder_id)
    return chosen


def leave_home(holder_id: int) -> bool:
    """Count nowhere; False when there was no home.

    What waits is dropped. What was released stays in the totals and no longer says whose it was.
    """
    db.session.execute(_TURN)
    left = accounts.homes.leave_home(holder_id)
    if left:
        _forget(holder_id)
    return left


def _forget(holder_id: int) -> None:
    for statement in (_WAITING, _RELEASED):
        write(statement, {"person": holder_id})
