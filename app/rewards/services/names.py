"""Names for others to read: written, judged by rule, by WeChat and where needed by a person, taken back."""

from typing import Any

from sqlalchemy import select, update

from app.accounts.services import audit, notices
from app.kit import clock, sealing, wording
from app.kit.announcements import announce
from app.kit.codes import random_code
from app.kit.database import db, write
from app.kit.problems import Conflict, NotFound
from app.rewards.announcements import NAME_WRITTEN
from app.rewards.models.scores import ShownName
from app.rewards.queries.names import AWAY, NameView, name_of, sealed_for

_STANDING = ShownName.withdrawn_at.is_(None)


def name_group(group_id: int, author_id: int, name: str) -> NameView:
    """Call a group so from now on, for others once it passed."""
    return _write(author_id, name, group_id=group_id)


def name_person(holder_id: int, name: str) -> NameView:
    """Want to be called so on boards, once it passed: a person's consent to be named."""
    return _write(holder_id, name, holder_id=holder_id)


def erase(*, group_id: int | None = None, holder_id: int | None = None) -> bool:
    """Take a name back for good; False when none stood. What stood is written over, not hidden."""
    taken = write(
        update(ShownName)
        .where(
            ShownName.group_id.is_(None) if group_id is None else ShownName.group_id == group_id,
            ShownName.holder_id.is_(None) if holder_id is None else ShownName.holder_id == holder_id,
            _STANDING,
        )
        .values(withdrawn_at=clock.now(), name_sealed=None)
        .execution_options(synchronize_session=False)
    )
    return bool(taken)


def _write(author_id: int, name: str, **whose: int) -> NameView:
    erase(**whose)
    code = random_code(12)
    row = ShownName(
        code=code,
        author_id=author_id,
        name_sealed=sealing.seal(name, sealed_for(code)),
        doubt=wording.doubt(name),
        written_at=clock.now(),
        **whose,
    )
    db.session.add(row)
    db.session.flush()
    if row.doubt is None:
        announce(NAME_WRITTEN, {"id": row.id})
    return name_of(row)


def doubt_name(name_id: int) -> None:
    """Leave a name to a person, since WeChat could not be asked about it."""
    _hear(name_id, doubt=AWAY)


def hear_opinion(name_id: int, suggest: str) -> None:
    """Record what WeChat thinks: `pass` lets it be shown, `risky` refuses it, `review` asks a person."""
    now = clock.now()
    values: dict[str, Any] = {"pass": {"passed_at": now}, "risky": {"refused_at": now}}.get(
        suggest, {"doubt": suggest}
    )
    row = _hear(name_id, **values)
    if row is not None:
        _tell(row)


def judge_name(operator_id: int, code: str, reason: str | None) -> NameView:
    """Decide as a person: let a name be shown, or refuse it for a `reason` that its author reads.

    Raises `NotFound`, and `Conflict` where it was judged or taken back meanwhile.
    """
    row = db.session.scalar(
        select(ShownName)
        .where(ShownName.code == code)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if row is None:
        raise NotFound()
    if row.passed_at or row.refused_at or row.withdrawn_at:
        raise Conflict()
    row.judged_by, row.reason = operator_id, reason
    row.passed_at, row.refused_at = (None, clock.now()) if reason else (clock.now(), None)
    db.session.flush()
    audit.record(operator_id, "name_refused" if reason else "name_passed", code, {})
    _tell(row)
    return name_of(row)


def take_down(operator_id: int, code: str, reason: str) -> NameView:
    """Refuse a name that others could read until now, for a `reason` that its author reads.

    The judgement before stays where it is: the name is written anew, and refused. Raises `NotFound`, and
    `Conflict` where it is not shown any more.
    """
    shown = db.session.scalar(select(ShownName).where(ShownName.code == code).with_for_update())
    if shown is None:
        raise NotFound()
    if shown.passed_at is None or shown.withdrawn_at is not None:
        raise Conflict()
    name, whose = name_of(shown).name, {"group_id": shown.group_id, "holder_id": shown.holder_id}
    erase(**whose)
    refused = random_code(12)
    now = clock.now()
    row = ShownName(
        code=refused,
        author_id=shown.author_id,
        name_sealed=sealing.seal(name, sealed_for(refused)),
        written_at=shown.written_at,
        refused_at=now,
        judged_by=operator_id,
        reason=reason,
        **whose,
    )
    db.session.add(row)
    db.session.flush()
    audit.record(operator_id, "name_taken_down", code, {"refused": refused})
    _tell(row)
    return name_of(row)


def _hear(name_id: int, **values: Any) -> ShownName | None:
    """Write a judgement on a name that waits for one; nothing where a person or the author was first."""
    return db.session.scalar(
        update(ShownName)
        .where(
            ShownName.id == name_id,
            ShownName.passed_at.is_(None),
            ShownName.refused_at.is_(None),
            ShownName.doubt.is_(None),
            _STANDING,
        )
        .values(**values)
        .returning(ShownName)
        .execution_options(synchronize_session=False, populate_existing=True)
    )


def _tell(row: ShownName) -> None:
    """Tell an author that a name was refused."""
    if row.refused_at is not None:
        notices.tell([row.author_id], "rewards.notice_name_refused", f"shown_name:{row.id}")
