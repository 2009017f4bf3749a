"""Puts the parts together and serves them, in a process of its own or in a thread of a test."""

import os
import socket
import struct
import threading
import time
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Any

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException
from werkzeug.serving import ThreadedWSGIServer, WSGIRequestHandler

from simulator import control, desk, merchant, miniprogram, partner, phone, shipping, vouchers, words
from simulator.addresses import Addresses
from simulator.clock import Clock
from simulator.faults import Faults
from simulator.files import take_lock, write_private
from simulator.gate import BREAK_CONNECTION, new_request_id
from simulator.keys import Keys, ensure_keys
from simulator.notices import PostOffice
from simulator.refunds import resume_refunds
from simulator.state import State
from simulator.timetable import Timetable
from simulator.world import EXTENSION, World, answer

DEFAULT_SPEED = 60.0
SAVE_EVERY_S = 0.5
SNAPSHOT_FILE = "simulator.json"
URL_FILE = "simulator.url"
#: Closing a socket that lingers for 0 s sends a reset instead of a farewell.
_RESET = struct.pack("ii", 1, 0)


class RefusedInProduction(RuntimeError):
    """The simulator must never stand where real people pay."""


def serve(
    var: Path,
    port: int = 0,
    host: str = "127.0.0.1",
    app_base: str | None = None,
    speed: float = DEFAULT_SPEED,
) -> "Running":
    """Start a simulator that keeps its keys and memory in `var`; port 0 takes a free one.

    Raises RefusedInProduction, `files.AlreadyHeld` when another one uses `var`, ValueError for a damaged
    `var` or a bad `app_base`.
    """
    if os.environ.get("SENHUI_ENV") == "production":
        raise RefusedInProduction("the WeChat simulator does not start with SENHUI_ENV=production")
    keys = ensure_keys(var)
    lock = take_lock(var / "simulator.lock", wait=False)
    try:
        world = _new_world(keys, State(var / SNAPSHOT_FILE), Clock(speed), Addresses(app_base))
        server = _Server(host, port, _Breakable(create_simulator(world)), _Handler)
    except BaseException:
        os.close(lock)
        raise
    return Running(world, server, lock, var)


def create_simulator(world: World) -> Flask:
    """Build the Flask application: wiring only."""
    flask = Flask("simulator", static_folder=None)
    flask.url_map.merge_slashes = False
    flask.extensions[EXTENSION] = world
    for room in (miniprogram, shipping, words, merchant, phone, control, partner, vouchers, desk):
        flask.register_blueprint(room.blueprint)
    flask.register_blueprint(vouchers.room)
    flask.register_error_handler(HTTPException, _http_error)
    return flask


class Running:
    """A simulator that is serving: `base_url`, `keys`, `stop()`; also a context manager."""

    def __init__(self, world: World, server: "_Server", lock: int, var: Path) -> None:
        """Start the threads and take up what an earlier run left unfinished."""
        self.world, self.keys = world, world.keys
        self._server, self._lock, self._url_file = server, lock, var / URL_FILE
        host = f"[{server.host}]" if ":" in server.host else server.host
        self.base_url = f"http://{host}:{server.port}"
        self._stopping = threading.Event()
        self._serving = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        self._saving = threading.Thread(target=self._save_regularly, daemon=True)
        world.timetable.start()
        world.post.resume()
        resume_refunds(world)
        self._serving.start()
        self._saving.start()
        write_private(self._url_file, f"{self.base_url}\n".encode())

    def stop(self) -> None:
        """Stop serving and delivering, save, free the port and `var`; calling it again does nothing."""
        if self._stopping.is_set():
            return
        self._stopping.set()
        self._server.shutdown()
        self._server.server_close()
        self.world.timetable.stop()
        self._saving.join()
        self.world.state.save()
        self._url_file.unlink(missing_ok=True)
        os.close(self._lock)

    def _save_regularly(self) -> None:
        """Write the snapshot while running, the less often the longer it takes."""
        pause_s = SAVE_EVERY_S
        while not self._stopping.wait(pause_s):
            began = time.monotonic()
            self.world.state.save()
            pause_s = max(SAVE_EVERY_S, 20 * (time.monotonic() - began))

    def __enter__(self) -> "Running":
        """Return itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop."""
        self.stop()


class _Breakable:
    """Runs the application and breaks the connection when a fault asked for it."""

    def __init__(self, flask: Flask) -> None:
        """Take the application."""
        self._flask = flask

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Answer a request, or reset its connection before a byte of the answer is written."""
        body = self._flask(environ, start_response)
        if environ.get(BREAK_CONNECTION):
            environ["werkzeug.socket"].setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            raise ConnectionResetError("fault: reset")
        return body


class _Handler(WSGIRequestHandler):
    """One request; silent, and without waiting to fill packets."""

    disable_nagle_algorithm = True
    protocol_version = "HTTP/1.1"

    def connection_dropped(self, error: BaseException, environ: dict[str, Any] | None = None) -> None:
        """End the connection instead of waiting for another request on it."""
        self.close_connection = True

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Write nothing: the control room keeps a log of API requests."""


class _Server(ThreadedWSGIServer):
    """A thread for each connection."""

    request_queue_size = 256

    def shutdown_request(self, request: Any) -> None:
        """Close a connection; one that is to be reset must not say goodbye first."""
        if request.fileno() != -1 and request.getsockopt(socket.SOL_SOCKET, socket.SO_LINGER, 8) == _RESET:
            self.close_request(request)
        else:
            super().shutdown_request(request)


def _new_world(keys: Keys, state: State, clock: Clock, addresses: Addresses) -> World:
    """Put the parts of a world together."""
    faults, timetable = Faults(), Timetable()
    return World(
        keys, clock, state, faults, addresses, timetable, PostOffice(keys, clock, state, faults, timetable)
    )


def _http_error(error: HTTPException) -> Response:
    """Answer what no route answers, in JSON."""
    status = error.code or 500
    if request.path.startswith("/v3/"):
        refusal = answer(
            {"code": "RESOURCE_NOT_EXISTS" if status == 404 else "INVALID_REQUEST", "message": error.name},
            status,
        )
        refusal.headers["Request-ID"] = new_request_id()
        return refusal
    return answer({"error": error.name}, status)
