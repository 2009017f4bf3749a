"""The database remembers, the queue rings: how a room tells the rooms above it what has happened.

An announcement is a row a listener, written in the fact's own transaction. The listener's effect and
the row's `done_at` are one transaction, so an effect happens once however often a job runs. A sweeper
delivers what no bell reached. (Announcements are never called events: those are gatherings.)

A listener that must call the outside world is registered with `outside=True`: it is leased, called
without a transaction, and returns what to record. A crash in between lets the lease lapse, and the
same call is made again with the same number.

What can never be changed once it has happened is told before it happens, too: whoever `precedes` it runs
in the fact's own transaction, without a row.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import BigInteger, DateTime, Identity, Index, Integer, String, delete, select, text, update
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.kit import clock, queue
from app.kit.database import Base, db, write
from app.kit.transaction import ring_after_commit, transaction

type_payload = dict[str, Any]
Record = Callable[[], None]
LEASE = timedelta(seconds=60)
TROUBLED_AFTER = 10
"""Failures after which a row counts as troubled; it is still tried, every ten minutes."""
_JOB = "app.kit.announcements.deliver"
_log = structlog.get_logger(__name__)


class Announcement(Base):
    """One thing one listener has still to hear, or has heard."""

    __tablename__ = "announcement"
    __table_args__ = (
        Index("ix_announcement_waiting", "available_at", "id", postgresql_where=text("done_at IS NULL")),
        {"postgresql_with": {"autovacuum_vacuum_scale_factor": "0.02", "fillfactor": "80"}},
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    listener: Mapped[str] = mapped_column(String(80))
    payload: Mapped[type_payload] = mapped_column(JSONB)
    announced_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    available_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    attempts: Mapped[int] = mapped_column(Integer, server_default="0")
    last_error: Mapped[str | None] = mapped_column(String(300))
    done_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


@dataclass(frozen=True)
class Listener:
    """Who hears a topic: `hear(payload)` runs in a transaction, or outside one when `outside`."""

    name: str
    hear: Callable[[type_payload], Record | None]
    outside: bool


_listeners: dict[str, list[Listener]] = defaultdict(list)
_by_name: dict[str, Listener] = {}
_preparing: dict[str, list[Callable[[type_payload], None]]] = defaultdict(list)


def listens(topic: str, *, outside: bool = False) -> Callable[[Callable[[type_payload], Any]], Any]:
    """Register a function of a room's `jobs` as listener of `topic`."""

    def register(hear: Callable[[type_payload], Any]) -> Callable[[type_payload], Any]:
        listener = Listener(f"{hear.__module__}.{hear.__name__}", hear, outside)
        _listeners[topic].append(listener)
        _by_name[listener.name] = listener
        return hear

    return register


def precedes(topic: str) -> Callable[[Callable[[type_payload], None]], Callable[[type_payload], None]]:
    """Register a function of a room's `jobs` that runs before what `topic` names, in its transaction.

    It locks before the room below does, and what it refuses does not happen.
    """

    def register(prepare: Callable[[type_payload], None]) -> Callable[[type_payload], None]:
        _preparing[topic].append(prepare)
        return prepare

    return register


def prepare(topic: str, payload: type_payload) -> None:
    """Let the rooms above do what they have to before something can no longer be changed."""
    for each in _preparing[topic]:
        each(payload)


def announce(topic: str, payload: type_payload, *, after: timedelta = timedelta()) -> None:
    """Write one row a listener of `topic` into the running transaction; nobody listening, no row.

    `payload` is JSON: ids and plain values. `after` delays the first delivery.
    """
    listeners = _listeners.get(topic, ())
    if not listeners:
        return
    at = clock.now()
    rows = [
        {"listener": each.name, "payload": payload, "announced_at": at, "available_at": at + after}
        for each in listeners
    ]
    db.session.execute(Announcement.__table__.insert(), rows)  # type: ignore[attr-defined]
    if not after:
        ring()


def rows_from(topic: str, rows: str) -> str:
    """The part of another statement that announces `topic` once for each row of `rows`.

    `rows` names a relation of that statement with a jsonb column `payload`; the statement has a
    parameter `%(now)s`. Call `ring()` in the same transaction.
    """
    names = ", ".join(f"('{each.name}')" for each in _listeners.get(topic, ()))
    heard = f"(VALUES {names})" if names else "(SELECT '' WHERE false)"
    return (
        "INSERT INTO announcement (listener, payload, announced_at, available_at)"
        f" SELECT listener, payload, %(now)s, %(now)s FROM {rows} CROSS JOIN {heard} AS heard (listener)"
    )


def waiting_from(topic: str) -> str:
    """A relation in SQL: the `payload` of everything told of `topic` that somebody has still to hear."""
    names = ",".join(each.name for each in _listeners.get(topic, ()))
    return f"(SELECT payload FROM announcement WHERE done_at IS NULL AND listener = ANY('{{{names}}}'))"


def ring() -> None:
    """Wake a deliverer once the running transaction has committed."""
    ring_after_commit(_JOB)


@queue.job
def deliver() -> int:
    """Deliver what is due until nothing is; returns how many were heard. Safe to run anywhere, at once."""
    heard = 0
    while rows := _lease(50):
        for row_id, listener, payload in rows:
            heard += _deliver_one(row_id, listener, payload)
    return heard


def _lease(limit: int) -> Sequence[tuple[int, str, type_payload]]:
    """Claim waiting rows for the length of a lease, so that no second deliverer takes them meanwhile."""
    now = clock.now()
    with transaction() as session:
        waiting = (
            select(Announcement.id)
            .where(
                Announcement.done_at.is_(None),
                Announcement.available_at <= now,
            )
            .order_by(Announcement.available_at, Announcement.id)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        rows = session.execute(
            update(Announcement)
            .where(Announcement.id.in_(waiting.scalar_subquery()))
            .values(available_at=now + LEASE)
            .returning(Announcement.id, Announcement.listener, Announcement.payload)
            .execution_options(synchronize_session=False)
        )
        return sorted((row.id, row.listener, row.payload) for row in rows.all())


def _deliver_one(row_id: int, name: str, payload: type_payload) -> int:
    listener = _by_name.get(name)
    try:
        if listener is None:
            raise LookupError(f"no listener named {name}")
        if listener.outside:
            record = listener.hear(payload)
            with transaction():
                if _take(row_id) and record is not None:
                    record()
        else:
            with transaction():
                if _take(row_id):
                    listener.hear(payload)
    except Exception as error:  # whatever went wrong, the row stays and is tried again later
        _log.warning("announcement failed", id=row_id, listener=name, exc_info=True)
        _put_back(row_id, error)
        return 0
    return 1


def _take(row_id: int) -> bool:
    """Mark the row done as part of the effect's transaction; False when another deliverer was first."""
    done = write(
        update(Announcement)
        .where(Announcement.id == row_id, Announcement.done_at.is_(None))
        .values(done_at=clock.now(), last_error=None)
        .execution_options(synchronize_session=False)
    )
    return bool(done)


def _put_back(row_id: int, error: Exception) -> None:
    """Make the row available again later: after 1 s, 2 s, 4 s … and at last every ten minutes, for ever."""
    with transaction() as session:
        row = session.get(Announcement, row_id, with_for_update=True)
        if row is not None and row.done_at is None:
            delay = min(2 ** min(row.attempts, 20), 600)
            row.attempts += 1
            row.available_at = clock.now() + timedelta(seconds=delay)
            # The kind of fault only: a driver's text may hold what people told us.
            row.last_error = type(error).__name__


def forget_before(moment: datetime) -> int:
    """Drop what was heard before `moment`; returns how many. What waits stays."""
    heard = delete(Announcement).where(Announcement.done_at < moment)
    return write(heard)


def backlog() -> dict[str, float]:
    """How many rows wait, how many of them are troubled, the oldest one's age in seconds; for readiness."""
    row = db.session.execute(
        text(
            "SELECT count(*) AS waiting, count(*) FILTER (WHERE attempts >= :limit) AS troubled,"
            " coalesce(extract(epoch FROM now() - min(announced_at)), 0)::float AS oldest_seconds"
            " FROM announcement WHERE done_at IS NULL"
        ),
        {"limit": TROUBLED_AFTER},
    ).one()
    return dict(row._mapping)


@dataclass(frozen=True)
class Waiting:
    """What one listener has still to hear."""

    listener: str
    waiting: int
    failing: int
    troubled: int
    oldest_at: datetime


def list_waiting() -> list[Waiting]:
    """Every listener with something to hear, the one that has waited longest first."""
    rows = db.session.execute(
        text(
            "SELECT listener, count(*), count(*) FILTER (WHERE attempts > 0),"
            " count(*) FILTER (WHERE attempts >= :limit), min(announced_at) AS oldest_at"
            " FROM announcement WHERE done_at IS NULL GROUP BY listener ORDER BY oldest_at, listener"
        ),
        {"limit": TROUBLED_AFTER},
    )
    return [Waiting(*row) for row in rows]


def list_failing(limit: int, after: int | None = None) -> Sequence[Announcement]:
    """What was tried and not heard yet, the oldest first."""
    failing = select(Announcement).where(Announcement.done_at.is_(None), Announcement.attempts > 0)
    if after is not None:
        failing = failing.where(Announcement.id > after)
    return db.session.scalars(failing.order_by(Announcement.id).limit(limit)).all()


def hasten(row_id: int) -> bool:
    """Let a waiting row be tried at once; False when it is not there or has been heard."""
    hastened = write(
        update(Announcement)
        .where(Announcement.id == row_id, Announcement.done_at.is_(None))
        .values(available_at=clock.now())
        .execution_options(synchronize_session=False)
    )
    ring()
    return bool(hastened)
