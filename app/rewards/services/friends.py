"""Friends: by a code that one gives and the other enters, until either ends it."""

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert

from app.accounts import queries as accounts
from app.accounts.services import notices
from app.kit import clock, sealing
from app.kit.codes import random_code, read_code
from app.kit.database import db
from app.rewards.errors.friends import AlreadyFriends, FriendCodeUnknown, FriendUnknown, TooManyFriends
from app.rewards.models.groups import FriendCode, Friendship
from app.rewards.queries import friends as known
from app.rewards.queries.friends import Friend
from app.rewards.rules.groups import MOST_FRIENDS
from app.rewards.services.groups import hash_of


def renew_code(holder_id: int) -> str:
    """A new code; the one before leads nowhere from now on, and friends stay."""
    accounts.lock_holders(holder_id)
    issue = db.session.scalar(
        select(func.coalesce(func.max(FriendCode.issue), 0)).where(FriendCode.holder_id == holder_id)
    )
    code = known.friend_code_of(holder_id, (issue or 0) + 1)
    told = {"issue": (issue or 0) + 1, "link_hash": hash_of(code), "issued_at": clock.now()}
    row = insert(FriendCode).values(holder_id=holder_id, **told)
    db.session.execute(row.on_conflict_do_update(index_elements=["holder_id"], set_=told))
    return code


def befriend(holder_id: int, written: str, label: str | None = None) -> Friend:
    """Become the friend of whoever gave this code.

    Raises `FriendCodeUnknown`, `AlreadyFriends` also for one's own, `TooManyFriends`.
    """
    giver_id = _giver_of(written)
    low_id, high_id = sorted((giver_id, holder_id))
    accounts.lock_holders(low_id, high_id)
    if _giver_of(written) != giver_id:  # another code took its place while we waited for them
        raise FriendCodeUnknown()
    both = (Friendship.low_id == low_id, Friendship.high_id == high_id)
    if low_id == high_id or db.session.scalar(select(Friendship.id).where(*both)):
        raise AlreadyFriends()
    if max(known.count_friends(low_id), known.count_friends(high_id)) >= MOST_FRIENDS:
        raise TooManyFriends(most=MOST_FRIENDS)
    row = Friendship(
        code=random_code(12), low_id=low_id, high_id=high_id, inviter_id=giver_id, made_at=clock.now()
    )
    _call(row, holder_id, label)
    db.session.add(row)
    db.session.flush()
    notices.tell([giver_id], "rewards.notice_befriended", f"friendship:{row.id}")
    return known.friend_of(row, holder_id)


def call_friend(holder_id: int, code: str, label: str | None) -> Friend:
    """Call a friend so, for oneself alone; None takes it back. Raises `FriendUnknown`."""
    row = _find(holder_id, code)
    _call(row, holder_id, label)
    db.session.flush()
    return known.friend_of(row, holder_id)


def part(holder_id: int, code: str) -> None:
    """End a friendship and forget it; one's own code changes, which the other knows.

    Raises `FriendUnknown`.
    """
    row = _find(holder_id, code)
    invited = row.inviter_id == holder_id
    db.session.delete(row)
    db.session.flush()
    if invited:
        renew_code(holder_id)


def _giver_of(written: str) -> int:
    """Whose code this is. Raises `FriendCodeUnknown`."""
    code = read_code(written)
    found = code and db.session.scalar(
        select(FriendCode.holder_id).where(FriendCode.link_hash == hash_of(code))
    )
    if not found:
        raise FriendCodeUnknown()
    return int(found)


def _call(row: Friendship, holder_id: int, label: str | None) -> None:
    sealed = sealing.seal(label, known.sealed_for(row.code, holder_id)) if label else None
    if row.low_id == holder_id:
        row.low_label_sealed = sealed
    else:
        row.high_label_sealed = sealed


def _find(holder_id: int, code: str) -> Friendship:
    row = db.session.scalar(
        select(Friendship)
        .where(Friendship.code == code, known.is_of(holder_id))
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if row is None:
        raise FriendUnknown()
    return row
