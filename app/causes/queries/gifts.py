"""Gifts as their givers, their recipients and everybody else may see them.

What is whose: the giver sees everything but what others wrote and nobody has judged yet; whoever has a
card's link sees the gift once it is ready; the public sees names by their bearers' own consent alone.
"""

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from app.causes.errors.gifts import CardUnknown, GiftUnknown
from app.causes.models.gifts import Gift, GiftCard
from app.causes.queries.inscriptions import Words, list_standing
from app.causes.rules.gifts import (
    SECRET_BYTES,
    CardStatus,
    GiftStatus,
    card_status,
    gift_status,
    may_show_words,
    share_of,
)
from app.causes.rules.occasions import Occasion, occasions
from app.kit import clock, sealing
from app.kit.database import db
from app.offsets import queries as offsets
from app.offsets.queries.causes import CauseRetirement, list_retirements


@dataclass(frozen=True)
class CardFacts:
    """A card of a gift; `recipient` is whom the giver wrote it for, `name` what its bearer wants printed."""

    id: int
    code: str
    place: int
    issue: int
    status: CardStatus
    recipient: str | None
    until: datetime
    claimed_by: int | None
    claimed_at: datetime | None
    name: Words | None
    thanks: Words | None

    @property
    def printed(self) -> str | None:
        """The name that the public may read."""
        return self.name.parts["name"] if self.name is not None and self.name.passed else None

    @property
    def secret(self) -> str:
        """What stands in the card's link; for its giver alone."""
        return secret_of(self.id, self.issue)


@dataclass(frozen=True)
class GiftFacts:
    """A gift with its order, its words and its cards."""

    id: int
    code: str
    giver_id: int
    occasion: Occasion
    card_kg: int
    shown: bool
    made_at: datetime
    order: offsets.OrderFacts
    status: GiftStatus
    words: Words | None
    cards: tuple[CardFacts, ...]

    @property
    def readable(self) -> dict[str, Any]:
        """What the giver wrote, for others: nothing of it before it passed."""
        return self.words.parts if self.words is not None and self.words.passed else {}

    def card(self, place: int) -> CardFacts:
        """One of its cards. Raises `CardUnknown`."""
        if not 1 <= place <= len(self.cards):
            raise CardUnknown()
        return self.cards[place - 1]


@dataclass(frozen=True)
class CardView:
    """A card as whoever holds its link, or has claimed it, sees it; `forest` once its units are retired."""

    gift: GiftFacts
    card: CardFacts
    retired: CauseRetirement | None
    serial: str | None

    @property
    def readable(self) -> bool:
        """Whether the giver's words may be read on it: it waits for its claimant, or has them."""
        return self.card.status in (CardStatus.OPEN, CardStatus.CLAIMED)

    @property
    def words(self) -> str | None:
        """What the giver wrote."""
        return self.gift.readable.get("words") if self.readable else None

    @property
    def giver(self) -> str | None:
        """How the giver signed."""
        return self.gift.readable.get("giver") if self.readable else None

    @property
    def recipient(self) -> str | None:
        """Whom the giver wrote it for."""
        return self.card.recipient if self.readable and self.gift.readable else None


@dataclass(frozen=True)
class Dedication:
    """What a certificate's public page says of a gift: the occasion, and names by their bearers' consent."""

    occasion: Occasion
    cards: int
    claimed: int
    names: tuple[str, ...]
    words: str | None
    giver: str | None

    @property
    def anonymous(self) -> int:
        """How many of its cards name nobody."""
        return self.cards - len(self.names)


def secret_of(card_id: int, issue: int) -> str:
    """The secret of a card's link, which is kept nowhere; nobody can tell it without our key."""
    secret = sealing.digester("gift_card")(f"{card_id}:{issue}")[:SECRET_BYTES]
    return base64.urlsafe_b64encode(secret).decode()


def hash_of(secret: str) -> bytes:
    """What a link's secret is found by."""
    return hashlib.sha256(secret.encode()).digest()


def get_gift(holder_id: int, code: str) -> GiftFacts:
    """A gift of this giver. Raises `GiftUnknown` also for another's."""
    return _assembled(find_own(holder_id, code))


def find_own(holder_id: int, code: str, *, lock: bool = False) -> Gift:
    """The row of a gift that `holder_id` may manage; the one place that says who. Raises `GiftUnknown`."""
    cause = offsets.causes.find_cause(code)
    wanted = select(Gift).where(Gift.cause_id == (cause.id if cause else None), Gift.giver_id == holder_id)
    if lock:
        wanted = wanted.with_for_update().execution_options(populate_existing=True)
    gift = db.session.scalar(wanted)
    if gift is None:
        raise GiftUnknown()
    return gift


def list_gifts(holder_id: int, limit: int, before: int | None = None) -> list[GiftFacts]:
    """A giver's gifts, newest first; `before` is a gift's id."""
    wanted = select(Gift).where(Gift.giver_id == holder_id)
    if before is not None:
        wanted = wanted.where(Gift.cause_id < before)
    return _assemble(db.session.scalars(wanted.order_by(Gift.cause_id.desc()).limit(limit)).all())


def list_received(holder_id: int, limit: int, before: int | None = None) -> list[CardView]:
    """The cards that somebody has claimed, newest first; `before` is a card's id."""
    wanted = select(GiftCard).where(GiftCard.claimed_by == holder_id)
    if before is not None:
        wanted = wanted.where(GiftCard.id < before)
    cards = db.session.scalars(wanted.order_by(GiftCard.id.desc()).limit(limit)).all()
    gifts = _by_id({card.gift_id for card in cards})
    retired = {each.order_id: each for each in list_retirements(*gifts)}
    return [
        _view(gift, card.place, retired.get(gift.order.id))
        for card, gift in ((card, gifts[card.gift_id]) for card in cards)
    ]


def get_received(holder_id: int, code: str) -> CardView:
    """A card that this holder has claimed. Raises `CardUnknown` also for another's."""
    known = code.isascii() and code.isalnum()
    wanted = select(GiftCard).where(GiftCard.code == code, GiftCard.claimed_by == holder_id)
    card = db.session.scalar(wanted) if known else None
    if card is None:
        raise CardUnknown()
    return view_card(_by_id({card.gift_id})[card.gift_id], card.place)


def get_by_secret(secret: str) -> CardView:
    """The card with this link. Raises `CardUnknown`, also for a link that another one has replaced."""
    card = db.session.scalar(select(GiftCard).where(GiftCard.link_hash == hash_of(secret)))
    if card is None:
        raise CardUnknown()
    return view_card(_by_id({card.gift_id})[card.gift_id], card.place)


def view_card(gift: GiftFacts, place: int) -> CardView:
    """A card with the serials that are its share of the certificate. Raises `CardUnknown`."""
    return _view(gift, place, next(iter(list_retirements(gift.id)), None))


def _view(gift: GiftFacts, place: int, retired: CauseRetirement | None) -> CardView:
    card = gift.card(place)
    serial = None
    if retired is not None:
        serial = retired.forest.serial_text(*share_of(retired.first_serial, gift.card_kg, place))
    return CardView(gift, card, retired, serial)


def find_dedication(order_id: int) -> Dedication | None:
    """What the public may read of the gift behind a certificate, None where it is no gift's."""
    row = db.session.scalar(select(Gift).where(Gift.order_id == order_id))
    if row is None:
        return None
    gift = _assembled(row)
    names = tuple(card.printed for card in gift.cards if card.printed)
    told = gift.readable if may_show_words(gift.shown, len(gift.cards), names) else {}
    claimed = sum(card.claimed_at is not None for card in gift.cards)
    return Dedication(gift.occasion, len(gift.cards), claimed, names, told.get("words"), told.get("giver"))


def get_by_id(gift_id: int) -> GiftFacts:
    """A gift by its id, for the rooms above and for operators. Raises KeyError."""
    return _by_id({gift_id})[gift_id]


def _by_id(ids: set[int]) -> dict[int, GiftFacts]:
    rows = db.session.scalars(select(Gift).where(Gift.cause_id.in_(ids))).all()
    return {gift.id: gift for gift in _assemble(rows)}


def _assembled(row: Gift) -> GiftFacts:
    return _assemble([row])[0]


def _assemble(rows: Sequence[Gift]) -> list[GiftFacts]:
    """Gifts with all that belongs to them, by as many questions for many as for one."""
    ids = [row.cause_id for row in rows]
    written = {(words.gift_id, words.card_id, words.kind): words for words in list_standing(ids)}
    orders = offsets.get_orders([row.order_id for row in rows])
    cards: dict[int, list[GiftCard]] = {each: [] for each in ids}
    wanted = select(GiftCard).where(GiftCard.gift_id.in_(ids)).order_by(GiftCard.gift_id, GiftCard.place)
    for card in db.session.scalars(wanted.execution_options(populate_existing=True)):
        cards[card.gift_id].append(card)
    codes = offsets.causes.list_codes(ids)
    found = []
    for row in rows:
        words = written.get((row.cause_id, None, "gift"))
        order = orders[row.order_id]
        status = gift_status(order.status, words.status if words else None)
        found.append(
            GiftFacts(
                id=row.cause_id,
                code=codes[row.cause_id],
                giver_id=row.giver_id,
                occasion=occasions()[row.occasion],
                card_kg=row.card_kg,
                shown=row.shown,
                made_at=row.made_at,
                order=order,
                status=status,
                words=words,
                cards=tuple(_card(card, status, words, written) for card in cards[row.cause_id]),
            )
        )
    return found


def _card(
    card: GiftCard, gift: GiftStatus, words: Words | None, written: dict[tuple[int, int | None, str], Words]
) -> CardFacts:
    recipients = words.parts.get("recipients", []) if words else []
    return CardFacts(
        id=card.id,
        code=card.code,
        place=card.place,
        issue=card.issue,
        status=card_status(gift, clock.now(), card.until, card.claimed_at, card.withdrawn_at),
        recipient=recipients[card.place - 1] if card.place <= len(recipients) else None,
        until=card.until,
        claimed_by=card.claimed_by,
        claimed_at=card.claimed_at,
        name=written.get((card.gift_id, card.id, "name")),
        thanks=written.get((card.gift_id, card.id, "thanks")),
    )
