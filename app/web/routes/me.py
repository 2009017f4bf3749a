"""My books: balances, statement, consents, points."""

from flask import Response, make_response, redirect, request

from app.accounts import chart
from app.accounts import queries as accounts
from app.accounts import services as consents
from app.footprint.queries.partners import partner_names
from app.kit.paging import page as page_of
from app.kit.paging import read_cursor
from app.kit.problems import NotFound
from app.kit.transaction import transaction
from app.offsets import queries as offsets
from app.offsets.routes import standing
from app.rewards.queries.grants import free_points
from app.web.notices import seen_at
from app.web.pages import page, web
from app.web.session import personal

PAGE = 20
FEW = 3
"""Notices on the front page of one's books."""


@web.get("/me")
@personal
def me(holder_id: int) -> Response:
    """Balances, each asset for itself, and everything I agreed to."""
    stands = standing(holder_id)
    return page(
        "me.html",
        tab="me",
        holder=accounts.get_holder(holder_id),
        avoided_g=accounts.get_balance(holder_id, chart.REDUCTIONS),
        owed_g=stands["owed_g"],
        carry_g=stands["carry_g"],
        retired_g=offsets.retired_g(holder_id),
        held_g=accounts.get_balance(holder_id, chart.UNITS),
        notices=accounts.notices.list_notices(holder_id, FEW),
        points=free_points(holder_id),
        seen_at=seen_at,
        consents=accounts.list_consents(holder_id),
        partners=partner_names(),
    )


@web.get("/me/statement")
@personal
def statement(holder_id: int) -> Response:
    """Every entry of my books, newest first."""
    rows = accounts.list_statement(holder_id, PAGE + 1, read_cursor(request.args.get("after")))
    return page("statement.html", tab="me", listed=page_of(rows, PAGE, lambda line: line.id))


@web.get("/me/notices")
@personal
def notices(holder_id: int) -> Response:
    """What I was told of what is mine, newest first."""
    rows = accounts.notices.list_notices(holder_id, PAGE + 1, read_cursor(request.args.get("after")))
    return page(
        "notices.html", tab="me", listed=page_of(rows, PAGE, lambda notice: notice.id), seen_at=seen_at
    )


@web.post("/me/consents/<code:scene>/<code:source>/withdraw")
@personal
def withdraw_consent(holder_id: int, scene: str, source: str) -> Response:
    """Withdraw a consent; nothing new is taken from now on. Raises `NotFound`."""
    with transaction():
        known = consents.withdraw_consent(holder_id, scene, source)
    if not known:
        raise NotFound()
    return make_response(redirect("/me?said=consent_withdrawn", 303))
