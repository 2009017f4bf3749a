"""What is true of gifts: how many cards, how long they wait, where gift and card stand. Pure."""

from collections.abc import Collection
from datetime import datetime, timedelta
from enum import StrEnum

MOST_CARDS = 50
MOST_CARD_KG = 100_000
LONGEST_WORDS = 200
LONGEST_NAME = 20
CLAIM_LIFE = timedelta(days=90)
"""How long a card waits to be claimed from when it was last handed out."""
SECRET_BYTES = 24
"""192 bits, 32 letters of base64url: short enough for the scene of a mini-program code."""


class WordsStatus(StrEnum):
    """Where words stand that somebody wrote for others; nobody else sees them before they passed."""

    WAITING = "waiting"
    PASSED = "passed"
    REFUSED = "refused"


class GiftStatus(StrEnum):
    """Where a gift stands for its giver."""

    UNPAID = "unpaid"
    PAID = "paid"
    """Paid, its units not retired yet."""
    CHECKING = "checking"
    """Retired; its words are being judged."""
    REFUSED = "refused"
    """Retired; its words were refused and must be written anew, or left out."""
    READY = "ready"
    LAPSED = "lapsed"
    """Not paid in time, or the money went back."""


class CardStatus(StrEnum):
    """Where one card stands."""

    PENDING = "pending"
    OPEN = "open"
    CLAIMED = "claimed"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"


_BEFORE = {"reserved": GiftStatus.UNPAID, "paid": GiftStatus.PAID}
_BY_WORDS = {
    None: GiftStatus.READY,
    WordsStatus.PASSED: GiftStatus.READY,
    WordsStatus.WAITING: GiftStatus.CHECKING,
    WordsStatus.REFUSED: GiftStatus.REFUSED,
}


def words_status(passed_at: datetime | None, refused_at: datetime | None) -> WordsStatus:
    """Where words stand, by their stamps."""
    if passed_at is not None:
        return WordsStatus.PASSED
    return WordsStatus.WAITING if refused_at is None else WordsStatus.REFUSED


def gift_status(order: str, words: WordsStatus | None) -> GiftStatus:
    """Where a gift stands, by its order and its words; a gift without words needs no check."""
    return _BY_WORDS[words] if order == "settled" else _BEFORE.get(order, GiftStatus.LAPSED)


def card_status(
    gift: GiftStatus,
    now: datetime,
    until: datetime,
    claimed_at: datetime | None,
    withdrawn_at: datetime | None,
) -> CardStatus:
    """Where a card stands. What was claimed stays so, whatever becomes of the gift's words."""
    if claimed_at is not None:
        return CardStatus.CLAIMED
    if withdrawn_at is not None:
        return CardStatus.WITHDRAWN
    if until <= now:
        return CardStatus.EXPIRED
    return CardStatus.OPEN if gift is GiftStatus.READY else CardStatus.PENDING


def share_of(first_serial: int, card_kg: int, place: int) -> tuple[int, int]:
    """The serials of a card, which tile those of the certificate in the order of their places from 1."""
    first = first_serial + (place - 1) * card_kg
    return first, first + card_kg - 1


def may_show_words(shown_by_giver: bool, cards: int, named: Collection[object]) -> bool:
    """Whether a giver's words may stand in public: the giver wants it, and whoever they may name agreed."""
    return shown_by_giver and len(named) == cards
