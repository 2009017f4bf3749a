"""Consents of many holders at once, held still until the commit."""

from collections.abc import Sequence

from sqlalchemy import text

from app.kit.database import array, db

_LOCK = text(
    "SELECT holder_id, scene FROM consent WHERE holder_id = ANY(CAST(:holders AS bigint[]))"
    " AND source = :source AND withdrawn_at IS NULL ORDER BY id FOR SHARE"
)


def lock_consents(holder_ids: Sequence[int], source: str) -> frozenset[tuple[int, str]]:
    """The (holder, scene) of which data may come from `source`; whoever withdraws now waits for our commit.

    So what is written was agreed to when it was written, and whatever comes after a withdrawal finds none.
    """
    rows = db.session.execute(_LOCK, {"holders": array(sorted(set(holder_ids))), "source": source})
    return frozenset((row.holder_id, row.scene) for row in rows)
