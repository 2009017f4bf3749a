"""Boards on pages: who avoided how much this season, and how one wants to stand there oneself."""

from typing import Any

from flask import Response, make_response, redirect, request

from app.kit.fields import NewSchema, OneOf, Written
from app.kit.http import public
from app.kit.messages import t
from app.kit.problems import NotFound, Problem
from app.kit.transaction import transaction
from app.registry.queries import regions
from app.rewards.errors.boards import NoHome
from app.rewards.queries import boards as known
from app.rewards.routes.boards import board_of, least_people, wish_for
from app.rewards.rules.boards import LINES, kept
from app.rewards.rules.groups import KINDS, LEAST_COUNTED
from app.rewards.rules.seasons import Season
from app.web.forms import Form, read_form
from app.web.pages import page, web
from app.web.session import personal, visitor

TABS = ("all", "county", "village", "friends", "groups")


class WishForm(NewSchema):
    """How somebody wants to stand on boards, and under which name."""

    stand = OneOf(("alias", "name", "away"), required=True)
    name = Written(20)


@web.get("/boards")
@public
def board_all() -> Response:
    """Everybody, for anybody to see."""
    found = visitor()
    return _board_page("all", found.holder_id if found else None)


@web.get("/boards/groups")
@public
def board_groups() -> Response:
    """Groups among themselves, for anybody to see."""
    found = visitor()
    return _board_page("groups", found.holder_id if found else None)


@web.get("/boards/<any(county, village, friends):kind>")
@personal
def board_near(holder_id: int, kind: str) -> Response:
    """Those at home where I am, or my friends."""
    return _board_page(kind, holder_id)


@web.get("/boards/me")
@personal
def board_wish(holder_id: int) -> Response:
    """How I stand on boards."""
    return _wish_page(holder_id, Form())


@web.post("/boards/me")
@personal
def change_board_wish(holder_id: int) -> Response:
    """Stand there otherwise, or not at all."""
    form = read_form(WishForm)
    if form.sound and form.values["stand"] == "name" and "name" not in form.values:
        form.faults["name"] = t("kit.field_required")
    if not form.sound:
        return _wish_page(holder_id, form)
    stand = form.values["stand"]
    with transaction():
        wish_for(holder_id, away=stand == "away", name=form.values["name"] if stand == "name" else None)
    return make_response(redirect("/boards/me?said=board_wish", 303))


def asked() -> dict[str, Any]:
    """What the page's address asks for: the season, the kind of groups, from which place on."""
    kind = request.args.get("kind")
    if kind is not None and kind not in KINDS:
        raise NotFound()
    return {
        "season": request.args.get("season"),
        "kind": kind,
        "after": request.args.get("after"),
        "limit": LINES,
    }


def seasons() -> list[tuple[Season, str]]:
    """The seasons that have boards, this one first, in words."""
    return [(each, season_name(each)) for each in reversed(kept(known.this_season()))]


def season_name(season: Season) -> str:
    """A season in words."""
    return t("rewards.season", year=season.year, quarter=t(f"rewards.quarter_{season.quarter}"))


def _board_page(kind: str, holder_id: int | None) -> Response:
    wish = asked()
    refusal: Problem | None = None
    board: dict[str, Any] = {}
    try:
        board = board_of(kind, holder_id, wish)
    except NoHome as problem:
        refusal = problem
    place = board.get("place")
    return page(
        "boards.html",
        kind=kind,
        board=board,
        refusal=refusal,
        place=regions.list_names([place]).get(place) if place else None,
        shown_tabs=TABS,
        seasons=seasons(),
        season=known.read_kept(wish["season"]),
        group_kind=wish["kind"],
        group_kinds=KINDS,
        least=least_people(),
        least_members=LEAST_COUNTED,
        signed_in=holder_id is not None,
        wish=known.get_wish(holder_id) if holder_id is not None else None,
        later="after" in request.args,
    )


def _wish_page(holder_id: int, form: Form) -> Response:
    wish = known.get_wish(holder_id)
    stand = "away" if wish.away else "name" if wish.name else "alias"
    return page(
        "board_wish.html",
        form.status,
        tab="me",
        form=form,
        wish=wish,
        stand=stand,
        least=least_people(),
        alias=known.alias_of(f"{known.this_season()}:all", holder_id),
    )
