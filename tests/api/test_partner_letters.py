"""What a letter may cost us: no body of a stranger's is read, and one odd row makes nobody's life be read."""

import json
from typing import Any

import pytest
from builders import person
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from flask import Flask
from flask.testing import FlaskClient
from partnering import Reporter, item, link, register

from app.footprint.queries import partners as known
from app.footprint.services import batches

PATH = "/v1/partner/batches"


class Flood:
    """Seven megabytes that count how much of them is read."""

    read_bytes = 0

    def read(self, size: int = -1) -> bytes:
        """Some of them."""
        size = min(1 << 16 if size < 0 else size, 7_000_000 - self.read_bytes)
        self.read_bytes += size
        return b" " * size

    readline = read

    def close(self) -> None:
        """Nothing is held."""


@pytest.fixture
def partner(app: Flask) -> Reporter:
    """A registered partner."""
    return register(app.extensions["settings"].public_url)


@pytest.mark.parametrize("signer", ["nobody", "a stranger", "whoever signs no digest", "a thief"])
def test_nothing_of_a_body_is_read_before_its_sender_is_known(
    client: FlaskClient, partner: Reporter, signer: str
) -> None:
    thief = Reporter(partner.code, Ed25519PrivateKey.generate(), (0, 0), partner.base_url)
    headers = {
        "nobody": {},
        "a stranger": thief.client.headers("POST", PATH, b"x"),
        "whoever signs no digest": partner.client.headers("POST", PATH, b""),
        "a thief": {
            **partner.client.headers("POST", PATH, b"x"),
            "Signature": thief.client.headers("POST", PATH, b"x")["Signature"],
        },
    }[signer]
    flood = Flood()
    environ: dict[str, Any] = {"wsgi.input": flood, "CONTENT_LENGTH": "7000000"}
    answer = client.post(PATH, headers=headers, environ_overrides=environ)
    assert answer.status_code == 401, answer.text
    assert flood.read_bytes == 0


def test_a_signed_letter_whose_digest_is_of_other_bytes_is_read_and_refused(
    client: FlaskClient, partner: Reporter
) -> None:
    flood = Flood()
    environ: dict[str, Any] = {"wsgi.input": flood, "CONTENT_LENGTH": "7000000"}
    headers = partner.client.headers("POST", PATH, b"x")
    answer = client.post(PATH, headers=headers, environ_overrides=environ)
    assert (answer.status_code, answer.json["code"]) == (401, "digest_wrong")
    assert flood.read_bytes == 7_000_000


def test_one_row_with_a_wrong_clock_or_distance_does_not_have_a_life_read(
    app: Flask, client: FlaskClient, partner: Reporter, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = link(person(app).holder_id, partner)
    asked: dict[int, tuple[int, int]] = {}
    find = known.find_standing

    def find_standing(spans: dict[int, tuple[int, int]]) -> Any:
        asked.update(spans)
        return find(spans)

    monkeypatch.setattr(batches.known, "find_standing", find_standing)
    odd = [
        item(token, started_at="2000-01-01T00:00:00Z"),
        item(token, started_at="2099-12-31T00:00:00Z"),
        item(token, distance_m=10**24, duration_s=None),
        item(token, distance_m=-(10**20), duration_s=None),
        item(token, distance_m=500, duration_s=172_800),
    ]
    answer = partner.post(client, [item(token), *odd])
    assert answer.status_code == 201, answer.text
    assert [each["status"] for each in answer.json["results"]] == ["accepted"] + ["refused"] * 5
    [(begins, ends)] = asked.values()
    assert ends - begins == 20, "the minutes of the one trip that can have been"


@pytest.mark.parametrize("path", ["/v1/me/partners/%00", "/v1/me/partners/" + "x" * 300])
def test_a_partner_that_cannot_be_is_not_found(app: Flask, client: FlaskClient, path: str) -> None:
    rider = person(app)
    told = {"scenes": ["metro"], "version": "1"}
    for answer in (
        client.put(path, json=told, headers={**rider.auth, "Idempotency-Key": "put"}),
        client.delete(path, headers={**rider.auth, "Idempotency-Key": "delete"}),
    ):
        assert answer.status_code == 404, answer.text
    assert json.loads(client.get("/v1/me/partners", headers=rider.auth).text) == []
