"""A face and its lists on A4."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from app.web.charts import tree_rings
from app.web.documents.paper import FAMILIES, qr_of, stamp_of, template
from app.web.documents.sheets import A4, Document, Drawn, Face, Page, Row
from app.web.documents.strips import (
    GREEN,
    INK,
    LEFT,
    RIGHT,
    SOFT,
    WIDTH,
    Mark,
    Strip,
    heading,
    pages,
    paragraph,
)
from app.web.documents.typeface import balanced, broken, face_for, fitted, hei, song
from app.web.documents.words import Words, said
from app.web.words import grouped

MIDDLE = A4[0] / 2
QR_Y, QR_SIZE = 676.0, 112.0
ROWS_BOTTOM = QR_Y - 14
LIST_TOP, LIST_BOTTOM = 70.0, 786.0
LABEL, VALUE, NOTE, SMALL = 112.0, 9.6, 7.2, 6.9
_SUBJECT_SIZES = ((26, 22), (20, 17, 14), (14, 12))
"""By how many lines it takes. Nothing that people may write for a subject is cut: it may stand here alone."""
MOST_AIR = 5.0
"""How much higher a row may become where the face has room."""


@dataclass(frozen=True)
class SetRow:
    """A row broken into lines, and how high it is; `y` is its upper edge."""

    label: str
    second: str
    lines: tuple[str, ...]
    notes: tuple[str, ...]
    height: float
    y: float = 0.0


def draw_face(document: Document, words: Words, face: Face) -> Drawn:
    """The face first, then the lists, with whatever rows the face could not hold."""
    crown, top = _crown(words, face)
    rows, left_over = _rows(words, face.rows, top)
    beside_qr, notes_left = _foot(document, words, face)
    strips = [*_continued(words, left_over), *face.strips, *_notes(words, notes_left)]
    lists = pages(strips, LIST_TOP, LIST_BOTTOM)
    count = 1 + len(lists)
    number = grouped(document.number)
    title = words.first(face.title)
    label = f"{title} {number}"
    shared = {
        **FAMILIES,
        "label": label,
        "title": title,
        "number": number,
        "url": document.url,
        "stamp": stamp_of(document, words),
    }
    size, _ = fitted(title, (34, 29, 25, 21), WIDTH, 1)
    front = template("face.svg").render(
        **shared,
        title_size=size,
        title_spacing=4 if words.lang == "zh" and size > 28 else 0,
        second=words.second(face.title),
        second_spacing=0.6 if words.lang == "zh" else 2,
        number_label=words.first(face.number_label),
        rings=tree_rings(document.number),
        marks=[*crown, *beside_qr, *_signed(document, words, count)],
        rows=rows,
        rows_end=rows[-1].y + rows[-1].height if rows else top,
        qr=qr_of(document),
        qr_y=QR_Y,
        qr_size=QR_SIZE,
    )
    found = [Page(front, (LEFT, QR_Y, QR_SIZE, QR_SIZE))]
    for index, page in enumerate(lists, 2):
        turned = words.say("documents.page_of", page=index, pages=count)
        found.append(Page(template("list.svg").render(**shared, page=page, turned=turned)))
    return Drawn(label, tuple(found))


def _crown(words: Words, face: Face) -> tuple[list[Mark], float]:
    """Whom or what it is about, how much, and the sentence; and where the rows begin."""
    y = 196.0
    marks: list[Mark] = []
    if face.subject:
        y += 8
        marks.append(_middle(y, words.first(face.subject_label), 8.8, fill=SOFT))
        size, lines = _subject(face.subject)
        for line in lines:
            y += size * 1.34
            marks.append(_middle(y, line, size, face_for(face.subject).family))
        y += 12
    y += 11
    marks.append(_middle(y, words.first(face.figure_label), 8.8, fill=SOFT))
    y += 51
    marks.append(_figure(y, *face.figure))
    y += 12
    for line in balanced(words.first(face.statement), hei(), 10.2, 420):
        y += 16
        marks.append(_middle(y, line, 10.2))
    y += 3
    for line in balanced(words.second(face.statement), hei(), 7.4, 420):
        y += 11.5
        marks.append(_middle(y, line, 7.4, fill=SOFT))
    return marks, y + 18


def _subject(text: str) -> tuple[float, list[str]]:
    """In as few lines as it fits, as large as it fits, and these as even as they can be."""
    wide = WIDTH - 20
    for most, sizes in enumerate(_SUBJECT_SIZES, 1):
        size, lines = fitted(text, sizes, wide, most)
        if not lines[-1].endswith("…"):
            return size, balanced(text, face_for(text), size, wide)
    return size, lines


def _figure(y: float, number: str, unit: str) -> Mark:
    size = next((each for each in (54.0, 46.0, 38.0, 30.0) if song().width(number, each) < 330), 24.0)
    return Mark(MIDDLE, y, number, size, "Senhui Song", GREEN, "middle", unit)


def _rows(words: Words, rows: Sequence[Row], top: float) -> tuple[list[SetRow], list[SetRow]]:
    """The rows that the face holds, each in its place, and those that are left for the next page."""
    ready = [_set(words, row) for row in rows if row.value]
    held, y = 0, top
    while held < len(ready) and y + ready[held].height <= ROWS_BOTTOM:
        y += ready[held].height
        held += 1
    air = min(MOST_AIR, (ROWS_BOTTOM - y) / held) if held else 0
    placed, y = [], top
    for row in ready[:held]:
        placed.append(SetRow(row.label, row.second, row.lines, row.notes, row.height + air, y))
        y += row.height + air
    return placed, ready[held:]


def _set(words: Words, row: Row) -> SetRow:
    lines = broken(row.value, hei(), VALUE, WIDTH - LABEL)
    notes = broken(row.note, hei(), NOTE, WIDTH - LABEL)
    height = 11.5 + len(lines) * 13.2 + len(notes) * 9.8
    return SetRow(words.first(row.label), words.second(row.label), tuple(lines), tuple(notes), height)


def _continued(words: Words, rows: Sequence[SetRow]) -> Iterator[Strip]:
    """The rows that the face could not hold."""
    if rows:
        yield from heading(words, said("documents.continued"))
    for row in rows:
        marks = [Mark(LEFT, 13, row.label, 8.6, fill=SOFT)]
        marks += [Mark(LEFT + LABEL, 14 + 13.2 * n, line, VALUE) for n, line in enumerate(row.lines)]
        after = 13 + 13.2 * len(row.lines)
        marks += [
            Mark(LEFT + LABEL, after + 9.8 * n, line, NOTE, fill=SOFT) for n, line in enumerate(row.notes)
        ]
        yield Strip(row.height, tuple(marks))


def _foot(document: Document, words: Words, face: Face) -> tuple[list[Mark], list[str]]:
    """Beside the QR code: how to check, and what must be known as far as there is room; and the rest."""
    x, y = LEFT + QR_SIZE + 14, QR_Y + 11
    wide = RIGHT - 76 - x
    marks = [Mark(x, y, words.say("documents.scan"), 8.6, "Senhui Song", GREEN)]
    y += 2
    for text in (document.url, words.say("documents.offline" if document.enclosures else "documents.online")):
        for line in broken(text, hei(), SMALL, wide):
            y += 10
            marks.append(Mark(x, y, line, SMALL, fill=SOFT))
    y += 4
    notes = [words.first(note) for note in face.notes]
    for index, note in enumerate(notes):
        lines = balanced(note, hei(), SMALL, wide)
        if y + 10 * len(lines) > QR_Y + QR_SIZE:
            return marks, notes[index:]
        for line in lines:
            y += 10
            marks.append(Mark(x, y, line, SMALL))
    return marks, []


def _notes(words: Words, notes: Sequence[str]) -> Iterator[Strip]:
    """What found no room beside the QR code."""
    if notes:
        yield from heading(words, said("documents.notes"))
    for note in notes:
        yield from paragraph(note)


def _signed(document: Document, words: Words, count: int) -> Iterator[Mark]:
    """Under the seal: who and when, and how many pages there are."""
    yield Mark(RIGHT, QR_Y + 82, words.say("documents.issuer"), 8.6, anchor="end")
    yield Mark(RIGHT, QR_Y + 94, f"{document.issued_at:%Y-%m-%d}", 8.6, anchor="end")
    if count > 1:
        turned = words.say("documents.page_of", page=1, pages=count)
        yield Mark(RIGHT, QR_Y + 110, turned, 6.9, fill=SOFT, anchor="end")


def _middle(y: float, text: str, size: float, family: str = "Senhui Hei", fill: str = INK) -> Mark:
    return Mark(MIDDLE, y, text, size, family, fill, "middle")
