"""Emission factors and methodologies, for anyone to read."""

from flask import Response, request

from app.footprint import queries as footprint
from app.footprint.rules import HOME_REGION
from app.kit.http import public
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
)
MOST = 500


@web.get("/factors")
@public
def factor_list() -> Response:
    """The factors in use; or all, narrowed by a word and a category."""
    wish = request.args.get("q", "").strip()[:60]
    asked = request.args.get("category", "all" if wish else "")
    category = asked if asked in CATEGORIES else None
    if asked == "all" or category:
        found = footprint.list_factors(category=category, q=wish or None, limit=MOST)
    else:
        found, asked = _in_use(), ""
    return page("factors.html", factors=found, q=wish, category=asked, categories=CATEGORIES)


def _in_use() -> list[footprint.Factor]:
    """What today's scenes and a person's month at home are computed with."""
    kinds = [kind.find_factor(HOME_REGION) for kind in footprint.emission_kinds().values()]
    return [*(method.factor for method in footprint.list_scenes()), *(factor for factor in kinds if factor)]


@web.get("/factors/<string:key>")
@public
def factor(key: str) -> Response:
    """One factor with its source. Raises `NotFound`."""
    found = footprint.get_factor(key)
    users = [each for each in footprint.list_methodologies() if each.factor.key == key]
    return page("factor.html", factor=found, users=users)


@web.get("/methods")
@public
def method_list() -> Response:
    """How each scene is counted: formula, factor, baseline, cap and its reason."""
    return page("methods.html", methods=footprint.list_methodologies())
