"""Groups: made, joined by a code, left; friends by the will of both."""

from concurrent.futures import ThreadPoolExecutor
from functools import partial

import psycopg
import pytest
from builders import person
from crowd import at_once
from flask import Flask
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from app.kit.database import db
from app.kit.problems import Problem
from app.kit.transaction import transaction
from app.rewards.errors.friends import AlreadyFriends, FriendCodeUnknown
from app.rewards.errors.groups import GroupUnknown, JoinCodeUnknown, TooManyGroups
from app.rewards.queries import groups as known
from app.rewards.rules.groups import MOST_GROUPS
from app.rewards.services import friends, groups, names


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


def test_nobody_is_in_more_groups_than_they_may_be_however_many_they_make_at_once(app: Flask) -> None:
    owner = person(app).holder_id

    def make() -> bool:
        try:
            groups.make_group(owner, "team", "早起队", listed=False)
        except TooManyGroups:
            return False
        return True

    made = at_once(app, [make] * 30, 30)
    assert (sum(made), len(known.groups_of(owner))) == (MOST_GROUPS, MOST_GROUPS)


def test_of_thirty_who_enter_each_others_code_at_once_two_are_friends_once(app: Flask) -> None:
    ann, bo = person(app).holder_id, person(app).holder_id
    with transaction():
        codes = {ann: friends.renew_code(ann), bo: friends.renew_code(bo)}

    def befriend(holder_id: int, code: str) -> bool:
        try:
            friends.befriend(holder_id, code)
        except AlreadyFriends:
            return False
        return True

    acts = [partial(befriend, ann, codes[bo]), partial(befriend, bo, codes[ann])] * 15
    assert sum(at_once(app, acts, 30)) == 1
    assert [len(friends.known.list_friends(each)) for each in (ann, bo)] == [1, 1]


def test_a_code_that_is_renewed_while_somebody_waits_with_it_leads_to_nobody(app: Flask) -> None:
    ann, bo = person(app).holder_id, person(app).holder_id
    with transaction():
        code = friends.renew_code(ann)

    def befriend() -> str:
        try:
            friends.befriend(bo, code)
        except FriendCodeUnknown:
            return "unknown"
        return "friends"

    url = app.extensions["settings"].database_url.replace("postgresql+psycopg", "postgresql")
    with psycopg.connect(url) as other, ThreadPoolExecutor(1) as pool:
        other.execute("SELECT 1 FROM holder WHERE id = %s FOR NO KEY UPDATE", [ann])
        told = pool.submit(at_once, app, [befriend], 1)
        while other.execute("SELECT count(*) FROM pg_locks WHERE NOT granted").fetchone() == (0,):
            assert not told.done()
        other.execute(
            "UPDATE friend_code SET issue = 2, link_hash = sha256('next') WHERE holder_id = %s", [ann]
        )
        other.commit()
        assert told.result() == ["unknown"]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE people_group SET code = 'ANOTHER'",
        "UPDATE people_group SET kind = 'team'",
        "DELETE FROM people_group",
        "UPDATE group_member SET base_g = 5",
        "UPDATE group_member SET left_at = now() WHERE left_at IS NOT NULL",
        "DELETE FROM group_member",
        "UPDATE shown_name SET passed_at = NULL WHERE passed_at IS NOT NULL",
        "UPDATE shown_name SET author_id = author_id + 1",
        "UPDATE friendship SET code = 'ANOTHER'",
    ],
)
def test_the_database_refuses_what_no_service_does(app: Flask, statement: str) -> None:
    owner, guest = person(app).holder_id, person(app).holder_id
    with transaction():
        made = groups.make_group(owner, "office", "三楼", listed=True)
        names.hear_opinion(made.name.id if made.name else 0, "pass")
        groups.join(guest, made.join_code)
        friend = friends.befriend(guest, friends.renew_code(owner))
    with transaction():
        groups.leave(guest, made.code)
        friends.call_friend(guest, friend.code, "小安")
    with pytest.raises(IntegrityError):
        db.session.execute(text(statement))
