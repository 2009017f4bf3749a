"""The register of sanctions 处罚公示, for everybody."""

from flask import Response, request

from app.kit.http import public
from app.kit.paging import page as page_of
from app.kit.paging import read_cursor
from app.registry.queries import sanctions
from app.web.pages import page, web

PAGE = 50


@web.get("/sanctions")
@public
def sanction_list() -> Response:
    """Every sanction that ever took effect, newest first; `standing` keeps those in force."""
    standing = True if request.args.get("standing") == "true" else None
    rows = sanctions.list_sanctions(PAGE + 1, read_cursor(request.args.get("after")), standing=standing)
    listed = page_of(rows, PAGE, lambda row: row.sanction.id)
    return page("sanctions.html", tab="forest", listed=listed, standing=standing)


@web.get("/sanctions/<code:code>")
@public
def sanction(code: str) -> Response:
    """One sanction and its history. Raises `SanctionUnknown`."""
    return page("sanction.html", tab="forest", facts=sanctions.get_sanction(code))
