"""The front page: what Senhui is for strangers, my month for those who are signed in."""

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import date

from flask import Response, request

from app.footprint import queries as footprint
from app.kit import clock
from app.kit.http import public
from app.offsets import queries as offsets
from app.offsets.routes import standing
from app.rewards.queries.grants import free_points
from app.web import queries, session
from app.web.charts import bar_chart
from app.web.pages import page, web


@web.get("/")
@public
def front_page() -> Response:
    """My month, or what this is and the public totals."""
    seen = session.visitor()
    if seen is None:
        phone = session.settings().phone_url
        return page("welcome.html", tab="home", totals=queries.public_totals(), phone=phone)
    return _my_month(seen.holder_id)


def _my_month(holder_id: int) -> Response:
    today = clock.business_day()
    month = asked_month(today)
    summary = footprint.month_summary(holder_id, month)
    methods = footprint.list_scenes()
    stands = standing(holder_id)
    return page(
        "month.html",
        tab="home",
        month=month,
        earlier=neighbour(month, -1),
        later=neighbour(month, 1) if month < f"{today:%Y-%m}" else None,
        summary=summary,
        chart=bar_chart(days_of(month), summary.avoided_by_day, [each.method.scene for each in methods]),
        methods={each.method.scene: each for each in methods},
        owed_g=stands["owed_g"],
        carry_g=stands["carry_g"],
        retired_g=offsets.retired_g(holder_id),
        neutral=stands["owed_g"] == 0 and bool(stands["items"]),
        points=free_points(holder_id),
        advice=_advice(holder_id, stands["owed_g"], summary, today),
    )


def asked_month(today: date) -> str:
    """The month that the reader turned to, never ahead of this one."""
    asked, this = request.args.get("month", ""), f"{today:%Y-%m}"
    return (
        asked
        if re.fullmatch(r"20(1[5-9]|[2-9]\d)-(0[1-9]|1[0-2])", asked, re.ASCII) and asked <= this
        else this
    )


def neighbour(month: str, step: int) -> str:
    """The month before or after."""
    number = int(month[:4]) * 12 + int(month[5:]) - 1 + step
    return f"{number // 12}-{number % 12 + 1:02d}"


def days_of(month: str) -> list[date]:
    """All days of a month."""
    year, number = int(month[:4]), int(month[5:])
    return [date(year, number, day) for day in range(1, monthrange(year, number)[1] + 1)]


@dataclass(frozen=True)
class Advice:
    """The one next thing to do: `name` chooses the sentence, `path` is where it is done."""

    name: str
    path: str


def _advice(holder_id: int, owed_g: int, summary: footprint.MonthSummary, today: date) -> Advice:
    """What helps most now: see the steps, know what is owed, close it, or go on."""
    if not footprint.list_steps(holder_id, limit=1):
        return Advice("steps", "/steps")
    if owed_g > 0:
        return Advice("forest", "/forest")
    if not summary.emitted_by_kind and summary.month == f"{today:%Y-%m}":
        return Advice("footprint", "/footprint")
    return Advice("trip", "/actions/new")
