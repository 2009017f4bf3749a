"""A card on A5 across, to print, fold into an envelope and give."""

from app.web.charts import tree_rings
from app.web.documents.paper import FAMILIES, qr_of, shapes_of, stamp_of, template
from app.web.documents.sheets import A5_ACROSS, Card, Document, Drawn, Page
from app.web.documents.strips import GREEN, SOFT, Mark
from app.web.documents.typeface import balanced, broken, face_for, fitted, hei, song
from app.web.documents.words import Words, beside

LEFT, RIGHT = 56.0, 539.28
QR = (431.28, 214.0, 108.0, 108.0)
LEADING, MOST_HIGH = 1.65, 108.0
_ORIGIN_SIZES = (8.6, 7.8, 7.0)
_SIZES = (11.5, 10.5, 9.5, 8.5, 7.5)
CODE_WIDTH = 122.0
TEXT_WIDTH = QR[0] - LEFT - 34


def draw_card(document: Document, words: Words, card: Card) -> Drawn:
    """One page."""
    label = f"{words.first(card.title)} {card.code}"
    size, _ = fitted(words.first(card.title), (28, 24, 20, 16), 300, 1)
    svg = template("card.svg").render(
        **FAMILIES,
        label=label,
        stamp=stamp_of(document, words),
        rings=tree_rings(document.number),
        title=words.first(card.title),
        title_size=size,
        second=words.second(card.title),
        marks=[*_message(words, card), *_foot(document, words, card)],
        qr=qr_of(document),
        qr_place=QR,
        drawing=shapes_of(card.drawing),
    )
    return Drawn(label, (Page(svg, QR),), A5_ACROSS)


def _message(words: Words, card: Card) -> list[Mark]:
    """To whom, what is said, from whom; then what is given."""
    marks, y = [], 142.0
    if card.dear:
        size, [line] = fitted(card.dear, (17, 14, 12, 10), TEXT_WIDTH, 1)
        marks.append(Mark(LEFT, y, line, size, face_for(card.dear).family))
        y += size * 1.5
    size = next((each for each in _SIZES if _high(card.message, each) <= MOST_HIGH), _SIZES[-1])
    for line in broken(card.message, hei(), size, TEXT_WIDTH)[: int(MOST_HIGH / size / LEADING)]:
        marks.append(Mark(LEFT, y, line, size))
        y += size * LEADING
    if card.signed:
        _, [line] = fitted(card.signed, (11,), TEXT_WIDTH, 1)
        family = face_for(card.signed).family
        marks.append(Mark(LEFT + TEXT_WIDTH, y + 4, line, 11, family, anchor="end"))
    number, unit = card.figure
    size = next((each for each in (46.0, 38.0, 30.0) if song().width(number, each) < 230), 22.0)
    marks.append(Mark(LEFT, 324, number, size, "Senhui Song", GREEN, unit=unit))
    y = 327.0
    origin = words.first(card.origin)
    size = next((each for each in _ORIGIN_SIZES if len(broken(origin, hei(), each, TEXT_WIDTH)) <= 2), 6.4)
    for line in balanced(origin, hei(), size, TEXT_WIDTH)[:2]:
        y += 13.5
        marks.append(Mark(LEFT, y, line, size))
    return marks


def _high(message: str, size: float) -> float:
    return len(broken(message, hei(), size, TEXT_WIDTH)) * size * LEADING


def _foot(document: Document, words: Words, card: Card) -> list[Mark]:
    middle = QR[0] + QR[2] / 2
    y = QR[1] + QR[3] + 12
    marks = [Mark(middle, y, words.first(card.code_label), 7.4, fill=SOFT, anchor="middle")]
    for line in broken(card.code, hei(), 7, CODE_WIDTH)[:4]:
        y += 10
        marks.append(Mark(middle, y, line, 7, anchor="middle"))
    y = 363.0
    notes = beside(*(words.first(note) for note in card.notes))
    for line in broken(notes, hei(), 6.6, TEXT_WIDTH)[:3]:
        y += 9
        marks.append(Mark(LEFT, y, line, 6.6, fill=SOFT))
    issued = f"{words.say('documents.issuer')}　{document.issued_at:%Y-%m-%d}"
    marks.append(Mark(RIGHT - 64 if card.drawing else RIGHT, 66, issued, 8.6, fill=SOFT, anchor="end"))
    return marks
