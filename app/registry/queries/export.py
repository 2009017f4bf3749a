"""The sealed log to take home, in parts that are whole answers: nobody who reads slowly keeps anything open.

A part tells of so many entries, with each head behind the last entry that it seals. Parts follow one another
as one file. What is behind the newest head's part never changes, so caches and strangers may keep it.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import select

from app.kit.database import db
from app.registry.errors.export import LogPartUnknown
from app.registry.models import LogEntry, LogHead
from app.registry.queries.log import find_head
from app.registry.rules import merkle
from app.registry.rules.log import canonical

ENTRIES_A_PART = 2000
"""Less than a megabyte: built in memory at once, and no thread waits until it has been read."""


@dataclass(frozen=True, slots=True)
class Part:
    """One part of the export, of `last` parts; the last one grows until there is another."""

    number: int
    last: int
    entries: int
    heads: int

    @property
    def complete(self) -> bool:
        """Whether it will never change."""
        return self.number < self.last

    @property
    def tag(self) -> str:
        """The same for the same content."""
        grown = "" if self.complete else f".{self.entries}.{self.heads}"
        return f"{self.number}.{ENTRIES_A_PART}{grown}"


def get_part(number: int) -> Part:
    """The part with this number, from 1 on. Raises `LogPartUnknown` beyond the last."""
    head = find_head()
    entries, heads = (head.size, head.number) if head else (0, 0)
    last = max(-(-entries // ENTRIES_A_PART), 1)
    if not 1 <= number <= last:
        raise LogPartUnknown(last=last)
    return Part(number, last, entries, heads)


def read_part(part: Part) -> str:
    """What a part says. The last line of the last part says how much there was, so that a cut shows."""
    start, end = (part.number - 1) * ENTRIES_A_PART, part.number * ENTRIES_A_PART
    lines = [] if start else ['{"format":"senhui-log-1"}']
    wanted = select(LogEntry.position, LogEntry.leaf).where(
        LogEntry.position >= start, LogEntry.position < min(end, part.entries)
    )
    sealing = select(LogHead.size, LogHead.document).where(
        LogHead.size > (start or -1), LogHead.size <= end, LogHead.number <= part.heads
    )
    heads = db.session.execute(sealing.order_by(LogHead.number)).all()
    seen = 0
    for position, leaf in db.session.execute(wanted.order_by(LogEntry.position)):
        while seen < len(heads) and heads[seen].size <= position:
            lines.append(canonical({"head": heads[seen].document}))
            seen += 1
        # The leaf is canonical JSON: as a member it is canonical still.
        lines.append(f'{{"entry":{position},"hash":"{merkle.leaf_hash(leaf.encode()).hex()}","leaf":{leaf}}}')
    lines += [canonical({"head": head.document}) for head in heads[seen:]]
    if not part.complete:
        lines.append(canonical({"entries": part.entries, "heads": part.heads}))
    return "".join(f"{line}\n" for line in lines)


def read_parts() -> Iterator[str]:
    """All of them, as the log stands now."""
    part = get_part(1)
    for number in range(1, part.last + 1):
        yield read_part(Part(number, part.last, part.entries, part.heads))
