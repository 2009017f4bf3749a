"""Words are judged as WeChat's documents say, by the mark they bear."""

from typing import Any

import pytest


@pytest.fixture
def judge(merchant: Any) -> Any:
    """Ask what WeChat thinks of words, with a good token; the test person has just signed in."""
    told = {"grant_type": "client_credential", "appid": merchant.appid}
    body = {**told, "secret": merchant.env["WECHAT_SECRET"]}
    openid = sign_in(merchant)

    def call(content: Any, **other: Any) -> Any:
        token = merchant.session.post(f"{merchant.base_url}/cgi-bin/stable_token", json=body, timeout=5)
        url = f"{merchant.base_url}/wxa/msg_sec_check?access_token={token.json()['access_token']}"
        fields = {"version": 2, "scene": 2, "openid": openid, "content": content, **other}
        return merchant.session.post(url, json=fields, timeout=5).json()

    return call


def sign_in(merchant: Any) -> str:
    """Bring a test person into the mini-program; their openid."""
    said = {"account": "words"}
    code = merchant.session.post(f"{merchant.base_url}/phone/api/login", json=said, timeout=5).json()["code"]
    query = {
        "appid": merchant.appid,
        "secret": merchant.env["WECHAT_SECRET"],
        "js_code": code,
        "grant_type": "authorization_code",
    }
    told = merchant.session.get(f"{merchant.base_url}/sns/jscode2session", params=query, timeout=5)
    return str(told.json()["openid"])


@pytest.mark.parametrize(
    ("content", "suggest"),
    [
        ("生日快乐", "pass"),
        ("【复核】生日快乐", "review"),
        ("生日【违规】快乐", "risky"),
        ("字" * 2500, "pass"),
    ],
)
def test_the_mark_in_the_words_decides(judge: Any, content: str, suggest: str) -> None:
    told = judge(content)
    assert (told["errcode"], told["result"]["suggest"]) == (0, suggest)
    assert told["trace_id"]


@pytest.mark.parametrize(
    "changed", [{"version": 1}, {"scene": 9}, {"content": ""}, {"content": "字" * 2501}, {"content": 7}]
)
def test_what_is_not_as_specified_is_refused(judge: Any, changed: dict[str, Any]) -> None:
    content = changed.pop("content", "生日快乐")
    assert judge(content, **changed)["errcode"] == 47001


def test_only_words_of_somebody_seen_within_two_hours_are_judged(merchant: Any, judge: Any) -> None:
    assert judge("生日快乐", openid="oNobody")["errcode"] == 40003
    merchant.control("clock", advance_seconds=2 * 3600 - 60)
    assert judge("生日快乐")["errcode"] == 0
    merchant.control("clock", advance_seconds=120)
    assert judge("生日快乐")["errcode"] == 61010
    sign_in(merchant)
    assert judge("生日快乐")["errcode"] == 0
