"""What documents are made of: what is to be drawn, what a face and a card say, and the pages drawn. Pure."""

import html
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from app.web.documents.strips import Strip
from app.web.documents.words import NOTHING, Pair, said

A4 = (595.28, 841.89)
A5_ACROSS = (595.28, 419.53)
PHONE = (360.0, 640.0)


@dataclass(frozen=True)
class Enclosure:
    """A file that a PDF carries, such as what strangers check it with."""

    name: str
    content: str
    media_type: str = "application/json"


@dataclass(frozen=True)
class Document:
    """What is to be drawn: a kind, its facts, and how anyone may check it.

    `facts` are plain values, as an attestation keeps them. `url` is its public page, `qr` what its QR
    code says; without `qr` it leads to `url`.
    """

    kind: str
    number: str
    facts: Mapping[str, Any]
    url: str
    issued_at: datetime
    language: str = "zh"
    qr: str = ""
    revoked_at: datetime | None = None
    replaced_by: str | None = None
    enclosures: Sequence[Enclosure] = ()


@dataclass(frozen=True)
class Row:
    """A fact, what it is called, and what is said of it in small print; without a value it is left out."""

    label: Pair
    value: str
    note: str = ""


@dataclass(frozen=True)
class Face:
    """The first page of a document, and the lists behind it.

    `subject` is whom or what it is about, set large; `figure` the quantity; `statement` the sentence
    that the document exists for.
    """

    title: Pair
    figure: tuple[str, str]
    statement: Pair
    rows: Sequence[Row]
    subject: str = ""
    subject_label: Pair = NOTHING
    figure_label: Pair = NOTHING
    number_label: Pair = field(default_factory=lambda: said("documents.number"))
    notes: Sequence[Pair] = ()
    strips: Sequence[Strip] = ()


@dataclass(frozen=True)
class Card:
    """A card to give: few words, much paper."""

    title: Pair
    figure: tuple[str, str]
    dear: str
    message: str
    signed: str
    origin: Pair
    code: str
    code_label: Pair
    drawing: str = ""
    notes: Sequence[Pair] = ()


@dataclass(frozen=True)
class Medal:
    """A small drawing of 96 by 96 and what it is called."""

    name: Pair
    drawing: str


@dataclass(frozen=True)
class Poster:
    """A picture as high as a phone, to show: one figure amid twelve months, and few words.

    `months` are what each weighs. `counts` stand side by side; `claims` each for itself, none added.
    """

    title: Pair
    figure: tuple[str, str]
    figure_label: Pair
    months: Sequence[int]
    medal: Medal
    counts: Sequence[tuple[str, Pair]]
    claims: Sequence[Row]
    medals: Sequence[Medal]
    medals_label: Pair
    scan: Pair
    notes: Sequence[Pair] = ()


@dataclass(frozen=True)
class Page:
    """One page as SVG, and where on it a link leads to the public page (x, y, width, height)."""

    svg: str
    link: tuple[float, float, float, float] | None = None

    @property
    def text(self) -> str:
        """What stands on it, line by line: for those who hear it read, and for search."""
        lines = re.findall(r"<text[^>]*>(.*?)</text>", self.svg)
        return "\n".join(html.unescape(re.sub(r"<[^>]+>", "", line)) for line in lines)


@dataclass(frozen=True)
class Drawn:
    """A document's pages; their size in points, and what the file is called."""

    title: str
    pages: tuple[Page, ...]
    size: tuple[float, float] = A4


@dataclass(frozen=True)
class Stamp:
    """Large words across every page."""

    text: str
    fill: str
    opacity: float
