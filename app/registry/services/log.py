"""Writing the public log: leaves are appended in batches, then a head seals and signs them.

Each batch is a transaction of its own, so a crash between two leaves a longer log without a head, and the
next round goes on from there. A fact goes in once (unique key), whoever appends and however often; one that
becomes visible later than the head of its time goes under the next head. Nothing here touches a settlement:
its facts are read after they were committed.
"""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import date, datetime

import structlog
from sqlalchemy import text

from app.kit import clock, signing
from app.kit.database import allow_bulk, copy_rows, db
from app.registry.errors import LogGap
from app.registry.models import LogHead
from app.registry.queries import log
from app.registry.rules.log import Leaf, second

BATCH = 20_000
HEAD_KIND = "log+jws"
_LOCK = text("LOCK TABLE log_entry IN SHARE ROW EXCLUSIVE MODE")
_OLDEST = text(
    "SELECT min(xact_start) FROM pg_stat_activity WHERE datname = current_database()"
    " AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
)
# A day is a small part of all there is, and the planner cannot know that of a range of serials: by index, row
# after row, whatever else the tables hold.
_BY_INDEX = text(
    "SELECT "
    + ", ".join(
        f"set_config('enable_{way}', 'off', true)" for way in ("hashjoin", "mergejoin", "material", "seqscan")
    )
)
_log = structlog.get_logger(__name__)


def decided_until() -> datetime:
    """Before this moment nothing will become visible any more: whoever could write it has ended."""
    oldest, now = db.session.scalar(_OLDEST), clock.now()
    return min(oldest, now) if oldest else now


def append_unlogged(source: log.Source, since: datetime, until: datetime) -> Sequence[Leaf]:
    """Append up to a batch of this source's leaves in the running transaction; gives those appended."""
    allow_bulk(minutes=5)
    db.session.execute(_LOCK)  # two who append take turns
    db.session.execute(_BY_INDEX)
    leaves = log.list_unlogged(source, since, until, BATCH)
    edge = log.edge(log.appended())
    entries, nodes = [], []
    for leaf in leaves:
        entries.append((edge.size, source.name, leaf.reference, leaf.kind, leaf.quantity_kg, leaf.text))
        nodes += edge.append(leaf.text.encode())
    copy_rows("log_entry", ("position", "source", "reference", "kind", "quantity_kg", "leaf"), entries)
    copy_rows("log_node", ("level", "number", "hash"), nodes)
    return leaves


def seal(until: datetime, day: date | None) -> LogHead | None:
    """Sign the log as it stands as a head for `until`; None when a later or equal one is there already.

    Raises `LogGap` when what was logged is not what the blocks say was issued and retired before `until`.
    """
    allow_bulk(minutes=5)
    db.session.execute(_LOCK)
    last = log.find_head()
    if last is not None and last.until >= until:
        return None
    size = log.appended()
    issued_kg, retired_kg = log.logged_since(last)
    line = log.line_at(until, issued_kg)
    if not line.holds or line.retired_kg != retired_kg:
        raise LogGap(f"logged {issued_kg} kg issued and {retired_kg} kg retired; blocks say {line}")
    head = LogHead(
        number=last.number + 1 if last else 1,
        day=day,
        until=until,
        size=size,
        root=log.root_of(size),
        sealed_at=clock.now(),
        document="",
        **asdict(line),
    )
    head.document = signing.seal().sign(_claims(head), HEAD_KIND)
    db.session.add(head)
    db.session.flush()
    _log.info("log head", number=head.number, size=size, document=head.document)
    return head


def _claims(head: LogHead) -> dict[str, object]:
    return {
        "number": head.number,
        "day": head.day.isoformat() if head.day else None,
        "until": head.until.isoformat(),
        "size": head.size,
        "root": head.root.hex(),
        "line": asdict(head.line),
        "sealed_at": second(head.sealed_at),
    }
