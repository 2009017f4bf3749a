"""Interleaved rounds and their medians."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from statistics import median

ROUNDS = 5


@contextmanager
def stopwatch() -> Iterator[Callable[[], float]]:
    """Give a function that tells the seconds since the start, or until the end once that is past."""
    start = time.perf_counter()
    ended: list[float] = []
    yield lambda: (ended[0] if ended else time.perf_counter()) - start
    ended.append(time.perf_counter())


def side_by_side(ours: Callable[[], float], other: Callable[[], float]) -> tuple[float, float, float]:
    """Rates of both sides and their ratio: medians over the rounds, the sides taking turns to go first."""
    rates_ours, rates_other, ratios = [], [], []
    for number in range(ROUNDS):
        if number % 2:
            theirs, mine = other(), ours()
        else:
            mine, theirs = ours(), other()
        rates_ours.append(mine)
        rates_other.append(theirs)
        ratios.append(mine / theirs)
    return median(rates_ours), median(rates_other), median(ratios)


def tell(name: str, value: float) -> None:
    """One line of the result."""
    print(f"{name} {value:.3g}" if value < 100 else f"{name} {value:.0f}", flush=True)
