"""The geometry of the pictures that pages draw as SVG. Pure; the templates only place what this says."""

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

STEP = 10
"""Width of one day in the chart's own units."""
BAR = 7
HEIGHT = 90


@dataclass(frozen=True)
class Piece:
    """One scene's part of a day's bar."""

    scene: str
    y: float
    height: float


@dataclass(frozen=True)
class Bar:
    """One day: where its bar stands, its pieces from the ground up, and their sum in grams."""

    day: date
    x: int
    total: int
    pieces: tuple[Piece, ...]


@dataclass(frozen=True)
class BarChart:
    """Bars of consecutive days on one scale; `top` is the grams at the upper edge."""

    bars: tuple[Bar, ...]
    scenes: tuple[str, ...]
    top: int

    @property
    def width(self) -> int:
        """The drawing's width in its own units."""
        return len(self.bars) * STEP

    @property
    def total(self) -> int:
        """Grams of all bars."""
        return sum(bar.total for bar in self.bars)


def bar_chart(
    days: Sequence[date], amounts: Mapping[date, Mapping[str, int]], order: Sequence[str]
) -> BarChart:
    """A stacked bar a day; scenes stack in `order`, scenes without grams are left out."""
    present = {scene for by_scene in amounts.values() for scene, value in by_scene.items() if value > 0}
    scenes = [scene for scene in order if scene in present] + sorted(present - set(order))
    sums = {day: sum(amounts.get(day, {}).values()) for day in days}
    top = round_up(max(sums.values(), default=0))
    bars = []
    for index, day in enumerate(days):
        ground, pieces = float(HEIGHT), []
        for scene in scenes:
            height = amounts.get(day, {}).get(scene, 0) / top * HEIGHT
            if height > 0:
                ground -= height
                pieces.append(Piece(scene, round(ground, 2), round(height, 2)))
        bars.append(Bar(day, index * STEP + (STEP - BAR) // 2, sums[day], tuple(pieces)))
    return BarChart(tuple(bars), tuple(scenes), top)


def round_up(value: int) -> int:
    """The next number that people read easily, from 10 on: one digit and zeros."""
    size = 10
    while True:
        for factor in (1, 2, 3, 4, 5, 6, 8):
            if value <= factor * size:
                return factor * size
        size *= 10


def tree_rings(seed: str, rings: int = 14) -> tuple[str, ...]:
    """Closed paths of a tree's rings around (0, 0), outermost radius about 100; one `seed`, one tree."""
    noise = hashlib.sha256(seed.encode()).digest()
    waves = [(2 + i, noise[i] / 255 * math.tau, (noise[i + 8] / 255 + 0.3) * 2.4 / (i + 1)) for i in range(5)]
    radius, step, paths = 5.0, 95 / rings, []
    for ring in range(rings):
        radius += step * (0.55 + 0.9 * noise[16 + ring % 16] / 255)
        paths.append(_ring(min(radius, 100.0), waves, ring / rings))
    return tuple(paths)


def _ring(radius: float, waves: Sequence[tuple[int, float, float]], age: float) -> str:
    points = []
    for degree in range(0, 360, 6):
        angle = math.radians(degree)
        swing = sum(math.sin(k * angle + phase + age) * size * (0.3 + age) for k, phase, size in waves)
        r = radius + swing
        points.append(f"{r * math.cos(angle):.1f},{r * math.sin(angle):.1f}")
    return "M" + "L".join(points) + "Z"


def year_wheel(months: Sequence[int]) -> tuple[str, ...]:
    """A leaf a month around (0, 0), January at the top and on clockwise, as long as its month weighs.

    Its stalk begins at 50 and its tip is at most 100 away; a month without anything is a bud.
    """
    top = max(max(months, default=0), 1)
    return tuple(_leaf(number, value / top) for number, value in enumerate(months))


def month_places(radius: float) -> tuple[tuple[float, float], ...]:
    """Where the names of the months stand around such leaves."""
    angles = [math.radians(number * 30 - 90) for number in range(12)]
    return tuple((round(radius * math.cos(each), 1), round(radius * math.sin(each), 1)) for each in angles)


def _leaf(number: int, share: float) -> str:
    angle = math.radians(number * 30 - 90)
    along, across = (math.cos(angle), math.sin(angle)), (-math.sin(angle), math.cos(angle))
    length = 5 + 45 * share
    wide = 4 + 15 * math.sqrt(share)

    def place(far: float, aside: float) -> str:
        return f"{along[0] * far + across[0] * aside:.2f} {along[1] * far + across[1] * aside:.2f}"

    foot, tip, belly = place(50, 0), place(50 + length, 0), 50 + length * 0.45
    return f"M{foot}Q{place(belly, wide)} {tip}Q{place(belly, -wide)} {foot}Z"


@dataclass(frozen=True)
class DayDot:
    """A day in a field of weeks: where it stands, and whether it was acted on, rested or missed."""

    day: date
    column: int
    row: int
    state: str


def week_field(acted: set[int], since: int | None, today: date, weeks: int = 5) -> tuple[DayDot, ...]:
    """The last weeks, a row each from Monday on, until the end of this one. Days are ordinals.

    A day without an act from `since` on, the first day of the streak that runs, is a rest.
    """
    last = today.toordinal()
    first = last - today.weekday() - 7 * (weeks - 1)

    def state(day: int) -> str:
        if day in acted:
            return "acted"
        if day >= last:
            return "today" if day == last else "to-come"
        return "rested" if since is not None and day >= since else "missed"

    return tuple(
        DayDot(date.fromordinal(first + place), place % 7, place // 7, state(first + place))
        for place in range(7 * weeks)
    )
