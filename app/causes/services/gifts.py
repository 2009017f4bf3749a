"""Buying for others: a gift is made, paid as any order, handed out card by card, claimed, thanked for."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from sqlalchemy import func, select

from app.accounts.services import notices
from app.causes.errors.gifts import (
    CardUnknown,
    GiftFixed,
    GiftNotReady,
    GiftOver,
    GiftOwn,
    GiftTaken,
    RecipientsExceed,
    ThanksSent,
)
from app.causes.models.gifts import Gift, GiftCard
from app.causes.queries import gifts as known
from app.causes.queries.gifts import CardView, GiftFacts
from app.causes.rules.gifts import CLAIM_LIFE, CardStatus, GiftStatus, WordsStatus
from app.causes.rules.occasions import occasions
from app.causes.services import inscriptions
from app.kit import clock
from app.kit.codes import random_code
from app.kit.database import db
from app.kit.messages import t
from app.offsets.services import causes, orders
from app.offsets.services.orders import Wish

_NEXT_CARD = func.nextval(func.pg_get_serial_sequence("gift_card", "id"))


@dataclass(frozen=True)
class NewGift:
    """What somebody wants to give: so many cards of so many kilograms, of which forest, with which words."""

    occasion: str
    cards: int
    card_kg: int
    shown: bool = False
    words: str | None = None
    giver: str | None = None
    recipients: tuple[str | None, ...] = ()
    forest: Wish = field(default_factory=Wish)
    """Which forest: the lot, place or product of it."""

    @property
    def parts(self) -> dict[str, Any]:
        """What is written for others to read, as one."""
        return _written({"words": self.words, "giver": self.giver, "recipients": list(self.recipients)})


def make_gift(holder_id: int, wish: NewGift, reservation: timedelta, most_unpaid: int) -> GiftFacts:
    """Order the units of a gift and make its cards, which can be claimed once it is paid and checked.

    One order pays for all of its cards. Nothing more is bought for the same gift: another one is another
    gift. Raises what `place_order` and `require_few_unpaid` raise.
    """
    orders.require_few_unpaid(holder_id, most_unpaid)
    title = t("causes.gift_of", "zh", occasion=occasions()[wish.occasion].name_zh)
    cause = causes.open_cause("gift", holder_id, title)
    asked = replace(wish.forest, quantity_kg=wish.cards * wish.card_kg, cause=cause.code)
    order = orders.place_order(holder_id, asked, reservation)
    causes.close_cause(cause.id)
    gift = Gift(
        cause_id=cause.id,
        order_id=order.id,
        giver_id=holder_id,
        occasion=wish.occasion,
        cards=wish.cards,
        card_kg=wish.card_kg,
        shown=wish.shown,
        made_at=clock.now(),
    )
    db.session.add(gift)
    db.session.flush()
    _make_cards(gift)
    if wish.parts:
        inscriptions.write_words(cause.id, None, "gift", holder_id, wish.parts)
    return known.get_gift(holder_id, cause.code)


def _make_cards(gift: Gift) -> None:
    """A card a share, each with its first link, which follows from the card's own number."""
    until = clock.now() + CLAIM_LIFE
    ids = db.session.scalars(select(_NEXT_CARD).select_from(func.generate_series(1, gift.cards))).all()
    for place, card_id in enumerate(sorted(ids), 1):
        card = GiftCard(
            id=card_id,
            code=random_code(),
            gift_id=gift.cause_id,
            place=place,
            issue=1,
            link_hash=known.hash_of(known.secret_of(card_id, 1)),
            until=until,
        )
        db.session.add(card)
    db.session.flush()


def rewrite_gift(holder_id: int, code: str, parts: Mapping[str, Any]) -> GiftFacts:
    """Write other words and names, or none; they are judged anew, and nobody claims before they passed.

    Raises `GiftUnknown`, `GiftFixed` once a card is claimed or the gift came to nothing, and
    `RecipientsExceed`.
    """
    gift = known.find_own(holder_id, code, lock=True)
    facts = known.get_by_id(gift.cause_id)
    if facts.status is GiftStatus.LAPSED or any(card.claimed_at for card in facts.cards):
        raise GiftFixed()
    if len(parts.get("recipients", ())) > len(facts.cards):
        raise RecipientsExceed()
    if told := _written(parts):
        inscriptions.write_words(gift.cause_id, None, "gift", holder_id, told)
    else:
        inscriptions.erase(gift.cause_id, None, "gift")
    return known.get_by_id(gift.cause_id)


def _written(parts: Mapping[str, Any]) -> dict[str, Any]:
    """The parts in which something stands: a list that names nobody is none."""
    return {name: part for name, part in parts.items() if part and (isinstance(part, str) or any(part))}


def show_gift(holder_id: int, code: str, shown: bool) -> GiftFacts:
    """Agree that words and signature stand in public, or take that back. Raises `GiftUnknown`."""
    gift = known.find_own(holder_id, code, lock=True)
    gift.shown = shown
    db.session.flush()
    return known.get_by_id(gift.cause_id)


def withdraw_card(holder_id: int, code: str, place: int) -> GiftFacts:
    """Take a card back that nobody has claimed; its link is dead from now on.

    Its units stay what they are: retired, under the giver's certificate. Raises `GiftUnknown`,
    `CardUnknown`, `GiftTaken`.
    """
    card = _own_card(holder_id, code, place)
    card.withdrawn_at = card.withdrawn_at or clock.now()
    db.session.flush()
    return known.get_by_id(card.gift_id)


def resend_card(holder_id: int, code: str, place: int) -> GiftFacts:
    """Hand a card out again, also one that was taken back or expired: a new link, the old one is dead.

    Raises `GiftUnknown`, `CardUnknown`, `GiftTaken`, and `GiftFixed` for what came to nothing.
    """
    card = _own_card(holder_id, code, place)
    if known.get_by_id(card.gift_id).status is GiftStatus.LAPSED:
        raise GiftFixed()
    card.issue += 1
    card.link_hash = known.hash_of(known.secret_of(card.id, card.issue))
    card.until, card.withdrawn_at = clock.now() + CLAIM_LIFE, None
    db.session.flush()
    return known.get_by_id(card.gift_id)


def claim_card(holder_id: int, secret: str) -> CardView:
    """Receive a card by its link: once, whoever comes first; the same person again gets the same answer.

    Raises `CardUnknown`, `GiftTaken`, `GiftOver`, `GiftNotReady`, `GiftOwn`.
    """
    found = known.get_by_secret(secret)
    _lock_gift(found.gift.id)
    view = known.get_by_secret(secret)
    if view.card.claimed_by == holder_id:
        return view
    if view.gift.giver_id == holder_id:
        raise GiftOwn()
    refusal = _CLAIM_REFUSALS.get(view.card.status)
    if refusal is not None:
        raise refusal()
    card = db.session.get_one(GiftCard, view.card.id)
    card.claimed_by, card.claimed_at = holder_id, clock.now()
    db.session.flush()
    notices.tell([view.gift.giver_id], "causes.notice_gift_claimed", f"gift_card:{card.id}", place=card.place)
    return known.get_received(holder_id, card.code)


_CLAIM_REFUSALS = {
    CardStatus.CLAIMED: GiftTaken,
    CardStatus.WITHDRAWN: GiftOver,
    CardStatus.EXPIRED: GiftOver,
    CardStatus.PENDING: GiftNotReady,
}


def print_name(holder_id: int, code: str, name: str) -> CardView:
    """Agree to be named in public, as `name`, once that passed the check. Raises `CardUnknown`."""
    view = _received(holder_id, code)
    inscriptions.write_words(view.gift.id, view.card.id, "name", holder_id, {"name": name})
    return known.get_received(holder_id, code)


def hide_name(holder_id: int, code: str) -> CardView:
    """Take that back; the public page names nobody from now on. Raises `CardUnknown`."""
    view = _received(holder_id, code)
    inscriptions.erase(view.gift.id, view.card.id, "name")
    return known.get_received(holder_id, code)


def thank(holder_id: int, code: str, thanks: str) -> CardView:
    """Write thanks to the giver, who reads them once they passed the check.

    Raises `CardUnknown`, and `ThanksSent` unless the first ones were refused.
    """
    view = _received(holder_id, code)
    standing = view.card.thanks
    if standing is not None and standing.status is not WordsStatus.REFUSED:
        raise ThanksSent()
    inscriptions.write_words(view.gift.id, view.card.id, "thanks", holder_id, {"thanks": thanks})
    return known.get_received(holder_id, code)


def settle_gift(cause_id: int) -> None:
    """Let a gift owe what was retired for it; again, it does nothing."""
    causes.owe_bought(cause_id, "gift")


def _received(holder_id: int, code: str) -> CardView:
    """A claimed card, its gift locked: two that write on it at once write one after another."""
    view = known.get_received(holder_id, code)
    _lock_gift(view.gift.id)
    return known.get_received(holder_id, code)


def _own_card(holder_id: int, code: str, place: int) -> GiftCard:
    """A card of one's own gift that nobody has claimed, the gift locked."""
    gift = known.find_own(holder_id, code, lock=True)
    card = db.session.scalar(
        select(GiftCard)
        .where(GiftCard.gift_id == gift.cause_id, GiftCard.place == place)
        .execution_options(populate_existing=True)
    )
    if card is None:
        raise CardUnknown()
    if card.claimed_at is not None:
        raise GiftTaken()
    return card


def _lock_gift(gift_id: int) -> None:
    db.session.scalar(select(Gift.cause_id).where(Gift.cause_id == gift_id).with_for_update())
