"""Gift cards to print: by the giver while a card waits for its claimant, and by whoever has claimed it."""

from flask import Response

from app.causes.queries import gifts as known
from app.causes.queries.gift_facts import gift_card_facts
from app.causes.queries.gifts import CardView
from app.causes.routes.gifts import card_link
from app.causes.rules.gifts import CardStatus
from app.kit.messages import language
from app.kit.problems import NotFound
from app.web.documents import Document, answer
from app.web.documents.answers import Form
from app.web.pages import web
from app.web.session import personal, settings

_FORM = "<any(pdf, png, svg):form>"


@web.get(f"/me/gifts/<code:code>/cards/<int(max=50):place>.{_FORM}")
@personal
def my_card_print(holder_id: int, code: str, place: int, form: Form) -> Response:
    """A card of mine with the link that claims it. Raises `GiftUnknown`, `CardUnknown`, `NotFound`."""
    view = known.view_card(known.get_gift(holder_id, code), place)
    if view.card.status is not CardStatus.OPEN:
        raise NotFound()
    return answer(_card(view, card_link(view.card)), form)


@web.get(f"/me/gift-cards/<code:code>.{_FORM}")
@personal
def received_card_print(holder_id: int, code: str, form: Form) -> Response:
    """A card that I have received, which leads to its certificate. Raises `CardUnknown`, `PressBusy`."""
    return answer(_card(known.get_received(holder_id, code)), form)


def _card(view: CardView, link: str | None = None) -> Document:
    """A card as a document, with `link` while it can be claimed. Raises `NotFound` until it is retired."""
    if view.retired is None:
        raise NotFound()
    return Document(
        kind="gift_card",
        number=view.card.code,
        facts=gift_card_facts(view, link and link.partition("://")[2]),
        url=link or f"{settings().public_url}/c/{view.retired.number}",
        issued_at=view.retired.retired_at,
        language=language(),
    )
