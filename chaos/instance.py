"""An instance of its own, whose processes are started again as a supervisor would."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

import requests

import devstack
from app.config import isolated

ROOT = Path(__file__).parent.parent
REAL, NAIVE = "wsgi:app", "chaos.naive:app"
INTERRUPTIONS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
START_LIMIT_S = 90.0
LOOK_EVERY_S = 0.1
PROVIDER_SPEED = 1800
"""The provider repeats its notices this many times faster than the real one."""
RESERVATION_S = 120
"""The shortest that the settings take; the load does not wait for it, see `waiting`."""
GRANIAN = (
    "-m granian --interface wsgi --workers 2 --blocking-threads 4 --backpressure 64"
    " --respawn-failed-workers --no-ws --log-level warning --host 127.0.0.1"
)


class DidNotStart(RuntimeError):
    """The instance is not there; the text ends with what its processes said last."""


@dataclass(frozen=True)
class Role:
    """A process that is kept running."""

    name: str
    command: list[str]


class Instance:
    """Web, two workers, sweeper, simulator, PostgreSQL and Redis in a temporary folder; a context manager.

    `target` is the application that the web server and the sweeper run. PostgreSQL and Redis are
    devstack's, whose keeper starts them again; all others are started again here.
    """

    def __init__(self, target: str = REAL) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="senhui-chaos-"))
        self.target = target
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        self.url = f"http://127.0.0.1:{self.port}"
        self.phone = ""
        self.env: dict[str, str] = {}
        self.running: dict[str, subprocess.Popen[bytes]] = {}
        self._over = threading.Event()
        self._watching = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> "Instance":
        try:
            self._start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def stack(self) -> Path:
        """The folder of the embedded servers."""
        return self.folder / "stack"

    def flask(self, *words: str) -> "subprocess.CompletedProcess[str]":
        """Run one of the application's commands to its end; always the real application's."""
        command = [sys.executable, "-m", "flask", "--app", REAL, *words]
        return subprocess.run(command, cwd=ROOT, env=self.env, capture_output=True, text=True, check=False)

    def log(self) -> str:
        """Everything that the processes have printed."""
        return (self.folder / "log").read_text("utf-8", "replace")

    def stop(self) -> None:
        """End every process without asking, then the servers, and remove the folder."""
        self._over.set()
        if self._watching.is_alive():
            self._watching.join()
        for child in self.running.values():
            kill_group(child)
            child.wait()
        devstack.stop(self.stack)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _start(self) -> None:
        stack = devstack.ensure(self.stack)
        self.env = {
            **isolated(self.folder, self.port),
            "DATABASE_URL": stack.database_url,
            "REDIS_URL": stack.redis_url,
            "RESERVATION_SECONDS": str(RESERVATION_S),
        }
        simulator = self.folder / "simulator"
        words = ["--var", str(simulator), "--speed", str(PROVIDER_SPEED)]
        self._run(Role("simulator", [sys.executable, "-m", "simulator", *words]))
        address = simulator / "simulator.url"
        self._wait(address.exists, "the simulator")
        self.phone = address.read_text().strip()
        migrated = self.flask("db", "upgrade")
        if migrated.returncode:
            raise DidNotStart(migrated.stderr)
        for role in self._roles():
            self._run(role)
        self._wait(self._answers, "the web server")
        self._watching.start()

    def _roles(self) -> list[Role]:
        flask = [sys.executable, "-m", "flask", "--app", self.target]
        worker = [*flask, "worker"] if self.target == REAL else [sys.executable, "-m", "chaos.naive"]
        return [
            Role("web", [sys.executable, *GRANIAN.split(), "--port", str(self.port), self.target]),
            Role("worker 1", worker),
            Role("worker 2", worker),
            Role("sweeper", [*flask, "sweeper"]),
        ]

    def _run(self, role: Role) -> None:
        with (self.folder / "log").open("ab") as log, known():
            self.running[role.name] = subprocess.Popen(
                role.command,
                cwd=ROOT,
                env=self.env,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def _wait(self, ask: Callable[[], object], what: str) -> None:
        end = time.monotonic() + START_LIMIT_S
        while not ask():
            ended = [name for name, child in self.running.items() if child.poll() is not None]
            if ended or time.monotonic() > end:
                raise DidNotStart(f"{what} did not start; ended: {ended}\n{self.log()[-3000:]}")
            time.sleep(0.05)

    def _answers(self) -> bool:
        with suppress(requests.RequestException):
            return requests.get(f"{self.url}/readyz", timeout=2).ok
        return False

    def _watch(self) -> None:
        """Start again whatever has ended, together with what it left behind."""
        roles = self._roles()
        while not self._over.wait(LOOK_EVERY_S):
            for role in roles:
                child = self.running[role.name]
                if child.poll() is not None:
                    kill_group(child)
                    self._run(role)


@contextmanager
def known() -> Iterator[None]:
    """Let no signal part a process's start from its being known: it waits until both are done."""
    if threading.current_thread() is not threading.main_thread():  # signals come to the main thread alone
        yield
        return
    came: list[int] = []
    before = {number: signal.signal(number, lambda n, _: came.append(n)) for number in INTERRUPTIONS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    if came:
        signal.raise_signal(came[0])


def kill_group(child: "subprocess.Popen[bytes]") -> None:
    """Kill a process and all it has started; a service's control group goes as a whole too."""
    with suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)
