"""Regions for everybody: what their forests were issued, have on sale and retired, down to the village."""

from datetime import date

from flask import Response

from app.kit.http import public
from app.statements import queries as statements
from app.statements.queries import RegionFootprint
from app.statements.rules import LINES
from app.web.columns import Columns, column_chart
from app.web.pages import page, web
from app.web.session import settings
from app.web.words import month_name


@web.get("/regions")
@public
def region_list() -> Response:
    """All regions together, and the provinces."""
    return _drawn(statements.get_region_footprint())


@web.get("/regions/<code:code>")
@public
def region(code: str) -> Response:
    """One region and those in it. Raises `RegionUnknown`."""
    return _drawn(statements.get_region_footprint(code))


def _drawn(crowd: RegionFootprint) -> Response:
    """Where there are forests comes first; the other regions can be opened out."""
    standing, lines = crowd.standing, crowd.standing.parts
    months = [date.fromisoformat(f"{each.month}-01") for each in crowd.months]
    return page(
        "region.html",
        tab="forest",
        standing=standing,
        crowd=crowd,
        month_of=lambda starts: month_name(f"{starts:%Y-%m}"),
        least=crowd.snapshot.least_people if crowd.snapshot else settings().region_least_people,
        columns=[(name, _columns(crowd, months, f"{name}_g")) for name in LINES],
        forested=[line for line in lines if line.account.projects or line.account.holders],
        others=[line for line in lines if not (line.account.projects or line.account.holders)],
    )


def _columns(crowd: RegionFootprint, months: list[date], name: str) -> Columns:
    """One line's months."""
    amounts = {
        starts: {name: getattr(each.published, name) or 0}
        for starts, each in zip(months, crowd.months, strict=True)
    }
    return column_chart(months, amounts, (name,), lambda starts: f"{starts.month}")
