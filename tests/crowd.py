"""Many at once: acts that start together, each in a transaction of its own."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from flask import Flask

from app.kit.transaction import transaction


def at_once(app: Flask, acts: list[Callable[[], Any]], threads: int) -> list[Any]:
    """Run every act in a transaction of its own, `threads` of them starting together."""
    start = threading.Barrier(threads)
    first = threading.local()

    def run(act: Callable[[], Any]) -> Any:
        if not hasattr(first, "gone"):
            first.gone = True
            start.wait(10)
        with app.app_context(), transaction():
            return act()

    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(run, acts))
