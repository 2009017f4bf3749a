"""Serials of other registries 来源登记号: read into a series and a range, so that none comes twice. Pure.

Where the form is known, a serial names a run of numbers within a series, and runs that overlap are
refused by the database. Any other text is a series of its own: the same text comes once.
"""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass

from app.registry.rules.units import read_serial

REGISTRY = re.compile(r"[A-Z0-9]{2,12}")
"""The short name of a registry: VERRA, CCER, FFCER, SANMING, or a recognised programme's code."""
MOST_SERIAL = 200
_UNSEEN = ("Cf", "Mn", "Mc", "Me")
_HAN = ("CJK ", "IDEOGRAPHIC NUMBER ZERO")
_IDLE_DASH = re.compile(r"(?<=[0-9])-(?![0-9])|(?<=[A-Z])-(?![A-Z])|(?<=[^A-Z0-9])-(?=[A-Z0-9])")
"""A dash between a letter, a digit and a character of Han parts nothing: 甲001 and 甲-001 are one text."""
_RANGE = r"(?P<first>[0-9]{1,15})-(?P<last>[0-9]{1,15})"
# Source: Verra Registry; examples of both writings in its public exports.
_VERRA = re.compile(
    rf"(?P<batch>[0-9]{{1,6}})-{_RANGE}-(?:VCS-)?VCU-[0-9]+-[A-Z]+-[A-Z]{{2}}-"
    r"(?:[0-9]+-)?(?P<project>[0-9]+)-[0-9]{8}-[0-9]{8}-[01]"
)


class SerialUnclear(ValueError):
    """A serial that contradicts itself or cannot be read; its message is a name in the catalogue."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A run of another registry's numbers: `unit_kg` is what one of them weighs, None where unknown."""

    series: str
    first: int
    last: int
    unit_kg: int | None = None

    @property
    def quantity_kg(self) -> int | None:
        """What the run weighs, where its numbers tell."""
        return None if self.unit_kg is None else (self.last - self.first + 1) * self.unit_kg


def normal_serial(written: str) -> str:
    """A serial as it is kept and compared: upper case, ASCII digits, one dash for whatever parts its words.

    What cannot be seen is dropped. Raises `SerialUnclear` for letters that look like others.
    """
    if len(written) > MOST_SERIAL:
        raise SerialUnclear("registry.serial_empty")
    wide = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", written).upper())
    return "-".join("".join(map(_plain, wide)).split())


def _plain(character: str) -> str:
    """One character of a serial; nothing for a mark or a format character, a space for what parts words."""
    digit = unicodedata.decimal(character, None)
    if digit is not None:
        return str(digit)
    if unicodedata.category(character) in _UNSEEN:
        return ""
    if not character.isalnum():
        return " "
    if not character.isascii() and not unicodedata.name(character, "").startswith(_HAN):
        raise SerialUnclear("registry.serial_letters")
    return character


def read_origin_serial(registry: str, serial: str) -> Claim:
    """The run that a normal serial names in its registry. Raises `SerialUnclear`.

    Where the form is known, what is written otherwise is no serial: as a text it would be there twice.
    """
    if not 0 < len(serial) <= MOST_SERIAL:
        raise SerialUnclear("registry.serial_empty")
    if registry in _FORMS:
        return _FORMS[registry](serial)
    if serial.startswith("SH-"):
        return _read_ours(serial)
    return Claim(f"={_IDLE_DASH.sub('', serial)}", 1, 1)


def _read_ours(serial: str) -> Claim:
    ours = read_serial(serial)
    if ours is None:
        raise SerialUnclear("registry.serial_form")
    return Claim(f"{ours.region}-{ours.project}-{ours.vintage}", ours.first, ours.last, 1)


def _read_verra(serial: str) -> Claim:
    verra = _VERRA.fullmatch(serial)
    if verra is None:
        raise SerialUnclear("registry.serial_form")
    first, last = int(verra["first"]), int(verra["last"])
    if not 1 <= first <= last:
        raise SerialUnclear("registry.serial_backwards")
    return Claim(f"VCU-{int(verra['project'])}", first, last, 1000)


_FORMS: dict[str, Callable[[str], Claim]] = {"VERRA": _read_verra}
