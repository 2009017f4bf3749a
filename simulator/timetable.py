"""Acts that happen later: a heap of due times and a few daemon threads that run what is due."""

import heapq
import itertools
import logging
import threading
import time
from collections.abc import Callable

log = logging.getLogger(__name__)


class Timetable:
    """Runs acts at their time; an act that fails is logged and does not stop the others."""

    def __init__(self, threads: int = 8) -> None:
        """Prepare `threads` workers; nothing runs before `start`."""
        self._due = threading.Condition()
        self._acts: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = itertools.count()
        self._stopped = False
        self._threads = [
            threading.Thread(target=self._work, name=f"timetable-{n}", daemon=True) for n in range(threads)
        ]

    def start(self) -> None:
        """Set the workers to work."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Forget what is not yet due and let the workers end; one in the middle of an act finishes it."""
        with self._due:
            self._stopped = True
            self._acts.clear()
            self._due.notify_all()

    def after(self, seconds: float, act: Callable[[], None]) -> None:
        """Run `act` in `seconds` from now."""
        with self._due:
            if not self._stopped:
                heapq.heappush(self._acts, (time.monotonic() + max(seconds, 0.0), next(self._numbers), act))
                self._due.notify()

    def _next(self) -> Callable[[], None] | None:
        """Wait for the next act that is due; None when the timetable has stopped."""
        with self._due:
            while not self._stopped:
                if not self._acts:
                    self._due.wait()
                    continue
                left = self._acts[0][0] - time.monotonic()
                if left <= 0:
                    return heapq.heappop(self._acts)[2]
                self._due.wait(left)
        return None

    def _work(self) -> None:
        """Run acts until stopped."""
        while (act := self._next()) is not None:
            try:
                act()
            except Exception:
                log.exception("a timed act failed")
