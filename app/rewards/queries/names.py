"""Names that people gave themselves or their groups, as their authors, others and operators read them."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from sqlalchemy import func, select

from app.accounts import queries as accounts
from app.clients.opinions import Asked
from app.kit import sealing
from app.kit.database import db
from app.rewards.models.scores import ShownName

AWAY = "away"
"""The doubt of a name that could not be shown to WeChat."""
_STANDING = ShownName.withdrawn_at.is_(None)
_OF_PERSON = ShownName.group_id.is_(None)
"""Said although it follows: the index of standing names begins with the group."""
_UNJUDGED = _STANDING & ShownName.passed_at.is_(None) & ShownName.refused_at.is_(None)
_WAITING = _UNJUDGED & ShownName.doubt.is_not(None)


class NameStatus(StrEnum):
    """Where a name stands; nobody but those whose it is sees it before it passed."""

    WAITING = "waiting"
    PASSED = "passed"
    REFUSED = "refused"


@dataclass(frozen=True)
class NameView:
    """A name and how it stands."""

    id: int
    code: str
    group_id: int | None
    holder_id: int | None
    author_id: int
    name: str = field(repr=False)
    status: NameStatus
    doubt: str | None
    reason: str | None
    written_at: datetime
    judged_at: datetime | None
    judged_by: int | None

    @property
    def shown(self) -> str | None:
        """The name where others may read it."""
        return self.name if self.status is NameStatus.PASSED else None


def sealed_for(code: str) -> str:
    """Where a name is sealed for."""
    return f"shown_name:{code}"


def name_of(row: ShownName) -> NameView:
    """What stands in a row; nothing where it was erased."""
    status = NameStatus.PASSED if row.passed_at else NameStatus.WAITING
    return NameView(
        id=row.id,
        code=row.code,
        group_id=row.group_id,
        holder_id=row.holder_id,
        author_id=row.author_id,
        name="" if row.name_sealed is None else sealing.unseal(row.name_sealed, sealed_for(row.code)),
        status=NameStatus.REFUSED if row.refused_at else status,
        doubt=row.doubt,
        reason=row.reason,
        written_at=row.written_at,
        judged_at=row.passed_at or row.refused_at,
        judged_by=row.judged_by,
    )


def list_names_of_groups(group_ids: Collection[int]) -> dict[int, NameView]:
    """What these groups are called, by group."""
    wanted = select(ShownName).where(ShownName.group_id.in_(group_ids), _STANDING)
    return {row.group_id or 0: name_of(row) for row in db.session.scalars(wanted)} if group_ids else {}


def list_names_of_people(holder_ids: Collection[int]) -> dict[int, str]:
    """What these people want to be called and others may read, by holder."""
    wanted = select(ShownName).where(
        _OF_PERSON, ShownName.holder_id.in_(holder_ids), _STANDING, ShownName.passed_at.is_not(None)
    )
    return {row.holder_id or 0: name_of(row).name for row in db.session.scalars(wanted)}


def find_own_name(holder_id: int) -> NameView | None:
    """What somebody wants to be called, wherever that stands."""
    row = db.session.scalar(select(ShownName).where(_OF_PERSON, ShownName.holder_id == holder_id, _STANDING))
    return None if row is None else name_of(row)


def list_queue(limit: int, after: int | None = None) -> list[NameView]:
    """Names that wait for a person, the longest first."""
    wanted = select(ShownName).where(_WAITING, ShownName.id > (after or 0)).order_by(ShownName.id)
    return [name_of(row) for row in db.session.scalars(wanted.limit(limit))]


def list_shown(limit: int, before: int | None = None) -> list[NameView]:
    """Names that others can read, the newest first."""
    wanted = select(ShownName).where(_STANDING, ShownName.passed_at.is_not(None))
    wanted = wanted.where(ShownName.id < before) if before is not None else wanted
    return [name_of(row) for row in db.session.scalars(wanted.order_by(ShownName.id.desc()).limit(limit))]


def count_waiting() -> int:
    """How many names wait for a person."""
    return db.session.scalar(select(func.count()).select_from(ShownName).where(_WAITING)) or 0


def find_asked(name_id: int) -> Asked | None:
    """What is still to be asked about a name, None when it was judged, doubted or taken back."""
    row = db.session.scalar(
        select(ShownName).where(ShownName.id == name_id, _UNJUDGED, ShownName.doubt.is_(None))
    )
    return None if row is None else Asked(accounts.find_openid(row.author_id), name_of(row).name)
