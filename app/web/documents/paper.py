"""What every sheet needs: the templates, the names of the typefaces, the QR code, the stamp."""

from functools import cache
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from app.kit.qr import qr_svg
from app.web.documents.sheets import Document, Stamp
from app.web.documents.words import Words, ink

FAMILIES = {
    "hei": "'Senhui Hei','Noto Sans CJK SC','Source Han Sans SC','PingFang SC','Microsoft YaHei',"
    "'WenQuanYi Micro Hei',sans-serif",
    "song": "'Senhui Song','Noto Serif CJK SC','Source Han Serif SC','Songti SC',STSong,SimSun,serif",
}
"""Ours first; a browser that shows the SVG takes what it has."""
_SHAPES = {"path", "circle", "ellipse", "rect"}
_PLACES = {"d", "cx", "cy", "r", "rx", "ry", "x", "y", "width", "height"}
_SHAPED_BY = {*_PLACES, "fill", "stroke", "stroke-width", "stroke-linecap", "opacity"}


@cache
def template(name: str) -> Any:
    """Drawn without Flask: a document looks the same from a page, a job or the command line."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["ink"] = ink
    return environment.get_template(name)


def qr_of(document: Document) -> Markup:
    """A document's QR code as SVG."""
    return Markup(qr_svg(document.qr or document.url).decode())  # noqa: S704  our own drawing


def stamp_of(document: Document, words: Words) -> Stamp | None:
    """What stands across every page: that it is revoked, or a sample."""
    if document.revoked_at is not None:
        return Stamp(words.say("documents.revoked"), "#9c2f22", 0.34)
    if document.facts.get("sample"):
        return Stamp(words.say("documents.sample"), "#66736c", 0.15)
    return None


def shapes_of(drawing: str) -> Markup:
    """The plain shapes of a drawing of 96 by 96; whatever else stands in it is left out."""
    try:
        found = ElementTree.fromstring(f"<g>{drawing}</g>")  # noqa: S314  it can declare nothing inside an element
    except ElementTree.ParseError:
        return Markup("")
    shapes = (
        Markup("<{} {}/>").format(
            Markup(each.tag),  # noqa: S704  one of our own words
            Markup(" ").join(
                Markup('{}="{}"').format(name, value) for name, value in each.items() if name in _SHAPED_BY
            ),
        )
        for each in found
        if each.tag in _SHAPES
    )
    return Markup("").join(shapes)
