"""An attestation taken home: its file and its QR code prove the same facts, offline."""

import json
from pathlib import Path

import pytest
from builders import person
from flask import Flask
from flask.testing import FlaskClient
from stranger import Stranger

from app.kit.transaction import transaction
from app.offsets.queries.attestations import get_attestation
from app.offsets.routes import attestation_qr
from app.offsets.services import attestations, causes

FACTS = {"event": {"title": "示例会议"}, "due_g": 47_070_000, "lines": [{"factor": "0.4211"}], "sample": True}


@pytest.fixture
def stranger(client: FlaskClient, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Stranger:
    return Stranger(client, tmp_path, capsys)


@pytest.fixture
def number(app: Flask) -> str:
    organiser = person(app).holder_id
    with transaction():
        cause = causes.open_cause("event", organiser, "示例会议")
        return attestations.attest(cause.id, "event_neutral", FACTS)


@pytest.mark.parametrize("form", ["/file", ""])
def test_an_attestations_file_proves_itself(stranger: Stranger, number: str, form: str) -> None:
    file = stranger.take(f"/v1/attestations/{number}{form}", "attestation.json")
    assert stranger.verify("attestation", file) == 0
    said = stranger.heard()
    assert "示例会议" in said
    assert "revoked" in said, "that it still stands only its page says"


def test_the_qr_codes_digest_is_that_of_the_file(stranger: Stranger, number: str) -> None:
    content = attestation_qr(get_attestation(number))
    assert len(content) < 500, "or a phone cannot read it from paper"
    assert stranger.verify("qr", content) == 0
    [digest] = [line for line in stranger.heard().splitlines() if "facts_sha256" in line]
    file = stranger.take(f"/v1/attestations/{number}/file", "attestation.json")
    assert stranger.verify("attestation", file) == 0
    assert digest in stranger.heard()
    assert stranger.verify("qr", content.replace(number, number[:-1] + "~")) == 1
    for cut in (content[:-5], content[:-60]):
        assert stranger.verify("qr", cut) == 2
    assert stranger.client.get(f"/v1/attestations/{number}/qr.svg").content_type == "image/svg+xml"


def test_what_was_changed_is_found(stranger: Stranger, number: str) -> None:
    file = stranger.take(f"/v1/attestations/{number}", "attestation.json")
    told = json.loads(file.read_text())
    for change in (
        {"facts": {**FACTS, "due_g": 1}},
        {"facts": {**FACTS, "sample": 1}},
        {"number": "0" * 16},
        {"kind": "event_estimate"},
        {"version": 2},
        {"issued_at": "2020-01-01T00:00:00Z"},
        {"issued_at": None},
        {"signature": told["signature"][:-6] + "AAAAAA"},
    ):
        file.write_text(json.dumps(told | change))
        assert stranger.verify("attestation", file) in (1, 2), change
        stranger.heard()
    file.write_text(json.dumps({name: value for name, value in told.items() if name != "version"}))
    assert stranger.verify("attestation", file) == 2
    certificate = stranger.folder / "odd.json"
    for odd in ({}, [], {"format": "senhui-certificate-1", "signature": told["signature"]}, {"number": 5}):
        certificate.write_text(json.dumps(odd))
        assert stranger.verify("attestation", certificate) == 2
