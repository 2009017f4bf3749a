"""Which lots points are taken from 先进先出. Pure."""

from collections.abc import Iterable
from enum import StrEnum


class Kind(StrEnum):
    """What points can be spent on; a programme may pay for some of them only."""

    COUPON = "coupon"
    GOODS = "goods"
    TICKET = "ticket"
    INTEREST = "interest"
    CHARITY = "charity"
    VILLAGE = "village"
    PLANTING = "planting"


MOST_POINTS = 1_000_000
"""The most that one spending can be: ten thousand yuan of a sponsor's money."""


def take(lots: Iterable[tuple[int, int]], points: int) -> list[tuple[int, int]]:
    """Take `points` from lots of (id, remaining), in their order; gives (id, points) of those it touches.

    Less than `points` in all when the lots do not hold so many.
    """
    taken = []
    for lot, remaining in lots:
        part = min(remaining, points)
        if part:
            taken.append((lot, part))
            points -= part
    return taken
