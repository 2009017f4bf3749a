"""Signing in with WeChat, refreshing, signing out, consents, and what strangers cannot do."""

from datetime import timedelta

import jwt
import pytest
import requests
from builders import person, wechat_person
from flask import Flask
from flask.testing import FlaskClient

import simulator
from app.kit import clock


def login_code(phone: simulator.Running, account: str = "1") -> str:
    answer = requests.post(f"{phone.base_url}/phone/api/login", json={"account": account}, timeout=5)
    return str(answer.json()["code"])


def test_the_same_wechat_is_the_same_holder(app: Flask, phone: simulator.Running) -> None:
    first, again, other = (wechat_person(app, phone.base_url, name) for name in ("1", "1", "2"))
    assert first.holder_id == again.holder_id
    assert other.holder_id != first.holder_id


def test_a_code_works_once(client: FlaskClient, phone: simulator.Running) -> None:
    code = login_code(phone)
    assert client.post("/v1/sessions", json={"code": code}).status_code == 201
    again = client.post("/v1/sessions", json={"code": code})
    assert again.status_code == 401
    assert again.json["code"] == "code_not_accepted"
    assert again.content_type == "application/problem+json"


def test_wechat_being_away_is_503_and_changes_nothing(
    client: FlaskClient, phone: simulator.Running, live: str
) -> None:
    code = login_code(phone)
    fault = {"kind": "http_500", "path": "/sns", "count": 9}
    requests.post(f"{phone.base_url}/control/faults", json=fault, timeout=5)
    answer = client.post("/v1/sessions", json={"code": code})
    assert answer.status_code == 503
    assert answer.headers["Retry-After"]


def test_refreshing_rotates_and_a_lost_answer_is_given_again(
    client: FlaskClient, phone: simulator.Running
) -> None:
    first = client.post("/v1/sessions", json={"code": login_code(phone)}).json["refresh_token"]
    second = client.post("/v1/sessions/refresh", json={"refresh_token": first}).json["refresh_token"]
    repeated = client.post("/v1/sessions/refresh", json={"refresh_token": first}).json["refresh_token"]
    assert second == repeated != first


def test_a_stolen_refresh_token_ends_the_whole_family(client: FlaskClient, phone: simulator.Running) -> None:
    session = client.post("/v1/sessions", json={"code": login_code(phone)}).json
    first, auth = session["refresh_token"], {"Authorization": f"Bearer {session['access_token']}"}
    second = client.post("/v1/sessions/refresh", json={"refresh_token": first}).json["refresh_token"]
    third = client.post("/v1/sessions/refresh", json={"refresh_token": second}).json["refresh_token"]
    assert client.post("/v1/sessions/refresh", json={"refresh_token": first}).status_code == 401
    assert client.post("/v1/sessions/refresh", json={"refresh_token": third}).status_code == 401
    assert client.get("/v1/me", headers=auth).status_code == 401


def test_signing_out_ends_the_session_at_once(app: Flask, client: FlaskClient) -> None:
    someone = person(app)
    assert client.get("/v1/me", headers=someone.auth).status_code == 200
    assert client.delete("/v1/sessions/current", headers=someone.auth).status_code == 204
    assert client.get("/v1/me", headers=someone.auth).status_code == 401


def test_an_access_token_ends_after_a_quarter_of_an_hour(app: Flask, client: FlaskClient) -> None:
    someone = person(app)
    with clock.frozen(clock.now() + timedelta(minutes=15, seconds=1)):
        assert client.get("/v1/me", headers=someone.auth).status_code == 401


@pytest.mark.parametrize(
    "forge",
    [
        lambda token, key: token[:-4] + "AAAA",
        lambda token, key: token.rsplit(".", 1)[0] + ".",
        lambda token, key: jwt.encode(
            jwt.decode(token, options={"verify_signature": False}), "k" * 32, "HS256"
        ),
        lambda token, key: jwt.encode(jwt.decode(token, options={"verify_signature": False}), None, "none"),
        lambda token, key: "a" * 5000,
        lambda token, key: "..",
    ],
)
def test_forged_tokens_are_refused(app: Flask, client: FlaskClient, forge: object) -> None:
    token = forge(person(app).token, None)  # type: ignore[operator]
    answer = client.get("/v1/me", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_a_web_token_is_no_api_token(app: Flask, client: FlaskClient) -> None:
    from app.kit.identity import signer

    someone = person(app)
    web = signer().issue(someone.holder_id, 1, "web")
    assert client.get("/v1/me", headers={"Authorization": f"Bearer {web}"}).status_code == 401


def test_consent_is_given_per_scene_and_source_and_can_be_withdrawn(app: Flask, client: FlaskClient) -> None:
    someone = person(app)
    path = "/v1/me/consents/walking/werun"
    assert client.put(path, json={"version": "1"}, headers=someone.auth).status_code == 200
    assert client.put(path, json={"version": "1"}, headers=someone.auth).status_code == 200
    assert client.put(path, json={"version": "2"}, headers=someone.auth).json["version"] == "2"
    assert client.delete(path, headers=someone.auth).status_code == 204
    assert client.delete(path, headers=someone.auth).status_code == 404
    kept = client.get("/v1/me/consents", headers=someone.auth).json
    assert [(c["version"], c["withdrawn_at"] is not None) for c in kept] == [("2", True), ("1", True)]


def test_refusals_speak_the_callers_language(client: FlaskClient) -> None:
    english = client.get("/v1/me", headers={"Accept-Language": "en"})
    chinese = client.get("/v1/me", headers={"Accept-Language": "zh-CN"})
    assert english.json["title"] == "Please sign in"
    assert chinese.json["title"] == "请先登录"
