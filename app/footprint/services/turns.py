"""One after another: whatever counts a holder's rows before it adds one takes this turn first."""

from sqlalchemy import text

from app.kit.database import db

_TURN = text("SELECT pg_advisory_xact_lock(hashtextextended('footprint holder:' || :holder, 0))")


def begin_turn(holder_id: int) -> None:
    """Wait until no other transaction of this holder is counting; held until the transaction ends."""
    db.session.execute(_TURN, {"holder": str(holder_id)})
