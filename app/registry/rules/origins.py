"""Serials of other registries 来源登记号: read into a series and a range, so that none comes twice. Pure.

Where the form is known, a serial names a run of numbers within a series, and runs that overlap are
refused by the database. Any other text is a series of its own: the same text comes once.
"""

import re
import unicodedata
from dataclasses import dataclass

from app.registry.rules.units import read_serial

REGISTRY = re.compile(r"[A-Z0-9]{2,12}")
"""The short name of a registry: VERRA, CCER, FFCER, SANMING, or a recognised programme's code."""
MOST_SERIAL = 200
_DASHES = str.maketrans(dict.fromkeys("‐‑‒–—―−﹣－～", "-"))
_RANGE = r"(?P<first>[0-9]{1,15})-(?P<last>[0-9]{1,15})"
# Source: Verra Registry; examples of both writings in its public exports.
_VERRA = re.compile(
    rf"(?P<batch>[0-9]{{1,6}})-{_RANGE}-(?:VCS-)?VCU-[0-9]+-[A-Z]+-[A-Z]{{2}}-"
    r"(?:[0-9]+-)?(?P<project>[0-9]+)-[0-9]{8}-[0-9]{8}-[01]"
)


class SerialUnclear(ValueError):
    """A serial that contradicts itself; its message is a name in the catalogue."""


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
    """A serial as it is kept and compared: one width, upper case, plain dashes, no space."""
    plain = "".join(unicodedata.normalize("NFKC", written).translate(_DASHES).upper().split())
    return plain if plain == written else normal_serial(plain)


def read_origin_serial(registry: str, serial: str) -> Claim:
    """The run that a normal serial names in its registry. Raises `SerialUnclear`."""
    ours = read_serial(serial) if serial.startswith("SH-") else None
    if ours is not None:
        return Claim(f"{ours.region}-{ours.project}-{ours.vintage}", ours.first, ours.last, 1)
    verra = _VERRA.fullmatch(serial) if registry == "VERRA" else None
    if verra is not None:
        first, last = int(verra["first"]), int(verra["last"])
        if not 1 <= first <= last:
            raise SerialUnclear("registry.serial_backwards")
        return Claim(f"VCU-{int(verra['project'])}", first, last, 1000)
    if not serial or len(serial) > MOST_SERIAL:
        raise SerialUnclear("registry.serial_empty")
    return Claim(f"={serial}", 1, 1)
