"""The geometry of maps that pages draw as SVG: parcels on a net of degrees with a scale. Pure.

A sketch of our own: no tiles from elsewhere, and no borders of counties or provinces, which only approved
maps may show. Longitudes are shortened by the cosine of the middle latitude; over a county that is a
plan with an error under one in a thousand.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain, pairwise

WIDTH, PAD, HEAD = 360.0, 14.0, 30.0
"""The map's own units: its width, its margins, and the one at the top, where the scale stands."""
_PIN = 16
"""A label needs as much; where its plot is smaller it stands above."""
_LEAST_DEG = 0.004
"""What a map shows at least, so that one small parcel does not fill it without measure."""
_DEGREE_M = 111_320
_FLATTEST, _TALLEST = 0.45, 0.9
_NET = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
_SCALES_M = (50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 50_000, 100_000)

Rings = Sequence[Sequence[Sequence[float]]]


@dataclass(frozen=True)
class Plot:
    """Something to draw: its rings in degrees, how (`style` is a class of the style sheet), what it says."""

    rings: Rings
    style: str = "land"
    label: str = ""
    title: str = ""
    href: str = ""


@dataclass(frozen=True)
class Drawn:
    """A plot in the map's own units: the outline as a path, and where its label stands."""

    path: str
    x: float
    y: float
    plot: Plot


@dataclass(frozen=True)
class Line:
    """A line of the net: where it stands, and what it is called."""

    at: float
    name: str


@dataclass(frozen=True)
class Map:
    """A map to be placed by a template."""

    height: float
    plots: tuple[Drawn, ...]
    meridians: tuple[Line, ...]
    parallels: tuple[Line, ...]
    scale: float
    scale_name: str
    width: float = WIDTH


def draw(plots: Iterable[Plot]) -> Map | None:
    """A map of these plots, as large as they need; None where there are none."""
    drawn = tuple(plots)
    points = list(chain.from_iterable(ring for plot in drawn for ring in plot.rings))
    if not points:
        return None
    frame = _Frame.around(points)
    scale_m = max((m for m in _SCALES_M if m * frame.unit_per_m <= WIDTH / 3), default=_SCALES_M[0])
    return Map(
        height=frame.height,
        plots=tuple(frame.place(plot) for plot in drawn),
        meridians=frame.net(0),
        parallels=frame.net(1),
        scale=round(scale_m * frame.unit_per_m, 1),
        scale_name=f"{scale_m} m" if scale_m < 1_000 else f"{scale_m // 1_000} km",
    )


@dataclass(frozen=True)
class _Frame:
    """How degrees become the map's units."""

    west: float
    north: float
    unit_per_deg: float
    shortening: float
    height: float

    @classmethod
    def around(cls, points: Sequence[Sequence[float]]) -> "_Frame":
        lons, lats = [point[0] for point in points], [point[1] for point in points]
        middle = (min(lons) + max(lons)) / 2, (min(lats) + max(lats)) / 2
        shortening = math.cos(math.radians(middle[1]))
        wide = max(max(lons) - min(lons), _LEAST_DEG) * shortening
        high = max(max(lats) - min(lats), _LEAST_DEG)
        inner = WIDTH - 2 * PAD
        tallest = WIDTH * _TALLEST - HEAD - PAD
        unit = min(inner / wide, tallest / high)
        height = round(max(high * unit + HEAD + PAD, WIDTH * _FLATTEST), 1)
        west = middle[0] - WIDTH / 2 / unit / shortening
        north = middle[1] + (height + HEAD - PAD) / 2 / unit
        return cls(west, north, unit, shortening, height)

    @property
    def unit_per_m(self) -> float:
        """The map's units for a metre on the ground."""
        return self.unit_per_deg / _DEGREE_M

    def x(self, lon: float) -> float:
        """Where a longitude stands."""
        return round((lon - self.west) * self.shortening * self.unit_per_deg, 1)

    def y(self, lat: float) -> float:
        """Where a latitude stands."""
        return round((self.north - lat) * self.unit_per_deg, 1)

    def place(self, plot: Plot) -> Drawn:
        """A plot in the map's units, its label within it, or above what it would hide."""
        rings = [[(self.x(lon), self.y(lat)) for lon, lat in ring] for ring in plot.rings]
        path = "".join("M" + "L".join(f"{x:g} {y:g}" for x, y in ring[:-1]) + "Z" for ring in rings)
        xs, ys = [x for x, _ in rings[0]], [y for _, y in rings[0]]
        small = max(xs) - min(xs) < _PIN or max(ys) - min(ys) < _PIN
        middle = (min(ys) + max(ys)) / 2
        x = (min(xs) + max(xs)) / 2 if small else _middle_of_widest(rings, middle)
        return Drawn(path, round(x, 1), round(min(ys) - _PIN / 2 if small else middle, 1), plot)

    def net(self, axis: int) -> tuple[Line, ...]:
        """The meridians (0) or parallels (1) of the net, three or so across the map."""
        span = self.height / self.unit_per_deg if axis else WIDTH / self.unit_per_deg / self.shortening
        start = self.north - span if axis else self.west
        step = next((step for step in _NET if span / step <= 4), _NET[-1])
        places = range(math.ceil(start / step), math.floor((start + span) / step) + 1)
        digits = max(0, -math.floor(math.log10(step)))
        where, letter = (self.y, "N") if axis else (self.x, "E")
        return tuple(Line(where(place * step), f"{place * step:.{digits}f}°{letter}") for place in places)


def _middle_of_widest(rings: Sequence[Sequence[tuple[float, float]]], y: float) -> float:
    """The middle of the longest stretch of land on the line `y`, holes left out."""
    crossed = sorted(
        x1 + (y - y1) / (y2 - y1) * (x2 - x1)
        for ring in rings
        for (x1, y1), (x2, y2) in pairwise(ring)
        if (y1 <= y) != (y2 <= y)
    )
    start, end = max(zip(crossed[::2], crossed[1::2], strict=True), key=lambda each: each[1] - each[0])
    return (start + end) / 2
