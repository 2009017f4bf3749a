"""The words of a document: whose language stands first, and how values are written. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any, NamedTuple

from markupsafe import Markup, escape

from app.kit.clock import SHANGHAI
from app.kit.messages import exists, t
from app.web.words import GAP, mass, plain, yuan
from app.web.words import unit as in_print


class Pair(NamedTuple):
    """The same in both languages."""

    zh: str
    en: str


NOTHING = Pair("", "")


def said(name: str, /, **params: object) -> Pair:
    """A message of ours in both languages; a pair among its parameters stands in each in its own words."""
    return Pair(*(_in(name, lang, params) for lang in ("zh", "en")))


def _in(name: str, lang: str, params: Mapping[str, object]) -> str:
    chosen = {
        key: getattr(value, lang) if isinstance(value, Pair) else value for key, value in params.items()
    }
    return t(name, lang, **chosen)


def known(group: str, value: object, room: str = "documents") -> Pair:
    """A message that a value chooses, or the value itself where there is no word for it."""
    name = f"{room}.{group}_{value}"
    return said(name) if exists(name) else Pair(str(value), str(value))


def read(text: Any) -> Pair:
    """What stands in facts as one text or in both languages."""
    if isinstance(text, Mapping):
        zh, en = str(text.get("zh") or ""), str(text.get("en") or "")
        return Pair(zh or en, en or zh)
    return Pair(str(text), str(text)) if text is not None else NOTHING


@dataclass(frozen=True)
class Words:
    """The language that stands first."""

    lang: str

    def first(self, pair: Pair) -> str:
        """The words that are read."""
        return pair.en if self.lang == "en" else pair.zh

    def second(self, pair: Pair) -> str:
        """The same in the other language, small beside them; nothing when it is the same."""
        other = pair.zh if self.lang == "en" else pair.en
        return "" if other == self.first(pair) else other

    def of(self, text: Any) -> str:
        """A text of the facts; nothing for nothing."""
        return self.first(read(text))

    def say(self, name: str, /, **params: object) -> str:
        """A message of ours."""
        return self.first(said(name, **params))


def beside(*texts: str) -> str:
    """What there is of `texts`, on one line."""
    return "　".join(filter(None, texts))


def under(*texts: str) -> str:
    """What there is of `texts`, one under the other."""
    return "\n".join(filter(None, texts))


def figure(grams: int) -> tuple[str, str]:
    """A mass as a large figure and its unit."""
    number, unit = mass(grams)
    return number, f"{unit}{GAP}CO₂e"


def weight(grams: Any) -> str:
    """A mass in a line of text; nothing for nothing."""
    return "" if grams is None else GAP.join(figure(int(grams)))


def kilograms(quantity_kg: Any) -> str:
    """Units, a kilogram each, as a mass in a line of text; nothing for nothing."""
    return "" if quantity_kg is None else weight(int(quantity_kg) * 1000)


def per(unit: str) -> str:
    """A unit as it is set in print: our typefaces have no dot of half a width, so a space multiplies."""
    return in_print(unit).replace("·", GAP)


def money(fen: Any) -> str:
    """Yuan; nothing for nothing."""
    return "" if fen is None else yuan(int(fen))


def number(text: Any) -> str:
    """A decimal of the facts with its digits grouped; what is no number stays as it is."""
    try:
        value = Decimal(str(text))
    except InvalidOperation:
        return str(text)
    return plain(value) if value.is_finite() else str(text)


def day(text: Any) -> str:
    """The day in Shanghai of a day or an instant as facts write it; nothing for nothing."""
    written = str(text or "")
    return written if "T" not in written else f"{_instant(written):%Y-%m-%d}"


def second(text: Any) -> str:
    """An instant of the facts to the second in Shanghai; a day stays a day; nothing for nothing."""
    written = str(text or "")
    return written if "T" not in written else f"{_instant(written):%Y-%m-%d %H:%M:%S} UTC+8"


def _instant(written: str) -> datetime:
    return datetime.fromisoformat(written).astimezone(SHANGHAI)


_LOWERED = Markup('<tspan font-size="68%" dy="0.2em">2</tspan><tspan dy="-0.136em">{}</tspan>')


def ink(text: str) -> Markup:
    """`text` for SVG: escaped, and the 2 of CO₂ set low, since no font here has that sign."""
    first, *more = text.replace("CO2", "CO₂").split("₂")
    return escape(first) + Markup("").join(map(_LOWERED.format, more))
