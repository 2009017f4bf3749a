"""The statement of a personal carbon account: every act, emission and retirement, one after another.

Three lists, each in the order of its days, are merged batch by batch; each of them is asked for what comes
behind the last line given out, so a whole life streams through in the memory of one batch. A page asked for
by itself also sums up what lies before it in its stretch.
"""

import base64
import binascii
import heapq
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, NamedTuple

from app.footprint import queries as footprint
from app.kit.database import db
from app.kit.messages import t
from app.kit.problems import Unreadable
from app.offsets import queries as offsets
from app.registry.rules import Both
from app.statements.queries.accounts import kind_name
from app.statements.rules import LINES

BATCH = 500
_LAST = 2**63 - 1


class Key(NamedTuple):
    """A line's place: its day, which list it is of (`LINES`), and its place in that day."""

    day: date
    rank: int
    id: int


@dataclass(frozen=True, slots=True)
class Totals:
    """Running totals of the three lines. They are never added."""

    avoided_g: int = 0
    emitted_g: int = 0
    offset_g: int = 0

    def with_line(self, line: "StatementLine") -> "Totals":
        """After one more line."""
        name = f"{line.line}_g"
        return replace(self, **{name: getattr(self, name) + line.counted_g})


@dataclass(frozen=True, slots=True)
class StatementLine:
    """One act, emission or retirement. `counted_g` is 0 for what is held, withdrawn or corrected.

    `path` is the page of its own; `totals` are those of the statement up to and with this line.
    """

    key: Key
    line: str
    name: Both
    code: str
    grams: int
    counted_g: int
    state: str
    grade: str | None
    source: str | None
    inputs: Mapping[str, Any]
    factor: footprint.Factor | None
    methodology: footprint.Methodology | None
    method: Both | None
    serial: str | None
    sample: bool
    path: str
    recorded_at: datetime
    totals: Totals = Totals()

    @property
    def day(self) -> date:
        """The day it belongs to; an emission to the first day of its month."""
        return self.key.day

    @property
    def mark(self) -> dict[str, str] | None:
        """What must stand beside a figure whose factor is not verified."""
        return self.factor.mark if self.factor else None


@dataclass(frozen=True, slots=True)
class Stretch:
    """Whose statement, from which day to which, and which of the three lines."""

    holder_id: int
    first: date
    last: date
    lines: tuple[str, ...] = LINES


def list_lines(stretch: Stretch, limit: int, after: Key | None = None) -> list[StatementLine]:
    """A statement's lines from behind `after` on, in order, with their running totals."""
    totals = _totals_upto(stretch, after) if after else Totals()
    return list(_running(_merged(stretch, after, limit), totals))


def all_lines(stretch: Stretch) -> Iterator[StatementLine]:
    """Every line, a batch at a time; between two batches no connection is held, so it is no one snapshot.

    What is recorded meanwhile is there if its place comes after the batch; totals are those of these lines.
    """
    after, totals = None, Totals()
    while True:
        batch = list(_running(_merged(stretch, after, BATCH), totals))
        db.session.rollback()
        yield from batch
        if len(batch) < BATCH:
            return
        after, totals = batch[-1].key, batch[-1].totals


def write_key(key: Key) -> str:
    """A line's place as a cursor."""
    raw = key.day.toordinal().to_bytes(4, "big") + bytes([key.rank]) + key.id.to_bytes(8, "big")
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def read_key(written: str | None) -> Key | None:
    """The place that a cursor stands for. Raises `Unreadable` for one that we did not give out."""
    if not written:
        return None
    try:
        raw = base64.urlsafe_b64decode(written + "=" * (-len(written) % 4))
        key = Key(date.fromordinal(int.from_bytes(raw[:4])), raw[4], int.from_bytes(raw[5:]))
        if len(raw) != 13 or key.rank >= len(LINES) or key.id > _LAST:
            raise ValueError
        return key
    except (ValueError, IndexError, OverflowError, binascii.Error) as error:
        raise Unreadable(errors=[{"pointer": "?after", "detail": t("kit.field_cursor")}]) from error


def _merged(stretch: Stretch, after: Key | None, limit: int) -> list[StatementLine]:
    lists = (_after(stretch, line, after, limit) for line in stretch.lines)
    return list(heapq.merge(*lists, key=lambda line: line.key))[:limit]


def _after(stretch: Stretch, line: str, after: Key | None, limit: int) -> Sequence[StatementLine]:
    """One list's lines behind a place in the merged order."""
    rank = LINES.index(line)
    place = _place(rank, after) if after else (stretch.first, -1)
    rows = _LISTS[line](stretch.holder_id, stretch.first, stretch.last, place, limit)
    return [_READ[line](row) for row in rows]


def _place(rank: int, after: Key) -> tuple[date, int]:
    """What one list has up to a place: on that day all of a list before it, nothing of one behind it."""
    return after.day, after.id if rank == after.rank else _LAST if rank < after.rank else -1


def _running(lines: Iterable[StatementLine], totals: Totals) -> Iterator[StatementLine]:
    for line in lines:
        totals = totals.with_line(line)
        yield replace(line, totals=totals)


def _totals_upto(stretch: Stretch, after: Key) -> Totals:
    sums = {
        f"{line}_g": _UPTO[line](stretch.holder_id, stretch.first, _place(LINES.index(line), after))
        for line in stretch.lines
    }
    return Totals(**sums)


_STATES = {"withdrawn": "withdrawn", "held": "held"}
"""What became of an act where it does not simply count; one that its cap cut counts what was left of it."""


def _act(action: footprint.Action) -> StatementLine:
    document = action.methodology.document
    return StatementLine(
        key=Key(action.occurred_on, 0, action.id),
        line="avoided",
        name=Both(document["scene_zh"], document["scene_en"]),
        code=action.code,
        grams=action.avoided_g,
        counted_g=0 if action.withdrawn_at else action.avoided_g,
        state=_STATES.get(action.status, "counted"),
        grade=action.grade,
        source=action.source,
        inputs=action.inputs,
        factor=action.factor,
        methodology=action.methodology,
        method=Both(document["name_zh"], document["name_en"]),
        serial=None,
        sample=False,
        path=f"/actions/{action.code}",
        recorded_at=action.recorded_at,
    )


def _emission(emission: footprint.Emission) -> StatementLine:
    return StatementLine(
        key=Key(date.fromisoformat(f"{emission.month}-01"), 1, emission.id),
        line="emitted",
        name=kind_name(emission.kind),
        code=emission.code,
        grams=emission.emitted_g,
        counted_g=emission.emitted_g if emission.current else 0,
        state="counted" if emission.current else "corrected",
        grade=None,
        source=None,
        inputs=emission.inputs,
        factor=emission.factor,
        methodology=None,
        method=None,
        serial=None,
        sample=False,
        path=f"/footprint?month={emission.month}",
        recorded_at=emission.recorded_at,
    )


def _retirement(retired: offsets.retired.Retired) -> StatementLine:
    return StatementLine(
        key=Key(retired.day, 2, retired.id),
        line="offset",
        name=retired.forest.name,
        code=retired.number,
        grams=retired.grams,
        counted_g=retired.grams,
        state="counted",
        grade=None,
        source=retired.forest.seller,
        inputs={"quantity_kg": retired.quantity_kg},
        factor=None,
        methodology=None,
        method=Both(*(t(retired.forest.methodology, lang) for lang in ("zh", "en"))),
        serial=retired.serial,
        sample=retired.forest.sample,
        path=retired.path,
        recorded_at=retired.retired_at,
    )


_LISTS: dict[str, Callable[..., Sequence[Any]]] = {
    "avoided": footprint.accounts.list_acts,
    "emitted": footprint.accounts.list_recorded,
    "offset": offsets.retired.list_retired,
}
_READ: dict[str, Callable[[Any], StatementLine]] = {
    "avoided": _act,
    "emitted": _emission,
    "offset": _retirement,
}
_UPTO: dict[str, Callable[[int, date, tuple[date, int]], int]] = {
    "avoided": footprint.accounts.avoided_upto,
    "emitted": footprint.accounts.emitted_upto,
    "offset": offsets.retired.retired_upto,
}
