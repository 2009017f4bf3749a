"""A whole running instance, as `make run` starts it, for the journeys."""

import json
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import requests

import devstack
from app.config import isolated

ROOT = Path(__file__).parent.parent
FLASK = [sys.executable, "-m", "flask", "--app", "wsgi"]


class Instance:
    """`flask dev` in a folder of its own on a free port; a context manager."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="senhui-journey-"))
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        self.url = f"http://127.0.0.1:{self.port}"
        self.env = isolated(self.folder, self.port)

    def __enter__(self) -> "Instance":
        started = time.monotonic()
        with (self.folder / "log").open("wb") as log:
            self.process = subprocess.Popen(
                [*FLASK, "dev"], cwd=ROOT, env=self.env, stdout=log, stderr=log, start_new_session=True
            )
        while "ready in" not in self.log():
            if self.process.poll() is not None or time.monotonic() - started > 90:
                raise RuntimeError(f"the instance did not start:\n{self.log()}")
            time.sleep(0.1)
        self.ready_s = time.monotonic() - started
        self.phone = (self.folder / "simulator" / "simulator.url").read_text().strip()
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is not None:
            print(self.log()[-4000:])
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(30)
        devstack.stop(self.folder / "stack")
        shutil.rmtree(self.folder, ignore_errors=True)

    def log(self) -> str:
        """Everything that the instance has printed."""
        return (self.folder / "log").read_text("utf-8", "replace")

    def stack(self) -> dict[str, Any]:
        """The addresses of the embedded servers."""
        found: dict[str, Any] = json.loads((self.folder / "stack" / "stack.json").read_text())
        return found

    def prove(self) -> subprocess.CompletedProcess[str]:
        """The outcome of `flask prove`."""
        return subprocess.run(
            [*FLASK, "prove"], cwd=ROOT, env=self.env, capture_output=True, text=True, check=False
        )

    def flask(self, *command: str, told: str = "") -> str:
        """What a `flask` command of this instance prints; `told` is its input."""
        done = subprocess.run(
            [*FLASK, *command],
            cwd=ROOT,
            env=self.env,
            input=told,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def run(self, script: str) -> str:
        """What a few lines of Python print in this instance's application and a transaction."""
        program = (
            "from app import create_app\nfrom app.kit.transaction import transaction\n"
            "with create_app().app_context(), transaction() as session:\n"
        )
        body = program + "".join(f"    {line}\n" for line in script.strip().splitlines())
        done = subprocess.run(
            [sys.executable, "-c", body], cwd=ROOT, env=self.env, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def control(self, act: str, **body: Any) -> Any:
        """One act in the simulator's control room."""
        answer = requests.post(f"{self.phone}/control/{act}", json=body, timeout=10)
        assert answer.ok, answer.text
        return answer.json()

    def children(self, role: str) -> list[int]:
        """The process ids of `flask dev`'s children whose command names `role`, forked jobs included."""
        rows = subprocess.run(
            ["ps", "-eo", "pid,ppid,args"], capture_output=True, text=True, check=True
        ).stdout.splitlines()[1:]
        table = [(int(pid), int(ppid), args) for pid, ppid, args in (row.split(None, 2) for row in rows)]
        ours = {pid for pid, ppid, args in table if ppid == self.process.pid and role in args}
        return sorted(ours | {pid for pid, ppid, _ in table if ppid in ours})


class Caller:
    """A signed-in person's calls of the API."""

    def __init__(self, instance: Instance, account: str) -> None:
        self.instance, self.account = instance, account
        self.headers: dict[str, str] = {}
        code = self.on_phone("login", account=account)["code"]
        self.headers["Authorization"] = (
            f"Bearer {self.call('POST', '/v1/sessions', code=code)['access_token']}"
        )

    def call(self, method: str, path: str, **body: Any) -> Any:
        """One call; the answer's JSON. Waits for a server that is being started again."""
        end = time.monotonic() + 30
        while True:
            try:
                answer = requests.request(
                    method, self.instance.url + path, json=body or None, headers=self.headers, timeout=10
                )
                if answer.status_code < 500:
                    break
            except requests.RequestException:
                pass
            if time.monotonic() > end:
                raise AssertionError(f"{method} {path} found no server")
            time.sleep(0.1)
        assert answer.ok, answer.text
        return answer.json() if answer.content else None

    def on_phone(self, act: str, **body: Any) -> Any:
        """One act on the simulated phone."""
        return requests.post(f"{self.instance.phone}/phone/api/{act}", json=body, timeout=10).json()
