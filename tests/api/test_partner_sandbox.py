"""The sandbox partner and the published example, over HTTP: they are heard when they sign well."""

import base64
import json
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
from builders import person
from flask import Flask
from partnering import example, item, link, register

import simulator
from app.footprint.services import partners as desk
from app.kit import clock
from app.kit.transaction import transaction

EXAMPLE = Path(__file__).parents[2] / "docs" / "partner_client.py"
Letter = Callable[..., dict[str, Any]]


@pytest.fixture
def sandbox(app: Flask, phone: simulator.Running, live: str) -> Letter:
    """Lets the simulator's partner send a letter; its key is registered."""
    partner = register(live)
    told = requests.get(f"{phone.base_url}/control/partner", timeout=5).json()
    now = clock.now()
    with transaction():
        first, second = partner.operators
        raw = base64.b64decode(told["public_key"])
        kid = desk.register_key(
            first, partner.code, raw, now - timedelta(days=1), now + timedelta(days=9)
        ).kid
        desk.confirm_key(second, partner.code, kid)
    assert kid == told["keyid"]
    token = link(person(app).holder_id, partner)

    def send(**changes: Any) -> dict[str, Any]:
        wish = {"base_url": live, "items": [item(token)], **changes}
        got = requests.post(f"{phone.base_url}/control/partner", json=wish, timeout=30)
        assert got.status_code == 200, got.text
        answer: dict[str, Any] = got.json()
        return answer

    return send


def test_what_the_sandbox_partner_signs_is_taken_once(sandbox: Letter) -> None:
    first = sandbox()
    assert (first["status"], first["answer"]["accepted"]) == (201, 1)
    again = sandbox(fault="replay")
    assert (again["status"], again["answer"]) == (200, first["answer"])


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"fault": "wrong_key"}, "signature_wrong"),
        ({"fault": "wrong_body"}, "digest_wrong"),
        ({"fault": "unsigned"}, "signature_missing"),
        ({"skew_s": 400}, "signature_stale"),
        ({"skew_s": -400}, "signature_stale"),
    ],
)
def test_what_it_signs_badly_is_named_and_not_taken(
    sandbox: Letter, change: dict[str, Any], code: str
) -> None:
    refused = sandbox(**change)
    assert (refused["status"], refused["answer"]["code"]) == (401, code)
    assert sandbox()["answer"]["accepted"] == 1


def test_the_control_room_sends_nothing_to_strangers(phone: simulator.Running) -> None:
    for wish in (
        {"base_url": "http://example.com"},
        {"base_url": phone.base_url, "fault": "none at all"},
        {"base_url": phone.base_url, "skew_s": "late"},
    ):
        got = requests.post(f"{phone.base_url}/control/partner", json=wish, timeout=5)
        assert got.status_code == 400


def test_the_example_client_reports_and_reads_its_result(app: Flask, live: str, tmp_path: Path) -> None:
    partner = register(live)
    key_file, batch_file = tmp_path / "key.pem", tmp_path / "batch.json"
    printed = run("new-key", str(key_file))
    now = clock.now()
    with transaction():
        raw = base64.b64decode(printed.stdout)
        kid = desk.register_key(
            partner.operators[0], partner.code, raw, now - timedelta(days=1), now + timedelta(days=9)
        ).kid
        desk.confirm_key(partner.operators[1], partner.code, kid)
    token = link(person(app).holder_id, partner)
    batch = {"batch_id": "day-1", "items": [item(token), item(token, distance_m=-5)]}
    batch_file.write_text(json.dumps(batch))
    sent = run("send", live, str(key_file), str(batch_file), status=1)
    told = json.loads(sent.stdout)
    assert (told["accepted"], told["refused"]) == (1, 1)
    assert json.loads(run("result", live, str(key_file), "day-1", status=1).stdout) == told
    run("send", live, status=2)


def test_the_example_client_raises_what_was_refused(app: Flask, live: str) -> None:
    partner = register(live)
    module = example()
    partner.client.send("day-1", [item("0" * 26)])
    with pytest.raises(module.Refused, match="batch_reused"):
        partner.client.send("day-1", [item("0" * 26)])
    with pytest.raises(ValueError, match="10000 items"):
        partner.client.send("day-2", [])


def run(*arguments: str, status: int = 0) -> subprocess.CompletedProcess[str]:
    """The example as a partner would run it."""
    done = subprocess.run([sys.executable, EXAMPLE, *arguments], capture_output=True, text=True, timeout=60)
    assert done.returncode == status, done.stderr
    return done
