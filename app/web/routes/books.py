"""The public books: what must always be true, with its figures."""

from flask import Response

from app.kit.http import public
from app.web.pages import page, web
from app.web.queries import public_books


@web.get("/books")
@public
def books() -> Response:
    """Every claim with its figures and the time they were read."""
    found = public_books()
    return page("books.html", proofs=found.proofs, failing=found.failing, at=found.at)
