"""Signed heads of the log, and the proof that a later one goes on where an earlier one ended."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from senhui_verify.documents import from_hex, members, parse
from senhui_verify.jws import HEAD, Keys
from senhui_verify.merkle import is_consistent
from senhui_verify.refusals import Unreadable, Wrong

_STATES = ("active_kg", "reserved_kg", "pledged_kg", "retired_kg", "cancelled_kg")
_LINE = dict.fromkeys(("issued_kg", *_STATES), int)


@dataclass(frozen=True)
class Head:
    """What a head says."""

    number: int
    day: str | None
    until: datetime
    size: int
    root: bytes
    line: dict[str, int]

    @property
    def name(self) -> str:
        """How people call it."""
        return f"#{self.number} ({self.day or self.until.isoformat()})"


def check_head(keys: Keys, document: str) -> Head:
    """A head's signature, and that its line adds up. `document` is a JWS, or JSON holding one."""
    document = document.strip()
    if document.startswith("{"):
        document = str(_document(parse(document)))
    return read_head(keys.read_head(document))


def read_head(claims: dict[str, Any]) -> Head:
    """The head in signed claims. Raises `Wrong` when its line does not add up."""
    kinds = {"number": int, "day": (str, type(None)), "until": str, "size": int, "root": str}
    members(claims, HEAD, **kinds, line=dict, sealed_at=str)  # type: ignore[arg-type]
    line = members(claims["line"], "line", **_LINE)
    head = Head(
        claims["number"],
        claims["day"],
        moment(claims["until"], HEAD, "until"),
        claims["size"],
        from_hex(claims["root"], HEAD),
        line,
    )
    if line["issued_kg"] != sum(line[state] for state in _STATES) or min(line.values()) < 0:
        raise Wrong("line_sum", head=head.name, issued=line["issued_kg"], parts=[line[s] for s in _STATES])
    return head


def check_consistency(keys: Keys, old: str, new: str, proof: str) -> tuple[Head, Head]:
    """That the log under the head `new` begins with the log under `old`, by a proof the API gave."""
    first, second = check_head(keys, old), check_head(keys, new)
    if first.size > second.size:
        raise Wrong("shrunk", old=first.name, new=second.name, first=first.size, second=second.size)
    said = members(parse(proof), "proof", first=int, second=int, path=list)
    if (said["first"], said["second"]) != (first.size, second.size):
        raise Wrong("other_sizes", first=first.size, second=second.size)
    path = [from_hex(str(node), "proof") for node in said["path"]]
    if not is_consistent(first.size, first.root, second.size, second.root, path):
        raise Wrong("inconsistent", old=first.name, new=second.name)
    return first, second


def moment(text: str, what: str, member: str) -> datetime:
    """A time or a day as it is written in `member` of `what`. Raises `Unreadable`."""
    try:
        read = datetime.fromisoformat(text)
    except ValueError as error:
        raise Unreadable("member_odd", what=what, member=member) from error
    return read if read.tzinfo else read.replace(tzinfo=UTC)


def _document(found: Any) -> Any:
    for name in ("document", "head"):
        if isinstance(found, dict) and isinstance(found.get(name), str):
            return found[name]
    return members(found, HEAD, document=str)["document"]
