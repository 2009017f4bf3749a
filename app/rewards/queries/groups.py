"""Groups and who is in them."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import ColumnElement, func, select

from app.kit.codes import read_code, spelled, with_check
from app.kit.database import db
from app.kit.sealing import digester
from app.rewards.errors.groups import GroupUnknown, JoinCodeUnknown
from app.rewards.models.groups import Group, GroupMember
from app.rewards.queries.names import NameView, list_names_of_groups
from app.rewards.rules.groups import JOIN_LETTERS

_STANDING = GroupMember.left_at.is_(None)


@dataclass(frozen=True)
class GroupFacts:
    """A group as its members know it. Strangers are told `shown_name` and never the one that waits."""

    id: int
    code: str
    kind: str
    owner_id: int
    listed: bool
    issue: int
    members: int
    made_at: datetime
    closed_at: datetime | None
    name: NameView | None = field(repr=False)

    @property
    def shown_name(self) -> str | None:
        """Its name where others may read it."""
        return self.name.shown if self.name else None

    @property
    def join_code(self) -> str:
        """The code by which others join; the owner gives it."""
        return join_code_of(self.id, self.issue)


@dataclass(frozen=True)
class Member:
    """Somebody in a group: `code` is theirs in this group only, so that nobody is known by it elsewhere."""

    id: int
    code: str
    group_id: int
    holder_id: int
    joined_at: datetime
    left_at: datetime | None
    base_season: str
    base_g: int


def get_group(code: str) -> GroupFacts:
    """The group with this code, also a closed one. Raises `GroupUnknown`."""
    found = _facts(Group.code == code)
    if not found:
        raise GroupUnknown()
    return found[0]


def find_groups(group_ids: Collection[int]) -> dict[int, GroupFacts]:
    """These groups by id."""
    return {each.id: each for each in _facts(Group.id.in_(group_ids))}


def groups_of(holder_id: int) -> list[GroupFacts]:
    """The groups somebody is in, the one joined last first."""
    mine = select(GroupMember.group_id).where(GroupMember.holder_id == holder_id, _STANDING)
    found = {each.id: each for each in _facts(Group.id.in_(mine))}
    order = db.session.scalars(mine.order_by(GroupMember.id.desc()))
    return [found[group_id] for group_id in order if group_id in found]


def members(group_id: int) -> list[Member]:
    """Who is in a group now, in the order in which they came."""
    wanted = select(GroupMember).where(GroupMember.group_id == group_id, _STANDING).order_by(GroupMember.id)
    return [_member(row) for row in db.session.scalars(wanted)]


def find_member(group_id: int, holder_id: int) -> Member | None:
    """Somebody's standing place in a group."""
    row = db.session.scalar(
        select(GroupMember).where(
            GroupMember.group_id == group_id, GroupMember.holder_id == holder_id, _STANDING
        )
    )
    return None if row is None else _member(row)


def is_member(group_id: int, holder_id: int) -> bool:
    """Whether somebody is in a group now."""
    return find_member(group_id, holder_id) is not None


def get_own(holder_id: int, code: str) -> GroupFacts:
    """A group that `holder_id` is in. Raises `GroupUnknown` for any other."""
    group = get_group(code)
    if not is_member(group.id, holder_id):
        raise GroupUnknown()
    return group


def get_public(code: str) -> GroupFacts:
    """A group that stands in public by its owner's wish. Raises `GroupUnknown` for any other."""
    group = get_group(code)
    if not group.listed or group.closed_at is not None:
        raise GroupUnknown()
    return group


def join_code_of(group_id: int, issue: int) -> str:
    """The code to join a group, kept nowhere: nobody can tell it without our key."""
    return code_of("people_group", group_id, issue)


def code_of(context: str, owner: int, issue: int) -> str:
    """A code of so many letters and a check character, which follows from our key; fit for an address.

    Five of 37 check characters are symbols: such a code gives way to the next that has none.
    """
    digest = digester(context)
    for turn in range(1000):
        code = with_check(spelled(digest(f"{owner}:{issue}:{turn}")[:JOIN_LETTERS]))
        if code.isalnum():
            return code
    raise AssertionError("no code of a thousand is plain")


def read_join_code(written: str) -> str:
    """What was typed, as the code is written. Raises `JoinCodeUnknown` for what cannot be one."""
    code = read_code(written)
    if code is None or len(code) != JOIN_LETTERS + 1:
        raise JoinCodeUnknown()
    return code


def _facts(which: ColumnElement[bool]) -> list[GroupFacts]:
    groups = db.session.scalars(select(Group).where(which)).all()
    ids = [each.id for each in groups]
    names, counted = list_names_of_groups(ids), count_members(ids)
    return [
        GroupFacts(
            each.id,
            each.code,
            each.kind,
            each.owner_id,
            each.listed,
            each.issue,
            counted.get(each.id, 0),
            each.made_at,
            each.closed_at,
            names.get(each.id),
        )
        for each in groups
    ]


def count_members(group_ids: Collection[int]) -> dict[int, int]:
    """How many are in each of these groups now."""
    counted = (
        select(GroupMember.group_id, func.count().label("members"))
        .where(GroupMember.group_id.in_(group_ids), _STANDING)
        .group_by(GroupMember.group_id)
    )
    return {row.group_id: row.members for row in db.session.execute(counted)}


def _member(row: GroupMember) -> Member:
    return Member(
        row.id,
        row.code,
        row.group_id,
        row.holder_id,
        row.joined_at,
        row.left_at,
        row.base_season,
        row.base_g,
    )
