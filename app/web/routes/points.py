"""Points: my own, what happened to them, the rulebook, and sponsors' programmes for everybody."""

from collections.abc import Iterable
from typing import Any

from flask import Response, request

from app.footprint import queries as footprint
from app.kit import clock
from app.kit.http import public
from app.kit.paging import page as page_of
from app.kit.paging import read_cursor
from app.registry.queries import regions
from app.rewards.queries import challenges, history, redemptions, sponsoring
from app.rewards.queries.grants import balances
from app.rewards.queries.proposals import find_closing_reason
from app.rewards.queries.rulebook import rulebook
from app.rewards.queries.sponsoring import ProgrammeView
from app.rewards.rules.proposals import fen_per_kg
from app.rewards.rules.standing import State
from app.rewards.services.challenge_rewards import SOURCE as CHALLENGE
from app.rewards.services.grants import ACTION
from app.web.pages import page, web
from app.web.session import personal, settings
from app.web.words import in_language

PAGE = 30


@web.get("/me/points")
@personal
def my_points(holder_id: int) -> Response:
    """What I can spend, what waits, what expires when, what I owe, and what it all came to."""
    expiring = history.list_expiring(holder_id)
    views = [each for each in sponsoring.list_running_views() if each.state in (State.OPEN, State.STOPPED)]
    return page(
        "my_points.html",
        tab="me",
        mine=balances(holder_id),
        expiring=expiring,
        names=sponsoring.list_names(each.programme_id for each in expiring),
        views=views,
        areas=area_names(views),
    )


@web.get("/me/points/history")
@personal
def my_points_history(holder_id: int) -> Response:
    """What each act earned, or why it earned nothing; the newest first."""
    shown = request.args.get("show", "")
    rows = history.list_history(holder_id, PAGE + 1, read_cursor(request.args.get("after")), shown)
    listed = page_of(rows, PAGE, lambda grant: grant.id)
    acts = [each.source_id for each in listed["items"] if each.source == ACTION]
    places = [each.source_id for each in listed["items"] if each.source == CHALLENGE]
    return page(
        "my_points_history.html",
        tab="me",
        listed=listed,
        shown=shown if shown in history.SHOWN else "",
        filters=("", *history.SHOWN),
        acts=footprint.list_actions_by_id(holder_id, acts),
        challenges=challenges.list_codes(places),
        names=sponsoring.list_names(
            each.programme_id for each in listed["items"] if each.programme_id is not None
        ),
    )


@web.get("/me/points/spendings")
@personal
def my_points_spendings(holder_id: int) -> Response:
    """What I spent points on, or tried to; the newest first."""
    rows = history.list_spendings(holder_id, PAGE + 1, read_cursor(request.args.get("after")))
    listed = page_of(rows, PAGE, lambda spending: spending.id)
    codes = redemptions.list_codes(each.id for each in listed["items"])
    return page("my_points_spendings.html", tab="me", listed=listed, codes=codes)


@web.get("/points")
@public
def points_rules() -> Response:
    """The rulebook of points, article by article."""
    return page("points.html", rulebook=rulebook())


@web.get("/points/programmes")
@public
def point_programmes() -> Response:
    """Every programme: those that thank now before the others, those that ended in pages."""
    listed = sponsoring.list_views(before=read_cursor(request.args.get("after")))
    return page("point_programmes.html", listed=listed, areas=area_names(listed["items"]))


@web.get("/points/programmes/<code:code>")
@public
def point_programme(code: str) -> Response:
    """One programme to the fen. Raises `ProgrammeUnknown`."""
    view = sponsoring.get_view(code)
    return page("point_programme.html", **programme_facts(view))


def programme_facts(view: ProgrammeView) -> dict[str, Any]:
    """What the pages about one programme have in common."""
    return {
        "view": view,
        "programme": view.programme,
        "budget": view.budget,
        "areas": area_names([view]),
        "today": clock.business_day(),
        "scenes": scene_names(),
        "fen_per_kg": fen_per_kg,
        "least": settings().region_least_people,
        "closing_reason": find_closing_reason(view.id) if view.programme.closed_at else None,
    }


def scene_names() -> dict[str, str]:
    """Every scene that counts today, by its code."""
    return {
        each.method.scene: in_language(each.document["scene_zh"], each.document["scene_en"])
        for each in footprint.list_scenes()
    }


def area_names(views: Iterable[ProgrammeView]) -> dict[str, str]:
    """The names of the regions that these programmes are for, by their codes."""
    named = regions.list_names(each.programme.region for each in views)
    return {code: in_language(name.zh, name.en) for code, name in named.items()}
