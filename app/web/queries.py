"""What the pages and the command line ask of all rooms at once."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

from app.accounts import chart
from app.accounts import queries as accounts
from app.footprint import queries as footprint
from app.kit import clock
from app.kit.database import snapshot
from app.kit.proof import Proof
from app.offsets import queries as offsets
from app.registry import queries as registry
from app.rewards import queries as rewards
from app.treasury import queries as treasury

ROOMS = (accounts, footprint, registry, offsets, treasury, rewards)
T = TypeVar("T")
FRESH_S = 15.0
"""How old the public figures may be: they read whole tables, and anyone may ask as often as they like."""


def proofs_of_all_rooms() -> list[Proof]:
    """Every room's proofs, read in one snapshot so that figures of two rooms belong together."""
    with snapshot():
        return [proof for room in ROOMS for proof in room.prove()]


@dataclass(frozen=True)
class PublicBooks:
    """The books as anyone may read them, and when they were read."""

    at: datetime
    proofs: tuple[Proof, ...]

    @property
    def failing(self) -> int:
        """How many claims do not hold."""
        return sum(not proof.holds for proof in self.proofs)


@dataclass(frozen=True)
class PublicTotals:
    """What all people together have done; avoided and retired grams are different claims, never added."""

    avoided_g: int
    retired_g: int
    paid_to_forests_fen: int


class Recently(Generic[T]):
    """Something costly to ask for, asked at most once in `FRESH_S` a process."""

    def __init__(self, ask: Callable[[], T]) -> None:
        self._ask = ask
        self._lock = threading.Lock()
        self._known: tuple[float, T] | None = None

    def __call__(self) -> T:
        """The answer, at most `FRESH_S` old."""
        with self._lock:
            if self._known is None or time.monotonic() - self._known[0] > FRESH_S:
                self._known = (time.monotonic(), self._ask())
            return self._known[1]

    def forget(self) -> None:
        """Ask anew next time."""
        with self._lock:
            self._known = None


def _books() -> PublicBooks:
    return PublicBooks(clock.now(), tuple(proofs_of_all_rooms()))


def _totals() -> PublicTotals:
    ask = accounts.sum_entries
    return PublicTotals(
        avoided_g=ask(chart.RECORD_ACTION) - ask(chart.WITHDRAW_ACTION),
        retired_g=ask(chart.RETIRE) + ask(chart.RETIRE_SURPLUS),
        paid_to_forests_fen=ask(chart.CREDIT_SELLER) + ask(chart.CREDIT_VILLAGE),
    )


public_books = Recently(_books)
public_totals = Recently(_totals)
