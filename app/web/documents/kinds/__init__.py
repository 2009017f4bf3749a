"""What each kind of document says: its facts to a face or a card. A kind is one module and one line here."""

from collections.abc import Callable

from app.web.documents.kinds.certificate import certificate
from app.web.documents.kinds.drive_sheet import drive_sheet
from app.web.documents.kinds.drive_thanks import drive_thanks
from app.web.documents.kinds.duties import duty_equivalence, duty_voucher
from app.web.documents.kinds.event_neutral import event_neutral
from app.web.documents.kinds.gift_card import gift_card
from app.web.documents.kinds.organisation_year import organisation_year
from app.web.documents.kinds.planting import planting
from app.web.documents.kinds.ruling_fulfilled import ruling_fulfilled
from app.web.documents.kinds.year_review import year_review
from app.web.documents.sheets import Card, Document, Face, Poster
from app.web.documents.words import Words

KINDS: dict[str, Callable[[Document, Words], Face | Card | Poster]] = {
    "certificate": certificate,
    "event_neutral": event_neutral,
    "duty_equivalence": duty_equivalence,
    "duty_voucher": duty_voucher,
    "ruling_fulfilled": ruling_fulfilled,
    "gift_card": gift_card,
    "drive_thanks": drive_thanks,
    "drive_sheet": drive_sheet,
    "organisation_year": organisation_year,
    "planting": planting,
    "year_review": year_review,
}
