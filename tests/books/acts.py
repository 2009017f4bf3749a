"""The list of what may happen, and the dice that choose its particulars."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from books.history import Step

T = TypeVar("T")


class Dice:
    """Small choices out of one number, so that a step is one number to draw and to shrink.

    `first` is the number of other dice whose first choice these follow: whom or what an act is about.
    """

    def __init__(self, number: int, first: int | None = None) -> None:
        self._left = _mixed(number)
        self._first = None if first is None else _mixed(first)

    def upto(self, count: int) -> int:
        """A number below `count`."""
        if self._first is not None:
            first, self._first = self._first, None
            return first % count
        self._left, drawn = divmod(self._left, count)
        return drawn

    def of(self, choices: Sequence[T]) -> T:
        """One of `choices`."""
        return choices[self.upto(len(choices))]


def _mixed(number: int) -> int:
    """Spread out, so that numbers close together choose differently."""
    mixed = number * 0x9E3779B1 % 2**32
    return mixed ^ mixed >> 15


Method = Callable[[Any, Dice], Step | None]
"""An act: of a story and its dice a step, or None when it only changed the outside world."""


@dataclass(frozen=True)
class Act:
    """How often an act is chosen, and whether it may run while another one runs."""

    method: Method
    weight: int = 1
    races: bool = False


ACTS: dict[str, Act] = {}


def act(weight: int = 1, *, races: bool = False) -> Callable[[Any], Any]:
    """Put a method on the list of what may happen."""

    def listed(method: Method) -> Method:
        ACTS[method.__name__] = Act(method, weight, races)
        return method

    return listed
