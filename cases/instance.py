"""A whole instance of its own, as `make run` starts it, on a free port in a temporary folder."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import TypeVar

import requests

import devstack
from app.config import isolated

ROOT = Path(__file__).parent.parent
FLASK = [sys.executable, "-m", "flask", "--app", "wsgi"]
START_LIMIT_S = 60.0
STOP_LIMIT_S = 20.0
Found = TypeVar("Found")


class DidNotStart(RuntimeError):
    """The instance ended before it answered; what its processes said last went to stderr."""


class Instance:
    """Web, worker, sweeper, simulator and servers with the sample forests; a context manager.

    `name` begins the folder's name; the folder goes with the instance.
    """

    def __init__(self, name: str) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix=f"{name}-"))
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        self.url = f"http://127.0.0.1:{self.port}"
        self.env = isolated(self.folder, self.port)
        self.phone = ""

    def __enter__(self) -> "Instance":
        with (self.folder / "log").open("wb") as log:
            self._process = subprocess.Popen(
                [*FLASK, "dev"], cwd=ROOT, env=self.env, stdout=log, stderr=log, start_new_session=True
            )
        try:
            wait(self._answers, START_LIMIT_S)
        except BaseException:
            print((self.folder / "log").read_text("utf-8", "replace")[-3000:], file=sys.stderr)
            self._stop()
            raise
        self.phone = (self.folder / "simulator" / "simulator.url").read_text().strip()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()

    @property
    def pid(self) -> int:
        """The process that starts all the others, and starts again what ends."""
        return self._process.pid

    def flask(self, *words: str) -> "subprocess.CompletedProcess[str]":
        """Run one of the application's commands to its end."""
        return subprocess.run(
            [*FLASK, *words], cwd=ROOT, env=self.env, capture_output=True, text=True, check=False
        )

    def _answers(self) -> bool:
        if self._process.poll() is not None:
            raise DidNotStart("the instance did not start")
        with suppress(requests.RequestException):
            return requests.get(f"{self.url}/readyz", timeout=2).ok
        return False

    def _stop(self) -> None:
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(STOP_LIMIT_S)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
        devstack.stop(self.folder / "stack")
        shutil.rmtree(self.folder, ignore_errors=True)


def wait(ask: Callable[[], Found | None], seconds: float) -> Found:
    """The first answer of `ask` that is not empty. Raises TimeoutError."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := ask():
            return found
        time.sleep(0.05)
    raise TimeoutError(f"gave up waiting after {seconds:.0f} s")
