"""Partners on pages: how a person links themselves and sees what it gave; how two operators register one."""

import re
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from flask import Flask
from flask.testing import FlaskClient
from partnering import Reporter, item, public_text, register
from visiting import Visitor, at_console

from app.footprint.queries import partners as known
from app.kit import clock
from app.kit.message_signatures import read_public_key

TODAY = clock.business_day()
DAYS = {"valid_from": f"{TODAY}", "valid_until": f"{TODAY + timedelta(days=300)}"}
NEW = {
    "code": "fuzhou_metro",
    "kind": "metro",
    "name_zh": "示例地铁",
    "name_en": "Sample metro",
    "contact": "data@metro.example.cn",
    "scene_metro": "100000",
}


def form_key(text: str) -> str:
    found = re.search(r'name="form_key" value="([^"]+)"', text)
    assert found is not None
    return found[1]


def test_a_person_agrees_sees_the_effect_withdraws_and_ends(app: Flask, live: str) -> None:
    partner = register(live)
    visitor = Visitor(app).sign_in().speak("en")
    page = visitor.get("/me/partners").text
    assert "Sample partner" in page
    nothing = visitor.post(f"/me/partners/{partner.code}/link")
    assert nothing.location.endswith("said=partner_none_chosen")
    linked = visitor.post(f"/me/partners/{partner.code}/link", {"scene_metro": "yes"})
    assert linked.status_code == 303
    page = visitor.get("/me/partners").text
    token = re.search(r'class="code">([0-9A-Z]{26})<', page)
    assert token is not None
    answer = partner.post(app.test_client(), [item(token[1]), item(token[1], 700, scene="bus")])
    assert (answer.json["accepted"], answer.json["refused"]) == (1, 1)
    page = visitor.get("/me/partners").text
    assert "1 counted" in page
    assert "1 items were turned away" in page
    assert visitor.post(f"/me/partners/{partner.code}/metro/withdraw").status_code == 303
    assert visitor.post(f"/me/partners/{partner.code}/metro/withdraw").status_code == 404
    assert partner.post(app.test_client(), [item(token[1], 900)]).json["refused"] == 1
    assert visitor.post(f"/me/partners/{partner.code}/end").status_code == 303
    assert visitor.post(f"/me/partners/{partner.code}/end").status_code == 404
    assert visitor.post("/me/partners/nobody/link", {"scene_metro": "yes"}).status_code == 404
    assert token[1] not in visitor.get("/me/partners").text


def test_two_operators_register_a_partner_and_its_key(app: Flask, client: FlaskClient) -> None:
    first, second = at_console(app, "partners"), at_console(app, "partners")
    key = Ed25519PrivateKey.generate()
    form = NEW | {"form_key": form_key(first.get("/console/partners/new").text)}
    assert first.post("/console/partners", form | {"contact": "me@qq.com"}).status_code == 422
    assert first.post("/console/partners", form).status_code == 303
    assert first.post("/console/partners", form).status_code == 303, "the same form again makes nothing"
    base = "/console/partners/fuzhou_metro"
    waiting = re.search(r'name="terms" value="(\d+)"', second.get(base).text)
    assert waiting is not None
    read = {"terms": waiting[1]}
    assert first.post(f"{base}/terms/approve", read).status_code == 403, "not by whoever proposed it"
    assert first.post(f"{base}/terms", {"scene_bus": "5"}).status_code == 409, "one proposal at a time"
    for other in ({}, {"terms": "x"}, {"terms": "0"}):
        assert second.post(f"{base}/terms/approve", other).status_code == 422
    unread = second.post(f"{base}/terms/approve", {"terms": f"{int(waiting[1]) + 1}"})
    assert unread.status_code == 409, "only what the page showed"
    assert second.post(f"{base}/terms/approve", read).status_code == 303
    assert second.post(f"{base}/terms/approve", read).status_code == 409
    assert first.post(f"{base}/keys", DAYS | {"public_key": "no key"}).status_code == 422
    assert first.post(f"{base}/keys", DAYS | {"public_key": public_text(key)}).status_code == 303
    assert first.post(f"{base}/keys", DAYS | {"public_key": public_text(key)}).status_code == 409
    kid = Reporter("fuzhou_metro", key, (0, 0), "http://x").client.keyid
    assert first.post(f"{base}/keys/{kid}/confirm").status_code == 403
    assert second.post(f"{base}/keys/{kid}/confirm").status_code == 303
    partner = Reporter("fuzhou_metro", key, (0, 0), app.extensions["settings"].public_url)
    assert partner.post(client, [item("0" * 26)]).json["refused"] == 1
    assert "batch-1" in first.get(base).text
    assert second.post(f"{base}/keys/{kid}/revoke").status_code == 303
    assert partner.post(client, [item("0" * 26)]).status_code == 401
    assert first.post(f"{base}/suspend", {"reason": "impossible speeds"}).status_code == 303
    assert known.find_partner("fuzhou_metro").scenes is None
    assert "impossible speeds" in first.get(base).text
    assert first.post("/console/partners/nobody/suspend", {"reason": "x"}).status_code == 404


@pytest.mark.parametrize("path", ["/console/partners", "/console/partners/new"])
def test_only_who_looks_after_partners_comes_in(app: Flask, path: str) -> None:
    assert at_console(app, "finance").get(path).status_code == 403
    assert at_console(app, "auditor").post("/console/partners").status_code == 403


def test_a_key_is_read_as_people_paste_it() -> None:
    key = Ed25519PrivateKey.generate()
    pem = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    raw = key.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    assert read_public_key(pem.decode()) == read_public_key(" ".join(pem.decode().split("\n"))) == raw
    assert read_public_key(public_text(key)) == raw
    for other in ("", "AAAA", "-----BEGIN PUBLIC KEY-----AAAA-----END PUBLIC KEY-----"):
        assert read_public_key(other) == b""
