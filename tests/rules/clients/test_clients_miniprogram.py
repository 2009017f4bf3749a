"""Signing in, the access token and the session check, against a server that answers like WeChat."""

import json
import logging
import traceback
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from app.clients import errors, miniprogram
from app.clients.miniprogram import MiniProgram, OwnMemory, Session, session_signature

SECRET, CODE = "0f1e2d3c4b5a69788796a5b4c3d2e1f0", "081Kq4Ga1MSox41"
LOGIN, TOKEN, CHECK = "/sns/jscode2session", "/cgi-bin/stable_token", "/wxa/checksession"
SESSION = {"openid": "oUpF8uMuAJO", "session_key": "tiihtNczf5v6AKRyjwEUhQ==", "unionid": "uNiOn"}


class Redis:
    """A cache that remembers for how long it was asked to."""

    def __init__(self) -> None:
        self.kept: dict[str, tuple[str, int]] = {}

    def get(self, key: str) -> str | None:
        """Give what was kept."""
        return self.kept[key][0] if key in self.kept else None

    def set(self, key: str, value: str, ttl_s: int) -> None:
        """Keep it, and for how long."""
        self.kept[key] = (value, ttl_s)


@pytest.fixture
def cache() -> Redis:
    return Redis()


@pytest.fixture
def program(stranger: Any, cache: Redis, monkeypatch: pytest.MonkeyPatch) -> MiniProgram:
    monkeypatch.setattr(miniprogram, "BUSY_PAUSES_S", (0.0, 0.0))
    return MiniProgram(stranger.origin, "wx8888", SECRET, cache=cache)


def asked(heard: Any) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(heard.target).query).items()}


def test_a_code_becomes_a_session(stranger: Any, program: MiniProgram) -> None:
    stranger.says(LOGIN, {**SESSION, "errcode": 0, "errmsg": "ok"})
    assert program.code_to_session(CODE) == Session(
        *(SESSION[n] for n in ("openid", "unionid", "session_key"))
    )
    (heard,) = stranger.heard
    assert heard.method == "GET"
    assert asked(heard) == {
        "appid": "wx8888",
        "secret": SECRET,
        "js_code": CODE,
        "grant_type": "authorization_code",
    }


def test_a_session_without_unionid_is_complete_and_never_prints_its_key(
    stranger: Any, program: MiniProgram
) -> None:
    stranger.says(LOGIN, {"openid": "o1", "session_key": "tiihtNczf5v6AKRyjwEUhQ=="})
    session = program.code_to_session(CODE)
    assert session.unionid is None
    assert "tiih" not in repr(session)
    assert "o1" not in repr(session)


@pytest.mark.parametrize(
    ("errcode", "kind"),
    [
        (40029, errors.CodeRefused),
        (40163, errors.CodeRefused),
        (45011, errors.RateLimited),
        (40226, errors.UserBlocked),
        (40013, errors.Misconfigured),
        (40125, errors.Misconfigured),
        (41002, errors.Misconfigured),
        (45009, errors.Misconfigured),
        (40164, errors.Misconfigured),
        (40066, errors.Refused),
    ],
)
def test_every_errcode_has_its_error(
    stranger: Any, program: MiniProgram, errcode: int, kind: type[errors.Refused]
) -> None:
    stranger.says(LOGIN, {"errcode": errcode, "errmsg": "no, rid: 65a1-2b_c, hints"})
    with pytest.raises(kind) as refused:
        program.code_to_session(CODE)
    assert type(refused.value) is kind
    assert (refused.value.code, refused.value.request_id) == (str(errcode), "65a1-2b_c")
    assert refused.value.retryable == (kind is errors.RateLimited)
    assert len(stranger.heard) == 1


def test_a_busy_system_is_asked_again_twice(stranger: Any, program: MiniProgram) -> None:
    stranger.says(LOGIN, {"errcode": -1, "errmsg": "system error"})
    stranger.says(LOGIN, {"errcode": -1, "errmsg": "system error"})
    stranger.says(LOGIN, SESSION)
    assert program.code_to_session(CODE).openid == SESSION["openid"]


def test_a_system_that_stays_busy_is_unreachable(stranger: Any, program: MiniProgram) -> None:
    stranger.says(LOGIN, {"errcode": -1, "errmsg": "system error"})
    with pytest.raises(errors.Unreachable):
        program.code_to_session(CODE)
    assert len(stranger.heard) == 3


@pytest.mark.parametrize("fault", ["hang", "reset"])
def test_a_code_that_may_be_used_up_is_not_sent_again_and_nothing_leaks(
    stranger: Any, program: MiniProgram, impatient: float, caplog: pytest.LogCaptureFixture, fault: str
) -> None:
    caplog.set_level(logging.DEBUG)
    stranger.does(LOGIN, lambda ear: getattr(ear, fault)())
    with pytest.raises(errors.Unreachable) as caught:
        program.code_to_session(CODE)
    assert len(stranger.heard) == 1
    said = "".join(traceback.format_exception(caught.value)) + caplog.text
    assert SECRET not in said
    assert CODE not in said


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 200),
        (b"<html>", 200),
        (b"[]", 200),
        (b"{}", 200),
        (b'{"openid":"o"}', 200),
        (b"\xff{}", 200),
        (b'{"openid":"","session_key":"k"}', 200),
        (b'{"openid":7,"session_key":"k"}', 200),
        (b'{"openid":"o","session_key":"k"}', 404),
        (b'{"errcode":"40029"}', 200),
        (b'{"errcode":true}', 200),
        (b'{"openid":"\\u0000","session_key":"k"}', 200),
        (b'{"openid":"o","openid":"p","session_key":"k"}', 200),
    ],
)
def test_what_is_not_an_answer_of_wechat_is_unreachable(
    stranger: Any, program: MiniProgram, body: bytes, status: int
) -> None:
    stranger.says(LOGIN, body, status)
    with pytest.raises(errors.Unreachable):
        program.code_to_session(CODE)


@pytest.mark.parametrize("js_code", ["", "a b", "a\nb", "\ud800", "森", "x" * 257, "\x00"])
def test_what_cannot_be_a_code_is_refused_without_asking(
    stranger: Any, program: MiniProgram, js_code: str
) -> None:
    with pytest.raises(errors.CodeRefused):
        program.code_to_session(js_code)
    assert stranger.heard == []


def test_a_code_cannot_add_to_the_question(stranger: Any, program: MiniProgram) -> None:
    stranger.says(LOGIN, SESSION)
    program.code_to_session("a&appid=b#c%00")
    assert asked(stranger.heard[0])["js_code"] == "a&appid=b#c%00"
    assert asked(stranger.heard[0])["appid"] == "wx8888"


def test_the_token_is_asked_for_once_and_kept_for_less_than_it_lasts(
    stranger: Any, program: MiniProgram, cache: Redis
) -> None:
    stranger.says(TOKEN, {"access_token": "T1", "expires_in": 7200})
    assert [program.stable_token(), program.stable_token()] == ["T1", "T1"]
    assert cache.kept == {"wx:token:wx8888": ("T1", 6900)}
    (heard,) = stranger.heard
    assert (heard.method, heard.target) == ("POST", TOKEN)
    assert json.loads(heard.body) == {"grant_type": "client_credential", "appid": "wx8888", "secret": SECRET}


def test_a_token_about_to_end_is_kept_a_minute(stranger: Any, program: MiniProgram, cache: Redis) -> None:
    stranger.says(TOKEN, {"access_token": "T1", "expires_in": 301})
    program.stable_token()
    assert cache.kept["wx:token:wx8888"] == ("T1", 60)


@pytest.mark.parametrize(
    "told",
    [
        {"access_token": "T"},
        {"access_token": "", "expires_in": 7200},
        {"expires_in": 7200},
        {"access_token": "T", "expires_in": 7201},
        {"access_token": "T", "expires_in": "7200"},
    ],
)
def test_half_a_token_is_none(
    stranger: Any, program: MiniProgram, cache: Redis, told: dict[str, Any]
) -> None:
    stranger.says(TOKEN, told)
    with pytest.raises(errors.Unreachable):
        program.stable_token()
    assert cache.kept == {}


def test_an_address_off_the_list_is_ours_to_mend(stranger: Any, program: MiniProgram) -> None:
    stranger.says(TOKEN, {"errcode": 40164, "errmsg": "invalid ip 1.2.3.4, not in whitelist rid: 6-7"})
    with pytest.raises(errors.Misconfigured, match="40164"):
        program.stable_token()


def test_without_a_cache_the_process_remembers_until_the_time_is_over() -> None:
    clock = [datetime(2026, 11, 21, tzinfo=UTC)]
    memory = OwnMemory(lambda: clock[0])
    memory.set("a", "T", 60)
    assert memory.get("a") == "T"
    assert memory.get("b") is None
    clock[0] += timedelta(seconds=60)
    assert memory.get("a") is None


def test_a_valid_session_key_is_known(stranger: Any, program: MiniProgram) -> None:
    stranger.says(TOKEN, {"access_token": "T1", "expires_in": 7200})
    stranger.says(CHECK, {"errcode": 0, "errmsg": "ok"})
    assert program.check_session("o1", "o0q0otL8aEzpcZL/FT9WsQ==") is True
    assert asked(stranger.heard[1]) == {
        "access_token": "T1",
        "openid": "o1",
        "signature": session_signature("o0q0otL8aEzpcZL/FT9WsQ=="),
        "sig_method": "hmac_sha256",
    }


def test_a_replaced_session_key_is_known(stranger: Any, program: MiniProgram) -> None:
    stranger.says(TOKEN, {"access_token": "T1", "expires_in": 7200})
    stranger.says(CHECK, {"errcode": 87009, "errmsg": "invalid signature"})
    assert program.check_session("o1", "k") is False


@pytest.mark.parametrize("errcode", [40001, 42001, 40014])
def test_a_token_no_longer_accepted_is_replaced_once(
    stranger: Any, program: MiniProgram, cache: Redis, errcode: int
) -> None:
    cache.set("wx:token:wx8888", "old", 100)
    stranger.says(TOKEN, {"access_token": "new", "expires_in": 7200})
    stranger.says(CHECK, {"errcode": errcode, "errmsg": "no"})
    stranger.says(CHECK, {"errcode": 0, "errmsg": "ok"})
    assert program.check_session("o1", "k") is True
    assert [asked(heard).get("access_token") for heard in stranger.heard] == ["old", None, "new"]
    assert "force_refresh" not in json.loads(stranger.heard[1].body)


def test_a_fresh_token_that_is_refused_too_is_ours_to_mend(
    stranger: Any, program: MiniProgram, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    stranger.says(TOKEN, {"access_token": "T-secret", "expires_in": 7200})
    stranger.says(CHECK, {"errcode": 40001, "errmsg": "no"})
    with pytest.raises(errors.Misconfigured) as refused:
        program.check_session("o1", "k")
    assert [urlsplit(heard.target).path for heard in stranger.heard] == [TOKEN, CHECK, TOKEN, CHECK]
    assert "T-secret" not in "".join(traceback.format_exception(refused.value)) + caplog.text


def test_the_official_hmac_vector() -> None:
    """Source: WeChat mini-program, "用户登录态签名" (session signature)."""
    assert session_signature("o0q0otL8aEzpcZL/FT9WsQ==", b'{"foo":"bar"}') == (
        "654571f79995b2ce1e149e53c0a33dc39c0a74090db514261454e8dbe432aa0b"
    )


SHIPPING, MANAGED, ORDER = (
    f"/wxa/sec/order/{name}" for name in ("upload_shipping_info", "is_trade_managed", "get_order")
)


def deliver(program: MiniProgram) -> None:
    program.upload_shipping_info(
        mchid="1900000109",
        out_trade_no="ORDER1",
        item_desc="x" * 130,
        payer_openid="o1",
        uploaded_at=datetime(2026, 11, 25, 7, tzinfo=UTC),
    )


def test_a_delivery_is_reported_as_virtual_goods_in_local_time(stranger: Any, program: MiniProgram) -> None:
    stranger.says(TOKEN, {"access_token": "t1", "expires_in": 7200})
    stranger.says(SHIPPING, {"errcode": 0, "errmsg": "ok"})
    deliver(program)
    heard = stranger.heard[-1]
    assert asked(heard) == {"access_token": "t1"}
    assert json.loads(heard.body) == {
        "order_key": {"order_number_type": 1, "mchid": "1900000109", "out_trade_no": "ORDER1"},
        "logistics_type": 3,
        "delivery_mode": 1,
        "shipping_list": [{"item_desc": "x" * 120}],
        "upload_time": "2026-11-25T15:00:00.000+08:00",
        "payer": {"openid": "o1"},
    }


@pytest.mark.parametrize("errcode", [10060002, 10060003, 10060023])
def test_a_delivery_reported_before_is_reported(stranger: Any, program: MiniProgram, errcode: int) -> None:
    stranger.says(TOKEN, {"access_token": "t1", "expires_in": 7200})
    stranger.says(SHIPPING, {"errcode": errcode, "errmsg": "no"})
    deliver(program)


@pytest.mark.parametrize(("errcode", "kind"), [(10060001, errors.Refused), (45009, errors.Misconfigured)])
def test_a_delivery_that_is_refused_says_why(
    stranger: Any, program: MiniProgram, errcode: int, kind: type[errors.Refused]
) -> None:
    stranger.says(TOKEN, {"access_token": "t1", "expires_in": 7200})
    stranger.says(SHIPPING, {"errcode": errcode, "errmsg": "no"})
    with pytest.raises(kind) as refused:
        deliver(program)
    assert refused.value.code == str(errcode)


@pytest.mark.parametrize("told", [True, False])
def test_whether_trade_is_managed_is_told(stranger: Any, program: MiniProgram, told: bool) -> None:
    stranger.says(TOKEN, {"access_token": "t1", "expires_in": 7200})
    stranger.says(MANAGED, {"errcode": 0, "is_trade_managed": told})
    assert program.is_trade_managed() is told


@pytest.mark.parametrize("told", [None, 1, "true"])
def test_what_is_neither_true_nor_false_is_no_answer(
    stranger: Any, program: MiniProgram, told: object
) -> None:
    stranger.says(TOKEN, {"access_token": "t1", "expires_in": 7200})
    stranger.says(MANAGED, {"errcode": 0, "is_trade_managed": told})
    with pytest.raises(errors.Unreachable):
        program.is_trade_managed()


def test_an_orders_state_is_asked_by_our_number(stranger: Any, program: MiniProgram) -> None:
    stranger.says(TOKEN, {"access_token": "t1", "expires_in": 7200})
    stranger.says(ORDER, {"errcode": 0, "order": {"order_state": 2}})
    assert program.shipping_state(mchid="1900000109", out_trade_no="ORDER1") == 2
    assert json.loads(stranger.heard[-1].body) == {
        "merchant_id": "1900000109",
        "merchant_trade_no": "ORDER1",
    }


WORDS = "/wxa/msg_sec_check"
JUDGED = {
    "errcode": 0,
    "errmsg": "ok",
    "trace_id": "60ae120f-371d5872-7941a05b",
    "result": {"suggest": "review", "label": 20003},
    "detail": [{"strategy": "content_model", "errcode": 0, "suggest": "review", "label": 20003, "prob": 90}],
}


def test_words_are_shown_to_wechat_with_their_author_and_its_opinion_is_read(
    stranger: Any, program: MiniProgram
) -> None:
    stranger.says(TOKEN, {"access_token": "a", "expires_in": 7200})
    stranger.says(WORDS, JUDGED)
    told = program.msg_sec_check("oAuthor", "生日快乐")
    assert (told.suggest, told.label, told.trace_id) == ("review", 20003, JUDGED["trace_id"])
    heard = stranger.heard[-1]
    assert asked(heard) == {"access_token": "a"}
    assert json.loads(heard.body) == {
        "version": 2,
        "scene": 2,
        "openid": "oAuthor",
        "content": "生日快乐",
    }


@pytest.mark.parametrize(
    "spoilt", [{"result": None}, {"result": {"suggest": "fine", "label": 1}}, {"result": {"suggest": "pass"}}]
)
def test_an_opinion_of_no_known_shape_is_none(stranger: Any, program: MiniProgram, spoilt: Any) -> None:
    stranger.says(TOKEN, {"access_token": "a", "expires_in": 7200})
    stranger.says(WORDS, JUDGED | spoilt)
    with pytest.raises(errors.Unreachable):
        program.msg_sec_check("oAuthor", "生日快乐")


def test_an_author_who_was_long_away_is_refused_by_number(stranger: Any, program: MiniProgram) -> None:
    stranger.says(TOKEN, {"access_token": "a", "expires_in": 7200})
    stranger.says(WORDS, {"errcode": 61010, "errmsg": "code is expired"})
    with pytest.raises(errors.Refused) as refused:
        program.msg_sec_check("oAuthor", "生日快乐")
    assert refused.value.code == "61010"
