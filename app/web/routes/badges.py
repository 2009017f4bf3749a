"""Levels, badges and streaks: their rules for everybody, and how far one has come oneself."""

from flask import Response

from app.kit import clock
from app.kit.http import public
from app.rewards.queries import badges as known
from app.rewards.rules.levels import levels
from app.rewards.rules.streaks import RESTS, SPAN
from app.web.charts import week_field
from app.web.pages import page, web
from app.web.session import personal, seen_identity


@web.get("/badges")
@public
def badges() -> Response:
    """The rules of levels, badges and streaks."""
    return page(
        "badges.html",
        tab="me",
        levels=levels(),
        badges=known.list_open(),
        span=SPAN,
        rests=RESTS,
        signed_in=seen_identity() is not None,
    )


@web.get("/me/badges")
@personal
def my_badges(holder_id: int) -> Response:
    """My level, my streak and my badges."""
    trail = known.get_trail(holder_id)
    today = clock.business_day()
    return page(
        "my_badges.html",
        tab="me",
        trail=trail,
        field=week_field(set(trail.days.all), trail.streak.since, today),
        levels=levels(),
        span=SPAN,
        rests=RESTS,
        year=today.year,
    )
