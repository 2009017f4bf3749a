"""One blueprint for all pages, and how a page is drawn."""

import hashlib
from functools import cache
from pathlib import Path
from typing import Any

from flask import Blueprint, Response, make_response, render_template, request
from werkzeug.routing import BaseConverter

from app.kit.messages import exists, language, t

HERE = Path(__file__).parent
YEAR = 365 * 86_400
TABS = (("home", "/"), ("actions", "/actions"), ("forest", "/forest"), ("orders", "/orders"), ("me", "/me"))

web = Blueprint(
    "web", "app.web", template_folder="templates", static_folder="static", static_url_path="/static"
)


class CodeConverter(BaseConverter):
    """A code in a page's address, `<code:name>`: with anything else in its place there is no such page.

    No dot, so that `<code:name>.csv` is another page.
    """

    regex = "[A-Za-z0-9_-]{1,64}"


def page(template: str, status: int = 200, *, tab: str = "", **values: Any) -> Response:
    """`template` as the answer; `tab` names the part of the site it belongs to."""
    return make_response(draw(template, tab=tab, **values), status)


def draw(template: str, *, tab: str = "", **values: Any) -> str:
    """`template` as text, with what every page needs."""
    return render_template(
        template, tab=tab, tabs=TABS, lang=language(), here=_here(), said=_said(), **values
    )


def word(group: str, name: str) -> str:
    """A message of this room chosen by a value: `word("tab", "home")` is `web.tab_home`.

    A value that the catalogue does not know yet is shown as it is.
    """
    message = f"web.{group}_{name}"
    return t(message) if exists(message) else name


@cache
def asset(name: str) -> str:
    """The address of a static file; it changes with the content, so that browsers may keep it for a year."""
    digest = hashlib.sha256((HERE / "static" / name).read_bytes()).hexdigest()
    return f"/static/{name}?v={digest[:12]}"


def keep_assets(response: Response) -> Response:
    """Let browsers keep what they asked for by its content's digest."""
    if request.endpoint == "web.static" and "v" in request.args and response.status_code == 200:
        response.headers["Cache-Control"] = f"public, max-age={YEAR}, immutable"
    return response


def _here() -> str:
    """This page's address, for coming back after the language was changed."""
    query = "&".join(
        part
        for part in request.query_string.decode("ascii", "ignore").split("&")
        if not part.startswith("lang=")
    )
    return request.path + (f"?{query}" if query else "")


def _said() -> str:
    """What the step before this page wants to have said, by `?said=`: one of our own sentences or nothing."""
    name = f"web.said_{request.args.get('said', '')[:40]}"
    return t(name) if exists(name) else ""
