"""A web server of an application, as production runs it, for the time of a measurement."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from app.config import Settings

_GRANIAN = "--interface wsgi --workers 2 --blocking-threads 4 --backpressure 64 --no-ws --log-level warning"


@contextmanager
def served(target: str, settings: Settings) -> Iterator[int]:
    """A granian server for `target` on a free port, with the settings both applications take."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    env = {
        **os.environ,
        "DATABASE_URL": settings.database_url,
        "REDIS_URL": settings.redis_url,
        "SENHUI_VAR": str(settings.var),
        "PORT": str(port),
    }
    command = [sys.executable, "-m", "granian", *_GRANIAN.split(), "--port", str(port), target]
    server = subprocess.Popen(command, env=env, start_new_session=True)
    try:
        _await(port)
        yield port
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        server.wait(20)


def _await(port: int) -> None:
    end = time.monotonic() + 30
    while time.monotonic() < end:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            time.sleep(1.5)  # the port opens before the workers have imported the application
            return
        except OSError:
            time.sleep(0.05)
    raise RuntimeError("the server did not start")
