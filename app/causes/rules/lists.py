"""Reading a list that somebody's spreadsheet wrote: bytes to rows of text, or why not. Pure.

Nothing is guessed: a file whose encoding, form or head is in doubt is refused by name, a row that is in
doubt becomes a fault with its line. Whatever could act as a formula in a spreadsheet is never kept.
"""

import csv
import io
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

MOST_BYTES = 4 * 1024 * 1024
MOST_ROWS = 20_000
MOST_COLUMNS = 60
LONGEST_CELL = 200
DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab"}
_FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠")
"""What makes a spreadsheet compute a cell, and its full-width forms. Source: OWASP, CSV injection."""
_SIGNED = re.compile(r"[+-]?[0-9][0-9,]*(\.[0-9]+)?")
_SEP = re.compile(r'[\r\n]*"?sep=([,;\t])"? *(?:\r|\n|$)', re.IGNORECASE)
_OTHER_FILES = (
    (b"PK\x03\x04", "Excel (xlsx), zip"),
    (b"\xd0\xcf\x11\xe0", "Excel (xls)"),
    (b"%PDF", "PDF"),
    (b"\x89PNG", "PNG"),
    (b"\xff\xd8\xff", "JPEG"),
    (b"GIF8", "GIF"),
    (b"\x1f\x8b", "gzip"),
    (b"{\\rtf", "RTF"),
    (b"Rar!", "rar"),
    (b"7z\xbc\xaf", "7z"),
)
_MARKUP = (b"<!doctype", b"<html", b"<table", b"<?xml", b"<meta", b"mime-version:")
_BLANK = ("", "-", "－", "—", "/", "无")


class ListRefused(Exception):
    """A file that is not read at all; `reason` names why, `params` fill in its sentence."""

    def __init__(self, reason: str, **params: object) -> None:
        super().__init__(reason, params)
        self.reason = reason
        self.params = params


@dataclass(frozen=True, slots=True)
class RowFault:
    """What is wrong with a line: in which column, if in one; the cell's own text is not repeated."""

    line: int
    reason: str
    column: str | None = None
    params: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Row:
    """One line's cells by the column's key; `line` is where it begins in the file."""

    line: int
    cells: Mapping[str, str]


@dataclass(frozen=True)
class Listed:
    """A file as it was read: its form, what its columns are, its rows, and lines that were in doubt."""

    encoding: str
    delimiter: str
    columns: tuple[str, ...]
    unused: tuple[str, ...]
    rows: tuple[Row, ...]
    faults: tuple[RowFault, ...]
    formulas: int


@dataclass(frozen=True)
class Head:
    """The words by which a column is known, and the one that a file must have."""

    words: Mapping[str, str]
    required: str

    def key(self, written: str) -> str | None:
        """Which column a head's cell names; None for any other."""
        return self.words.get(plain(written))


def plain(written: str) -> str:
    """A word as it is compared: one width, one case, no spaces around, inner ones single."""
    return " ".join(unicodedata.normalize("NFKC", written).casefold().split())


def is_formula(cell: str) -> bool:
    """Whether a spreadsheet would compute this cell; a signed number is none."""
    text = cell.strip()
    return text.startswith(_FORMULA) and not _SIGNED.fullmatch(unicodedata.normalize("NFKC", text))


def is_blank(cell: str) -> bool:
    """Whether a cell says nothing, in any of the ways in which people write that."""
    return cell.strip() in _BLANK


def read_list(content: bytes, head: Head) -> Listed:
    """The rows of a file. Raises `ListRefused`."""
    text, encoding = _decoded(content)
    delimiter, has_sep = _form(text, head)
    lines = _lines(text, delimiter)
    if has_sep:
        next(lines, None)
    _, first = next(lines, (1, []))
    places = _places(first, head)
    rows: list[Row] = []
    faults: list[RowFault] = []
    formulas = 0
    for line, cells in lines:
        if all(is_blank(cell) for cell in cells):
            continue
        if len(rows) + len(faults) >= MOST_ROWS:
            raise ListRefused("list_rows", most=MOST_ROWS)
        formulas += sum(is_formula(cell) and not is_blank(cell) for cell in cells)
        fault = _row_fault(line, cells, len(first))
        if fault is None:
            rows.append(Row(line, {key: _cell(cells, place) for key, place in places.items()}))
        else:
            faults.append(fault)
    if not rows and not faults:
        raise ListRefused("list_empty")
    unused = tuple(cell.strip()[:40] for cell in first if cell.strip() and head.key(cell) is None)
    return Listed(encoding, delimiter, tuple(places), unused, tuple(rows), tuple(faults), formulas)


def _decoded(content: bytes) -> tuple[str, str]:
    if not content.strip():
        raise ListRefused("list_empty")
    if len(content) > MOST_BYTES:
        raise ListRefused("list_bytes", most=MOST_BYTES // 1024 // 1024)
    for magic, kind in _OTHER_FILES:
        if content.startswith(magic):
            raise ListRefused("list_other_file", kind=kind)
    begin = content[:512].removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if begin.startswith(_MARKUP):
        raise ListRefused("list_other_file", kind="HTML, XML")
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise ListRefused("list_encoding")
    if b"\0" in content:
        raise ListRefused("list_nul")
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if encoding == "utf-8-sig":
            return text, "UTF-8 BOM" if content.startswith(b"\xef\xbb\xbf") else "UTF-8"
        # GB18030 gives a meaning to almost every pair of bytes; what nobody writes betrays another encoding.
        if not any(unicodedata.category(each) in ("Co", "Cn", "Cs") for each in text):
            return text, "GB18030"
    raise ListRefused("list_encoding")


def _form(text: str, head: Head) -> tuple[str, bool]:
    """The delimiter, and whether the first line is a spreadsheet's own `sep=` line, which tells it.

    Elsewhere it is the one by which most columns of the head are known.
    """
    told = _SEP.match(text)
    if told:
        return told[1], True
    line = next(iter(text[:10_000].lstrip("\r\n").splitlines()), "")
    known = {
        each: sum(head.key(cell.strip('"')) is not None for cell in line.split(each)) for each in DELIMITERS
    }
    return max(known, key=lambda each: known[each]), False


def _lines(text: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Each record with the line it begins on. Raises `ListRefused` where quotes do not close."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    line = 1
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise ListRefused("list_quoting", line=line) from error
        if any(not is_blank(cell) for cell in cells):
            yield line, cells
        line = reader.line_num + 1


def _places(first: Sequence[str], head: Head) -> dict[str, int]:
    """Where each known column stands. Raises `ListRefused`."""
    if len(first) > MOST_COLUMNS:
        raise ListRefused("list_columns", most=MOST_COLUMNS)
    keys = [head.key(cell) for cell in first]
    twice = [key for key, times in Counter(keys).items() if key is not None and times > 1]
    if twice:
        raise ListRefused("list_column_twice", column=twice[0])
    places = {key: place for place, key in enumerate(keys) if key is not None}
    if head.required not in places:
        raise ListRefused("list_head", column=head.required)
    return places


def _row_fault(line: int, cells: Sequence[str], columns: int) -> RowFault | None:
    if any(not is_blank(cell) for cell in cells[columns:]):
        return RowFault(line, "row_cells", params={"columns": columns})
    if any(len(cell) > LONGEST_CELL for cell in cells):
        return RowFault(line, "row_long", params={"most": LONGEST_CELL})
    if any(_is_control(each) for cell in cells for each in cell):
        return RowFault(line, "row_control")
    return None


def _is_control(character: str) -> bool:
    return unicodedata.category(character) in ("Cc", "Cs") and character not in "\t\r\n"


def _cell(cells: Sequence[str], place: int) -> str:
    return cells[place].strip() if place < len(cells) and not is_blank(cells[place]) else ""
