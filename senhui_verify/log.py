"""The whole log taken home: every root, every day's head and every kilogram recomputed.

The export has a line for each entry, and behind the entries that a head seals a line with that head. Line
by line it is checked that nothing is out of place; each head must have the root over all before it, and its
conservation line must say what the entries say. In the end no kilogram may be retired twice.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from senhui_verify.documents import canonical, from_hex, members, parse
from senhui_verify.heads import Head, check_head, moment, read_head
from senhui_verify.jws import Keys
from senhui_verify.merkle import Tree, leaf_hash
from senhui_verify.refusals import Unreadable, Wrong

FORMAT = "senhui-log-1"
_ISSUANCE: dict[str, Any] = {
    **dict.fromkeys(("kind", "at", "project", "region", "methodology", "verification"), str),
    **dict.fromkeys(("monitoring_start", "monitoring_end"), str),
    **dict.fromkeys(("first_serial", "last_serial", "quantity_kg", "vintage"), int),
    "sample": bool,
}
_RETIREMENT: dict[str, Any] = {
    **dict.fromkeys(("kind", "at", "serial", "purpose", "certificate", "beneficiary"), str),
    **dict.fromkeys(("first_serial", "last_serial", "quantity_kg"), int),
    "sample": bool,
}


@dataclass(frozen=True)
class Summary:
    """What a log that holds is made of."""

    entries: int
    heads: int
    newest: Head | None


@dataclass
class _Reading:
    """Where the reading of a log stands."""

    keys: Keys
    kept: dict[int, list[Head]]
    tree: Tree = field(default_factory=Tree)
    heads: list[Head] = field(default_factory=list)
    issued_kg: int = 0
    retired_kg: int = 0
    issuances: list[tuple[int, int, int, str]] = field(default_factory=list)
    retired: list[tuple[int, int, int]] = field(default_factory=list)
    times: list[tuple[datetime, int]] = field(default_factory=list)
    day: date | None = None
    ended: bool = False


def check_log(keys: Keys, lines: Iterable[bytes], kept: Iterable[str] = ()) -> Summary:
    """Check an exported log. `kept` are heads kept from before: the log must go on where they ended.

    Raises `Wrong`, which says what is false and in which entry, head or line.
    """
    reading = _Reading(keys, {})
    for document in kept:
        head = check_head(keys, document)
        reading.kept.setdefault(head.size, []).append(head)
    _compare_kept(reading)
    number = 0
    for number, line in enumerate(lines, start=1):
        _read_line(reading, number, line)
    if not reading.ended:
        raise Unreadable("log_cut", line=number, entries=reading.tree.size)
    _refuse_double(reading.retired)
    for size, heads in reading.kept.items():
        if size > reading.tree.size:
            raise Wrong("log_shorter", head=heads[0].name, size=size, entries=reading.tree.size)
    return Summary(reading.tree.size, len(reading.heads), reading.heads[-1] if reading.heads else None)


def _read_line(reading: _Reading, number: int, line: bytes) -> None:
    if not line.endswith(b"\n"):
        raise Unreadable("log_cut", line=number, entries=reading.tree.size)
    try:
        text = line[:-1].decode()
    except UnicodeDecodeError as error:
        raise Unreadable("line_not_text", line=number, entries=reading.tree.size) from error
    document = parse(text, number)
    if reading.ended:
        raise Unreadable("after_the_end", line=number)
    if number == 1:
        if members(document, "line 1", format=str)["format"] != FORMAT:
            raise Unreadable("other_format", found=document["format"])
        return
    named = [read for name, read in _KINDS.items() if isinstance(document, dict) and name in document]
    if len(named) != 1:
        raise Unreadable("line_odd", line=number)
    named[0](reading, number, document)


def _entry(reading: _Reading, number: int, document: dict[str, Any]) -> None:
    members(document, f"line {number}", entry=int, hash=str, leaf=dict)
    position = document["entry"]
    if position != reading.tree.size:
        raise Wrong("entry_order", line=number, found=position, expected=reading.tree.size)
    leaf = leaf_hash(canonical(document["leaf"]))
    if leaf != from_hex(document["hash"], f"line {number}"):
        raise Wrong("entry_changed", entry=position, line=number)
    kind = document["leaf"].get("kind")
    if not isinstance(kind, str) or kind not in _LEAVES:
        raise Unreadable("kind_unknown", entry=position, kind=kind)
    said = members(document["leaf"], f"entry {position}", **_LEAVES[kind][0])
    if said["quantity_kg"] != said["last_serial"] - said["first_serial"] + 1 or said["quantity_kg"] < 1:
        raise Wrong("quantity", entry=position, quantity=said["quantity_kg"], serials=_serials(said))
    _LEAVES[kind][1](reading, position, said)
    reading.times.append((moment(said["at"], f"entry {position}", "at"), position))
    reading.tree.append(leaf)
    _compare_kept(reading)


def _issue(reading: _Reading, position: int, leaf: Mapping[str, Any]) -> None:
    first, last = leaf["first_serial"], leaf["last_serial"]
    place = bisect_right(reading.issuances, (first,))
    for other in reading.issuances[max(place - 1, 0) : place + 1]:
        if first <= other[1] and other[0] <= last:
            raise Wrong("issued_twice", entry=position, other=other[2], serials=_serials(leaf))
    before = f"SH-{leaf['region']}-{leaf['project']}-{leaf['vintage']}"
    reading.issuances.insert(place, (first, last, position, before))
    reading.issued_kg += leaf["quantity_kg"]


def _retire(reading: _Reading, position: int, leaf: Mapping[str, Any]) -> None:
    first, last = leaf["first_serial"], leaf["last_serial"]
    place = bisect_right(reading.issuances, (first + 1,)) - 1
    if place < 0 or last > reading.issuances[place][1]:
        raise Wrong("not_issued", entry=position, serials=_serials(leaf))
    start, _, _, before = reading.issuances[place]
    written = f"{before}-{first - start + 1}-{last - start + 1}"
    if leaf["serial"] != written:
        raise Wrong("serial_text", entry=position, written=leaf["serial"], serials=written)
    for name in ("certificate", "beneficiary"):
        from_hex(leaf[name], f"entry {position}")
    reading.retired.append((first, last, position))
    reading.retired_kg += leaf["quantity_kg"]


def _head(reading: _Reading, number: int, document: dict[str, Any]) -> None:
    claims = reading.keys.read_head(members(document, f"line {number}", head=str)["head"])
    head, before = read_head(claims), reading.heads[-1] if reading.heads else None
    if head.number != len(reading.heads) + 1 or (before is not None and head.until <= before.until):
        raise Wrong("head_order", head=head.name, line=number, expected=len(reading.heads) + 1)
    start = before.size if before else 0
    if head.size != reading.tree.size:
        raise Wrong("head_size", head=head.name, size=head.size, entries=reading.tree.size, start=start)
    if head.root != reading.tree.root():
        raise Wrong("head_root", head=head.name, start=start, end=head.size - 1)
    for name, kg in (("issued_kg", reading.issued_kg), ("retired_kg", reading.retired_kg)):
        if head.line[name] != kg:
            raise Wrong("head_line", head=head.name, member=name, said=head.line[name], counted=kg)
    for happened, position in reading.times:
        if happened >= head.until:
            raise Wrong("entry_late", entry=position, head=head.name)
    reading.times.clear()
    _compare_day(reading, head, number)
    for kept in (each for heads in reading.kept.values() for each in heads):
        if kept.number == head.number and kept != head:
            raise Wrong("kept_differs", head=kept.name, size=kept.size)
    reading.heads.append(head)


def _compare_day(reading: _Reading, head: Head, line: int) -> None:
    """Days follow one another; heads in between have none."""
    if head.day is None:
        return
    day = moment(head.day, head.name, "day").date()
    if reading.day is not None and day != reading.day + timedelta(days=1):
        raise Wrong("day_order", head=head.name, line=line, expected=reading.day + timedelta(days=1))
    reading.day = day


def _end(reading: _Reading, number: int, document: dict[str, Any]) -> None:
    members(document, f"line {number}", entries=int, heads=int)
    counted = (reading.tree.size, len(reading.heads))
    if (document["entries"], document["heads"]) != counted:
        raise Wrong("end_counts", line=number, entries=counted[0], heads=counted[1])
    if reading.tree.size != (reading.heads[-1].size if reading.heads else 0):
        raise Wrong("end_unsealed", entries=reading.tree.size)
    reading.ended = True


def _compare_kept(reading: _Reading) -> None:
    for head in reading.kept.get(reading.tree.size, ()):
        if head.root != reading.tree.root():
            raise Wrong("kept_differs", head=head.name, size=head.size)


def _refuse_double(retired: list[tuple[int, int, int]]) -> None:
    last, entry = 0, -1
    for first, end, position in sorted(retired):
        if first <= last:
            raise Wrong("retired_twice", entry=position, other=entry, serial=first)
        last, entry = end, position


def _serials(leaf: Mapping[str, Any]) -> str:
    return f"{leaf['first_serial']}-{leaf['last_serial']}"


_KINDS: dict[str, Callable[[_Reading, int, dict[str, Any]], None]] = {
    "entry": _entry,
    "head": _head,
    "entries": _end,
}
_LEAVES: dict[str, tuple[dict[str, Any], Callable[[_Reading, int, Mapping[str, Any]], None]]] = {
    "issuance": (_ISSUANCE, _issue),
    "retirement": (_RETIREMENT, _retire),
}
