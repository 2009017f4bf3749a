"""What can be known of the public log: entries, heads, and proofs folded from a few stored hashes.

Strangers see what a head has sealed; what is being appended for the next head is not there for them yet.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import func, select, text

from app.kit import clock
from app.kit.database import array, db
from app.kit.proof import Proof, equal, none
from app.registry.errors import HeadUnknown, ProofUnknown
from app.registry.models import Issuance, LogEntry, LogHead, LogNode
from app.registry.rules import merkle
from app.registry.rules.log import OVERDUE_AFTER, Leaf, Line, next_day
from app.registry.rules.merkle import Place, Range


@dataclass(frozen=True)
class Source:
    """One kind of fact that is logged.

    `facts` is SQL that gives a row for each: `reference` (its id), `at`, and what `leaves` makes of it.
    Whoever adds a way to issue or to retire units adds a source: a head whose sums differ from what the
    blocks say is not signed.
    """

    name: str
    facts: str
    leaves: Callable[[Sequence[Any]], list[Leaf]]


@dataclass(frozen=True)
class Inclusion:
    """That a leaf stands in the log, as a head can confirm it."""

    position: int
    leaf: str
    path: list[bytes]
    head: LogHead


_NEVER = datetime.min.replace(tzinfo=UTC)
_NODES = text(
    "SELECT level, number, hash FROM log_node"
    " JOIN unnest(CAST(:levels AS bigint[]), CAST(:numbers AS bigint[])) wanted (level, number)"
    " USING (level, number)"
)
_LEAVES = text("SELECT position, leaf FROM log_entry WHERE position = ANY(CAST(:numbers AS bigint[]))")


def appended() -> int:
    """How many leaves there are, sealed or not."""
    last = db.session.scalar(select(func.max(LogEntry.position)))
    return 0 if last is None else last + 1


def edge(size: int) -> merkle.Edge:
    """The right edge of the tree over the first `size` leaves."""
    places = merkle.full_subtrees((0, size))
    known = _nodes(places)
    return merkle.Edge(size, [known[place] for place in places])


def path(ranges: Sequence[Range]) -> list[bytes]:
    """The hash over each of these ranges of leaves."""
    known = _nodes([place for leaves in ranges for place in merkle.full_subtrees(leaves)])
    return merkle.hashes_of(ranges, known.__getitem__)


def _nodes(places: Sequence[Place]) -> dict[Place, bytes]:
    """The hashes of full subtrees; those of leaves are taken from the leaves. Two reads by key."""
    found: dict[Place, bytes] = {}
    above = [place for place in places if place[0]]
    if above:
        levels, numbers = zip(*above, strict=True)
        rows = db.session.execute(_NODES, {"levels": array(levels), "numbers": array(numbers)})
        found |= {(level, number): bytes(node) for level, number, node in rows}
    leaves = array(number for level, number in places if not level)
    if leaves != "{}":
        rows = db.session.execute(_LEAVES, {"numbers": leaves})
        found |= {(0, position): merkle.leaf_hash(leaf.encode()) for position, leaf in rows}
    return found


def find_head() -> LogHead | None:
    """The newest head."""
    return db.session.scalar(select(LogHead).order_by(LogHead.number.desc()).limit(1))


def get_head(number: int) -> LogHead:
    """The head with this number. Raises `HeadUnknown`."""
    head = db.session.get(LogHead, number)
    if head is None:
        raise HeadUnknown()
    return head


def list_heads(limit: int, before: int | None = None) -> Sequence[LogHead]:
    """The heads, newest first."""
    wanted = select(LogHead).order_by(LogHead.number.desc()).limit(limit)
    return db.session.scalars(wanted if before is None else wanted.where(LogHead.number < before)).all()


def sealed() -> int:
    """How many leaves the newest head has sealed."""
    head = find_head()
    return head.size if head else 0


def find_day_to_seal() -> date | None:
    """The business day whose head is the next one, whether it is over or not; None before any issuance."""
    last = db.session.scalar(select(LogHead.day).order_by(LogHead.day.desc().nulls_last()).limit(1))
    first = db.session.scalar(select(Issuance.issued_at).order_by(Issuance.issued_at).limit(1))
    return next_day(last, clock.business_day(first) if first else None)


def count_days_unsealed() -> int:
    """How many days should have been sealed by now, and are not: each has had an hour for it."""
    day = find_day_to_seal()
    return max((clock.business_day(clock.now() - OVERDUE_AFTER) - day).days, 0) if day else 0


def list_entries(start: int, end: int) -> Sequence[LogEntry]:
    """The sealed entries from `start` to before `end`, in their order."""
    end = min(end, sealed())
    wanted = select(LogEntry).where(LogEntry.position >= start, LogEntry.position < end)
    return db.session.scalars(wanted.order_by(LogEntry.position)).all()


def list_retirements(limit: int, before: int | None = None) -> Sequence[LogEntry]:
    """The sealed retirements, newest first."""
    before = sealed() if before is None else min(before, sealed())
    wanted = select(LogEntry).where(LogEntry.kind == "retirement", LogEntry.position < before)
    return db.session.scalars(wanted.order_by(LogEntry.position.desc()).limit(limit)).all()


def prove_inclusion(position: int, size: int) -> list[bytes]:
    """The proof that the leaf at `position` is in the first `size`. Raises `ProofUnknown`."""
    if not 0 <= position < size <= sealed():
        raise ProofUnknown(size=sealed())
    return path(merkle.inclusion_ranges(position, size))


def prove_consistency(first: int, second: int) -> list[bytes]:
    """The proof that the first `second` leaves begin with the first `first`. Raises `ProofUnknown`."""
    if not 0 < first <= second <= sealed():
        raise ProofUnknown(size=sealed())
    return path(merkle.consistency_ranges(first, second))


def find_inclusion(source: str, reference: int) -> Inclusion | None:
    """Where a fact stands in the log and the proof of it, None as long as it is not sealed.

    The proof leads to the first head that holds it, so that it is the same whenever it is asked for.
    """
    entry = db.session.scalar(
        select(LogEntry).where(LogEntry.source == source, LogEntry.reference == reference)
    )
    if entry is None:
        return None
    over = select(LogHead).where(LogHead.size > entry.position).order_by(LogHead.size, LogHead.number)
    head = db.session.scalar(over.limit(1))
    if head is None:
        return None
    hashes = path(merkle.inclusion_ranges(entry.position, head.size))
    return Inclusion(entry.position, entry.leaf, hashes, head)


def root_of(size: int) -> bytes:
    """The root over the first `size` leaves."""
    return edge(size).root()


_WAITING = """SELECT fact.* FROM ({facts}) fact WHERE at >= :since AND at < :until
  AND NOT EXISTS (SELECT FROM log_entry WHERE source = :source AND log_entry.reference = fact.reference)
  ORDER BY at, reference LIMIT :most"""


def list_unlogged(source: Source, since: datetime, until: datetime, most: int) -> list[Leaf]:
    """Leaves of facts of this time that are not in the log yet, in the order in which they go there."""
    rows = db.session.execute(
        text(_WAITING.format(facts=source.facts)),
        {"since": since, "until": until, "source": source.name, "most": most},
    ).all()
    return source.leaves(rows)


_KG = (
    "SELECT coalesce(sum(quantity_kg) FILTER (WHERE kind = 'issuance'), 0)::bigint AS issued_kg,"
    " coalesce(sum(quantity_kg) FILTER (WHERE kind = 'retirement'), 0)::bigint AS retired_kg"
    " FROM log_entry WHERE position"
)
_SUMS, _TOLD = text(f"{_KG} >= :start"), text(f"{_KG} < :size")
_LINE = text(
    """SELECT {sums} FROM (
      SELECT CASE WHEN state IN ('retired', 'cancelled') AND changed_at >= :until THEN 'active' ELSE state END
        AS state, block.last_serial - block.first_serial + 1 AS kg
      FROM block JOIN issuance ON issuance.id = issuance_id WHERE issued_at < :until) standing""".format(
        sums=", ".join(
            f"coalesce(sum(kg) FILTER (WHERE state = '{state}'), 0)::bigint AS {state}_kg"
            for state in ("active", "reserved", "pledged", "retired", "cancelled")
        )
    )
)


def logged_since(head: LogHead | None) -> tuple[int, int]:
    """Kilograms issued and retired by all leaves, counted on from this head."""
    size, issued_kg, retired_kg = (head.size, head.issued_kg, head.retired_kg) if head else (0, 0, 0)
    more = db.session.execute(_SUMS, {"start": size}).one()
    return issued_kg + more.issued_kg, retired_kg + more.retired_kg


def line_at(until: datetime, issued_kg: int) -> Line:
    """Where units stood before `until`: what ended later was active then; promises are as they are now."""
    return Line(issued_kg=issued_kg, **db.session.execute(_LINE, {"until": until}).one()._mapping)


def prove_source(source: Source) -> Proof:
    """That each fact before the newest head is in the log exactly once, and nothing else is."""
    head = find_head()
    counted = db.session.execute(
        text(
            f"""SELECT count(*) AS facts, count(entry.position) AS logged,
            (SELECT count(*) FROM log_entry WHERE source = :source AND position < :size) AS entries
            FROM ({source.facts}) fact LEFT JOIN log_entry entry
              ON entry.source = :source AND entry.reference = fact.reference AND entry.position < :size
            WHERE at < :until"""
        ),
        {"source": source.name, "size": head.size, "until": head.until}
        if head
        else {"source": source.name, "size": 0, "until": _NEVER},
    ).one()
    return equal(f"registry.prove_logged_{source.name}", **counted._mapping)


def prove_log() -> list[Proof]:
    """That the log has no gap, its newest head the right root, and its line is true of leaves and blocks."""
    head, size = find_head(), appended()
    entries = db.session.scalar(select(func.count()).select_from(LogEntry)) or 0
    nodes = db.session.scalar(select(func.count()).select_from(LogNode)) or 0
    full = sum(size >> level for level in range(1, size.bit_length() + 1))
    faults = {"missing": size - entries + full - nodes, "wrong_root": 0, "off_kg": 0}
    if head is not None and not faults["missing"]:
        told = db.session.execute(_TOLD, {"size": head.size}).one()
        line = line_at(head.until, told.issued_kg)
        pairs = [(told.issued_kg, head.issued_kg), (told.retired_kg, head.retired_kg)]
        pairs += [(line.retired_kg, head.retired_kg), (line.cancelled_kg, head.cancelled_kg)]
        faults["wrong_root"] = int(root_of(head.size) != head.root)
        faults["off_kg"] = sum(abs(one - other) for one, other in pairs)
    return [none("registry.prove_log", **faults)]
