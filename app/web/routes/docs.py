"""The API for readers: the OpenAPI document as a page, and as it is."""

import re
from typing import Any

from flask import Response, current_app, jsonify

from app.kit.http import public
from app.web.api_document import chapters
from app.web.pages import page, web


@web.get("/docs")
@public
def api_page() -> Response:
    """The whole API on one page, by subject."""
    return page("docs.html", chapters=chapters(_document(), _policies()))


@web.get("/openapi.json")
@public
def api_document() -> Response:
    """The OpenAPI document, for programs."""
    return jsonify(_document())


def _document() -> dict[str, Any]:
    found: dict[str, Any] = current_app.extensions["flask-smorest"]["apis"][""]["ext_obj"].spec.to_dict()
    return found


def _policies() -> dict[tuple[str, str], str]:
    """Who may call what, by method and path as the document writes it."""
    return {
        (method, re.sub(r"<(?:[^:<>]+:)?(\w+)>", r"{\1}", rule.rule)): getattr(
            current_app.view_functions[rule.endpoint], "policy", ""
        )
        for rule in current_app.url_map.iter_rules()
        for method in rule.methods or ()
    }
