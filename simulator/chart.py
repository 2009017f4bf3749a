"""Geometry of the small bar chart of steps."""

from dataclasses import dataclass

WIDTH, HEIGHT = 310, 96
GAP = 3


@dataclass(frozen=True)
class Bar:
    """One bar in the drawing's own units, from the top left."""

    x: float
    y: float
    width: float
    height: float


def bars(values: list[int]) -> list[Bar]:
    """Return one bar a value, the highest as high as the drawing, none lower than a hair."""
    step, top = WIDTH / len(values), max(max(values), 1)
    heights = [max(HEIGHT * value / top, 2.0) for value in values]
    return [
        Bar(round(step * place + GAP / 2, 1), round(HEIGHT - height, 1), step - GAP, round(height, 1))
        for place, height in enumerate(heights)
    ]
