"""`make demo`: the whole story through the API alone, on an instance of its own.

Starts everything on a free port in a temporary folder, plays a person's day with progress lines,
prints links and figures, proves the books, ends with `demo: ok`, and leaves nothing behind.
"""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import requests

import devstack
from app.config import isolated

ROOT = Path(__file__).parent
SHANGHAI = timezone(timedelta(hours=8))
FLASK = [sys.executable, "-m", "flask", "--app", "wsgi"]


class Story:
    """One person's calls, with a line of progress each."""

    def __init__(self, base: str, phone: str) -> None:
        self.base, self.phone = base, phone
        self.headers: dict[str, str] = {"Accept-Language": "zh"}
        self.steps = 0

    def tell(self, text: str) -> None:
        """A line of progress."""
        self.steps += 1
        print(f"  {self.steps:2}. {text}", flush=True)

    def call(self, method: str, path: str, body: Any = None, expect: int | None = None) -> Any:
        """One call of our API; anything but success ends the demo with the problem's own words."""
        answer = requests.request(method, self.base + path, json=body, headers=self.headers, timeout=15)
        if not answer.ok or (expect and answer.status_code != expect):
            raise SystemExit(f"demo: {method} {path} answered {answer.status_code}: {answer.text}")
        return answer.json() if answer.content else None

    def on_phone(self, act: str, body: dict[str, Any]) -> Any:
        """One act on the simulated phone."""
        answer = requests.post(f"{self.phone}/phone/api/{act}", json=body, timeout=15)
        answer.raise_for_status()
        return answer.json()


def main() -> None:
    """Play the story; exit 0 and `demo: ok`, or say what went wrong."""
    folder = Path(tempfile.mkdtemp(prefix="senhui-demo-"))
    port = _free_port()
    env = isolated(folder, port)
    print(f"demo: starting an instance of its own on port {port} …", flush=True)
    with (folder / "log").open("wb") as log:
        instance = subprocess.Popen(
            [*FLASK, "dev"], cwd=ROOT, env=env, stdout=log, stderr=log, start_new_session=True
        )
    try:
        base = f"http://127.0.0.1:{port}"
        _wait(lambda: _ready(base), instance, folder / "log")
        play(Story(base, (folder / "simulator" / "simulator.url").read_text().strip()))
        proof = subprocess.run(
            [*FLASK, "prove"], cwd=ROOT, env=env, capture_output=True, text=True, check=False
        )
        print("\n" + proof.stdout)
        if proof.returncode:
            raise SystemExit("demo: the books do not prove")
    finally:
        _end(instance)
        devstack.stop(folder / "stack")
        shutil.rmtree(folder, ignore_errors=True)
    print("demo: ok")


def play(story: Story) -> None:
    """A person's day: steps, a trip, what is still owed, a yuan of forest carbon, its certificate."""
    _sign_in(story)
    _act(story)
    _owe(story)
    _buy(story)


def _sign_in(story: Story) -> None:
    code = story.on_phone("login", {"account": "1"})["code"]
    tokens = story.call("POST", "/v1/sessions", {"code": code})
    story.headers["Authorization"] = f"Bearer {tokens['access_token']}"
    story.tell("signed in with WeChat")


def _act(story: Story) -> None:
    story.call("PUT", "/v1/me/consents/walking/werun", {"version": "2026-1"})
    data = story.on_phone("werun", {"account": "1"})
    story.call("POST", "/v1/steps", {"encrypted_data": data["encryptedData"], "iv": data["iv"]})
    walked = story.call("GET", "/v1/actions?limit=100")["items"]
    grams = sum(action["avoided_g"] for action in walked)
    factor = walked[0]["factor"]
    story.tell(f"{len(walked)} days of steps became {grams} g avoided")
    story.tell(f"   factor {factor['key']} = {factor['value']} {factor['unit']}; {factor['source_title']}")
    started = datetime.now(SHANGHAI) - timedelta(hours=2)
    trip = story.call(
        "POST",
        "/v1/actions",
        {"scene": "metro", "started_at": started.isoformat(timespec="seconds"), "distance_m": 8000},
    )
    story.tell(f"a metro trip of 8 km avoided {trip['avoided_g']} g (evidence: {trip['grade']})")


def _owe(story: Story) -> None:
    month = datetime.now(SHANGHAI).strftime("%Y-%m")
    entries = [{"kind": "electricity", "quantity": 20}]
    due = story.call("POST", "/v1/dues", {"month": month, "entries": entries})
    story.tell(f"20 kWh at home in {month}: {due['owed_g']} g owed")


def _buy(story: Story) -> None:
    lots = story.call("GET", "/v1/lots?available=true")["items"]
    lot = lots[0]
    story.tell(f"{len(lots)} lots on sale; chosen: {json.dumps(lot['seller'], ensure_ascii=False)}")
    wish = {"purpose": "personal", "amount_fen": 100, "lot": lot["code"]}
    order = story.call("POST", "/v1/orders", wish)
    story.tell(f"reserved {order['quantity_kg']} kg for {order['amount_fen'] / 100:.2f} yuan")
    sheet = story.call("POST", f"/v1/orders/{order['code']}/payment")
    paid_at = time.monotonic()
    story.on_phone("pay", sheet)
    settled = _wait(lambda: _settled(story, order["code"]), None, None, seconds=10)
    took = time.monotonic() - paid_at
    number = settled["certificate_number"]
    certificate = story.call("GET", f"/v1/certificates/{number}")
    story.tell(f"paid; settled and certified {took:.2f} s later")
    story.tell(f"certificate {number}: {certificate['serial']}, {certificate['project']}")
    page = requests.get(certificate["url"], timeout=15)
    if page.status_code != 200 or certificate["serial"] not in page.text:
        raise SystemExit("demo: the public page does not confirm the certificate")
    story.tell(f"confirmed by its public page {certificate['url']}")
    due = story.call("GET", "/v1/dues")
    points = story.call("GET", "/v1/me")["balances"].get("points", 0)
    story.tell(f"still owed {due['owed_g']} g; points {points}")
    if took > 2:
        raise SystemExit(f"demo: settlement took {took:.1f} s, more than two")


def _settled(story: Story, code: str) -> Any:
    order = story.call("GET", f"/v1/orders/{code}")
    return order if order["status"] == "settled" else None


def _ready(base: str) -> Any:
    try:
        return requests.get(f"{base}/readyz", timeout=2).ok
    except requests.RequestException:
        return None


def _wait(
    ask: Callable[[], Any], process: "subprocess.Popen[bytes] | None", log: Path | None, seconds: float = 60
) -> Any:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := ask():
            return found
        if process is not None and process.poll() is not None:
            break
        time.sleep(0.05)
    raise SystemExit("demo: gave up waiting\n" + (log.read_text()[-3000:] if log else ""))


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _end(instance: "subprocess.Popen[bytes]") -> None:
    instance.send_signal(signal.SIGTERM)
    try:
        instance.wait(20)
    except subprocess.TimeoutExpired:
        os.killpg(instance.pid, signal.SIGKILL)


if __name__ == "__main__":
    main()
