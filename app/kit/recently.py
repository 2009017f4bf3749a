"""Figures that are costly to read and public: read anew at most every few seconds."""

import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")
FRESH_S = 15.0
"""How old public figures may be: they read whole tables, and anyone may ask as often as they like."""


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
