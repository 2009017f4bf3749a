"""What a gift card prints, as plain values: the facts of the document `gift_card`."""

from typing import Any

from app.causes.queries.gifts import CardView
from app.kit.messages import LANGUAGES, t


def gift_card_facts(view: CardView, claim_code: str | None = None) -> dict[str, Any]:
    """The face of a card whose units are retired; words and names stand on it only once they passed.

    `claim_code` is the secret of a card that is still to be claimed; without it the card is its
    claimant's, and leads to the certificate. Raises ValueError before the units are retired.
    """
    occasion, retired = view.gift.occasion, view.retired
    if retired is None:
        raise ValueError("nothing is retired for this card yet")
    forest = retired.forest
    return {
        "occasion": {"zh": occasion.name_zh, "en": occasion.name_en},
        "drawing": occasion.drawing,
        "to_name": view.card.printed or view.recipient,
        "from_name": view.giver,
        "message": view.words,
        "quantity_kg": view.gift.card_kg,
        "serial": view.serial,
        "certificate": retired.number,
        "claim_code": claim_code,
        "project_name": forest.name._asdict(),
        "place": forest.place._asdict(),
        "seller": forest.seller,
        "vintage": forest.vintage,
        "sample": forest.sample,
        "notes": [{language: t(note, language) for language in LANGUAGES} for note in forest.notes],
        "until": view.card.until.isoformat(timespec="seconds"),
    }
