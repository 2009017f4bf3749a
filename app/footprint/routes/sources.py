"""Where figures come from: factors, methodologies, scenes."""

from typing import Any

from app.footprint import queries
from app.footprint.schemas import (
    ChangeView,
    FactorHistoryView,
    FactorQuery,
    FactorVersionQuery,
    FactorView,
    MethodologyView,
    PackView,
    SceneView,
)
from app.kit.http import Blueprint, public
from app.kit.paging import page, page_of, read_cursor

sources = Blueprint("sources", __name__, url_prefix="/v1", description="Where figures come from 因子与方法学")


@sources.route("/factors", methods=["GET"])
@public
@sources.arguments(FactorQuery, location="query")
@sources.response(200, page_of(FactorView))
def get_factors(wish: dict[str, Any]) -> dict[str, Any]:
    """Emission factors with their sources; unverified ones carry their mark."""
    after = read_cursor(wish.pop("after", None))
    if "verified" in wish:
        wish["verified"] = wish["verified"] == "true"
    limit = wish.pop("limit")
    return page(queries.list_factors(**wish, limit=limit + 1, after=after), limit, lambda each: each.id)


@sources.route("/factors/<string:key>", methods=["GET"])
@public
@sources.arguments(FactorVersionQuery, location="query")
@sources.response(200, FactorView)
def get_factor(wish: dict[str, Any], key: str) -> queries.Factor:
    """One factor by its key, the version that counts today unless another is asked for."""
    return queries.get_factor(key, wish.get("version"))


@sources.route("/factors/<string:key>/versions", methods=["GET"])
@public
@sources.response(200, FactorHistoryView)
def get_versions(key: str) -> dict[str, Any]:
    """Every version of a factor, announced ones too, and where it is used."""
    return {"key": key, "versions": queries.list_versions(key), "used_by": queries.list_pins(key)}


@sources.route("/methodologies", methods=["GET"])
@public
@sources.response(200, MethodologyView(many=True))
def get_methodologies() -> Any:
    """Every version of every methodology: formula, baseline, weights, caps and where it is borrowed from."""
    return queries.list_methodologies()


@sources.route("/scenes", methods=["GET"])
@public
@sources.response(200, SceneView(many=True))
def get_scenes() -> Any:
    """The kinds of action that count today."""
    return queries.list_scenes()


@sources.route("/packs", methods=["GET"])
@public
@sources.response(200, PackView(many=True))
def get_packs() -> Any:
    """The packs of methodologies, with what each counts and what not and why; the one in use first."""
    return queries.list_packs()


@sources.route("/changes", methods=["GET"])
@public
@sources.response(200, ChangeView(many=True))
def get_changes() -> Any:
    """Announced changes of factors, methodologies and packs, the latest to take effect first."""
    return queries.list_changes()
