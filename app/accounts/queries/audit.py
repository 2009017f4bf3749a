"""What can be known of the audit log, and whether its chain holds."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select, text

from app.accounts.models import AuditEntry, AuditHead, AuditSeal, Operator
from app.accounts.rules import CHAIN_START, SEALED_WITHIN, AuditLine
from app.kit import signing
from app.kit.database import db, snapshot
from app.kit.proof import Proof, none

HEAD_KIND = "audit+jws"
_WORDS = """o.name, e.action, e.subject, e.details::text,
  (extract(epoch FROM e.acted_at) * 1000000)::bigint, (extract(epoch FROM e.written_at) * 1000000)::bigint
  FROM audit_entry e LEFT JOIN operator o ON o.id = e.operator_id"""
_UNSEALED = ~select(AuditSeal.entry_id).where(AuditSeal.entry_id == AuditEntry.id).exists()
_BATCH = 5_000


@dataclass(frozen=True)
class Entry:
    """An entry as its page shows it; `position` is None until it is sealed."""

    id: int
    operator: str | None
    action: str
    subject: str
    details: Mapping[str, Any]
    acted_at: datetime
    position: int | None
    link: bytes | None


def list_entries(limit: int, before: int | None = None, subject: str | None = None) -> Sequence[Entry]:
    """The log, newest first; of one `subject` where it is given."""
    wanted = (
        select(
            AuditEntry.id,
            Operator.name,
            AuditEntry.action,
            AuditEntry.subject,
            AuditEntry.details,
            AuditEntry.acted_at,
            AuditSeal.position,
            AuditSeal.link,
        )
        .join(Operator, Operator.id == AuditEntry.operator_id, isouter=True)
        .join(AuditSeal, AuditSeal.entry_id == AuditEntry.id, isouter=True)
        .order_by(AuditEntry.id.desc())
        .limit(limit)
    )
    if before is not None:
        wanted = wanted.where(AuditEntry.id < before)
    if subject is not None:
        wanted = wanted.where(AuditEntry.subject == subject)
    return [Entry(*row) for row in db.session.execute(wanted)]


def get_head() -> AuditHead | None:
    """The head signed last."""
    return db.session.scalar(select(AuditHead).order_by(AuditHead.position.desc()).limit(1))


def get_end() -> tuple[int, int, bytes]:
    """Position, entry and link of the chain's end; of its start where nothing is sealed yet."""
    row = db.session.execute(
        select(AuditSeal.position, AuditSeal.entry_id, AuditSeal.link)
        .order_by(AuditSeal.position.desc())
        .limit(1)
    ).first()
    return (row.position, row.entry_id, row.link) if row else (0, 0, CHAIN_START)


def any_after(entry_id: int) -> bool:
    """Whether the log has gone on after this entry."""
    return (db.session.scalar(select(func.max(AuditEntry.id))) or 0) > entry_id


def list_lines(entry_id: int, position: int, limit: int) -> Sequence[AuditLine]:
    """What follows this entry in the log, as it is sealed from `position` on."""
    rows = db.session.execute(
        text(f"SELECT e.id, {_WORDS} WHERE e.id > :id ORDER BY e.id LIMIT :limit"),
        {"id": entry_id, "limit": limit},
    )
    return [AuditLine(position + place, *row) for place, row in enumerate(rows, start=1)]


def count_unsealed() -> int:
    """How many entries have waited for their seal longer than they ever should.

    An entry behind the end of the chain was not there when its turn came; it counts at once.
    """
    _, end, _ = get_end()
    late = AuditEntry.written_at < func.now() - SEALED_WITHIN
    wanted = select(func.count()).select_from(AuditEntry).where(_UNSEALED, late | (AuditEntry.id < end))
    return db.session.scalar(wanted) or 0


def prove() -> list[Proof]:
    """That the whole log is sealed and no place of the chain is empty; `check_chain` recomputes the links."""
    places = func.coalesce(func.max(AuditSeal.position), 0) - func.count()
    return [
        none(
            "accounts.prove_audit",
            unsealed=count_unsealed(),
            missing=db.session.scalar(select(places).select_from(AuditSeal)) or 0,
        )
    ]


@dataclass(frozen=True)
class Fault:
    """The first place where the chain does not hold: a message's name, and the entry if it is known."""

    reason: str
    position: int
    entry_id: int | None = None


@dataclass(frozen=True)
class Verdict:
    """What recomputing the whole chain has shown."""

    sealed: int
    heads: int
    waiting: int
    link: bytes
    fault: Fault | None


def check_chain(kept_head: str | None = None) -> Verdict:
    """Recompute every link from the first entry on, and compare it with every signed head.

    `kept_head` is a head that somebody has kept outside: it also shows when the end was cut off or
    everything was written anew, signatures included. Raises ValueError when we did not sign it.
    """
    kept = [signing.seal().read(kept_head, HEAD_KIND)] if kept_head is not None else []
    with snapshot():
        return check_here(kept)


def check_here(kept: Sequence[Mapping[str, Any]] = ()) -> Verdict:
    """The same as the running transaction sees it, against claims of `kept` heads."""
    claims: dict[int, list[Mapping[str, Any] | None]] = defaultdict(list)
    for head in db.session.execute(select(AuditHead.position, AuditHead.document)):
        claims[head.position].append(_claim(head.document))
    heads = len(claims)
    for claim in kept:
        claims[claim["position"]].append(claim)
    return _walk(claims, heads)


def _claim(document: str) -> Mapping[str, Any] | None:
    """What a head says, None when it is not ours."""
    try:
        return signing.seal().read(document, HEAD_KIND)
    except ValueError:
        return None


def _walk(claims: Mapping[int, Sequence[Mapping[str, Any] | None]], heads: int) -> Verdict:
    position, entry_id, link = 0, 0, CHAIN_START
    for line, stored in _sealed_lines():
        reason = _fault(position, entry_id, link, line, stored) or _head_fault(claims, position + 1, stored)
        if reason:
            return Verdict(position, heads, 0, link, Fault(reason, position + 1, line.entry_id))
        position, entry_id, link = line.position, line.entry_id, stored
    fault = None
    if max(claims, default=0) > position:
        fault = Fault("accounts.audit_cut", position + 1)
    elif (behind := _first_behind(entry_id)) is not None:
        fault = Fault("accounts.audit_slipped_in", position, behind)
    waiting = select(func.count()).select_from(AuditEntry).where(AuditEntry.id > entry_id)
    return Verdict(position, heads, db.session.scalar(waiting) or 0, link, fault)


def _sealed_lines() -> Iterator[tuple[AuditLine, bytes]]:
    """Every place of the chain with its words, a batch at a time; no action where the entry is gone."""
    statement = text(
        f"""SELECT s.position, s.entry_id, s.link, {_WORDS}
        RIGHT JOIN audit_seal s ON s.entry_id = e.id
        WHERE s.position > :after ORDER BY s.position LIMIT {_BATCH}"""
    )
    after = 0
    while rows := db.session.execute(statement, {"after": after}).all():
        for after, entry_id, link, *words in rows:
            yield AuditLine(after, entry_id, *words), bytes(link)


def _fault(position: int, entry_id: int, link: bytes, line: AuditLine, stored: bytes) -> str | None:
    """What is wrong with the line that follows this place, None when nothing is."""
    if line.position != position + 1:
        return "accounts.audit_missing"
    if line.action is None:
        return "accounts.audit_entry_gone"
    if line.entry_id <= entry_id:
        return "accounts.audit_disordered"
    return None if line.follow(link) == stored else "accounts.audit_changed"


def _head_fault(
    claims: Mapping[int, Sequence[Mapping[str, Any] | None]], position: int, link: bytes
) -> str | None:
    """What the heads signed at this place have against it."""
    for claim in claims.get(position, ()):
        if claim is None:
            return "accounts.audit_head_forged"
        if claim["link"] != link.hex():
            return "accounts.audit_rewritten"
    return None


def _first_behind(entry_id: int) -> int | None:
    """The first entry before the chain's end that has no place in it: it was written in afterwards."""
    return db.session.scalar(select(func.min(AuditEntry.id)).where(AuditEntry.id < entry_id, _UNSEALED))
