"""When a new version of a factor, a methodology or a pack takes effect. Pure.

What nothing was computed with yet may count at once. Whatever replaces something that results exist
by is announced first: it counts from a later business day than the one it was loaded on.
"""

import re
from collections.abc import Iterable
from datetime import date, timedelta
from typing import Protocol, TypeVar

TIERS = ("A", "B", "C", "D", "E", "calc")
"""How a factor was found, the best first; `calc` is computed from others."""
_YEAR = re.compile(r"(?P<series>.+)\.(?P<year>(?:19|20)\d\d)")


class ChangeRefused(ValueError):
    """A change that would take effect before it was announced; the text says which."""


class Dated(Protocol):
    """Something that counts from a business day on; None: since it was loaded."""

    @property
    def effective_from(self) -> date | None:
        """The first business day it counts."""


Version = TypeVar("Version", bound=Dated)


def effective_day(name: str, asked: date | None, today: date, replaces_results: bool) -> date | None:
    """The first business day of a change; None when it counts at once. Raises `ChangeRefused`.

    A change that replaces what results exist by counts from tomorrow at the earliest, and from
    tomorrow where nobody asked for a day.
    """
    if not replaces_results:
        return asked
    if asked is None:
        return today + timedelta(days=1)
    if asked <= today:
        raise ChangeRefused(
            f"{name}: results exist by what it replaces, so it cannot take effect on {asked};"
            f" announce it for {today + timedelta(days=1)} or later"
        )
    return asked


def in_force(version: Dated, day: date) -> bool:
    """Whether a version counts on a business day."""
    return version.effective_from is None or version.effective_from <= day


def current(versions: Iterable[Version], day: date) -> Version | None:
    """The last of `versions` that counts on a business day; the later loaded one stands later."""
    found = None
    for version in versions:
        if in_force(version, day):
            found = version
    return found


def series_of(key: str) -> str | None:
    """The series that a factor of one year belongs to: elec.grid.fj of elec.grid.fj.2023; None without."""
    found = _YEAR.fullmatch(key)
    return found["series"] if found else None
