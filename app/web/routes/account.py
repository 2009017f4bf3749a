"""The personal carbon account: three lines by day, month, year and life, the statement, and one's region."""

from collections.abc import Callable
from datetime import date
from typing import Any

from flask import Response, make_response, redirect, request

from app.kit import clock
from app.kit.fields import Area, Code, Day, NewSchema, OneOf
from app.kit.messages import language, t
from app.kit.problems import Problem
from app.kit.transaction import transaction
from app.registry.queries import regions
from app.statements import queries, services
from app.statements.errors import PeriodUnknown
from app.statements.queries.accounts import CarbonAccount
from app.statements.queries.lines import Stretch
from app.statements.routes import csv_export, home_of, json_export, page_of_lines, stretch_of
from app.statements.rules import LINES
from app.statements.rules.periods import LIFE, Period, read_period
from app.web.columns import Columns, column_chart
from app.web.forms import Form, read_form, read_query
from app.web.pages import page, web
from app.web.session import personal, settings
from app.web.words import month_name, short_day

PAGE = 50
DAY_LINES = 100


class StretchForm(NewSchema):
    """Which days of a statement, and which line."""

    since = Day(data_key="from")
    until = Day(data_key="to")
    line = OneOf(LINES)


class StretchPage(StretchForm):
    """Which page of it."""

    after = Code(64)


class NewRegion(NewSchema):
    """The region that somebody is at home in."""

    region = Area(required=True)


@web.get("/account")
@personal
def account(holder_id: int) -> Response:
    """This month."""
    return _account(holder_id, f"{clock.business_day():%Y-%m}")


@web.get("/account/<code:period>")
@personal
def account_period(holder_id: int, period: str) -> Response:
    """A day, a month, a year or a life. Raises `PeriodUnknown`."""
    return _account(holder_id, period)


def _account(holder_id: int, written: str) -> Response:
    today = clock.business_day()
    period = read_period(written, today)
    if period is None:
        raise PeriodUnknown()
    found = queries.get_account(holder_id, period)
    of_day = Stretch(holder_id, period.first, period.last, ("avoided", "offset"))
    later = period.neighbour(1)
    return page(
        "account.html",
        tab="home",
        found=found,
        period=found.period,
        title=period_name(period),
        to_part=lambda starts: f"/account/{period.part(starts)}",
        views=_views(period, today),
        earlier=period.neighbour(-1),
        later=later if later and read_period(later, today) else None,
        lines=[(name, getattr(found, name), _chart(found, name)) for name in LINES],
        of_day=queries.lines.list_lines(of_day, DAY_LINES) if period.kind == "day" else (),
        home=home_of(holder_id),
    )


def _views(period: Period, today: date) -> list[tuple[str, str]]:
    """The same time seen closer and from further away: the kind of each view and its address."""
    day = period.first if period.kind == "day" else min(period.last, today)
    return [("day", f"{day}"), ("month", f"{day:%Y-%m}"), ("year", f"{day:%Y}"), (LIFE, LIFE)]


def _chart(found: CarbonAccount, name: str) -> Columns | None:
    """The line's chart; none of a day, nor of emissions by day, which are recorded by month."""
    period = found.period
    if period.unit is None or (name == "emitted" and period.unit == "day"):
        return None
    line = getattr(found, name)
    order = [part.name for part in line.parts]
    return column_chart(period.starts(), line.by_start, order, LABELS[period.unit])


LABELS: dict[str, Callable[[date], str]] = {
    "day": lambda starts: f"{starts.day}",
    "month": lambda starts: f"{starts.month}",
    "year": lambda starts: f"{starts.year}",
}
"""What stands under a column."""


def period_name(period: Period) -> str:
    """A period as people say it: `2026年11月`, `25 Nov 2026`."""
    chinese, year = language() == "zh", f"{period.first.year}"
    if period.kind == "day":
        return f"{year}年{short_day(period.first)}" if chinese else f"{short_day(period.first)} {year}"
    if period.kind == "month":
        return month_name(period.address)
    return t("web.account_life") if period.kind == LIFE else f"{year}年" if chinese else year


@web.get("/account/statement")
@personal
def account_statement(holder_id: int) -> Response:
    """Every act, emission and retirement of some days, with running totals."""
    form = read_query(StretchPage)
    wish = form.values if form.sound else {}
    try:
        stretch = stretch_of(holder_id, wish)
    except Problem as problem:
        stretch, form = stretch_of(holder_id, {}), form.refuse(problem)
    status = 200 if form.sound and form.refusal is None else 422
    after = wish.get("after") if status == 200 else None
    listed = page_of_lines(stretch, PAGE, after)
    return page(
        "account_statement.html",
        status,
        tab="home",
        form=form,
        stretch=stretch,
        query=_query(stretch),
        line=wish.get("line", ""),
        listed=listed,
        year=clock.business_day().year,
        further=after is not None,
    )


def _query(stretch: Stretch) -> str:
    line = f"&line={stretch.lines[0]}" if len(stretch.lines) == 1 else ""
    return f"from={stretch.first}&to={stretch.last}{line}"


@web.get("/account/statement.csv")
@personal
def account_statement_csv(holder_id: int) -> Response:
    """The statement as a table. Raises `StretchBackwards`."""
    return _exported(holder_id, csv_export)


@web.get("/account/statement.json")
@personal
def account_statement_json(holder_id: int) -> Response:
    """The statement as one document. Raises `StretchBackwards`."""
    return _exported(holder_id, json_export)


def _exported(holder_id: int, export: Callable[[Stretch], Response]) -> Response:
    form = read_query(StretchForm)
    if not form.sound:
        return make_response(redirect(f"/account/statement?{request.query_string.decode('latin-1')}", 303))
    return export(stretch_of(holder_id, form.values))


@web.get("/account/region")
@personal
def home_region(holder_id: int) -> Response:
    """Where I am at home, and the way down from the provinces to another place."""
    return _home_page(holder_id, Form())


@web.post("/account/region")
@personal
def choose_region(holder_id: int) -> Response:
    """Count with a region's people from now on."""
    form = read_form(NewRegion)
    if not form.sound:
        return _home_page(holder_id, form, 422)
    try:
        with transaction():
            services.choose_home(holder_id, form.values["region"])
    except Problem as problem:
        return _home_page(holder_id, form.refuse(problem), problem.status)
    return make_response(redirect("/account/region?said=home_chosen", 303))


@web.post("/account/region/leave")
@personal
def leave_region(holder_id: int) -> Response:
    """Count nowhere any more."""
    with transaction():
        services.leave_home(holder_id)
    return make_response(redirect("/account/region?said=home_left", 303))


def _home_page(holder_id: int, form: Form, status: int = 200) -> Response:
    home: dict[str, Any] = home_of(holder_id)
    asked = request.args.get("in", home["region"] or "")
    try:
        standing = regions.get_region(asked) if asked else regions.get_whole()
    except Problem:
        standing = regions.get_whole()
    return page(
        "account_region.html",
        status,
        tab="home",
        form=form,
        home=home,
        standing=standing,
        least=settings().region_least_people,
    )
