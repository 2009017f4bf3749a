"""The geometry of small column charts of one width. Pure; templates place what it says."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from app.web.charts import Piece, round_up

WIDTH, HEIGHT = 300, 84
_ALL_LABELLED = 12
_EVERY = 7


@dataclass(frozen=True)
class Column:
    """One column: what it begins with, where it stands, its pieces from the ground up, and their sum."""

    starts: date
    x: float
    width: float
    label: str
    total: int
    pieces: tuple[Piece, ...]


@dataclass(frozen=True)
class Columns:
    """Columns side by side on one scale; `top` is the grams at the upper edge."""

    columns: tuple[Column, ...]
    parts: tuple[str, ...]
    top: int
    width: int = WIDTH
    height: int = HEIGHT

    @property
    def total(self) -> int:
        """Grams of all columns."""
        return sum(column.total for column in self.columns)


def column_chart(
    starts: Sequence[date],
    amounts: Mapping[date, Mapping[str, int]],
    order: Sequence[str],
    label: Callable[[date], str],
) -> Columns:
    """A stacked column for each of `starts`; parts stack in `order`, parts without grams are left out."""
    present = {part for by_part in amounts.values() for part, value in by_part.items() if value > 0}
    parts = [part for part in order if part in present] + sorted(present - set(order))
    top = round_up(max((sum(each.values()) for each in amounts.values()), default=0))
    step = WIDTH / max(len(starts), 1)
    # A few columns do not become walls.
    width = min(step * 0.7, 26)
    columns = []
    for index, each in enumerate(starts):
        ground, pieces = float(HEIGHT), []
        for part in parts:
            height = max(amounts.get(each, {}).get(part, 0), 0) / top * HEIGHT
            if height > 0:
                ground -= height
                pieces.append(Piece(part, round(ground, 2), round(height, 2)))
        labelled = len(starts) <= _ALL_LABELLED or index % _EVERY == 0
        columns.append(
            Column(
                each,
                round(index * step + (step - width) / 2, 2),
                round(width, 2),
                label(each) if labelled else "",
                sum(amounts.get(each, {}).values()),
                tuple(pieces),
            )
        )
    return Columns(tuple(columns), tuple(parts), top)
