"""Gift cards to print, to keep and to send: PDF, a picture, the drawing itself."""

from flask import Response

from app.causes.errors.gifts import CardUnknown
from app.causes.queries import gifts as known
from app.causes.queries.gift_facts import gift_card_facts
from app.causes.queries.gifts import CardView
from app.causes.routes.gifts import card_link
from app.causes.rules.gifts import CardStatus
from app.kit.http import public
from app.kit.messages import language
from app.web import session
from app.web.documents import Document, answer
from app.web.documents.answers import Form
from app.web.pages import web
from app.web.session import personal

_FORM = "<any(pdf, png, svg):form>"


@web.get(f"/g/<code:secret>.{_FORM}")
@public
def card_to_give(secret: str, form: Form) -> Response:
    """A card that waits for its claimant; its code leads to the claim. Raises `CardUnknown`, `PressBusy`."""
    view = known.get_by_secret(secret)
    if view.card.status is not CardStatus.OPEN:
        raise CardUnknown()
    response = answer(_document(view, card_link(view.card), secret), form)
    response.headers["X-Robots-Tag"] = "noindex"
    return response


@web.get(f"/me/gift-cards/<code:code>.{_FORM}")
@personal
def card_to_keep(holder_id: int, code: str, form: Form) -> Response:
    """A card that I have claimed; its code leads to the certificate. Raises `CardUnknown`, `PressBusy`."""
    view = known.get_received(holder_id, code)
    address = f"{session.settings().public_url}/c/{view.gift.order.certificate_number}"
    return answer(_document(view, address), form)


def _document(view: CardView, url: str, claim_code: str | None = None) -> Document:
    if view.retired is None:
        raise CardUnknown()
    return Document(
        kind="gift_card",
        number=view.card.code,
        facts=gift_card_facts(view, claim_code),
        url=url,
        issued_at=view.retired.retired_at,
        language=language(),
    )
