"""Which processes there are, as `ps` lists them on every system."""

import os
import signal
import subprocess
from contextlib import suppress
from dataclasses import dataclass


@dataclass(frozen=True)
class Process:
    """One line of the list."""

    pid: int
    parent: int
    words: str


def listed() -> list[Process]:
    """All processes that live, those that only wait to be reaped left out."""
    command = ["ps", "-axwwo", "pid=,ppid=,stat=,args="]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    rows = [line.split(None, 3) for line in lines]
    return [Process(int(row[0]), int(row[1]), row[3]) for row in rows if len(row) == 4 and row[2][0] != "Z"]


def children(parent: int) -> list[Process]:
    """The children of a process."""
    return [each for each in listed() if each.parent == parent]


def kill(*pids: int) -> int:
    """Send SIGKILL to each; returns how many were there to get it."""
    reached = 0
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
            reached += 1
    return reached
