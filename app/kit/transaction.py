"""One request or one job is one transaction, and this is the one place that commits.

No call to the outside world happens inside: claim and commit, call with our own number, record.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.orm import Session

from app.kit import queue
from app.kit.database import db


@contextmanager
def transaction() -> Iterator[Session]:
    """Commit what happens inside, or none of it; then ring the bells that were asked for.

    Raises whatever the body raises, after rolling back. It does not nest: a second one inside the
    first is a fault of the caller, since the inner commit would split what belongs together.
    """
    session = db.session()
    if session.info.get("in_transaction"):
        raise RuntimeError("transaction() does not nest")
    session.rollback()  # reads before the write must not pin an older snapshot or a dead connection
    session.info["in_transaction"] = True
    try:
        yield session
        session.commit()
        bells = session.info.pop("bells", ())
    except BaseException:
        session.info.pop("bells", None)
        session.rollback()
        raise
    finally:
        session.info.pop("in_transaction", None)
    for name in bells:
        queue.ring(name)


def ring_after_commit(name: str) -> None:
    """Ask for job `name` to be rung once this transaction has committed; a lost ring does no harm."""
    db.session().info.setdefault("bells", {})[name] = True
