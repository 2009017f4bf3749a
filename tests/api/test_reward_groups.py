"""Groups: made, joined by a code, left; friends by the will of both."""

from functools import partial

import pytest
from builders import person
from crowd import at_once
from flask import Flask
from sqlalchemy import text

from app.kit.database import db
from app.kit.problems import Problem
from app.kit.transaction import transaction
from app.rewards.errors.groups import GroupUnknown, JoinCodeUnknown
from app.rewards.queries import groups as known
from app.rewards.services import groups


def test_a_group_is_joined_by_its_code_until_that_changes(app: Flask) -> None:
    owner, guest = person(app).holder_id, person(app).holder_id
    with transaction():
        made = groups.make_group(owner, "office", "三楼步行队", listed=False)
    with transaction():
        joined = groups.join(guest, made.join_code.lower())
    assert (joined.code, joined.members) == (made.code, 2)
    assert known.is_member(made.id, guest)
    assert [each.code for each in known.groups_of(guest)] == [made.code]
    [_, member] = known.members(made.id)
    with transaction():
        groups.remove_member(owner, made.code, member.code)
    with transaction(), pytest.raises(JoinCodeUnknown):
        groups.join(guest, made.join_code)
    with pytest.raises(GroupUnknown):
        known.get_own(guest, made.code)


def test_the_oldest_member_follows_an_owner_and_the_last_one_closes_the_group(app: Flask) -> None:
    owner, guest = person(app).holder_id, person(app).holder_id
    with transaction():
        made = groups.make_group(owner, "class", "三年二班", listed=True)
    with transaction():
        groups.join(guest, made.join_code)
    with transaction():
        groups.leave(owner, made.code)
    assert known.get_group(made.code).owner_id == guest
    with transaction():
        groups.leave(guest, made.code)
    assert known.get_group(made.code).closed_at is not None
    with transaction(), pytest.raises(JoinCodeUnknown):
        groups.join(owner, made.join_code)


def test_of_thirty_who_join_at_once_as_many_come_in_as_there_is_room_for(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(groups, "MOST_MEMBERS", 10)
    owner, *people = [person(app).holder_id for _ in range(31)]
    with transaction():
        made = groups.make_group(owner, "team", "骑行队", listed=True)

    def enter(holder_id: int) -> str:
        try:
            groups.join(holder_id, made.join_code)
        except Problem as problem:
            return problem.code
        return "in"

    told = at_once(app, [partial(enter, each) for each in people], 30)
    assert sorted(told) == ["group_full"] * 21 + ["in"] * 9
    assert len(known.members(made.id)) == 10
    standing = db.session.scalar(text("SELECT count(*) FROM group_member WHERE left_at IS NULL"))
    assert standing == 10
