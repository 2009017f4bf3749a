"""`flask dev`: the whole product on one machine, for development and for a first look.

Embedded PostgreSQL and Redis, sample forests, the WeChat simulator, two web processes, a worker and
the sweeper, all in `SENHUI_VAR`; several instances run side by side with another `PORT` and folder.
"""

import fcntl
import json
import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType

import click
import requests
from flask import current_app

from app.accounts import queries as accounts
from app.accounts import services
from app.cli.database import load_samples, upgrade
from app.cli.partners import register_sandbox
from app.cli.rewards import offer_samples
from app.config import Settings
from app.kit.database import db
from app.kit.transaction import transaction

_GRANIAN = "--interface wsgi --workers 2 --blocking-threads 4 --backpressure 64 --no-ws --log-level warning"
START_SECONDS = 60
MOST_RESTARTS = 50


@click.command("dev")
@click.option("--port", envvar="PORT", default=8000, show_default=True, help="Port of the web server.")
def dev(port: int) -> None:
    """Start everything, print the address, and stop everything on Ctrl-C."""
    settings: Settings = current_app.extensions["settings"]
    if settings.production:
        raise click.ClickException("flask dev is for development; see README for production")
    started = time.monotonic()
    with _alone(settings.var):
        upgrade.callback("head")  # type: ignore[misc]
        load_samples.callback()  # type: ignore[misc]
        passwords = sample_operators(settings.var / "operators.json")
        db.engine.dispose()
        crew = Crew(settings.var, port)
        try:
            crew.start()
            register_sandbox(crew.phone_url)
            offer_samples(crew.phone_url)
            db.engine.dispose()
            click.echo(f"\n  森惠 Senhui   {crew.url}")
            click.echo(f"  模拟微信 WeChat simulator   {crew.phone_url}")
            click.echo(f"  API   {crew.url}/docs     books   {crew.url}/books")
            click.echo(f"  运营后台 console   {crew.url}/console")
            for name, password in passwords.items():
                click.echo(f"    示例 {name}   {password}   {_command()} NAME={name}")
            click.echo(f"  ready in {time.monotonic() - started:.1f} s; Ctrl-C stops everything\n")
            crew.watch()
        finally:
            crew.stop()


def sample_operators(kept: Path) -> dict[str, str]:
    """The passwords of the sample operators, who are enrolled at the first start of an instance.

    They are kept beside the database that they are good for; where either was lost, both are made anew.
    """
    passwords: dict[str, str] = json.loads(kept.read_text()) if kept.exists() else {}
    known = set(accounts.operators.list_names().values())
    if not passwords or not set(passwords) <= known:
        with transaction():
            passwords = services.operators.enrol_samples()
        kept.touch(mode=0o600)
        kept.write_text(json.dumps(passwords))
    return passwords


def _command() -> str:
    """What prints a code of this very instance."""
    folder = os.environ.get("SENHUI_VAR")
    return (f"SENHUI_VAR={shlex.quote(folder)} " if folder else "") + "make code"


@contextmanager
def _alone(var: Path) -> Iterator[None]:
    """One instance a folder; the kernel lets go of the lock whatever ends us."""
    var.mkdir(parents=True, exist_ok=True)
    with (var / "dev.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise click.ClickException(
                f"an instance already runs in {var}; give another SENHUI_VAR and PORT"
            ) from error
        yield


class Crew:
    """The child processes of one instance, each in a process group of its own."""

    def __init__(self, var: Path, port: int) -> None:
        self.var, self.port = var, port
        self.url = f"http://127.0.0.1:{port}"
        self.phone_url = ""
        self.children: dict[str, subprocess.Popen[bytes]] = {}
        self.commands: dict[str, tuple[list[str], dict[str, str]]] = {}
        self.restarts = 0

    def start(self) -> None:
        """Start the simulator, then all that talk to it, and wait until the web server answers."""
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, _leave)
        simulator = self.var / "simulator"
        (simulator / "simulator.url").unlink(missing_ok=True)
        self._run("simulator", [sys.executable, "-m", "simulator", "--var", str(simulator)], {})
        self.phone_url = self._wait(lambda: _read(simulator / "simulator.url"), "the simulator")
        env = {
            "PORT": str(self.port),
            "PUBLIC_URL": self.url,
            "WECHAT_API_BASE": self.phone_url,
            "WECHAT_PAY_BASE": self.phone_url,
            "PHONE_URL": self.phone_url,
        }
        flask = [sys.executable, "-m", "flask", "--app", "wsgi"]
        web = [
            "-m",
            "granian",
            *_GRANIAN.split(),
            "--host",
            "127.0.0.1",
            "--port",
            str(self.port),
            "wsgi:app",
        ]
        self._run("web", [sys.executable, *web], env)
        self._run("worker", [*flask, "worker"], env)
        self._run("sweeper", [*flask, "sweeper"], env)
        self._wait(self._answers, "the web server")

    def _run(self, name: str, command: list[str], env: dict[str, str]) -> None:
        self.commands[name] = command, env
        environment = {**os.environ, "SENHUI_VAR": str(self.var), **env}
        self.children[name] = subprocess.Popen(command, env=environment, start_new_session=True)

    def _answers(self) -> str:
        try:
            return requests.get(f"{self.url}/readyz", timeout=2).text
        except requests.RequestException:
            return ""

    def _wait(self, ask: Callable[[], str], what: str) -> str:
        end = time.monotonic() + START_SECONDS
        while time.monotonic() < end:
            self._check()
            if found := ask():
                return found
            time.sleep(0.05)
        raise click.ClickException(f"{what} did not start in {START_SECONDS} s")

    def _check(self) -> None:
        for name, child in self.children.items():
            if child.poll() is not None:
                raise click.ClickException(f"{name} ended with status {child.returncode}")

    def watch(self) -> None:
        """Stay until told to leave; a process that ended is started again, as a supervisor would.

        The simulator comes back at another address, and something that ends again and again is
        broken: both are faults that end the instance.
        """
        while True:
            for name, child in list(self.children.items()):
                if child.poll() is not None:
                    self._start_again(name, child)
            time.sleep(0.2)

    def _start_again(self, name: str, child: subprocess.Popen[bytes]) -> None:
        self.restarts += 1
        if name == "simulator" or self.restarts > MOST_RESTARTS:
            self._check()
        click.echo(f"  {name} ended with status {child.returncode}; starting it again", err=True)
        _signal(child, signal.SIGKILL)
        self._run(name, *self.commands[name])

    def stop(self) -> None:
        """End all children kindly, in the reverse order, then without asking."""
        for child in reversed(self.children.values()):
            _signal(child, signal.SIGTERM)
        end = time.monotonic() + 10
        for child in self.children.values():
            try:
                child.wait(max(0.1, end - time.monotonic()))
            except subprocess.TimeoutExpired:
                _signal(child, signal.SIGKILL)
                child.wait()


def _signal(child: subprocess.Popen[bytes], number: int) -> None:
    """Reach the whole group: a worker's forked job must not outlive it."""
    with suppress(ProcessLookupError):
        os.killpg(child.pid, number)


def _leave(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _read(path: Path) -> str:
    return path.read_text().strip() if path.exists() else ""
