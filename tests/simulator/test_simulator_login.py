"""Login codes, access tokens and session checks behave as WeChat's documents say."""

import hashlib
import hmac
from typing import Any

import pytest


@pytest.fixture
def exchange(merchant: Any) -> Any:
    """Call code2Session; keyword arguments replace query parameters."""

    def call(**changed: str) -> Any:
        query = {
            "appid": merchant.appid,
            "secret": merchant.env["WECHAT_SECRET"],
            "grant_type": "authorization_code",
        } | changed
        return merchant.session.get(f"{merchant.base_url}/sns/jscode2session", params=query, timeout=5)

    return call


def log_in(merchant: Any, account: str = "1") -> str:
    answer = merchant.session.post(f"{merchant.base_url}/phone/api/login", json={"account": account})
    return str(answer.json()["code"])


def token(merchant: Any, **changed: Any) -> dict[str, Any]:
    body = {
        "grant_type": "client_credential",
        "appid": merchant.appid,
        "secret": merchant.env["WECHAT_SECRET"],
    } | changed
    return dict(merchant.session.post(f"{merchant.base_url}/cgi-bin/stable_token", json=body).json())


def signed_get(merchant: Any, path: str, access_token: str, openid: str, session_key: str) -> dict[str, Any]:
    signature = hmac.new(session_key.encode(), b"", hashlib.sha256).hexdigest()
    return dict(
        merchant.session.get(
            f"{merchant.base_url}{path}",
            timeout=5,
            params={
                "access_token": access_token,
                "openid": openid,
                "signature": signature,
                "sig_method": "hmac_sha256",
            },
        ).json()
    )


def test_a_code_is_exchanged_once_as_json_labelled_text(merchant: Any, exchange: Any) -> None:
    code = log_in(merchant)
    first, second = exchange(js_code=code), exchange(js_code=code)
    assert first.headers["Content-Type"].startswith("text/plain")
    assert len(first.json()["openid"]) == 28
    assert len(first.json()["session_key"]) == 24
    assert (second.status_code, second.json()["errcode"]) == (200, 40163)


def test_the_same_person_keeps_the_openid_and_gets_a_new_session_key(merchant: Any, exchange: Any) -> None:
    first = exchange(js_code=log_in(merchant)).json()
    second = exchange(js_code=log_in(merchant)).json()
    other = exchange(js_code=log_in(merchant, "2")).json()
    assert first["openid"] == second["openid"] != other["openid"]
    assert first["session_key"] != second["session_key"]


def test_a_code_dies_after_five_minutes(merchant: Any, exchange: Any) -> None:
    old, fresh = log_in(merchant), log_in(merchant, "2")
    merchant.control("clock", advance_seconds=299)
    assert "openid" in exchange(js_code=fresh).json()
    merchant.control("clock", advance_seconds=3)
    assert exchange(js_code=old).json()["errcode"] == 40029


def test_a_bad_exchange_is_refused_with_its_code(exchange: Any) -> None:
    for changed, errcode in (
        ({"js_code": "unknown"}, 40029),
        ({"js_code": ""}, 41008),
        ({"appid": "wx00"}, 40013),
        ({"secret": "no"}, 40125),
        ({"appid": ""}, 41002),
        ({"grant_type": "code"}, 40002),
    ):
        answer = exchange(**({"js_code": "x"} | changed))
        assert (answer.status_code, answer.json()["errcode"]) == (200, errcode), changed


def test_a_token_is_renewed_five_minutes_before_its_end_and_overlaps(merchant: Any, exchange: Any) -> None:
    person = exchange(js_code=log_in(merchant)).json()
    first = token(merchant)
    merchant.control("clock", advance_seconds=6_800)
    assert token(merchant)["access_token"] == first["access_token"]
    assert token(merchant)["expires_in"] <= 400
    merchant.control("clock", advance_seconds=150)
    second = token(merchant)
    assert second["access_token"] != first["access_token"]

    def check(text: str) -> int:
        return int(signed_get(merchant, "/wxa/checksession", text, **person)["errcode"])

    assert check(first["access_token"]) == check(second["access_token"]) == 0
    merchant.control("clock", advance_seconds=300)
    assert (check(first["access_token"]), check(second["access_token"])) == (40001, 0)


def test_a_forced_token_ends_the_old_one_and_is_rationed(merchant: Any, exchange: Any) -> None:
    person = exchange(js_code=log_in(merchant)).json()
    first = token(merchant)["access_token"]
    second = token(merchant, force_refresh=True)["access_token"]
    assert signed_get(merchant, "/wxa/checksession", first, **person)["errcode"] == 40001
    assert signed_get(merchant, "/wxa/checksession", second, **person)["errcode"] == 0
    assert token(merchant, force_refresh=True)["errcode"] == 45011
    for _ in range(19):
        merchant.control("clock", advance_seconds=31)
        assert "access_token" in token(merchant, force_refresh=True)
    merchant.control("clock", advance_seconds=31)
    assert token(merchant, force_refresh=True)["errcode"] == 45009


def test_an_old_session_key_is_no_longer_valid_after_the_next_login(merchant: Any, exchange: Any) -> None:
    old, new = (exchange(js_code=log_in(merchant)).json() for _ in range(2))
    access = token(merchant)["access_token"]
    assert signed_get(merchant, "/wxa/checksession", access, **old)["errcode"] == 87009
    assert signed_get(merchant, "/wxa/checksession", access, **new)["errcode"] == 0
    reset = signed_get(merchant, "/wxa/resetusersessionkey", access, **new)
    assert reset["session_key"] != new["session_key"]
    assert signed_get(merchant, "/wxa/checksession", access, **new)["errcode"] == 87009


def test_an_account_name_must_be_usable(merchant: Any) -> None:
    for name in ("", "x" * 33, "a\nb", 7, None):
        answer = merchant.session.post(f"{merchant.base_url}/phone/api/login", json={"account": name})
        assert (answer.status_code, answer.json()["result"]) == (400, "fail")
