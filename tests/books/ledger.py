"""The model's books: balances, totals of each kind of entry, and when each was written."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple, Self

PLATFORM = 1

Account = tuple[int, str]
"""A holder and the name of an account."""


class Move(NamedTuple):
    """One entry, and when it was written."""

    entry: str
    source: Account
    target: Account
    amount: int
    at: datetime


@dataclass
class Books:
    """What was moved from whom to whom; `now` is the story's clock."""

    now: datetime
    books: Counter[Account] = field(default_factory=Counter)
    entries: Counter[str] = field(default_factory=Counter)
    moves: list[Move] = field(default_factory=list)

    def copy(self) -> Self:
        """Another that begins where this one stands."""
        held = {name: value.copy() for name, value in vars(self).items() if name != "now"}
        return type(self)(self.now, **held)

    def move(self, entry: str, source: Account, target: Account, amount: int) -> None:
        """One entry in the books; nothing for nothing."""
        if amount:
            self.books[source] -= amount
            self.books[target] += amount
            self.entries[entry] += amount
            self.moves.append(Move(entry, source, target, amount, self.now))
