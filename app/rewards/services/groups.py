"""Groups: made, joined by a code, left, closed by the last who leaves.

Whoever joins or leaves locks the group first, then themselves: of a hundred who join at once as many come
in as there is room for, and nobody is in more groups than they may be.
"""

import hashlib

from sqlalchemy import func, select

from app.accounts import queries as accounts
from app.kit import clock
from app.kit.codes import random_code
from app.kit.database import db
from app.rewards.errors.groups import (
    GroupFull,
    GroupJoined,
    GroupUnknown,
    JoinCodeUnknown,
    MemberUnknown,
    OwnerOnly,
    TooManyGroups,
)
from app.rewards.models.groups import Group, GroupMember
from app.rewards.queries import groups as known
from app.rewards.queries.groups import GroupFacts
from app.rewards.queries.scores import get_score
from app.rewards.rules.boards import group as board_of
from app.rewards.rules.groups import MOST_GROUPS, MOST_MEMBERS
from app.rewards.rules.seasons import season_of
from app.rewards.services import names, scores

_NEXT_GROUP = func.nextval(func.pg_get_serial_sequence("people_group", "id"))
_STANDING = GroupMember.left_at.is_(None)


def make_group(holder_id: int, kind: str, name: str, *, listed: bool) -> GroupFacts:
    """Make a group, as its owner and first member. Raises `TooManyGroups`."""
    group_id = int(db.session.scalars(select(_NEXT_GROUP)).one())
    group = Group(
        id=group_id,
        code=random_code(12),
        kind=kind,
        owner_id=holder_id,
        listed=listed,
        issue=1,
        join_hash=hash_of(known.join_code_of(group_id, 1)),
        made_at=clock.now(),
    )
    db.session.add(group)
    db.session.flush()
    _enter(group_id, holder_id)
    names.name_group(group_id, holder_id, name)
    return known.get_group(group.code)


def join(holder_id: int, written: str) -> GroupFacts:
    """Join by a code. Raises `JoinCodeUnknown`, `GroupJoined`, `GroupFull`, `TooManyGroups`."""
    join_hash = hash_of(known.read_join_code(written))
    group = db.session.scalar(
        select(Group)
        .where(Group.join_hash == join_hash, Group.closed_at.is_(None))
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if group is None:
        raise JoinCodeUnknown()
    if known.is_member(group.id, holder_id):
        raise GroupJoined()
    counted = db.session.scalar(
        select(func.count()).select_from(GroupMember).where(GroupMember.group_id == group.id, _STANDING)
    )
    if (counted or 0) >= MOST_MEMBERS:
        raise GroupFull(most=MOST_MEMBERS)
    _enter(group.id, holder_id)
    return known.get_group(group.code)


def leave(holder_id: int, code: str) -> None:
    """Leave a group; who has been there longest looks after it then, and nobody left closes it.

    Raises `GroupUnknown`.
    """
    group = _lock_own(holder_id, code)
    _end(group, holder_id, None)
    if group.owner_id == holder_id:
        _hand_on(group)


def remove_member(owner_id: int, code: str, member_code: str) -> None:
    """Let a member go; the code to join changes along, which they know. Owners leave by `leave`.

    Raises `GroupUnknown`, `OwnerOnly`, `MemberUnknown`.
    """
    group = _lock_owned(owner_id, code)
    found = next((each for each in known.members(group.id) if each.code == member_code), None)
    if found is None or found.holder_id == owner_id:
        raise MemberUnknown()
    _end(group, found.holder_id, owner_id)
    _renew(group)


def hand_over(owner_id: int, code: str, member_code: str) -> GroupFacts:
    """Let another member look after the group. Raises `GroupUnknown`, `OwnerOnly`, `MemberUnknown`."""
    group = _lock_owned(owner_id, code)
    found = next((each for each in known.members(group.id) if each.code == member_code), None)
    if found is None:
        raise MemberUnknown()
    group.owner_id = found.holder_id
    db.session.flush()
    return known.get_group(code)


def rename(owner_id: int, code: str, name: str) -> GroupFacts:
    """Call a group otherwise. Raises `GroupUnknown`, `OwnerOnly`."""
    group = _lock_owned(owner_id, code)
    names.name_group(group.id, owner_id, name)
    return known.get_group(code)


def list_group(owner_id: int, code: str, *, listed: bool) -> GroupFacts:
    """Stand among the groups in public, or do so no more. Raises `GroupUnknown`, `OwnerOnly`."""
    group = _lock_owned(owner_id, code)
    group.listed = listed
    db.session.flush()
    scores.leave_board("groups", group.id)
    return known.get_group(code)


def renew_code(owner_id: int, code: str) -> GroupFacts:
    """Give the group another code to join; the one before ends. Raises `GroupUnknown`, `OwnerOnly`."""
    group = _lock_owned(owner_id, code)
    _renew(group)
    return known.get_group(code)


def hash_of(code: str) -> bytes:
    """What a code is found by."""
    return hashlib.sha256(code.encode()).digest()


def _enter(group_id: int, holder_id: int) -> None:
    accounts.lock_holders(holder_id)
    inside = db.session.scalar(
        select(func.count()).select_from(GroupMember).where(GroupMember.holder_id == holder_id, _STANDING)
    )
    if (inside or 0) >= MOST_GROUPS:
        raise TooManyGroups(most=MOST_GROUPS)
    season = season_of(clock.business_day())
    db.session.add(
        GroupMember(
            code=random_code(12),
            group_id=group_id,
            holder_id=holder_id,
            base_season=str(season),
            base_g=get_score(holder_id, season),
            joined_at=clock.now(),
        )
    )
    db.session.flush()
    _touch(group_id, holder_id)


def _end(group: Group, holder_id: int, removed_by: int | None) -> None:
    row = db.session.scalars(
        select(GroupMember).where(
            GroupMember.group_id == group.id, GroupMember.holder_id == holder_id, _STANDING
        )
    ).one()
    row.left_at, row.removed_by = clock.now(), removed_by
    db.session.flush()
    _touch(group.id, holder_id)


def _touch(group_id: int, holder_id: int) -> None:
    """Let the boards look at a member, and at the group's average, again."""
    scores.leave_board(board_of(group_id), holder_id)
    scores.touch(holder_id)


def _hand_on(group: Group) -> None:
    rest = known.members(group.id)
    if rest:
        group.owner_id = rest[0].holder_id
    else:
        group.closed_at = clock.now()
    db.session.flush()


def _renew(group: Group) -> None:
    group.issue += 1
    group.join_hash = hash_of(known.join_code_of(group.id, group.issue))
    db.session.flush()


def _lock_own(holder_id: int, code: str) -> Group:
    group = db.session.scalar(
        select(Group).where(Group.code == code).with_for_update().execution_options(populate_existing=True)
    )
    if group is None or not known.is_member(group.id, holder_id):
        raise GroupUnknown()
    return group


def _lock_owned(owner_id: int, code: str) -> Group:
    group = _lock_own(owner_id, code)
    if group.owner_id != owner_id:
        raise OwnerOnly()
    return group
