"""Cards for whoever has their links, and for those who have claimed them."""

from flask import Response, make_response, redirect, request

from app.causes.queries import gifts as known
from app.causes.rules.gifts import LONGEST_NAME, LONGEST_WORDS
from app.causes.services import gifts as services
from app.kit.fields import NewSchema, Written
from app.kit.http import public
from app.kit.paging import page as page_of
from app.kit.paging import read_cursor
from app.kit.problems import Problem
from app.kit.transaction import transaction
from app.web import session
from app.web.forms import Form, read_form
from app.web.pages import page, web
from app.web.session import personal

PAGE = 20


class NameForm(NewSchema):
    """How somebody wants to be named in public."""

    name = Written(LONGEST_NAME, required=True)


class ThanksForm(NewSchema):
    """What somebody answers to the giver."""

    thanks = Written(LONGEST_WORDS, required=True)


@web.get("/g/<code:secret>")
@public
def gift_card(secret: str) -> Response:
    """A card for whoever has its link; its claimant is led to it. Raises `CardUnknown`."""
    return _card_page(secret)


@web.post("/g/<code:secret>/claim")
@personal
def claim_card(holder_id: int, secret: str) -> Response:
    """Receive a card. Raises `CardUnknown`."""
    try:
        with transaction():
            code = services.claim_card(holder_id, secret).card.code
    except Problem as problem:
        if problem.status == 404:
            raise
        return _card_page(secret, problem)
    return make_response(redirect(f"/me/gift-cards/{code}?said=gift_claimed", 303))


def _card_page(secret: str, refusal: Problem | None = None) -> Response:
    view = known.get_by_secret(secret)
    seen = session.visitor()
    if seen is not None and view.card.claimed_by == seen.holder_id:
        return make_response(redirect(f"/me/gift-cards/{view.card.code}", 303))
    response = page(
        "gift_claim.html",
        refusal.status if refusal else 200,
        view=view,
        secret=secret,
        refusal=refusal,
        signed_in=seen is not None,
        mine=seen is not None and view.gift.giver_id == seen.holder_id,
    )
    # The address is the secret: no search engine keeps it.
    response.headers["X-Robots-Tag"] = "noindex"
    return response


@web.get("/me/gift-cards")
@personal
def my_cards(holder_id: int) -> Response:
    """The cards that I have received, newest first."""
    rows = known.list_received(holder_id, PAGE + 1, read_cursor(request.args.get("after")))
    return page("my_cards.html", tab="me", listed=page_of(rows, PAGE, lambda view: view.card.id))


@web.get("/me/gift-cards/<code:code>")
@personal
def received_card(holder_id: int, code: str) -> Response:
    """A card that I have received. Raises `CardUnknown`."""
    return _received_page(holder_id, code, Form())


@web.post("/me/gift-cards/<code:code>/name")
@personal
def print_name(holder_id: int, code: str) -> Response:
    """Agree to be named on the certificate's page. Raises `CardUnknown`."""
    form = read_form(NameForm)
    if not form.sound:
        return _received_page(holder_id, code, form)
    with transaction():
        services.print_name(holder_id, code, form.values["name"])
    return _to_card(code, "gift_name_printed")


@web.post("/me/gift-cards/<code:code>/name/withdraw")
@personal
def hide_name(holder_id: int, code: str) -> Response:
    """Take that back. Raises `CardUnknown`."""
    with transaction():
        services.hide_name(holder_id, code)
    return _to_card(code, "gift_name_hidden")


@web.post("/me/gift-cards/<code:code>/thanks")
@personal
def send_thanks(holder_id: int, code: str) -> Response:
    """Thank the giver. Raises `CardUnknown`."""
    form = read_form(ThanksForm)
    if not form.sound:
        return _received_page(holder_id, code, form)
    try:
        with transaction():
            services.thank(holder_id, code, form.values["thanks"])
    except Problem as problem:
        return _received_page(holder_id, code, form.refuse(problem))
    return _to_card(code, "gift_thanked")


def _to_card(code: str, said: str) -> Response:
    return make_response(redirect(f"/me/gift-cards/{code}?said={said}", 303))


def _received_page(holder_id: int, code: str, form: Form) -> Response:
    view = known.get_received(holder_id, code)
    return page("received_card.html", form.status, tab="me", view=view, form=form, longest=LONGEST_WORDS)
