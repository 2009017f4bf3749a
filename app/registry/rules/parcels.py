"""How outlines of parcels 地块 are read from GeoJSON (RFC 7946), what is wrong with them and where. Pure.

Positions are longitude and latitude in degrees of WGS 84 or CGCS2000; the two differ by centimetres
(CGCS2000 is the frame of China's surveying law). Maps for the public in China are shifted by hundreds
of metres (GCJ-02, BD-09): what says that it is, is refused, because the shift cannot be seen in it.
"""

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

Position = tuple[float, float]
Rings = tuple[tuple[Position, ...], ...]

PLACES = 7
"""Decimals of a degree that are kept: 1e-7 is 1.1 cm, finer than any survey of a forest."""
MOST_PARCELS = 200
MOST_POINTS = 2_000
"""Of one parcel, over all its rings. A sub-compartment 小班 has some dozens."""
MOST_RINGS = 50
MOST_ASKED_PARCELS = 20
MOST_ASKED_POINTS = 2_000
"""What anyone may ask about at once, all together: what outlines share grows with their points squared."""
MOST_FAULTS = 20
_LONGEST_NAME = 60


class Box(NamedTuple):
    """Degrees: west, south, east, north."""

    west: float
    south: float
    east: float
    north: float

    def holds(self, position: Position) -> bool:
        """Whether the position lies in it."""
        return self.west <= position[0] <= self.east and self.south <= position[1] <= self.north


CHINA = Box(73.4, 3.4, 135.1, 53.6)
COUNTIES: Mapping[str, Box] = {"350721": Box(117.49, 26.64, 118.24, 27.21)}
"""Where a county's parcels can lie; a county that is not here is bounded by China alone.

Source: Shunchang County Annals: 117°29′–118°14′ E, 26°38′–27°12′ N."""


class ParcelFault(ValueError):
    """What is wrong with an outline: `registry.parcel_<word>` says it, `pointer` says where."""

    def __init__(self, word: str, pointer: str, **params: object) -> None:
        super().__init__(word, pointer)
        self.word = word
        self.pointer = pointer
        self.params = params


@dataclass(frozen=True, slots=True)
class Outline:
    """A parcel as it was handed in; the first ring is its border, the others are holes in it."""

    name: str
    declared_area_m2: int | None
    rings: Rings
    pointer: str
    place: str
    """JSON pointers to the feature, and to its coordinates."""


def read_parcels(document: Any, region: str | None) -> tuple[list[Outline], list[ParcelFault]]:
    """The parcels of a GeoJSON document, and a fault for each that cannot be read.

    Takes a FeatureCollection of polygons, one Feature, or a bare Polygon.
    """
    try:
        features = _features(document)
        _require_datum(document.get("crs"), "#/crs")
    except ParcelFault as fault:
        return [], [fault]
    found: list[Outline] = []
    faults: list[ParcelFault] = []
    for number, (feature, pointer, inner) in enumerate(features, 1):
        try:
            found.append(_outline(feature, pointer, inner, number, region))
        except ParcelFault as fault:
            faults.append(fault)
    return found, faults[:MOST_FAULTS]


def _features(document: Any) -> list[tuple[Any, str, str]]:
    """Each feature with the pointers to it and to its geometry."""
    kind = document.get("type") if isinstance(document, dict) else None
    if kind == "Polygon":
        return [({"type": "Feature", "properties": {}, "geometry": document}, "#", "#")]
    if kind == "Feature":
        return [(document, "#", "#/geometry")]
    if kind != "FeatureCollection":
        raise ParcelFault("type", "#/type", found=_told(kind))
    features = document.get("features")
    if not isinstance(features, list) or not features:
        raise ParcelFault("no_features", "#/features")
    if len(features) > MOST_PARCELS:
        raise ParcelFault("too_many", "#/features", count=len(features), most=MOST_PARCELS)
    pointers = [f"#/features/{index}" for index in range(len(features))]
    return [
        (feature, pointer, f"{pointer}/geometry") for feature, pointer in zip(features, pointers, strict=True)
    ]


def _outline(feature: Any, pointer: str, inner: str, number: int, region: str | None) -> Outline:
    if not isinstance(feature, dict) or feature.get("type") != "Feature":
        kind = feature.get("type") if isinstance(feature, dict) else None
        raise ParcelFault("feature_type", f"{pointer}/type", found=_told(kind))
    properties = feature.get("properties")
    properties = {} if properties is None else properties
    if not isinstance(properties, dict):
        raise ParcelFault("properties", f"{pointer}/properties")
    for key in _DATUM_KEYS & properties.keys():
        _require_datum(properties[key], f"{pointer}/properties/{key}")
    geometry = feature.get("geometry")
    kind = geometry.get("type") if isinstance(geometry, dict) else None
    if not isinstance(geometry, dict) or kind != "Polygon":
        raise ParcelFault("geometry_type", f"{inner}/type", found=_told(kind))
    _require_datum(geometry.get("crs"), f"{inner}/crs")
    place = f"{inner}/coordinates"
    rings = _rings(geometry.get("coordinates"), place, region)
    return Outline(_name(properties, pointer, number), _declared(properties, pointer), rings, pointer, place)


def _name(properties: dict[str, Any], pointer: str, number: int) -> str:
    name = properties.get("name", str(number))
    if not isinstance(name, str) or not 0 < len(name.strip()) <= _LONGEST_NAME or not name.isprintable():
        raise ParcelFault("name", f"{pointer}/properties/name", most=_LONGEST_NAME)
    return name.strip()


def _declared(properties: dict[str, Any], pointer: str) -> int | None:
    declared = properties.get("declared_area_m2")
    if declared is None:
        return None
    if type(declared) is not int or not 0 < declared < 10**12:
        raise ParcelFault("declared", f"{pointer}/properties/declared_area_m2")
    return declared


def _rings(coordinates: Any, pointer: str, region: str | None) -> Rings:
    if not isinstance(coordinates, list):
        raise ParcelFault("no_points", pointer)
    if not coordinates or not all(isinstance(ring, list) and ring for ring in coordinates):
        raise ParcelFault("no_points", pointer)
    if len(coordinates) > MOST_RINGS:
        raise ParcelFault("too_many_rings", pointer, count=len(coordinates), most=MOST_RINGS)
    count = sum(map(len, coordinates))
    if count > MOST_POINTS:
        raise ParcelFault("too_many_points", pointer, count=count, most=MOST_POINTS)
    return tuple(_ring(ring, f"{pointer}/{index}", region) for index, ring in enumerate(coordinates))


def _ring(ring: Sequence[Any], pointer: str, region: str | None) -> tuple[Position, ...]:
    positions = tuple(_position(each, f"{pointer}/{index}", region) for index, each in enumerate(ring))
    if len(positions) < 4:
        raise ParcelFault("too_few_points", pointer, count=len(positions))
    if positions[0] != positions[-1]:
        raise ParcelFault("not_closed", f"{pointer}/{len(positions) - 1}", **_where(positions[-1]))
    return positions


def _position(given: Any, pointer: str, region: str | None) -> Position:
    if not isinstance(given, list) or len(given) < 2:
        raise ParcelFault("position", pointer)
    if len(given) > 2:
        raise ParcelFault("height", pointer, count=len(given))
    if not all(type(each) in (int, float) and math.isfinite(each) for each in given):
        raise ParcelFault("position", pointer)
    position = (round(float(given[0]), PLACES), round(float(given[1]), PLACES))
    if not CHINA.holds(position):
        raise ParcelFault(_why_outside(position), pointer, **_where(position))
    county = COUNTIES.get(region or "")
    if county is not None and not county.holds(position):
        edges = {"west": county.west, "south": county.south, "east": county.east, "north": county.north}
        raise ParcelFault("outside_county", pointer, region=region, **_where(position), **edges)
    return position


def _why_outside(position: Position) -> str:
    """Why a position does not lie in China: axes swapped, metres of a projection, or somewhere else."""
    if CHINA.holds((position[1], position[0])):
        return "swapped"
    return "metres" if max(map(abs, position)) > 180 else "outside_china"


def _where(position: Position) -> dict[str, object]:
    return {"lon": f"{position[0]:.6g}", "lat": f"{position[1]:.6g}"}


_DATUM_KEYS = {
    "datum",
    "crs",
    "srs",
    "coordinate_system",
    "coordinateSystem",
    "coord_type",
    "coordType",
    "坐标系",
}
_DATUMS: tuple[tuple[str, str], ...] = (
    (r"gcj|mars|火星|amap|autonavi|gaode|高德|tencent|腾讯", "gcj02"),
    (r"bd-?_?09|baidu|百度", "bd09"),
    (r"wgs[ _-]?84|cgcs[ _-]?2000|国家2000|crs84|epsg:{1,2}(4326|4490)\b", ""),
)
"""What names a datum, and the fault of it; the ones without a fault are taken."""


def _require_datum(named: Any, pointer: str) -> None:
    """Refuse a stated datum that is not WGS 84 or CGCS2000; what says nothing is taken for one (RFC 7946)."""
    if named is None:
        return
    told = (named if isinstance(named, str) else json.dumps(named, ensure_ascii=False))[:300].lower()
    word = next((word for pattern, word in _DATUMS if re.search(pattern, told)), "datum")
    if word:
        raise ParcelFault(word, pointer, found=_told(named))


def _told(value: Any) -> str:
    """What was found, short enough to be said again."""
    return "—" if value is None else (value if isinstance(value, str) else json.dumps(value))[:60]


def geojson(rings: Sequence[Sequence[Sequence[float]]], **properties: Any) -> dict[str, Any]:
    """A parcel as a GeoJSON Feature."""
    geometry = {"type": "Polygon", "coordinates": [[list(each) for each in ring] for ring in rings]}
    return {"type": "Feature", "properties": properties, "geometry": geometry}
