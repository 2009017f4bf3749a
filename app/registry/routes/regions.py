"""Regions 行政区划 and their accounts, from province to village. Public, reading only."""

from typing import Any

from app.kit.http import Blueprint, public
from app.registry.queries import regions as queries
from app.registry.schemas.regions import RegionStandingView

regions = Blueprint("regions", __name__, url_prefix="/v1/regions", description="Five levels 五级账户")


@regions.route("", methods=["GET"])
@public
@regions.response(200, RegionStandingView)
def get_regions() -> Any:
    """All regions together, and each province."""
    return queries.get_whole()


@regions.route("/<string:code>", methods=["GET"])
@public
@regions.response(200, RegionStandingView)
def get_region(code: str) -> Any:
    """A province, city, county, township or village: what its forests were issued, have on sale, sold."""
    return queries.get_region(code)
