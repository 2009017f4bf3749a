"""The two typefaces of our documents: what each can set, and how long a line becomes. Pure.

What people wrote may hold any character; what is printed may not. `printable` is where the two meet:
composed, freed of what has no shape, and with the geta mark 〓 for a character that our widest
typeface lacks, as Chinese printers set it for a sort they had not cast. Nothing is ever printed as .notdef.
"""

import json
import re
import unicodedata
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

FONTS = Path(__file__).parent / "fonts"
GETA = "〓"
_APOSTROPHE = re.compile("(?<=[A-Za-z])’(?=[A-Za-z])")
"""Our typefaces set ’ as wide as a Chinese character, which tears a Latin word apart."""
_CLOSING = "，。、；：！？）》」』〉】”’…·％%)]}"
_OPENING = "（《「『〈【“‘([{"


@dataclass(frozen=True)
class Typeface:
    """One typeface: the ranges it covers, and the widths that are not a full square."""

    family: str
    covered: tuple[tuple[int, int], ...]
    advance: dict[str, int]

    def covers(self, text: str) -> bool:
        """Whether it has a glyph for every character of `text`."""
        return all(self._has(ord(letter)) for letter in text)

    def width(self, text: str, size: float) -> float:
        """How wide `text` is when set in `size`."""
        return sum([self.advance.get(letter, 1000) for letter in text]) * size / 1000

    def _has(self, code: int) -> bool:
        at = bisect_right(self.covered, (code, 0x110000)) - 1
        return at >= 0 and self.covered[at][0] <= code <= self.covered[at][1]


@cache
def _metrics() -> dict[str, Any]:
    known: dict[str, Any] = json.loads((FONTS / "metrics.json").read_text())
    return known


def _typeface(family: str) -> Typeface:
    known = _metrics()[family]
    return Typeface(
        family,
        tuple((first, last) for first, last in known["covers"]),
        {chr(int(code)): width for code, width in known["advance"].items()},
    )


@cache
def hei() -> Typeface:
    """黑体, for what people wrote and for figures: every hanzi of GB 18030-2022 and more."""
    return _typeface("Senhui Hei")


@cache
def song() -> Typeface:
    """宋体, bold, for titles, large figures and names that it covers."""
    return _typeface("Senhui Song")


def face_for(text: str) -> Typeface:
    """Song where it can set the whole of `text`, so that no name is set in two faces."""
    return song() if song().covers(text) else hei()


def printable(text: str) -> tuple[str, frozenset[str]]:
    """`text` as our widest typeface can set it, and the characters that 〓 stands for."""
    lacking: set[str] = set()
    composed = _APOSTROPHE.sub("'", unicodedata.normalize("NFC", text))
    if composed.isascii() and composed.isprintable():
        return composed.strip(), frozenset()
    return "".join(_set(letter, lacking) for letter in composed).strip(), frozenset(lacking)


def _set(letter: str, lacking: set[str]) -> str:
    kind = unicodedata.category(letter)
    if kind in ("Zl", "Zp") or letter in "\t\n\r\v\f":
        return " "
    if kind in ("Cc", "Cf") or "\ufe00" <= letter <= "\ufe0f" or "\U000e0100" <= letter <= "\U000e01ef":
        return ""
    if hei().covers(letter):
        return letter
    plainer = unicodedata.normalize("NFKC", letter)
    if hei().covers(plainer):
        return plainer
    lacking.add(letter)
    return GETA


def broken(text: str, face: Typeface, size: float, width: float) -> list[str]:
    """`text` in lines no wider than `width`: no line begins with closing or ends with opening marks."""
    found: list[str] = []
    line, wide = "", 0.0
    for part in _parts(text):
        if line and wide + face.width(part.rstrip(), size) > width:
            found.append(line.rstrip())
            part, line, wide = part.lstrip(), "", 0.0
        line += part
        wide += face.width(part, size)
        while wide > width and len(bare := line.rstrip()) > 1 and face.width(bare, size) > width:
            kept = _longest(line, face, size, width)
            found.append(line[:kept].rstrip())
            line = line[kept:]
            wide = face.width(line, size)
    return [*found, line.rstrip()] if line.strip() else found


def balanced(text: str, face: Typeface, size: float, width: float) -> list[str]:
    """`text` in as few lines as fit, and these as even as they can be."""
    found = broken(text, face, size, width)
    low, high = width / 2, width
    for _ in range(7):
        middle = (low + high) / 2
        tried = broken(text, face, size, middle)
        if len(tried) > len(found):
            low = middle
        else:
            found, high = tried, middle
    return found


def _longest(line: str, face: Typeface, size: float, width: float) -> int:
    """How many letters of a word that is wider than the line stand on it: at least one."""
    for length in range(len(line) - 1, 1, -1):
        if face.width(line[:length], size) <= width:
            return length
    return 1


def _parts(text: str) -> list[str]:
    """What may not be parted: a Chinese character with its marks, a word with the space behind it."""
    parts: list[str] = []
    in_word = False
    for letter in text:
        wide = unicodedata.east_asian_width(letter) in "WF"
        held = bool(parts) and (letter in _CLOSING or parts[-1][-1] in _OPENING)
        if held or (in_word and not wide):
            parts[-1] += letter
        else:
            parts.append(letter)
        in_word = not wide and letter not in " -/"
    return parts


def fitted(text: str, sizes: Sequence[float], width: float, most: int) -> tuple[float, list[str]]:
    """The largest of `sizes` in which `text` takes at most `most` lines; else it is cut in the smallest."""
    face = face_for(text)
    for size in sizes:
        found = broken(text, face, size, width)
        if len(found) <= most:
            return size, found
    last = found[most - 1]
    while last and face.width(last + "…", sizes[-1]) > width:
        last = last[:-1]
    return sizes[-1], [*found[: most - 1], last + "…"]
