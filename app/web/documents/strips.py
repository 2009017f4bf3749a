"""What a page is filled with: strips, each a whole width of the page that is not parted. Pure.

A table is one strip a row, and each row knows the head that is set again on a new page.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from app.web.documents.typeface import broken, hei, song
from app.web.documents.words import Pair, Words

LEFT, RIGHT = 62.0, 533.28
WIDTH = RIGHT - LEFT
GUTTER = 9.0
MOST_ROW_LINES = 50
INK, SOFT, GREEN, LINE = "#17231e", "#66736c", "#14513c", "#c9d6cf"
Anchor = Literal["start", "middle", "end"]


@dataclass(frozen=True)
class Mark:
    """One line of text; `y` is its baseline."""

    x: float
    y: float
    text: str
    size: float
    family: str = "Senhui Hei"
    fill: str = INK
    anchor: Anchor = "start"
    unit: str = ""
    """What follows in a third of the size, so that it stands clear of the figure in whatever typeface."""


@dataclass(frozen=True)
class Box:
    """A filled rectangle; a hairline is one that is hardly high."""

    x: float
    y: float
    width: float
    height: float
    fill: str = LINE


@dataclass(frozen=True)
class Strip:
    """What stands side by side: its height, and what is drawn in it, counted from its upper left corner."""

    height: float
    marks: tuple[Mark, ...] = ()
    boxes: tuple[Box, ...] = ()
    head: "Strip | None" = None
    keep: bool = False
    y: float = 0.0


@dataclass(frozen=True)
class Column:
    """A table's column: its heading, its width, and which edge its text keeps to."""

    title: Pair
    width: float
    anchor: Anchor = "start"


def pages(strips: Sequence[Strip], top: float, bottom: float) -> list[tuple[Strip, ...]]:
    """The strips on pages, each with its place; a heading stays with what it heads."""
    found: list[list[Strip]] = []
    y = bottom + 1
    for index, strip in enumerate(strips):
        if y + _needed(strips, index) > bottom:
            found.append([])
            y = top
            if strip.head is not None:
                found[-1].append(replace(strip.head, y=y))
                y += strip.head.height
        if found[-1] or strip.marks or strip.boxes:
            found[-1].append(replace(strip, y=y))
            y += strip.height
    return [tuple(page) for page in found if page]


def _needed(strips: Sequence[Strip], index: int) -> float:
    height = strips[index].height
    while strips[index].keep and index + 1 < len(strips):
        index += 1
        height += strips[index].height
    return height


def gap(height: float) -> Strip:
    """White."""
    return Strip(height)


def heading(words: Words, title: Pair, note: str = "") -> Iterator[Strip]:
    """A part's heading, with a sentence under it where one is needed."""
    yield gap(16)
    first, second = words.first(title), words.second(title)
    wide = song().width(first, 13)
    yield Strip(
        22,
        (
            Mark(LEFT, 13, first, 13, "Senhui Song", GREEN),
            Mark(LEFT + wide + 7, 13, second, 7.5, fill=SOFT),
        ),
        keep=True,
    )
    for line in broken(note, hei(), 7.5, WIDTH):
        yield Strip(11, (Mark(LEFT, 7, line, 7.5, fill=SOFT),), keep=True)


def paragraph(text: str, size: float = 8.5, fill: str = INK) -> Iterator[Strip]:
    """Running text."""
    for line in broken(text, hei(), size, WIDTH):
        yield Strip(size * 1.65, (Mark(LEFT, size * 1.15, line, size, fill=fill),))


def table(
    words: Words, columns: Sequence[Column], rows: Iterable[Sequence[str]], total: Sequence[str] = ()
) -> Iterator[Strip]:
    """Rows between hairlines under a head that every page repeats; a total under a heavier line."""
    head = _head(words, columns)
    yield replace(head, keep=True)
    for row in rows:
        yield from _row(columns, row, head)
    if total:
        [last] = _row(columns, total, head, "Senhui Song")
        yield replace(last, boxes=(*last.boxes, Box(LEFT, 0, WIDTH, 0.8, GREEN)))


def _head(words: Words, columns: Sequence[Column]) -> Strip:
    marks = []
    for x, column in _placed(columns):
        marks.append(Mark(x, 9, words.first(column.title), 7, fill=SOFT, anchor=column.anchor))
        marks.append(Mark(x, 17, words.second(column.title), 5.5, fill=SOFT, anchor=column.anchor))
    return Strip(23, tuple(marks), (Box(LEFT, 21.4, WIDTH, 0.8, GREEN),))


def _row(
    columns: Sequence[Column], cells: Sequence[str], head: Strip, family: str = "Senhui Hei"
) -> Iterator[Strip]:
    """A row; one that is higher than a page could be goes on in further strips, without a line between."""
    ready = [
        list(_cell(cell, column.width)) for (_, column), cell in zip(_placed(columns), cells, strict=True)
    ]
    most = max(1, *map(len, ready))
    for first in range(0, most, MOST_ROW_LINES):
        marks = []
        for (x, column), lines in zip(_placed(columns), ready, strict=True):
            for index, (line, size, fill) in enumerate(lines[first : first + MOST_ROW_LINES]):
                face = family if song().covers(line) else "Senhui Hei"
                marks.append(Mark(x, 11.5 + index * 10, line, size, face, fill, column.anchor))
        whole = most <= first + MOST_ROW_LINES
        height = 10.0 * min(most - first, MOST_ROW_LINES) + (7.5 if whole else 0)
        yield Strip(height, tuple(marks), (Box(LEFT, height - 0.4, WIDTH, 0.4),) if whole else (), head)


def _cell(text: str, width: float) -> Iterator[tuple[str, float, str]]:
    """A cell's lines: its own words, and what stands behind a line's end small beneath them."""
    own, *notes = text.split("\n")
    yield from ((line, 7.6, INK) for line in broken(own, hei(), 7.6, width))
    for note in notes:
        yield from ((line, 6.5, SOFT) for line in broken(note, hei(), 6.5, width))


def _placed(columns: Sequence[Column]) -> Iterator[tuple[float, Column]]:
    """Each column with the x that its text keeps to."""
    scale = WIDTH / sum(column.width for column in columns)
    x = LEFT
    for column in columns:
        wide = column.width * scale
        edge = x + wide - (GUTTER if x + wide < RIGHT - 1 else 0)
        yield (edge if column.anchor == "end" else x), replace(column, width=wide - GUTTER)
        x += wide
