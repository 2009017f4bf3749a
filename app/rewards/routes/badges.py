"""What can be asked of levels, badges, streaks and years over HTTP."""

from typing import Any

from flask import current_app

from app.accounts import queries as accounts
from app.kit.http import Blueprint, public
from app.kit.idempotency import writes
from app.kit.identity import caller, signed_in
from app.rewards.queries import badges as known
from app.rewards.queries import years
from app.rewards.queries.badges import Trail
from app.rewards.queries.years import YearFacts
from app.rewards.rules.levels import levels
from app.rewards.rules.streaks import RESTS, SPAN
from app.rewards.schemas.badges import BadgeRulesView, TrailView, YearLinkView, YearReviewView
from app.rewards.services import years as services

rules = Blueprint("badges", __name__, url_prefix="/v1/badges", description="Rules of badges 徽章规则")
own = Blueprint("own_badges", __name__, url_prefix="/v1/me/badges", description="One's own badges 我的徽章")
own_years = Blueprint(
    "years", __name__, url_prefix="/v1/me/years", description="One's years in review 年度回顾"
)
BLUEPRINTS = (rules, own, own_years)


@rules.route("", methods=["GET"])
@public
@rules.response(200, BadgeRulesView)
def get_rules() -> dict[str, Any]:
    """The rules of levels, streaks and badges, with their drawings."""
    return {
        "levels": levels(),
        "streak": {"span_days": SPAN, "rests": RESTS},
        "badges": known.list_open(),
    }


@own.route("", methods=["GET"])
@signed_in
@own.response(200, TrailView)
def get_own() -> Trail:
    """The caller's level, streak and badges."""
    accounts.require_live_session(caller())
    return known.get_trail(caller().holder_id)


@own_years.route("/<int:year>", methods=["GET"])
@signed_in
@own_years.response(200, YearReviewView)
def get_year(year: int) -> YearFacts:
    """One of the caller's years as of now."""
    accounts.require_live_session(caller())
    return years.get_year(caller().holder_id, year)


@own_years.route("/<int:year>/link", methods=["PUT"])
@signed_in
@writes
@own_years.response(200, YearLinkView)
def put_link(year: int) -> dict[str, str]:
    """Show the year, without the caller's name, to whoever has its link; until taken back it is one link."""
    accounts.require_live_session(caller())
    secret = services.show_year(caller().holder_id, year)
    url = f"{current_app.extensions['settings'].public_url}/y/{secret}"
    return {"url": url, "picture": f"{url}.png"}


@own_years.route("/<int:year>/link", methods=["DELETE"])
@signed_in
@writes
@own_years.response(204)
def delete_link(year: int) -> None:
    """Take the link back: it leads nowhere from now on, and for ever."""
    accounts.require_live_session(caller())
    services.hide_year(caller().holder_id, year)
