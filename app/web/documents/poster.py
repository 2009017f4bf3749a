"""A poster as high as a phone: the year's leaves around its figure, and what else is to be told below."""

from app.web.charts import month_places, year_wheel
from app.web.documents.paper import FAMILIES, qr_of, shapes_of, stamp_of, template
from app.web.documents.sheets import PHONE, Document, Drawn, Page, Poster
from app.web.documents.strips import GREEN, INK, SOFT, Mark
from app.web.documents.typeface import balanced, broken, face_for, fitted, hei, song
from app.web.documents.words import Words

MIDDLE = PHONE[0] / 2
LEFT, RIGHT = 26.0, 334.0
WHEEL = (MIDDLE, 202.0)
QR = (278.0, 562.0, 54.0, 54.0)
PALE = "#dfece5"
_MEDAL = 40.0


def draw_poster(document: Document, words: Words, poster: Poster) -> Drawn:
    """One page."""
    label = words.first(poster.title)
    svg = template("poster.svg").render(
        **FAMILIES,
        label=label,
        stamp=stamp_of(document, words),
        wheel=WHEEL,
        leaves=list(zip(year_wheel(poster.months), _tints(poster), strict=True)),
        marks=[
            *_head(words, poster),
            *_wheel(words, poster),
            *_counts(words, poster),
            *_claims(words, poster),
            *_foot(words, poster),
        ],
        medal=shapes_of(poster.medal.drawing),
        medals=[(LEFT + place * 53.6, shapes_of(each.drawing)) for place, each in enumerate(poster.medals)],
        medal_names=_medal_names(words, poster),
        qr=qr_of(document),
        qr_place=QR,
    )
    return Drawn(label, (Page(svg, QR),), PHONE)


def _tints(poster: Poster) -> list[str]:
    most = max(max(poster.months, default=0), 1)
    return ["#f0c866" if value == most else "#8cc2a9" if value else "#3a7a62" for value in poster.months]


def _head(words: Words, poster: Poster) -> list[Mark]:
    title = words.first(poster.title)
    size, [line] = fitted(title, (24, 21, 18, 15), RIGHT - LEFT, 1)
    second = words.second(poster.title)
    return [
        Mark(MIDDLE, 68, line, size, "Senhui Song", "#fff", "middle"),
        Mark(MIDDLE, 82, second, 8, fill=PALE, anchor="middle"),
    ]


def _wheel(words: Words, poster: Poster) -> list[Mark]:
    number, unit = poster.figure
    size = next((each for each in (27.0, 23.0, 19.0, 16.0) if song().width(number, each) < 82), 13.0)
    x, y = WHEEL
    marks = [
        Mark(x, y - 17, words.first(poster.figure_label), 8.5, fill=PALE, anchor="middle"),
        Mark(x, y + 8, number, size, "Senhui Song", "#fff", "middle"),
        Mark(x, y + 22, unit, 8.5, fill=PALE, anchor="middle"),
    ]
    for month, (right, down) in enumerate(month_places(105.5), 1):
        marks.append(Mark(x + right, y + down + 2.5, str(month), 7.5, fill="#9cc4b1", anchor="middle"))
    return marks


def _counts(words: Words, poster: Poster) -> list[Mark]:
    marks: list[Mark] = []
    for place, (number, label) in enumerate(poster.counts):
        x = 132 + place * 78
        marks.append(Mark(x, 366, number, 21, "Senhui Song", GREEN, "middle"))
        marks.append(Mark(x, 380, words.first(label), 7.6, fill=SOFT, anchor="middle"))
    name = words.first(poster.medal.name)
    return [*marks, Mark(58, 391, name, 9, face_for(name).family, GREEN, "middle")]


def _claims(words: Words, poster: Poster) -> list[Mark]:
    marks: list[Mark] = []
    for place, row in enumerate(poster.claims):
        y = 420 + place * 22
        marks.append(Mark(LEFT + 12, y, words.first(row.label), 9))
        wide = hei().width(words.first(row.label), 9)
        marks.append(Mark(LEFT + 18 + wide, y, row.note, 6.8, fill=SOFT))
        marks.append(Mark(RIGHT - 12, y, row.value, 10.5, "Senhui Hei", INK, "end"))
    if poster.medals:
        marks.append(Mark(LEFT, 489, words.first(poster.medals_label), 8, fill=SOFT))
    return marks


def _medal_names(words: Words, poster: Poster) -> list[Mark]:
    marks = []
    for place, each in enumerate(poster.medals):
        middle = LEFT + place * 53.6 + _MEDAL / 2
        size, lines = fitted(words.first(each.name), (6.6, 6.0, 5.4), 52, 2)
        for number, line in enumerate(lines):
            marks.append(Mark(middle, 545 + number * 7, line, size, fill=SOFT, anchor="middle"))
    return marks


def _foot(words: Words, poster: Poster) -> list[Mark]:
    y = 574.0
    marks = []
    for line in broken(words.first(poster.scan), song(), 10, QR[0] - LEFT - 14):
        marks.append(Mark(LEFT, y, line, 10, "Senhui Song", GREEN))
        y += 14
    for note in poster.notes:
        for line in balanced(words.first(note), hei(), 6.6, QR[0] - LEFT - 14):
            marks.append(Mark(LEFT, y, line, 6.6, fill=SOFT))
            y += 9.6
    return marks
