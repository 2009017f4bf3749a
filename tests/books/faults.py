"""Dying and waiting at a chosen statement, on any path to the database.

Every statement passes a cursor class of ours, the hot path's prepared ones as well, and every commit
passes the engine's event; each counts one. What a thread planned happens at its n-th.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from sqlalchemy import Engine, event


class Crash(BaseException):
    """A process that dies: nothing catches it, and nothing is committed after it."""


class _Plan(threading.local):
    at = 0
    act: Callable[[], None] | None = None


_plan = _Plan()


def _tick(*_: object) -> None:
    if _plan.act is not None:
        _plan.at -= 1
        if _plan.at == 0:
            act, _plan.act = _plan.act, None
            act()


class _Cursor(psycopg.Cursor[Any]):
    def execute(self, *args: Any, **kwargs: Any) -> Any:
        _tick()
        return super().execute(*args, **kwargs)

    def executemany(self, *args: Any, **kwargs: Any) -> None:
        _tick()
        super().executemany(*args, **kwargs)


def _count_statements(connection: Any, _: object) -> None:
    connection.cursor_factory = _Cursor


@contextmanager
def counted(engine: Engine) -> Iterator[None]:
    """Let what is planned happen on connections of `engine` that are opened from now on."""
    event.listen(engine, "connect", _count_statements)
    event.listen(engine, "commit", _tick)
    try:
        yield
    finally:
        event.remove(engine, "connect", _count_statements)
        event.remove(engine, "commit", _tick)


@contextmanager
def planned(at: int, act: Callable[[], None]) -> Iterator[None]:
    """Do `act` at this thread's `at`-th statement or commit; at none for 0."""
    _plan.at, _plan.act = at, act if at else None
    try:
        yield
    finally:
        _plan.act = None


def die() -> None:
    """The process is gone."""
    raise Crash


class Pause:
    """A thread that stops in the middle of its work until another lets it go on."""

    def __init__(self) -> None:
        self.reached, self._released = threading.Event(), threading.Event()

    def __call__(self) -> None:
        """Stop here."""
        self.reached.set()
        if not self._released.wait(10):
            raise RuntimeError("nobody let the paused thread go on")

    def release(self) -> None:
        """Go on."""
        self._released.set()
