"""Who is whose friend."""

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import ColumnElement, func, or_, select

from app.kit import sealing
from app.kit.database import db
from app.rewards.models.groups import FriendCode, Friendship
from app.rewards.queries.groups import code_of


@dataclass(frozen=True)
class Friend:
    """A friendship as one of the two sees it; `label` is what they call the other, for themselves alone."""

    id: int
    code: str
    friend_id: int
    label: str | None = field(repr=False)
    invited: bool
    made_at: datetime


def is_of(holder_id: int) -> ColumnElement[bool]:
    """Friendships of somebody."""
    return or_(Friendship.low_id == holder_id, Friendship.high_id == holder_id)


def list_friends(holder_id: int) -> list[Friend]:
    """Somebody's friends, the newest first."""
    rows = db.session.scalars(select(Friendship).where(is_of(holder_id)).order_by(Friendship.id.desc()))
    return [friend_of(row, holder_id) for row in rows]


def friend_of(row: Friendship, holder_id: int) -> Friend:
    """A friendship as `holder_id` sees it."""
    low = row.low_id == holder_id
    sealed = row.low_label_sealed if low else row.high_label_sealed
    return Friend(
        row.id,
        row.code,
        row.high_id if low else row.low_id,
        None if sealed is None else sealing.unseal(sealed, sealed_for(row.code, holder_id)),
        row.inviter_id == holder_id,
        row.made_at,
    )


def sealed_for(code: str, holder_id: int) -> str:
    """Where one's word for a friend is sealed for."""
    return f"friendship:{code}:{holder_id}"


def count_friends(holder_id: int) -> int:
    """How many friends somebody has."""
    return db.session.scalar(select(func.count()).select_from(Friendship).where(is_of(holder_id))) or 0


def find_code(holder_id: int) -> str | None:
    """The code by which others become somebody's friends, None before they asked for one."""
    issue = db.session.scalar(select(FriendCode.issue).where(FriendCode.holder_id == holder_id))
    return None if issue is None else friend_code_of(holder_id, issue)


def friend_code_of(holder_id: int, issue: int) -> str:
    """The code, which is kept nowhere: it follows from our key."""
    return code_of("friend_code", holder_id, issue)
