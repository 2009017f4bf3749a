"""GET /: one page on which a developer sees what happened and switches faults on."""

import secrets

from flask import Blueprint, Response, make_response, render_template

from simulator.control import overview
from simulator.faults import KINDS
from simulator.world import world

#: Newest first, and no more than this many of each.
SHOWN = 30

blueprint = Blueprint("desk", __name__)


@blueprint.get("/")
def desk() -> Response:
    """Show the desk."""
    seen = overview(world())
    for name in ("transactions", "refunds", "notices", "requests", "accounts"):
        seen[name] = seen[name][::-1][:SHOWN]
    nonce = secrets.token_urlsafe(16)
    response = make_response(render_template("desk.html", nonce=nonce, kinds=KINDS, **seen))
    response.headers["Cache-Control"] = "no-store"
    response.headers["Content-Security-Policy"] = (
        f"default-src 'none'; img-src data:; style-src 'nonce-{nonce}'; script-src 'nonce-{nonce}'; "
        "connect-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action 'none'"
    )
    return response
