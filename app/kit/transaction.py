"""One request or one job is one transaction, and this is the one place that commits.

No call to the outside world happens inside: claim and commit, call with our own number, record.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from sqlalchemy.orm import Session

from app.kit import queue
from app.kit.database import db, run, run_alone


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


def run_whole(statement: str, values: Mapping[str, Any]) -> tuple[Any, ...] | None:
    """Run one prepared statement, wholly or not at all, and return its first row.

    Inside a transaction it is a part of it that can fail by itself; outside one it is a transaction of its
    own, which spares PostgreSQL and us the two other round trips. Raises psycopg's errors, and what had
    been written before stands.
    """
    if _running():
        with db.session.begin_nested():
            return run(statement, values).fetchone()
    if db.session.registry.has():
        db.session.rollback()  # what was read before must not keep a connection, of which there are few
    return run_alone(statement, values)


def ring_after_commit(name: str) -> None:
    """Ask for job `name` to be rung once this transaction has committed; a lost ring does no harm.

    Outside a transaction what it is rung for stands already (`run_whole`).
    """
    if _running():
        db.session().info.setdefault("bells", {})[name] = True
    else:
        queue.ring(name)


def _running() -> bool:
    """Whether a transaction runs; a session is not made for the question."""
    return db.session.registry.has() and "in_transaction" in db.session().info
