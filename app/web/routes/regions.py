"""Regions for everybody: what their forests were issued, have on sale and retired, down to the village."""

from flask import Response

from app.kit.http import public
from app.registry.queries import regions
from app.registry.queries.regions import RegionStanding
from app.web.pages import page, web


@web.get("/regions")
@public
def region_list() -> Response:
    """All regions together, and the provinces."""
    return _drawn(regions.get_whole())


@web.get("/regions/<code:code>")
@public
def region(code: str) -> Response:
    """One region and those in it. Raises `RegionUnknown`."""
    return _drawn(regions.get_region(code))


def _drawn(standing: RegionStanding) -> Response:
    """Where there are forests comes first; the other regions can be opened out."""
    lines = standing.parts
    return page(
        "region.html",
        tab="forest",
        standing=standing,
        forested=[line for line in lines if line.account.projects or line.account.holders],
        others=[line for line in lines if not (line.account.projects or line.account.holders)],
    )
