"""Emission factors, methodologies, scenes and announced changes, for anyone to read."""

from collections.abc import Iterable
from typing import TypeVar
from urllib.parse import urlencode

from flask import Response, make_response, redirect, request

from app.footprint import queries as footprint
from app.footprint.queries import ClosedScene, Factor, Methodology
from app.footprint.rules import CATEGORIES as LIFE
from app.footprint.rules import HOME_REGION, TIERS, in_force, series_of
from app.kit import clock
from app.kit.http import public
from app.kit.problems import NotFound
from app.web.pages import page, web

CATEGORIES = (
    "electricity",
    "behaviour_er",
    "passenger_transport",
    "fuel",
    "heat",
    "water",
    "diet",
    "material",
    "waste",
    "hotel",
    "freight",
    "tree",
    "methodology_param",
    "reward",
    "event_rule",
    "event_benchmark",
)
VERIFIED = {"yes": True, "no": False}
MOST = 500
Scene = TypeVar("Scene", Methodology, ClosedScene)


@web.get("/factors")
@public
def factor_list() -> Response:
    """The factors in use; or all, narrowed by a word, category, region, tier and whether verified."""
    asked = {
        "q": request.args.get("q", "").strip()[:60],
        "region": _among("region", footprint.list_regions()),
        "tier": _among("tier", TIERS),
        "verified": _among("verified", VERIFIED),
    }
    narrowed = {name: value for name, value in asked.items() if value}
    category = request.args.get("category", "all" if narrowed else "")
    if category == "all" or category in CATEGORIES:
        found = footprint.list_factors(
            category=category if category in CATEGORIES else None,
            region=asked["region"] or None,
            q=asked["q"] or None,
            tier=asked["tier"] or None,
            verified=VERIFIED.get(asked["verified"]),
            limit=MOST,
        )
    else:
        found, category = _in_use(), ""
    return page(
        "factors.html",
        factors=found,
        asked=asked,
        narrowed=urlencode(narrowed),
        category=category,
        categories=CATEGORIES,
        regions=footprint.list_regions(),
        tiers=TIERS,
    )


def _among(name: str, known: Iterable[str]) -> str:
    """What was chosen of a list, or nothing."""
    asked = request.args.get(name, "")
    return asked if asked in known else ""


def _in_use() -> list[Factor]:
    """What today's scenes and a person's month at home are computed with, each once."""
    kinds = [kind.find_factor(HOME_REGION) for kind in footprint.emission_kinds().values()]
    scenes = [factor for method in footprint.list_scenes() for factor in method.factors]
    return list(dict.fromkeys([*scenes, *(factor for factor in kinds if factor)]))


@web.get("/factors/<string:key>")
@public
def factor(key: str) -> Response:
    """One factor with its source, its versions, its other years and where it is used. Raises `NotFound`."""
    versions = footprint.list_versions(key)
    found = next((each for each in versions if each.in_force), versions[0])
    series = series_of(key)
    years = [each for each in footprint.list_factors(limit=MOST * 10) if series_of(each.key) == series]
    return page(
        "factor.html",
        factor=found,
        versions=versions,
        years=sorted(years, key=lambda each: each.key, reverse=True) if series else [],
        users=_last(footprint.list_users(key)),
        kinds=_kinds(found),
    )


def _last(methods: Iterable[Methodology]) -> list[Methodology]:
    """The last version of each methodology."""
    return list({each.method.key: each for each in methods}.values())


def _kinds(found: Factor) -> list[footprint.EmissionKind]:
    """The kinds of emission that this factor counts in its own region."""
    return [
        kind
        for kind in footprint.emission_kinds().values()
        if (used := kind.find_factor(found.region)) and used.key == found.key
    ]


@web.get("/methods")
@public
def method_list() -> Response:
    """What a pack counts, how, against what and why; and what it does not count. Raises `NotFound`."""
    packs = footprint.list_packs()
    asked = request.args.get("pack", packs[0].key if packs else "")
    shown = next((pack for pack in packs if pack.key == asked), None)
    if shown is None and (packs or "pack" in request.args):
        raise NotFound()
    here = {each.id for each in shown.scenes} if shown else set()
    others = [each for each in footprint.list_methodologies() if each.pack == asked and each.id not in here]
    return page(
        "methods.html",
        packs=packs,
        shown=shown,
        groups=_by_life(shown.scenes) if shown else [],
        closed=_by_life(shown.closed) if shown else [],
        others=others,
        today=clock.business_day(),
        in_force=in_force,
    )


def _by_life(scenes: Iterable[Scene]) -> list[tuple[str, list[Scene]]]:
    """Scenes by the part of life they belong to, in the order of 衣食住行用 and the office."""
    groups: dict[str, list[Scene]] = {name: [] for name in LIFE}
    for each in scenes:
        groups.setdefault(each.document.get("category", "travel"), []).append(each)
    return [(name, members) for name, members in groups.items() if members]


@web.get("/scenes")
@public
def scene_list() -> Response:
    """Scenes stand with what counts them."""
    return make_response(redirect("/methods"))


@web.get("/changes")
@public
def change_list() -> Response:
    """What will change and from which day, and what has changed."""
    changes = footprint.list_changes()
    return page(
        "changes.html",
        upcoming=[each for each in reversed(changes) if each.upcoming],
        past=[each for each in changes if not each.upcoming],
    )
