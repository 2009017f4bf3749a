"""What can be asked of the registry over HTTP: projects here, the rest by subject."""

from typing import Any

from flask import Flask
from flask_smorest import Api

from app.kit import health
from app.kit.http import Blueprint, public
from app.kit.paging import PageQuery, page, page_of, read_cursor
from app.registry import queries
from app.registry.queries.log import count_days_unsealed
from app.registry.routes import holdings, serials
from app.registry.routes.handovers import handovers, programmes, statement, tickets
from app.registry.routes.log import log as log_routes
from app.registry.routes.lots import lots
from app.registry.routes.parcels import parcels
from app.registry.routes.public_notices import public_notices
from app.registry.routes.regions import regions
from app.registry.routes.sanctions import sanctions
from app.registry.routes.wishes import wishes
from app.registry.schemas import ProjectView
from app.registry.schemas.dossiers import ProjectDetailView

projects = Blueprint("projects", __name__, url_prefix="/v1/projects", description="Forest projects 林业项目")


@projects.route("", methods=["GET"])
@public
@projects.arguments(PageQuery, location="query")
@projects.response(200, page_of(ProjectView))
def get_projects(wish: dict[str, Any]) -> dict[str, Any]:
    """Forest projects in the order of their registration."""
    rows = queries.list_projects(wish["limit"] + 1, read_cursor(wish.get("after")))
    return page(rows, wish["limit"], lambda row: row.project.id)


@projects.route("/<string:code>", methods=["GET"])
@public
@projects.response(200, ProjectDetailView)
def get_project(code: str) -> Any:
    """One project: its land and right holders, and what became of the units that were issued for it."""
    return queries.get_project(code)


def connect(app: Flask, api: Api) -> None:
    """Register this room's routes, and what its operators must see."""
    for blueprint in (projects, lots, tickets, handovers, programmes, statement, regions, sanctions):
        api.register_blueprint(blueprint)
    api.register_blueprint(log_routes)
    health.tell("days_unsealed", count_days_unsealed)
    holdings.connect(api)
    serials.connect(api)
    api.register_blueprint(wishes)
    api.register_blueprint(public_notices)
    api.register_blueprint(parcels)
