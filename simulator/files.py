"""Files that only their owner may read, written so that a reader never sees half of one."""

import fcntl
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PRIVATE_DIRECTORY = 0o700


class AlreadyHeld(RuntimeError):
    """Another process holds the lock; the message names the file."""


def write_private(path: Path, data: bytes) -> None:
    """Replace `path` by `data` in one step, mode 600 from its first byte on."""
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def take_lock(path: Path, wait: bool) -> int:
    """Lock `path` and return the descriptor; the kernel frees it when the holder dies.

    Raises AlreadyHeld when `wait` is false and someone else holds it.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise AlreadyHeld(f"another simulator is running with {path.parent}") from None
    return descriptor


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock `path` for the length of a block, waiting for it if need be."""
    descriptor = take_lock(path, wait=True)
    try:
        yield
    finally:
        os.close(descriptor)
