"""From a document to its pages as SVG: the one source of what is shown, printed and sent as a picture."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from app.kit.clock import SHANGHAI
from app.web.documents.a4 import draw_face
from app.web.documents.card import draw_card
from app.web.documents.kinds import KINDS
from app.web.documents.poster import draw_poster
from app.web.documents.sheets import Card, Document, Drawn, Face, Poster
from app.web.documents.typeface import GETA, printable
from app.web.documents.words import Pair, Words, said
from app.web.words import grouped

MOST_NAMED = 12


def draw(document: Document) -> Drawn:
    """All pages of a document. What people wrote is made printable once, before anything is set."""
    facts, lacking = _printable(document.facts)
    issued_at = document.issued_at.astimezone(SHANGHAI)
    document = replace(document, facts=facts, issued_at=issued_at)
    words = Words(document.language)
    drawing = KINDS[document.kind](document, words)
    if document.replaced_by:
        drawing = replace(drawing, notes=(_replaced(document.replaced_by), *drawing.notes))
    if lacking:
        names = "、".join(f"U+{ord(letter):04X}" for letter in sorted(lacking)[:MOST_NAMED])
        note = said("documents.lacking", geta=GETA, names=names)
        drawing = replace(drawing, notes=(*drawing.notes, note))
    set_as: dict[type, Any] = {Card: draw_card, Face: draw_face, Poster: draw_poster}
    drawn: Drawn = set_as[type(drawing)](document, words, drawing)
    return drawn


def _replaced(number: str) -> Pair:
    return said("documents.replaced_by", number=grouped(number))


def _printable(value: Any) -> tuple[Any, frozenset[str]]:
    """Facts whose every text can be set, and the characters that could not."""
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, Mapping):
        pairs = {key: _printable(inner) for key, inner in value.items()}
        return {key: inner for key, (inner, _) in pairs.items()}, _union(pairs.values())
    if isinstance(value, list | tuple):
        each = [_printable(inner) for inner in value]
        return [inner for inner, _ in each], _union(each)
    return value, frozenset()


def _union(found: Iterable[tuple[Any, frozenset[str]]]) -> frozenset[str]:
    return frozenset().union(*(lacking for _, lacking in found))
