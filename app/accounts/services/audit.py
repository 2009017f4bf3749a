"""The audit log 审计日志: what operators did, written with the effect itself, and sealed soon after.

Each sealed entry carries a SHA-256 over itself and the link before it, so that no entry can be changed,
taken out or put in without breaking every later link. Linking in the business transaction would make
all operators queue behind the last entry; so a sealer links what has been committed, within a second.
"""

from typing import Any

import structlog
from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert

from app.accounts.models import AuditEntry, AuditHead, AuditSeal
from app.accounts.queries import audit as log
from app.accounts.rules import HEAD_EVERY
from app.kit import clock, signing
from app.kit.database import db

_BATCH = 5_000
_log = structlog.get_logger(__name__)


def record(operator_id: int | None, action: str, subject: str, details: dict[str, Any] | None = None) -> None:
    """Write that an operator (None: the system) did `action` to `subject`, in the running transaction.

    `action` is a past-tense name such as `payout_approved`, `subject` the code of what it was done to,
    `details` plain JSON values without personal data.
    """
    db.session.add(
        AuditEntry(
            operator_id=operator_id,
            action=action,
            subject=subject,
            details=details or {},
            acted_at=clock.now(),
        )
    )
    db.session.flush()


def seal() -> int:
    """Link what the log has gained since the last round, in the order of its ids; returns how many entries.

    Ids are given out before the commit, so a later id can become visible before an earlier one, and an
    id of a transaction that was rolled back never comes. Whoever inserts holds ROW EXCLUSIVE on the
    table before they draw an id and until they have committed. Under a lock that conflicts with it,
    every id up to the highest one is therefore decided: what is not there now will never be. The lock
    also keeps two sealers apart. New writers wait for the milliseconds of one round; a writer who takes
    long is not waited for longer than a fifth of a second, since others would queue behind us: the
    caller then tries again in the next round (`lock_timeout`).
    """
    _, entry_id, _ = log.get_end()
    if not log.any_after(entry_id):
        return 0
    db.session.execute(text("SET LOCAL lock_timeout = '200ms'"))
    db.session.execute(text("LOCK TABLE audit_entry IN SHARE ROW EXCLUSIVE MODE"))
    position, entry_id, link = log.get_end()
    rows = []
    for line in log.list_lines(entry_id, position, _BATCH):
        link = line.follow(link)
        rows.append({"position": line.position, "entry_id": line.entry_id, "link": link})
    if rows:
        db.session.execute(insert(AuditSeal), rows)
    return len(rows)


def sign_head() -> bool:
    """Sign the end of the chain if it has moved since the last head and that one is an hour old.

    The head is also a line of our logs, which are kept elsewhere: whoever could write the whole chain
    anew in the database would have to change those too.
    """
    position, entry_id, link = log.get_end()
    last, now = log.get_head(), clock.now()
    if position == 0 or (last and (last.position == position or now - last.signed_at < HEAD_EVERY)):
        return False
    claim = {"position": position, "entry": entry_id, "link": link.hex(), "signed_at": now.isoformat()}
    document = signing.seal().sign(claim, log.HEAD_KIND)
    signed = db.session.scalar(
        insert(AuditHead)
        .values(position=position, signed_at=now, document=document)
        .on_conflict_do_nothing()  # another sealer was first
        .returning(AuditHead.position)
    )
    if signed is not None:
        _log.info("audit head", document=document, **claim)
    return signed is not None
