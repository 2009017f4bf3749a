"""WeRun's steps: encrypted by a stand-in with the real cipher, credited once, refused with one answer."""

import base64
import json
import os
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from app.accounts import chart
from app.accounts import queries as books
from app.accounts import services as accounts
from app.footprint import queries, services
from app.kit import clock
from app.kit.codes import random_code
from app.kit.database import db
from app.kit.identity import signer
from app.kit.transaction import transaction

SESSION_KEY = "tiihtNczf5v6AKRyjwEUhQ=="
NOW = clock.now().replace(microsecond=0)
TODAY = clock.business_day(NOW)


@pytest.fixture(autouse=True)
def _loaded(app: Flask) -> None:
    with transaction():
        services.load_factors()
        services.load_methodologies()


def walker(consent: bool = True, session_key: str = SESSION_KEY) -> tuple[int, dict[str, str]]:
    with transaction():
        signed = accounts.sign_in_wechat(f"o{random_code(20)}", None, session_key)
        if consent:
            accounts.grant_consent(signed.holder_id, "walking", "werun", "2026-1")
    with clock.frozen(NOW):  # a long run comes here long after it was loaded
        token = signer().issue(signed.holder_id, signed.session_id, "api", timedelta(days=2))
    return signed.holder_id, {"Authorization": f"Bearer {token}"}


def werun(
    days: dict[date, int], taken_at: datetime = NOW, appid: str | None = None, key: str = SESSION_KEY
) -> dict[str, str]:
    """What wx.getWeRunData would give: AES-128-CBC with PKCS#7 under the session key."""
    listed = [
        {"timestamp": int(datetime(d.year, d.month, d.day, tzinfo=clock.SHANGHAI).timestamp()), "step": n}
        for d, n in days.items()
    ]
    watermark = {"timestamp": int(taken_at.timestamp()), "appid": appid or our_appid()}
    plain = json.dumps({"stepInfoList": listed, "watermark": watermark}).encode()
    padder, iv = PKCS7(128).padder(), os.urandom(16)
    encryptor = Cipher(algorithms.AES128(base64.b64decode(key)), modes.CBC(iv)).encryptor()
    sealed = encryptor.update(padder.update(plain) + padder.finalize()) + encryptor.finalize()
    return {"encrypted_data": base64.b64encode(sealed).decode(), "iv": base64.b64encode(iv).decode()}


def our_appid() -> str:
    from flask import current_app

    return str(current_app.extensions["settings"].wechat.appid)


def month_of_steps(steps: int = 10_000) -> dict[date, int]:
    return {TODAY - timedelta(days=back): steps + back for back in range(30, -1, -1)}


def send(client: FlaskClient, auth: dict[str, str], body: dict[str, Any], at: datetime = NOW) -> Any:
    with clock.frozen(at):
        return client.post("/v1/steps", json=body, headers=auth)


def balance(holder: int) -> int:
    db.session.rollback()
    return books.get_balance(holder, chart.REDUCTIONS)


def assert_proved() -> None:
    db.session.rollback()
    assert [proof for proof in [*queries.prove(), *books.prove()] if not proof.holds] == []


def test_31_days_of_steps_become_grams_with_the_factor_beside_them(client: FlaskClient) -> None:
    holder, auth = walker()
    answer = send(client, auth, werun(month_of_steps()))
    assert answer.status_code == 201, answer.text
    assert (answer.json["actions"], answer.json["avoided_g"]) == (31, 31 * 200)
    assert answer.json["days"][0] == {
        "day": TODAY.isoformat(),
        "steps": 10_000,
        "avoided_g": 200,
        "cap_g": 296,
        "capped": False,
    }
    assert balance(holder) == 6200
    actions = client.get("/v1/actions?limit=100", headers=auth).json["items"]
    assert len(actions) == 31
    assert actions[0]["occurred_on"] == TODAY.isoformat()
    assert (actions[0]["grade"], actions[0]["source"], actions[0]["scene"]) == (
        "measured",
        "werun",
        "walking",
    )
    assert actions[0]["inputs"] == {"steps": 10_000, "steps_before": 0}
    assert actions[0]["occurred_at"] is None
    assert (actions[0]["factor"]["key"], actions[0]["factor"]["value"]) == ("er.step.hb", "0.00002")
    [payload] = db.session.scalars(text("SELECT payload FROM announcement")).all()
    assert len(payload["actions"]) == 31
    assert_proved()


def test_a_day_that_grows_is_credited_its_growth(client: FlaskClient) -> None:
    holder, auth = walker()
    for minute, steps, expected in ((0, 5000, 100), (1, 5000, 0), (2, 4000, 0), (3, 9020, 80)):
        at = NOW + timedelta(minutes=minute)
        answer = send(client, auth, werun({TODAY: steps}, at), at)
        assert (answer.status_code, answer.json["avoided_g"]) == (201, expected)
    assert answer.json["days"][0]["steps"] == 9020
    assert balance(holder) == 180
    assert [action.inputs for action in queries.list_actions(holder, 10)] == [
        {"steps": 9020, "steps_before": 5000},
        {"steps": 5000, "steps_before": 0},
    ]
    assert_proved()


def test_a_day_is_credited_up_to_its_cap_and_says_so(client: FlaskClient) -> None:
    holder, auth = walker()
    send(client, auth, werun({TODAY: 14_000}))
    later = NOW + timedelta(minutes=5)
    answer = send(client, auth, werun({TODAY: 90_000}, later), later)
    assert answer.json["days"][0] == {
        "day": TODAY.isoformat(),
        "steps": 90_000,
        "avoided_g": 296,
        "cap_g": 296,
        "capped": True,
    }
    last = client.get("/v1/actions", headers=auth).json["items"][0]
    assert (last["computed_g"], last["avoided_g"], last["cap"]["reason"]) == (1520, 16, "daily_cap")
    assert "296" in last["cap"]["text"]
    assert client.post(f"/v1/actions/{last['code']}/replay", headers=auth).json["same"] is True
    assert balance(holder) == 296
    assert_proved()


def test_withdrawn_steps_are_not_credited_again(client: FlaskClient) -> None:
    holder, auth = walker()
    send(client, auth, werun({TODAY: 10_000}))
    code = client.get("/v1/actions", headers=auth).json["items"][0]["code"]
    assert client.delete(f"/v1/actions/{code}", headers=auth).status_code == 204
    later = NOW + timedelta(minutes=5)
    assert send(client, auth, werun({TODAY: 10_000}, later), later).json["avoided_g"] == 0
    assert balance(holder) == 0
    assert_proved()


def test_without_consent_no_step_is_taken(client: FlaskClient) -> None:
    holder, auth = walker(consent=False)
    answer = send(client, auth, werun(month_of_steps()))
    assert (answer.status_code, answer.json["code"]) == (403, "consent_missing")
    assert (balance(holder), queries.list_steps(holder)) == (0, [])


def test_all_data_that_cannot_be_believed_gets_one_answer(client: FlaskClient) -> None:
    holder, auth = walker()
    good = werun(month_of_steps())
    raw = base64.b64decode(good["encrypted_data"])
    flipped = base64.b64encode(raw[:-1] + bytes([raw[-1] ^ 1])).decode()
    bad = [
        {**good, "encrypted_data": ""},
        {**good, "encrypted_data": "not base64!"},
        {**good, "encrypted_data": good["encrypted_data"][:-8]},
        {**good, "encrypted_data": flipped},
        {**good, "iv": ""},
        {**good, "iv": "AAAA"},
        werun(month_of_steps(), key="AAAAAAAAAAAAAAAAAAAAAA=="),
        werun(month_of_steps(), appid="wx0000000000000000"),
        werun(month_of_steps(), taken_at=NOW - timedelta(minutes=11)),
        werun(month_of_steps(), taken_at=NOW + timedelta(minutes=11)),
        werun({TODAY + timedelta(days=1): 5000}),
        werun({TODAY - timedelta(days=40): 5000}),
        werun({TODAY: -1}),
        werun({TODAY: 2**40}),
        werun({}),
    ]
    answers = [send(client, auth, body) for body in bad]
    assert {(answer.status_code, answer.text) for answer in answers} == {(409, answers[0].text)}
    assert answers[0].json["code"] == "wx_session_expired"
    assert (balance(holder), queries.list_steps(holder)) == (0, [])


def test_replayed_data_gets_the_same_answer(client: FlaskClient) -> None:
    holder, auth = walker()
    other, other_auth = walker()
    body = werun(month_of_steps())
    refused = send(client, auth, werun(month_of_steps(), appid="wx0000000000000000")).text
    assert send(client, auth, body).status_code == 201
    for caller in (auth, other_auth):
        answer = send(client, caller, body)
        assert (answer.status_code, answer.text) == (409, refused)
    older = werun({TODAY: 50_000}, NOW - timedelta(seconds=1))
    same = werun({TODAY: 50_000}, NOW)
    for stale in (older, same):
        answer = send(client, auth, stale)
        assert (answer.status_code, answer.text) == (409, refused)
    assert (balance(holder), balance(other)) == (6200, 0)
    assert_proved()


def test_the_same_delivery_at_once_counts_once(app: Flask) -> None:
    holder, auth = walker()
    body = werun(month_of_steps())

    def post(_: int) -> int:
        with app.app_context():
            return int(send(app.test_client(), auth, body).status_code)

    with ThreadPoolExecutor(12) as pool:
        answers = sorted(pool.map(post, range(24)))
    assert answers == [201] + [409] * 23
    assert balance(holder) == 6200
    assert_proved()


def test_many_deliveries_at_once_credit_the_greatest_count(app: Flask) -> None:
    holder, auth = walker()
    bodies = [werun(month_of_steps(100 * n), NOW + timedelta(seconds=n)) for n in range(30)]

    def post(body: dict[str, str]) -> int:
        with app.app_context():
            return int(send(app.test_client(), auth, body, NOW + timedelta(minutes=1)).status_code)

    with ThreadPoolExecutor(8) as pool:
        answers = set(pool.map(post, bodies))
    assert answers <= {201, 409}
    steps = queries.list_steps(holder)
    assert balance(holder) == sum(day.steps // 50 for day in steps)
    assert_proved()


def test_steps_are_listed_by_day_page_by_page(client: FlaskClient) -> None:
    _, auth = walker()
    send(client, auth, werun(month_of_steps()))
    first = client.get("/v1/steps?limit=20", headers=auth).json
    rest = client.get(f"/v1/steps?limit=20&after={first['next']}", headers=auth).json
    days = [each["day"] for each in first["items"] + rest["items"]]
    assert days == sorted(days, reverse=True)
    assert (len(days), rest["next"]) == (31, None)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"encrypted_data": "AAAA"},
        {"encrypted_data": 5, "iv": "AAAA"},
        {"encrypted_data": None, "iv": None},
        {"encrypted_data": "A" * 60_001, "iv": "AAAA"},
        {"encrypted_data": "AAAA", "iv": "AAAA", "steps": 5},
        [],
    ],
)
def test_a_body_of_the_wrong_shape_names_its_field(client: FlaskClient, body: Any) -> None:
    _, auth = walker()
    assert send(client, auth, body).status_code == 422


def test_a_signed_out_token_brings_no_steps(client: FlaskClient) -> None:
    holder, auth = walker()
    assert client.delete("/v1/sessions/current", headers=auth).status_code == 204
    assert send(client, auth, werun(month_of_steps())).status_code == 401
    assert balance(holder) == 0
