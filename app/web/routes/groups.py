"""Groups and friends on pages: made, joined by a code, looked after, left."""

from collections.abc import Callable
from typing import Any

from flask import Response, make_response, redirect

from app.kit.fields import Code, NewSchema, OneOf, Written
from app.kit.http import public
from app.kit.problems import Problem
from app.kit.transaction import transaction
from app.rewards.errors.groups import GroupUnknown
from app.rewards.queries import boards, friends
from app.rewards.queries import groups as known
from app.rewards.routes.boards import group_board_of
from app.rewards.routes.groups import detail_view, friend_views
from app.rewards.rules.groups import KINDS, LEAST_COUNTED, LONGEST_NAME
from app.rewards.services import friends as befriending
from app.rewards.services import groups as services
from app.web.forms import Form, OnceSchema, once, read_form
from app.web.pages import page, web
from app.web.routes.boards import asked, season_name, seasons
from app.web.session import personal, visitor


class GroupForm(OnceSchema):
    """A group to be made."""

    kind = OneOf(KINDS, required=True)
    name = Written(LONGEST_NAME, required=True)
    listed = OneOf(("yes", "no"), load_default="no")


class CodeForm(NewSchema):
    """A code that somebody gave, and what one calls them."""

    code = Code(20, required=True)
    label = Written(20)


class LabelForm(NewSchema):
    """What one calls a friend; nothing takes it back."""

    label = Written(20)


class NameForm(NewSchema):
    """Another name of a group."""

    name = Written(LONGEST_NAME, required=True)


class ListedForm(NewSchema):
    """Whether a group stands in public."""

    listed = OneOf(("yes", "no"), required=True)


@web.get("/groups")
@personal
def my_groups(holder_id: int) -> Response:
    """The groups I am in; one is made or joined here."""
    return _groups_page(holder_id, Form(), Form())


@web.post("/groups")
@personal
def make_group(holder_id: int) -> Response:
    """Make one."""
    form = read_form(GroupForm)
    if not form.sound:
        return _groups_page(holder_id, form, Form())
    told = form.values

    def make() -> str:
        listed = told["listed"] == "yes"
        return services.make_group(holder_id, told["kind"], told["name"], listed=listed).code

    try:
        with transaction():
            code = once(holder_id, form, make)
    except Problem as problem:
        return _groups_page(holder_id, form.refuse(problem), Form())
    return _to(code, "group_made")


@web.post("/groups/join")
@personal
def join_group(holder_id: int) -> Response:
    """Join one by its code."""
    form = read_form(CodeForm)
    if not form.sound:
        return _groups_page(holder_id, Form(), form)
    try:
        with transaction():
            code = services.join(holder_id, form.values["code"]).code
    except Problem as problem:
        return _groups_page(holder_id, Form(), form.refuse(problem))
    return _to(code, "group_joined")


@web.get("/groups/<code:code>")
@public
def group(code: str) -> Response:
    """One group: its members see each other, others what stands in public. Raises `GroupUnknown`."""
    found = visitor()
    facts = known.get_group(code)
    if found is not None and known.is_member(facts.id, found.holder_id):
        return _group_page(facts, found.holder_id, Form())
    facts = known.get_public(code)
    season = boards.this_season()
    return page(
        "group_public.html",
        group=facts,
        line=boards.find_group_line(season, facts),
        alias=boards.alias_of(f"{season}:groups", facts.id),
        season=season_name(season),
        least_members=LEAST_COUNTED,
    )


@web.post("/groups/<code:code>/name")
@personal
def rename_group(holder_id: int, code: str) -> Response:
    """Call it otherwise."""
    form = read_form(NameForm)
    return _change(holder_id, code, form, lambda: services.rename(holder_id, code, form.values["name"]))


@web.post("/groups/<code:code>/listed")
@personal
def list_group(holder_id: int, code: str) -> Response:
    """Let it stand in public, or not."""
    form = read_form(ListedForm)

    def change() -> None:
        services.list_group(holder_id, code, listed=form.values["listed"] == "yes")

    return _change(holder_id, code, form, change)


@web.post("/groups/<code:code>/join-code")
@personal
def renew_join_code(holder_id: int, code: str) -> Response:
    """Another code to join; the one before ends."""
    return _change(holder_id, code, Form(), lambda: services.renew_code(holder_id, code))


@web.post("/groups/<code:code>/members/<code:member>/remove")
@personal
def remove_group_member(holder_id: int, code: str, member: str) -> Response:
    """Let a member go."""
    return _change(holder_id, code, Form(), lambda: services.remove_member(holder_id, code, member))


@web.post("/groups/<code:code>/members/<code:member>/owner")
@personal
def hand_group_over(holder_id: int, code: str, member: str) -> Response:
    """Let another member look after it."""
    return _change(holder_id, code, Form(), lambda: services.hand_over(holder_id, code, member))


@web.post("/groups/<code:code>/leave")
@personal
def leave_group(holder_id: int, code: str) -> Response:
    """Leave it. Raises `GroupUnknown`."""
    with transaction():
        services.leave(holder_id, code)
    return make_response(redirect("/groups?said=group_left", 303))


@web.get("/friends")
@personal
def my_friends(holder_id: int) -> Response:
    """My friends and my code."""
    return _friends_page(holder_id, Form())


@web.post("/friends")
@personal
def befriend(holder_id: int) -> Response:
    """Become somebody's friend by their code."""
    form = read_form(CodeForm)
    if not form.sound:
        return _friends_page(holder_id, form)
    try:
        with transaction():
            befriending.befriend(holder_id, form.values["code"], form.values.get("label"))
    except Problem as problem:
        return _friends_page(holder_id, form.refuse(problem))
    return make_response(redirect("/friends?said=friend_made", 303))


@web.post("/friends/code")
@personal
def renew_friend_code(holder_id: int) -> Response:
    """A new code; the one before leads nowhere."""
    with transaction():
        befriending.renew_code(holder_id)
    return make_response(redirect("/friends?said=friend_code", 303))


@web.post("/friends/<code:code>/label")
@personal
def call_friend(holder_id: int, code: str) -> Response:
    """Call a friend so, for myself. Raises `FriendUnknown`."""
    form = read_form(LabelForm)
    if not form.sound:
        return _friends_page(holder_id, form)
    with transaction():
        befriending.call_friend(holder_id, code, form.values.get("label"))
    return make_response(redirect("/friends?said=friend_called", 303))


@web.post("/friends/<code:code>/end")
@personal
def end_friendship(holder_id: int, code: str) -> Response:
    """Be friends no more. Raises `FriendUnknown`."""
    with transaction():
        befriending.part(holder_id, code)
    return make_response(redirect("/friends?said=friend_ended", 303))


def _change(holder_id: int, code: str, form: Form, act: Callable[[], Any]) -> Response:
    """Do something to a group and come back to it; what is refused is said there."""
    if form.sound:
        try:
            with transaction():
                act()
            return _to(code, "group_changed")
        except GroupUnknown:
            raise
        except Problem as problem:
            form = form.refuse(problem)
    return _group_page(known.get_own(holder_id, code), holder_id, form)


def _to(code: str, said: str) -> Response:
    return make_response(redirect(f"/groups/{code}?said={said}", 303))


def _groups_page(holder_id: int, form: Form, joining: Form) -> Response:
    listed = [(each, each.owner_id == holder_id) for each in known.groups_of(holder_id)]
    return page(
        "groups.html",
        max(form.status, joining.status),
        tab="me",
        listed=listed,
        form=form,
        joining=joining,
        kinds=KINDS,
        least_members=LEAST_COUNTED,
    )


def _group_page(facts: known.GroupFacts, holder_id: int, form: Form) -> Response:
    wish = asked()
    return page(
        "group.html",
        form.status,
        tab="me",
        group=detail_view(facts, holder_id),
        board=group_board_of(facts.id, holder_id, wish),
        line=boards.find_group_line(boards.read_kept(wish["season"]), facts),
        seasons=seasons(),
        season=boards.read_kept(wish["season"]),
        form=form,
        least_members=LEAST_COUNTED,
    )


def _friends_page(holder_id: int, form: Form) -> Response:
    return page(
        "friends.html",
        form.status,
        tab="me",
        friends=friend_views(holder_id),
        code=friends.find_code(holder_id),
        form=form,
    )
