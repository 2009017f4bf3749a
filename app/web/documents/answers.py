"""A document as the answer to a request: in the form asked for, and not again to who has it."""

import hashlib
import json
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Literal

import structlog
from flask import Response, make_response, request

from app.kit import qr
from app.kit.database import db
from app.kit.problems import NotFound
from app.web import charts, words
from app.web.documents.drawing import draw
from app.web.documents.press import Press, engine, pdf, png
from app.web.documents.refusals import Undrawable
from app.web.documents.sheets import Document, Drawn

Form = Literal["pdf", "png", "svg"]
FORMS: dict[str, str] = {
    "pdf": "application/pdf",
    "png": "image/png",
    "svg": "image/svg+xml; charset=utf-8",
}
_PDF_POLICY = "default-src 'none'; object-src 'self'; style-src 'unsafe-inline'; frame-ancestors 'none'"
"""Browsers show a PDF by an object and a style of their own."""
_DRAWING = (".py", ".svg", ".toml", ".json", ".md")
"""What the drawing is written in; the fonts' page names them by their digests."""
_PRESS = Press()
_log = structlog.get_logger(__name__)


def answer(document: Document, form: Form) -> Response:
    """The document as PDF, or a page of it (`?page`, the first unless asked) as PNG or SVG.

    Raises `NotFound` for a page that it does not have, `Undrawable`, `PressBusy`.
    """
    page = 0 if form == "pdf" else _page()
    digest = _digest(document, form, page)
    response = make_response()
    if digest not in request.if_none_match:
        db.session.rollback()  # what was read must not keep a connection while it is printed
        response.data = _PRESS.printed(digest, lambda: _made(document, form, page))
    response.content_type = FORMS[form]
    response.headers["Cache-Control"] = "private, no-cache"
    response.headers["Content-Disposition"] = f'inline; filename="senhui-{document.number}.{form}"'
    if form == "pdf":
        response.headers["Content-Security-Policy"] = _PDF_POLICY
    response.set_etag(digest)
    response.make_conditional(request)
    return response


def _made(document: Document, form: Form, page: int) -> bytes:
    drawn = _drawn(document)
    if form == "pdf":
        return pdf(document, drawn)
    if page > len(drawn.pages):
        raise NotFound()
    return png(document, drawn, page) if form == "png" else drawn.pages[page - 1].svg.encode()


def _drawn(document: Document) -> Drawn:
    try:
        return draw(document)
    except (AttributeError, KeyError, TypeError, ValueError) as fault:
        told = {"kind": document.kind, "number": document.number}
        _log.error("a document could not be drawn", **told, exc_info=fault)
        raise Undrawable() from fault


def _page() -> int:
    asked = request.args.get("page", "1")
    if not (asked.isascii() and asked.isdecimal() and 0 < len(asked) < 5 and int(asked) > 0):
        raise NotFound()
    return int(asked)


def _digest(document: Document, form: Form, page: int) -> str:
    """What the bytes depend on and nothing else: the same digest, the same bytes."""
    told = json.dumps(asdict(document), default=str, sort_keys=True)
    return hashlib.sha256("\0".join((form, str(page), _drawer(), told)).encode()).hexdigest()


@cache
def _drawer() -> str:
    """What draws and prints: after a change of either, nobody's copy is good any more."""
    here = Path(__file__).parent
    files = sorted(path for path in here.rglob("*") if path.suffix in _DRAWING)
    files += [Path(str(module.__file__)) for module in (charts, qr, words)]
    return hashlib.sha256(b"\0".join([engine().encode(), *(path.read_bytes() for path in files)])).hexdigest()
