"""Buying for others: the form, the gifts one has made and the cards that go with them."""

from collections.abc import Callable
from typing import Any

from flask import Response, make_response, redirect, request
from markupsafe import Markup
from marshmallow import ValidationError

from app.causes.queries import gifts as known
from app.causes.queries.gifts import GiftFacts
from app.causes.routes.gifts import card_link, make
from app.causes.rules.gifts import (
    LONGEST_NAME,
    LONGEST_WORDS,
    MOST_CARD_KG,
    MOST_CARDS,
    CardStatus,
    GiftStatus,
)
from app.causes.rules.occasions import occasions
from app.causes.services import gifts as services
from app.kit.fields import Code, NewSchema, OneOf, Text, WholeText, Written
from app.kit.messages import t
from app.kit.paging import page as page_of
from app.kit.paging import read_cursor
from app.kit.problems import Problem
from app.kit.qr import qr_svg
from app.kit.transaction import transaction
from app.offsets.routes import require_open_shop
from app.registry import queries as registry
from app.web import session
from app.web.forms import Form, OnceSchema, once, read_form
from app.web.pages import page, web
from app.web.routes.orders import to_payment_sheet
from app.web.session import personal

PAGE = 20
MOST_LOTS = 100
_LONGEST_LIST = MOST_CARDS * (LONGEST_NAME + 2)


_NOBODY = "—"
"""What stands in a list of names for a card that is for nobody by name."""


class Names(Text):
    """Names, one a line; each as `Written` takes it, or `_NOBODY`."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(_LONGEST_LIST, **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        lines = [line for line in str(value).splitlines() if line.strip()]
        if len(lines) > MOST_CARDS:
            raise ValidationError(t("web.gift_too_many", most=MOST_CARDS))
        one = Written(LONGEST_NAME)
        return [None if line.strip() == _NOBODY else one.deserialize(line) for line in lines]


class WordsForm(NewSchema):
    """What a giver writes, and to whom."""

    words = Written(LONGEST_WORDS)
    giver = Written(LONGEST_NAME)
    recipients = Names()


class GiftForm(OnceSchema, WordsForm):
    """A gift: for which occasion, how many cards of how much, of which forest."""

    occasion = OneOf(tuple(occasions()), required=True)
    cards = WholeText(1, MOST_CARDS)
    card_kg = WholeText(1, MOST_CARD_KG, required=True)
    lot = Code(40)
    shown = OneOf(("yes",))


@web.get("/gifts/new")
@personal
def new_gift(holder_id: int) -> Response:
    """The form of a gift; `lot` and `occasion` may be chosen by the page before."""
    asked = {name: request.args[name][:40] for name in ("lot", "occasion") if name in request.args}
    return _form_page(Form(asked))


@web.post("/gifts")
@personal
def post_gift(holder_id: int) -> Response:
    """Reserve the units and go to the payment sheet; what is wrong is said beside its field."""
    require_open_shop()
    form = read_form(GiftForm)
    if not form.sound:
        return _form_page(form)
    told = {name: value for name, value in form.values.items() if name not in ("form_key", "shown")}
    if told.get("recipients"):
        told.pop("cards", None)
    try:
        with transaction():
            code = once(
                holder_id, form, lambda: make(holder_id, told | {"shown": "shown" in form.values}).code
            )
    except Problem as problem:
        return _form_page(form.refuse(problem))
    return to_payment_sheet(holder_id, known.get_gift(holder_id, code).order.code, _back(code))


@web.get("/me/gifts")
@personal
def my_gifts(holder_id: int) -> Response:
    """The gifts I have made, newest first."""
    rows = known.list_gifts(holder_id, PAGE + 1, read_cursor(request.args.get("after")))
    return page("my_gifts.html", tab="me", listed=page_of(rows, PAGE, lambda gift: gift.id))


@web.get("/me/gifts/<code:code>")
@personal
def my_gift(holder_id: int, code: str) -> Response:
    """One gift of mine: its cards, their links, what came back. Raises `GiftUnknown`."""
    return _gift_page(known.get_gift(holder_id, code), Form())


@web.post("/me/gifts/<code:code>/pay")
@personal
def pay_gift(holder_id: int, code: str) -> Response:
    """Open the payment sheet again. Raises `GiftUnknown`."""
    return to_payment_sheet(holder_id, known.get_gift(holder_id, code).order.code, _back(code))


@web.post("/me/gifts/<code:code>/words")
@personal
def rewrite_words(holder_id: int, code: str) -> Response:
    """Write other words; left empty, none. Raises `GiftUnknown`."""
    gift = known.get_gift(holder_id, code)
    form = read_form(WordsForm)
    if not form.sound:
        return _gift_page(gift, form)
    try:
        with transaction():
            services.rewrite_gift(holder_id, code, form.values)
    except Problem as problem:
        return _gift_page(known.get_gift(holder_id, code), form.refuse(problem))
    return _to_gift(code, "gift_rewritten")


@web.post("/me/gifts/<code:code>/shown")
@personal
def show_words(holder_id: int, code: str) -> Response:
    """Agree that words and signature stand in public, or take that back. Raises `GiftUnknown`."""
    shown = request.form.get("shown") == "yes"
    with transaction():
        services.show_gift(holder_id, code, shown)
    return _to_gift(code, "gift_shown" if shown else "gift_hidden")


@web.post("/me/gifts/<code:code>/cards/<int(max=50):place>/link")
@personal
def resend_card(holder_id: int, code: str, place: int) -> Response:
    """Hand a card out again by a new link. Raises `GiftUnknown`, `CardUnknown`."""
    return _change(services.resend_card, holder_id, code, place, "gift_sent_again")


@web.post("/me/gifts/<code:code>/cards/<int(max=50):place>/withdrawal")
@personal
def withdraw_card(holder_id: int, code: str, place: int) -> Response:
    """Take a card back. Raises `GiftUnknown`, `CardUnknown`."""
    return _change(services.withdraw_card, holder_id, code, place, "gift_taken_back")


def _change(
    change: Callable[[int, str, int], GiftFacts], holder_id: int, code: str, place: int, said: str
) -> Response:
    try:
        with transaction():
            change(holder_id, code, place)
    except Problem as problem:
        if problem.status == 404:
            raise
        return _gift_page(known.get_gift(holder_id, code), Form(refusal=problem))
    return _to_gift(code, said)


@web.get("/me/gifts/<code:code>/cards/<int(max=50):place>")
@personal
def my_card(holder_id: int, code: str, place: int) -> Response:
    """A card of mine to send, to show or to print. Raises `GiftUnknown`, `CardUnknown`."""
    gift = known.get_gift(holder_id, code)
    view = known.view_card(gift, place)
    return page("my_card.html", tab="me", view=view, link=_link(view.card), qr=_qr(view.card))


def _back(code: str) -> str:
    return f"/me/gifts/{code}?paying=1"


def _to_gift(code: str, said: str) -> Response:
    return make_response(redirect(f"/me/gifts/{code}?said={said}", 303))


def _link(card: known.CardFacts) -> str | None:
    """Where a card is claimed, while it can be."""
    return card_link(card) if card.status is CardStatus.OPEN else None


def _qr(card: known.CardFacts) -> Markup | None:
    link = _link(card)
    return Markup(qr_svg(link).decode()) if link else None  # noqa: S704  our own drawing of our own address


def _form_page(form: Form) -> Response:
    lots = registry.list_lots(MOST_LOTS, available=True)
    return page(
        "gift_new.html",
        form.status,
        tab="forest",
        form=form,
        occasions=occasions().values(),
        lots=sorted(lots, key=lambda lot: (lot.issuance.vintage, lot.id)),
        most=MOST_CARDS,
        longest=LONGEST_WORDS,
        longest_list=_LONGEST_LIST,
    )


def _gift_page(gift: GiftFacts, form: Form) -> Response:
    if gift.words is not None and not form.written:
        parts = gift.words.parts
        form.written |= {name: parts[name] for name in ("words", "giver") if name in parts}
        form.written |= {"recipients": "\n".join(each or _NOBODY for each in parts.get("recipients", []))}
    waiting = gift.status in (GiftStatus.PAID, GiftStatus.CHECKING)
    waiting = waiting or (gift.status is GiftStatus.UNPAID and "paying" in request.args)
    return page(
        "my_gift.html",
        form.status,
        tab="me",
        gift=gift,
        form=form,
        waiting=waiting,
        links={card.place: _link(card) for card in gift.cards},
        claimed=any(card.claimed_at for card in gift.cards),
        phone=session.settings().phone_url,
        longest=LONGEST_WORDS,
        longest_list=_LONGEST_LIST,
    )
