"""What anyone may look up of units: the history of serials, the losses of forest."""

from flask import Response, make_response, redirect, request

from app.kit.http import public
from app.kit.paging import page as page_of
from app.kit.paging import read_cursor
from app.registry.errors import SerialUnknown
from app.registry.queries import histories, reversals
from app.web.forms import Form
from app.web.pages import page, web

PAGE = 20


@web.get("/serials")
@public
def serial_search() -> Response:
    """Look serials up as a certificate or a statement writes them."""
    asked = request.args.get("serial", "").strip().upper()[:100]
    if not asked:
        return page("serials.html", form=Form())
    try:
        histories.get_history(asked)
    except SerialUnknown as unknown:
        return page("serials.html", 404, form=Form({"serial": asked}).refuse(unknown))
    return make_response(redirect(f"/serials/{asked}", 303))


@web.get("/serials/<string:serial>")
@public
def serial_history(serial: str) -> Response:
    """What stands under some serials, and how it came to that. Raises `SerialUnknown`."""
    return page("serial.html", h=histories.get_history(serial))


@web.get("/reversals")
@public
def losses() -> Response:
    """Losses of forest, what made them good, what is owed."""
    rows = reversals.list_reversals(PAGE + 1, read_cursor(request.args.get("after")))
    return page(
        "reversals.html",
        listed=page_of(rows, PAGE, lambda row: row.mandate.id),
        pool_kg=reversals.pool_kg(),
        owed_kg=reversals.sum_owed_kg(),
    )
