"""What every test stands on: one real PostgreSQL and Redis, and a fresh database a test.

The migrated schema is built once a run as a template; a test that asks for `app` or `client` gets
its own copy of it under the same name in a few hundredths of a second.
"""

import os
import shutil
import socket
import tempfile
import threading
import uuid
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
import requests
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.serving import ThreadedWSGIServer, WSGIRequestHandler

import devstack
import simulator
from app.config import Settings

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment
    from registries import Twins

_BASE = Path("/dev/shm") if Path("/dev/shm").is_dir() else Path(tempfile.gettempdir())


_given_root = os.environ.get("SENHUI_TEST_ROOT")


def pytest_configure(config: pytest.Config) -> None:
    """One folder a test run, shared by its parallel workers; or whoever started us has one for us."""
    os.environ.setdefault("SENHUI_TEST_ROOT", str(_BASE / f"senhui-test-{uuid.uuid4().hex[:8]}"))


def pytest_unconfigure(config: pytest.Config) -> None:
    """The process that made the folder removes it."""
    if _given_root is None:
        root = Path(os.environ["SENHUI_TEST_ROOT"])
        if (root / "stack").exists():
            devstack.stop(root / "stack")
        shutil.rmtree(root, ignore_errors=True)


@pytest.fixture(scope="session")
def root() -> Path:
    """This run's folder."""
    path = Path(os.environ["SENHUI_TEST_ROOT"])
    path.mkdir(parents=True, exist_ok=True)
    return path


@pytest.fixture(scope="session")
def stack(root: Path) -> devstack.Stack:
    """PostgreSQL and Redis of this run, without fsync."""
    return devstack.ensure(root / "stack", durable=False)


@pytest.fixture(scope="session")
def phone(root: Path) -> Iterator[simulator.Running]:
    """The WeChat simulator of this worker, over HTTP, with real keys; retries hundredfold faster."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "gw0")
    with simulator.serve(root / f"phone-{worker}", speed=100.0) as running:
        yield running


@pytest.fixture(scope="session")
def settings(root: Path, stack: devstack.Stack, phone: simulator.Running) -> Settings:
    """Settings of this worker: its own database, Redis number, WeChat and port."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "gw0")
    number = int(worker.removeprefix("gw"))
    lines = (root / f"phone-{worker}" / "wechat.env").read_text().splitlines()
    env = {
        **dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#")),
        "SENHUI_ENV": "test",
        "SENHUI_VAR": str(root / "var"),
        "DATABASE_URL": database_url(stack, f"test_{worker}"),
        "REDIS_URL": f"{stack.redis_url}{'&' if '?' in stack.redis_url else '?'}db={number}",
        "PORT": str(_free_port()),
        "WECHAT_API_BASE": phone.base_url,
        "WECHAT_PAY_BASE": phone.base_url,
        "PHONE_URL": phone.base_url,
    }
    return Settings.from_env(env)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def database_url(stack: devstack.Stack, name: str) -> str:
    """The URL of another database on the same server."""
    return stack.database_url.replace("/senhui?", f"/{name}?", 1)


@pytest.fixture(scope="session")
def template(root: Path, stack: devstack.Stack, settings: Settings) -> str:
    """The name of the migrated template database, built by whichever worker comes first."""
    import fcntl

    from alembic import command
    from alembic.config import Config

    from app import create_app
    from app.cli.database import load_reference_data

    with (root / "template.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (root / "template.done").exists():
            with psycopg.connect(stack.database_url, autocommit=True) as admin:
                admin.execute("DROP DATABASE IF EXISTS template_senhui")
                admin.execute("CREATE DATABASE template_senhui")
            url = database_url(stack, "template_senhui").replace("postgresql://", "postgresql+psycopg://", 1)
            building = create_app(replace(settings, database_url=url))
            with building.app_context():
                command.upgrade(Config(toml_file="pyproject.toml"), "head")
                load_reference_data()
                building.extensions["sqlalchemy"].engine.dispose()
            (root / "template.done").touch()
    return "template_senhui"


class ReadingClient(FlaskClient):
    """A browser that reads an answer to its end and closes it, as servers see to."""

    def open(self, *args: Any, buffered: bool = True, **kwargs: Any) -> Any:
        return super().open(*args, buffered=buffered, **kwargs)


@pytest.fixture(scope="session")
def session_app(settings: Settings, template: str) -> Flask:
    """The application of this worker; tests ask for `app`, which gives it a fresh database."""
    from app import create_app

    app = create_app(settings)
    app.test_client_class = ReadingClient
    app.config["PROPAGATE_EXCEPTIONS"] = False
    return app


@pytest.fixture(scope="session")
def renew(session_app: Flask, stack: devstack.Stack, template: str) -> Callable[[], None]:
    """Give this worker's application a fresh copy of the migrated database and an empty Redis."""
    from app.kit.database import db

    name = psycopg.conninfo.conninfo_to_dict(
        session_app.extensions["settings"].database_url.replace("+psycopg", "", 1)
    )["dbname"]

    def copy() -> None:
        with session_app.app_context():
            db.engine.dispose()
            with psycopg.connect(stack.database_url, autocommit=True) as admin:
                admin.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
                admin.execute(f'CREATE DATABASE "{name}" TEMPLATE {template} STRATEGY FILE_COPY')
            session_app.extensions["redis"].flushdb()

    return copy


@pytest.fixture
def app(session_app: Flask, renew: Callable[[], None]) -> Iterator[Flask]:
    """The application on a fresh copy of the migrated database and an empty Redis."""
    from app.kit.database import db

    renew()
    with session_app.app_context():
        _door.open()
        yield session_app
        _door.close()
        db.session.remove()
        db.engine.dispose()


@pytest.fixture(scope="session")
def other_app(session_app: Flask) -> Iterator[Flask]:
    """A second instance of this worker, with a database and a key of its own."""
    from registries import another_instance

    from app.kit.database import db

    other = another_instance(session_app)
    yield other
    with other.app_context():
        db.engine.dispose()


@pytest.fixture
def twins(app: Flask, other_app: Flask, stack: devstack.Stack, template: str) -> "Twins":
    """Two registries that recognise one another; the first has issued 1,000 kg."""
    from registries import recognised, renew

    renew(other_app, stack, template)
    here, there = recognised(app, other_app)
    here.issue(1000)
    return here, there


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A caller of the application."""
    return app.test_client()


class Door:
    """The live server's door, shut between tests.

    A notice of an earlier test may come at any moment: it must not meet a database that is going away.
    """

    def __init__(self) -> None:
        self._inside = 0
        self._shut = True
        self._changed = threading.Condition()

    def open(self) -> None:
        """Let requests in."""
        with self._changed:
            self._shut = False

    def close(self) -> None:
        """Let no more in, and wait until those inside have left."""
        with self._changed:
            self._shut = True
            self._changed.wait_for(lambda: not self._inside, timeout=20)

    def through(self, app: Flask) -> "WSGIApplication":
        """`app` behind this door."""

        def served(environ: "WSGIEnvironment", start: "StartResponse") -> Iterable[bytes]:
            with self._changed:
                if self._shut:
                    start("503 Service Unavailable", [("Content-Length", "0")])
                    return [b""]
                self._inside += 1
            try:
                return list(app(environ, start))
            finally:
                with self._changed:
                    self._inside -= 1
                    self._changed.notify_all()

        return served


_door = Door()


class _Quiet(WSGIRequestHandler):
    """A request handler that does not print."""

    def log(self, *args: object, **kwargs: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="session")
def live_server(session_app: Flask, settings: Settings) -> Iterator[str]:
    """The application on a real socket at its public address, so that WeChat can call it."""
    port = int(settings.public_url.rsplit(":", 1)[1])
    server = ThreadedWSGIServer("127.0.0.1", port, _door.through(session_app), handler=_Quiet)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield settings.public_url
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def live(app: Flask, live_server: str, phone: simulator.Running) -> Iterator[str]:
    """A live application on a fresh database, with a simulator free of faults."""
    requests.delete(f"{phone.base_url}/control/faults", timeout=5)
    yield live_server
    requests.delete(f"{phone.base_url}/control/faults", timeout=5)
