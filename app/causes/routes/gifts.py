"""What can be asked of gifts: made and managed by their givers, claimed and answered by others.

A gift of units that one holds already is another thing (`/v1/holdings`): those move, these are retired.
"""

from datetime import timedelta
from typing import Any

from flask import current_app

from app.accounts import queries as accounts
from app.causes.errors.gifts import GiftUnknown
from app.causes.queries import gifts as known
from app.causes.queries.gifts import CardView, GiftFacts
from app.causes.queries.inscriptions import Words
from app.causes.rules.gifts import CardStatus
from app.causes.rules.occasions import Occasion, occasions
from app.causes.schemas.gifts import (
    CardShownView,
    DedicationView,
    GiftShown,
    GiftWords,
    NewGiftOrder,
    NewName,
    NewThanks,
    OccasionsView,
    OwnGiftView,
    ReceivedView,
)
from app.causes.services import gifts as services
from app.kit.http import Blueprint, public
from app.kit.idempotency import writes
from app.kit.identity import caller, signed_in
from app.kit.messages import language
from app.kit.paging import PageQuery, page, page_of, read_cursor
from app.offsets import queries as offsets
from app.offsets.provider import settings
from app.offsets.routes import require_open_shop
from app.offsets.services.orders import Wish
from app.registry.rules import YIYUAN

occasion_list = Blueprint(
    "occasions", __name__, url_prefix="/v1/occasions", description="What one gives for 赠礼缘由"
)
own = Blueprint("own_gifts", __name__, url_prefix="/v1/me/gifts", description="Buying for others 为他人购买")
received = Blueprint(
    "gift_cards",
    __name__,
    url_prefix="/v1/me/gift-cards",
    description="Cards that one has received 收到的礼卡",
)
links = Blueprint(
    "gift_links", __name__, url_prefix="/v1/gift-links", description="Cards by their links 凭链接领取礼卡"
)
dedications = Blueprint(
    "dedications",
    __name__,
    url_prefix="/v1/dedications",
    description="For whom a certificate's units were given 赠予",
)
BLUEPRINTS = (occasion_list, own, received, links, dedications)


def _me() -> int:
    accounts.require_live_session(caller())
    return caller().holder_id


def card_link(card: known.CardFacts) -> str:
    """Where a card is claimed; for its giver alone."""
    return f"{current_app.extensions['settings'].public_url}/g/{card.secret}"


def make(holder_id: int, wish: dict[str, Any]) -> GiftFacts:
    """Make a gift as `NewGiftOrder` takes it, on the shop's terms; inside a transaction."""
    recipients = tuple(wish.get("recipients", ()))
    forest = Wish(
        lot_code=wish.get("lot"),
        region=wish.get("region"),
        village=wish.get("village"),
        product=wish.get("product", YIYUAN),
    )
    asked = services.NewGift(
        occasion=wish["occasion"],
        cards=len(recipients) or wish.get("cards", 1),
        card_kg=wish["card_kg"],
        shown=wish["shown"],
        words=wish.get("words"),
        giver=wish.get("giver"),
        recipients=recipients,
        forest=forest,
    )
    reservation = timedelta(seconds=settings().reservation_seconds)
    return services.make_gift(holder_id, asked, reservation, settings().most_unpaid_orders)


@occasion_list.route("", methods=["GET"])
@public
@occasion_list.response(200, OccasionsView)
def get_occasions() -> dict[str, Any]:
    """What one gives for, with words to begin with and a drawing."""
    return {
        "items": [
            {
                "code": each.code,
                "name": occasion_name(each),
                "greeting": each.greeting_zh if language() == "zh" else each.greeting_en,
                "drawing": each.drawing,
            }
            for each in occasions().values()
        ]
    }


def occasion_name(occasion: Occasion) -> str:
    """What an occasion is called in the caller's language."""
    return occasion.name_zh if language() == "zh" else occasion.name_en


@own.route("", methods=["GET"])
@signed_in
@own.arguments(PageQuery, location="query")
@own.response(200, page_of(OwnGiftView))
def get_gifts(wish: dict[str, Any]) -> dict[str, Any]:
    """The caller's gifts, newest first."""
    rows = known.list_gifts(_me(), wish["limit"] + 1, read_cursor(wish.get("after")))
    answer = page(rows, wish["limit"], lambda gift: gift.id)
    return {**answer, "items": [gift_view(each) for each in answer["items"]]}


@own.route("", methods=["POST"])
@signed_in
@writes
@own.arguments(NewGiftOrder)
@own.response(201, OwnGiftView)
def post_gift(wish: dict[str, Any]) -> dict[str, Any]:
    """Reserve units for others; pay the order before it expires. They are retired and never move again."""
    require_open_shop()
    return gift_view(make(_me(), wish))


@own.route("/<string:code>", methods=["GET"])
@signed_in
@own.response(200, OwnGiftView)
def get_gift(code: str) -> dict[str, Any]:
    """One gift of the caller, with the links of its cards."""
    return gift_view(known.get_gift(_me(), code))


@own.route("/<string:code>/words", methods=["PUT"])
@signed_in
@writes
@own.arguments(GiftWords)
@own.response(200, OwnGiftView)
def put_words(wish: dict[str, Any], code: str) -> dict[str, Any]:
    """Write other words and names, or with an empty body none; nobody may have claimed a card yet."""
    return gift_view(services.rewrite_gift(_me(), code, wish))


@own.route("/<string:code>/shown", methods=["PUT"])
@signed_in
@writes
@own.arguments(GiftShown)
@own.response(200, OwnGiftView)
def put_shown(wish: dict[str, Any], code: str) -> dict[str, Any]:
    """Agree that words and signature stand in public, or take that back."""
    return gift_view(services.show_gift(_me(), code, wish["shown"]))


@own.route("/<string:code>/cards/<int(max=50):place>/link", methods=["POST"])
@signed_in
@writes
@own.response(201, OwnGiftView)
def post_link(code: str, place: int) -> dict[str, Any]:
    """Hand a card out again by a new link; the old one is dead."""
    return gift_view(services.resend_card(_me(), code, place))


@own.route("/<string:code>/cards/<int(max=50):place>/withdrawal", methods=["POST"])
@signed_in
@writes
@own.response(201, OwnGiftView)
def post_withdrawal(code: str, place: int) -> dict[str, Any]:
    """Take a card back that nobody has claimed."""
    return gift_view(services.withdraw_card(_me(), code, place))


def gift_view(gift: GiftFacts) -> dict[str, Any]:
    """A gift for its giver."""
    return {
        "code": gift.code,
        "occasion": gift.occasion.code,
        "status": gift.status,
        "card_kg": gift.card_kg,
        "shown": gift.shown,
        "made_at": gift.made_at,
        "order": gift.order.code,
        "amount_fen": gift.order.amount_fen,
        "certificate_number": gift.order.certificate_number,
        "words": _own_words(gift.words),
        "cards": [_own_card(each) for each in gift.cards],
    }


def _own_words(words: Words | None) -> dict[str, Any] | None:
    if words is None:
        return None
    told = {name: words.parts.get(name) for name in ("words", "giver")}
    return {**told, "status": words.status, "reason": words.reason}


def _own_card(card: known.CardFacts) -> dict[str, Any]:
    return {
        "place": card.place,
        "status": card.status,
        "recipient": card.recipient,
        "link": card_link(card) if card.status is CardStatus.OPEN else None,
        "until": card.until,
        "claimed_at": card.claimed_at,
        "thanks": card.thanks.parts["thanks"] if card.thanks and card.thanks.passed else None,
    }


@links.route("/<string:secret>", methods=["GET"])
@public
@links.response(200, CardShownView)
def get_link(secret: str) -> dict[str, Any]:
    """A card, for whoever has its link."""
    return shown_view(known.get_by_secret(secret))


@links.route("/<string:secret>/claim", methods=["POST"])
@signed_in
@writes
@links.response(201, ReceivedView)
def post_claim(secret: str) -> dict[str, Any]:
    """Receive a card; it works for one person, once."""
    return received_view(services.claim_card(_me(), secret))


_FOR_CLAIMANTS = ("words", "giver", "recipient", "serial", "certificate_number")


def shown_view(view: CardView) -> dict[str, Any]:
    """A card for whoever has its link. Of one that is not to be claimed (any more) it says that alone."""
    open_ = view.card.status is CardStatus.OPEN
    return {
        "status": view.card.status,
        "until": view.card.until,
        **_face(view),
        **({} if open_ else dict.fromkeys(_FOR_CLAIMANTS)),
    }


def received_view(view: CardView) -> dict[str, Any]:
    """A card for its claimant."""
    return {
        "code": view.card.code,
        "status": view.card.status,
        "until": view.card.until,
        "claimed_at": view.card.claimed_at,
        **_face(view),
        "name": _written(view.card.name, "name"),
        "thanks": _written(view.card.thanks, "thanks"),
    }


def _face(view: CardView) -> dict[str, Any]:
    return {
        "occasion": view.gift.occasion.code,
        "occasion_name": occasion_name(view.gift.occasion),
        "words": view.words,
        "giver": view.giver,
        "recipient": view.recipient,
        "card_kg": view.gift.card_kg,
        "serial": view.serial,
        "certificate_number": view.gift.order.certificate_number,
    }


def _written(words: Words | None, part: str) -> dict[str, Any] | None:
    if words is None:
        return None
    return {"text": words.parts[part], "status": words.status, "reason": words.reason}


@received.route("", methods=["GET"])
@signed_in
@received.arguments(PageQuery, location="query")
@received.response(200, page_of(ReceivedView))
def get_received(wish: dict[str, Any]) -> dict[str, Any]:
    """The cards that the caller has claimed, newest first."""
    rows = known.list_received(_me(), wish["limit"] + 1, read_cursor(wish.get("after")))
    answer = page(rows, wish["limit"], lambda view: view.card.id)
    return {**answer, "items": [received_view(each) for each in answer["items"]]}


@received.route("/<string:code>", methods=["GET"])
@signed_in
@received.response(200, ReceivedView)
def get_card(code: str) -> dict[str, Any]:
    """One card that the caller has claimed."""
    return received_view(known.get_received(_me(), code))


@received.route("/<string:code>/name", methods=["PUT"])
@signed_in
@writes
@received.arguments(NewName)
@received.response(200, ReceivedView)
def put_name(wish: dict[str, Any], code: str) -> dict[str, Any]:
    """Agree to be named on the certificate's public page, once the name is checked."""
    return received_view(services.print_name(_me(), code, wish["name"]))


@received.route("/<string:code>/name", methods=["DELETE"])
@signed_in
@writes
@received.response(200, ReceivedView)
def delete_name(code: str) -> dict[str, Any]:
    """Take that back; the page names nobody from now on."""
    return received_view(services.hide_name(_me(), code))


@received.route("/<string:code>/thanks", methods=["POST"])
@signed_in
@writes
@received.arguments(NewThanks)
@received.response(201, ReceivedView)
def post_thanks(wish: dict[str, Any], code: str) -> dict[str, Any]:
    """Thank the giver, who reads it once it is checked."""
    return received_view(services.thank(_me(), code, wish["thanks"]))


@dedications.route("/<string:number>", methods=["GET"])
@public
@dedications.response(200, DedicationView)
def get_dedication(number: str) -> dict[str, Any]:
    """For whom a certificate's units were given, as far as its bearers want that known."""
    found = known.find_dedication(offsets.get_certificate(number).order_id)
    if found is None:
        raise GiftUnknown()
    return {
        "occasion": found.occasion.code,
        "occasion_name": occasion_name(found.occasion),
        "cards": found.cards,
        "claimed": found.claimed,
        "names": found.names,
        "anonymous": found.anonymous,
        "words": found.words,
        "giver": found.giver,
    }
