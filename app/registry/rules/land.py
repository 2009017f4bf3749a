"""The geometry of land: whether an outline is one, how large it is, what two parcels share. Pure.

Areas are geodesic, on the ellipsoid of CGCS2000. Where outlines cross is found in the plane of longitude
and latitude: over the few kilometres of a parcel its straight lines and the ellipsoid's lie within
millimetres of each other.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import shapely
from pyproj import Geod
from shapely.geometry import Polygon
from shapely.geometry.polygon import orient

from app.registry.rules.parcels import PLACES, Box, Outline, ParcelFault, Rings

_ELLIPSOID = Geod(a=6_378_137, rf=298.257222101)
"""CGCS2000. Source: GB 22021-2008, parameters of the reference ellipsoid."""

LARGEST_M2 = 100_000_000
"""100 km². Larger is a slip of the pen: a township of Shunchang has twice that, fields included."""
SMALLEST_M2 = 100
AREA_TOLERANCE_BP = 500
"""How far the declared area may lie from the computed one: 5 %, the error allowed for a sub-compartment."""
TOUCH_DEG = 1e-7
"""What two parcels share counts where a circle of this radius fits into it, 1 cm on the ground.

Where neighbours draw one border with different corners, rounding each position to 1e-7 degree moves either
line by at most 0.8 cm, and leaves slivers up to 1.6 cm wide, whatever their length. Nothing wider than
2 cm comes from rounding; on less no tree stands.
"""
MOST_PIECES = 50
"""Of what two parcels share so many pieces are shown, the largest first; the area is that of all."""


@dataclass(frozen=True, slots=True)
class Land:
    """An outline that is a polygon, with its size."""

    outline: Outline
    shape: Polygon
    area_m2: int

    @property
    def box(self) -> Box:
        """What surrounds it."""
        return Box(*self.shape.bounds)

    @property
    def rings(self) -> list[list[list[float]]]:
        """Its rings, the border anticlockwise and the holes clockwise (RFC 7946)."""
        return rings_of(self.shape)


@dataclass(frozen=True, slots=True)
class Overlap:
    """What two parcels share: how much, a point in it, and its largest pieces."""

    area_m2: int
    lon: float
    lat: float
    pieces: tuple[Polygon, ...]


def survey(outline: Outline) -> Land:
    """The land within an outline. Raises `ParcelFault`."""
    pointer = outline.place
    shape = polygon(outline.rings)
    if not shape.is_valid:
        raise _broken(shapely.is_valid_reason(shape), pointer)
    area = area_m2(shape)
    if area < SMALLEST_M2:
        raise ParcelFault("too_small", pointer, area=area, least=SMALLEST_M2)
    if area > LARGEST_M2:
        raise ParcelFault("too_large", pointer, area=area // 10_000, most=LARGEST_M2 // 10_000)
    if outline.declared_area_m2 is not None and not fits(outline.declared_area_m2, area):
        told = f"{outline.pointer}/properties/declared_area_m2"
        raise ParcelFault("area_differs", told, declared=outline.declared_area_m2, computed=area)
    return Land(outline, orient(shape), area)


def fits(declared_area_m2: int, computed_area_m2: int) -> bool:
    """Whether a declared area may stand beside the computed one."""
    return abs(declared_area_m2 - computed_area_m2) * 10_000 <= AREA_TOLERANCE_BP * computed_area_m2


_BROKEN = {
    "Self-intersection": "crosses_itself",
    "Ring Self-intersection": "crosses_itself",
    "Hole lies outside shell": "hole_outside",
    "Nested holes": "hole_outside",
    "Interior is disconnected": "falls_apart",
    "Duplicate Rings": "hole_outside",
}


def _broken(reason: str, pointer: str) -> ParcelFault:
    """GEOS says what is wrong as `Self-intersection[117.8 26.8]`."""
    found = re.match(r"([A-Za-z -]+)\[([-0-9.e]+) ([-0-9.e]+)\]", reason)
    word = _BROKEN.get(found[1].strip(), "no_polygon") if found else "no_polygon"
    lon, lat = (float(found[2]), float(found[3])) if found else (0.0, 0.0)
    return ParcelFault(word, pointer, lon=f"{lon:.6f}", lat=f"{lat:.6f}")


def polygon(rings: Rings | Sequence[Sequence[Sequence[float]]]) -> Polygon:
    """The polygon with this border and these holes; perhaps not a valid one."""
    return Polygon(rings[0], rings[1:])


def rings_of(shape: Polygon) -> list[list[list[float]]]:
    """A polygon's rings as GeoJSON has them."""
    return [
        [[round(lon, PLACES), round(lat, PLACES)] for lon, lat in ring.coords]
        for ring in (shape.exterior, *shape.interiors)
    ]


def area_m2(shape: Any) -> int:
    """Its area on the ellipsoid in whole square metres, rounded down; of several pieces together."""
    return int(abs(_ELLIPSOID.geometry_area_perimeter(shapely.orient_polygons(shape))[0]))


def overlap(one: Polygon, other: Polygon) -> Overlap | None:
    """What two parcels share; None where they only touch, by `TOUCH_DEG`."""
    parts = shapely.get_parts(shapely.intersection(one, other))
    parts = parts[shapely.get_type_id(parts) == shapely.GeometryType.POLYGON]
    # One call for all of them: two combs that cross share tens of thousands of pieces.
    pieces = parts[~shapely.is_empty(shapely.buffer(parts, -TOUCH_DEG, join_style="mitre"))]
    if not len(pieces):
        return None
    largest = pieces[shapely.area(pieces).argsort()[::-1][:MOST_PIECES]]
    point = largest[0].representative_point()
    area = area_m2(shapely.multipolygons(pieces))
    return Overlap(max(area, 1), round(point.x, 6), round(point.y, 6), tuple(largest))
