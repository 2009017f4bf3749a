"""What can be asked of groups and friends over HTTP."""

from typing import Any

from app.accounts import queries as accounts
from app.kit.http import Blueprint
from app.kit.idempotency import writes
from app.kit.identity import caller, signed_in
from app.rewards.queries import friends as friends_known
from app.rewards.queries import groups as known
from app.rewards.queries.boards import alias_of, alias_of_friend, this_season
from app.rewards.queries.groups import GroupFacts
from app.rewards.queries.names import list_names_of_people
from app.rewards.rules.boards import board
from app.rewards.rules.boards import group as board_of
from app.rewards.schemas.boards import (
    Befriending,
    FriendChange,
    FriendCodeView,
    FriendsView,
    FriendView,
    GroupChange,
    GroupDetailView,
    GroupsView,
    GroupView,
    Joining,
    NewFriendCode,
    NewGroup,
)
from app.rewards.services import friends as befriending
from app.rewards.services import groups as services

groups = Blueprint("groups", __name__, url_prefix="/v1/groups", description="Groups 小组")
friends = Blueprint("friends", __name__, url_prefix="/v1/friends", description="Friends 好友")
BLUEPRINTS = (groups, friends)


def _me() -> int:
    accounts.require_live_session(caller())
    return caller().holder_id


@groups.route("", methods=["GET"])
@signed_in
@groups.response(200, GroupsView)
def get_groups() -> dict[str, Any]:
    """The groups the caller is in."""
    holder_id = _me()
    return {"items": [group_view(each, holder_id) for each in known.groups_of(holder_id)]}


@groups.route("", methods=["POST"])
@signed_in
@writes
@groups.arguments(NewGroup)
@groups.response(201, GroupView)
def post_group(wish: dict[str, Any]) -> dict[str, Any]:
    """Make a group, which the caller looks after; others join by its code."""
    made = services.make_group(_me(), wish["kind"], wish["name"], listed=wish["listed"])
    return group_view(made, caller().holder_id)


@groups.route("/joined", methods=["POST"])
@signed_in
@writes
@groups.arguments(Joining)
@groups.response(201, GroupView)
def post_joined(wish: dict[str, Any]) -> dict[str, Any]:
    """Join a group by its code."""
    return group_view(services.join(_me(), wish["code"]), caller().holder_id)


@groups.route("/<string:code>", methods=["GET"])
@signed_in
@groups.response(200, GroupDetailView)
def get_group(code: str) -> dict[str, Any]:
    """One of the caller's groups, with those who are in it."""
    return detail_view(known.get_own(_me(), code), caller().holder_id)


@groups.route("/<string:code>", methods=["PATCH"])
@signed_in
@writes
@groups.arguments(GroupChange)
@groups.response(200, GroupDetailView)
def patch_group(wish: dict[str, Any], code: str) -> dict[str, Any]:
    """Call it otherwise, list it or not, let another member look after it; its owner only."""
    holder_id = _me()
    if "name" in wish:
        services.rename(holder_id, code, wish["name"])
    if "listed" in wish:
        services.list_group(holder_id, code, listed=wish["listed"])
    if "owner" in wish:  # last, as they may change nothing after it
        services.hand_over(holder_id, code, wish["owner"])
    return detail_view(known.get_own(holder_id, code), holder_id)


@groups.route("/<string:code>/join-code", methods=["POST"])
@signed_in
@writes
@groups.response(201, GroupView)
def post_join_code(code: str) -> dict[str, Any]:
    """Another code to join; the one before leads nowhere from now on. Its owner only."""
    return group_view(services.renew_code(_me(), code), caller().holder_id)


@groups.route("/<string:code>/members/me", methods=["DELETE"])
@signed_in
@writes
@groups.response(204)
def delete_me(code: str) -> None:
    """Leave a group; the last one closes it."""
    services.leave(_me(), code)


@groups.route("/<string:code>/members/<string:member>", methods=["DELETE"])
@signed_in
@writes
@groups.response(204)
def delete_member(code: str, member: str) -> None:
    """Let a member go; the code to join changes along. Its owner only."""
    services.remove_member(_me(), code, member)


def group_view(group: GroupFacts, holder_id: int) -> dict[str, Any]:
    """A group for one of its members."""
    own = group.owner_id == holder_id
    return {**vars(group), "own": own, "join_code": group.join_code if own else None}


def detail_view(group: GroupFacts, holder_id: int) -> dict[str, Any]:
    """A group for one of its members, with those who are in it."""
    people, where = known.members(group.id), board(this_season(), board_of(group.id))
    names = list_names_of_people({each.holder_id for each in people})
    listed = [
        {
            "code": each.code,
            "name": names.get(each.holder_id) or alias_of(where, each.holder_id),
            "named": each.holder_id in names,
            "owner": each.holder_id == group.owner_id,
            "own": each.holder_id == holder_id,
            "joined_at": each.joined_at,
        }
        for each in people
    ]
    return {**group_view(group, holder_id), "people": listed}


@friends.route("", methods=["GET"])
@signed_in
@friends.response(200, FriendsView)
def get_friends() -> dict[str, Any]:
    """The caller's friends, the newest first."""
    return {"items": friend_views(_me())}


@friends.route("", methods=["POST"])
@signed_in
@writes
@friends.arguments(Befriending)
@friends.response(201, FriendView)
def post_friend(wish: dict[str, Any]) -> dict[str, Any]:
    """Become the friend of whoever gave this code; each sees the other's season."""
    return _friend_view(befriending.befriend(_me(), wish["code"], wish["label"]))


@friends.route("/code", methods=["GET"])
@signed_in
@friends.response(200, FriendCodeView)
def get_code() -> dict[str, Any]:
    """The caller's code, to be given to friends."""
    return {"code": friends_known.find_code(_me())}


@friends.route("/code", methods=["POST"])
@signed_in
@writes
@friends.arguments(NewFriendCode)
@friends.response(201, FriendCodeView)
def post_code(wish: dict[str, Any]) -> dict[str, Any]:
    """A new code; the one before leads nowhere from now on."""
    return {"code": befriending.renew_code(_me())}


@friends.route("/<string:code>", methods=["PUT"])
@signed_in
@writes
@friends.arguments(FriendChange)
@friends.response(200, FriendView)
def put_friend(wish: dict[str, Any], code: str) -> dict[str, Any]:
    """Call a friend so, for oneself alone."""
    return _friend_view(befriending.call_friend(_me(), code, wish["label"]))


@friends.route("/<string:code>", methods=["DELETE"])
@signed_in
@writes
@friends.response(204)
def delete_friend(code: str) -> None:
    """End a friendship; the other is not told."""
    befriending.part(_me(), code)


def friend_views(holder_id: int) -> list[dict[str, Any]]:
    """Somebody's friends with the names they gave themselves, or others."""
    listed = friends_known.list_friends(holder_id)
    names = list_names_of_people({each.friend_id for each in listed})
    return [_view(each, names) for each in listed]


def _friend_view(friend: friends_known.Friend) -> dict[str, Any]:
    return _view(friend, list_names_of_people({friend.friend_id}))


def _view(friend: friends_known.Friend, names: dict[int, str]) -> dict[str, Any]:
    name = names.get(friend.friend_id) or alias_of_friend(friend)
    return {"code": friend.code, "name": name, "label": friend.label, "made_at": friend.made_at}
