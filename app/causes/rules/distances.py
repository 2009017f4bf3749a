"""How far two cities are apart where nobody told it: great circle times detour, never official. Pure."""

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from math import asin, ceil, cos, radians, sin, sqrt

EARTH_KM = 6371.0088
"""The mean radius of the earth. Source: IUGG, as in Moritz 2000, Geodetic Reference System 1980."""

_DISTRICT_ENDS = ("区", "县", "市", "旗")
_NO_CITY_BEGINS = ("区", "县", "镇", "乡", "街", "路", "村", "省", "自治")


@dataclass(frozen=True, slots=True)
class City:
    """A city with its code (GB/T 2260), names and place."""

    code: str
    name_zh: str
    short_zh: str
    name_en: str
    province_zh: str
    latitude: float
    longitude: float


class Cities:
    """The cities that are known, found by how people write them."""

    def __init__(self, cities: Iterable[City]) -> None:
        self.by_code = {city.code: city for city in cities}
        known = self.by_code.values()
        self._names = {city.name_zh: city for city in known}
        self._short = {city.short_zh: city for city in known}
        english: dict[str, list[City]] = {}
        for city in known:
            english.setdefault(city.name_en.casefold(), []).append(city)
        # Fuzhou is two cities: an English name that is not one city's alone names none.
        self._english = {name: found[0] for name, found in english.items() if len(found) == 1}
        whole = {city.province_zh for city in known}
        self._provinces = sorted(whole | {_short_province(name) for name in whole}, key=len, reverse=True)

    def find(self, written: str) -> City | None:
        """The city that `written` names, with its province before or a district after it; None if unsure."""
        text = "".join(unicodedata.normalize("NFKC", written).split())
        named = self.by_code.get(text) or self._english.get(" ".join(written.split()).casefold())
        if named is not None:
            return named
        return self._after_province(text) or self._within(text)

    def _after_province(self, text: str) -> City | None:
        for province in self._provinces:
            if text.startswith(province) and len(text) > len(province):
                found = self._within(text[len(province) :])
                return found if found and _short_province(found.province_zh) in province else None
        return None

    def _within(self, text: str) -> City | None:
        """The city whose name `text` is or begins with, the longest first."""
        for length in range(len(text), 1, -1):
            begin, rest = text[:length], text[length:]
            if begin in self._names:
                return self._names[begin]
            if begin in self._short and (not rest or _is_district(rest)):
                return self._short[begin]
        return None


def _is_district(rest: str) -> bool:
    return len(rest) > 1 and rest.endswith(_DISTRICT_ENDS) and not rest.startswith(_NO_CITY_BEGINS)


def _short_province(name: str) -> str:
    for end in ("特别行政区", "壮族自治区", "回族自治区", "维吾尔自治区", "自治区", "省", "市"):
        if name.endswith(end):
            return name.removesuffix(end)
    return name


def great_circle_km(begin: City, end: City) -> float:
    """The way of the crow, by the haversine formula."""
    north, south = radians(begin.latitude), radians(end.latitude)
    across = radians(end.longitude - begin.longitude)
    chord = sin((south - north) / 2) ** 2 + cos(north) * cos(south) * sin(across / 2) ** 2
    return 2 * EARTH_KM * asin(sqrt(chord))


def way_km(begin: City, end: City, detour: Decimal) -> int:
    """The way in whole kilometres, a begun one counts; 0 within one city, of which nothing is known."""
    return ceil(round(great_circle_km(begin, end) * float(detour), 6))


@dataclass(frozen=True)
class Detour:
    """How much longer a way is than the great circle, and how one knows."""

    key: str
    value: Decimal
    tier: str
    verified: bool
    source: Mapping[str, str]
    url: str
