"""What protects the pages: whose form it was, whose session it is, and where one is sent."""

import re
from dataclasses import replace
from datetime import timedelta

import pytest
from builders import person
from flask import Flask
from visiting import Visitor

import simulator
from app.kit import clock
from app.kit.identity import signer
from app.web import session

FOREIGN = [
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Origin": "http://127.0.0.1"},
    {"Sec_Fetch_Site": "cross-site"},
    {"Sec_Fetch_Site": "same-site"},
    {"Sec_Fetch_Site": "none"},
    {"X_Nothing": "no origin at all"},
    {"Origin": "https://evil.example", "Sec_Fetch_Site": "same-origin"},
]


@pytest.fixture
def stranger(app: Flask, phone: simulator.Running) -> Visitor:
    """Somebody who is not signed in."""
    return Visitor(app)


@pytest.fixture
def visitor(stranger: Visitor) -> Visitor:
    """Somebody who is."""
    return stranger.sign_in()


def forms(app: Flask) -> list[str]:
    """Every address of the pages that takes a form."""
    rules = [rule for rule in app.url_map.iter_rules() if rule.endpoint.startswith("web.")]
    found = [rule.rule for rule in rules if "POST" in (rule.methods or ())]
    return [re.sub(r"<(?:any\((\w+)[^>]*|[^>]*)>", lambda part: part[1] or "1", path) for path in found]


def test_no_form_of_another_site_is_taken(app: Flask, visitor: Visitor) -> None:
    paths = forms(app)
    assert len(paths) >= 9
    for path in paths:
        if path == "/steps/return":  # WeChat's page sends it; its own mark is tested below
            continue
        for headers in FOREIGN:
            answer = visitor.post(path, {"agree": "2026-11"}, **headers)
            assert answer.status_code == 403, (path, headers)
    assert visitor.get("/me").status_code == 200, "nobody was signed out"


def test_our_own_form_is_taken_by_either_header(visitor: Visitor) -> None:
    assert visitor.post("/sign-out", Sec_Fetch_Site="same-origin").status_code == 303
    assert visitor.post("/sign-out").status_code == 303


def test_steps_come_back_only_with_the_mark_of_this_session(app: Flask, visitor: Visitor) -> None:
    other = Visitor(app).sign_in()
    with app.test_request_context("/", base_url=visitor.home):
        strangers_mark = signer().issue(other.holder_id, 1, "werun", life=session.STATE_LIFE)
        wrong_errand = signer().issue(visitor.holder_id, 1, "web", life=session.STATE_LIFE)
    for mark in ("", "x", strangers_mark, wrong_errand):
        form = {"state": mark, "encrypted_data": "a", "iv": "b"}
        assert visitor.post("/steps/return", form, Origin=visitor.phone_url).status_code == 403, mark


def test_steps_come_back_only_within_ten_minutes(app: Flask, visitor: Visitor) -> None:
    left = visitor.post("/steps/sync", {"agree": "2026-11"})
    mark = left.location.rpartition("state=")[2]
    form = {"state": mark, "encrypted_data": "a", "iv": "b"}
    assert visitor.post("/steps/return", form, Origin=visitor.phone_url).status_code == 409, "data refused"
    with clock.frozen(clock.now() + timedelta(minutes=11)):
        assert visitor.post("/steps/return", form, Origin=visitor.phone_url).status_code == 403, (
            "mark refused"
        )


def test_steps_are_not_asked_for_without_consent(visitor: Visitor) -> None:
    assert visitor.post("/steps/sync").status_code == 403
    assert visitor.post("/steps/sync", {"agree": "another wording"}).status_code == 403
    assert visitor.post("/steps/sync", {"agree": "2026-11"}).status_code == 303
    assert visitor.post("/steps/sync").status_code == 303, "the consent stands"
    assert visitor.post("/me/consents/walking/werun/withdraw").status_code == 303
    assert visitor.post("/me/consents/walking/werun/withdraw").status_code == 404
    assert visitor.post("/steps/sync").status_code == 403


def test_31_days_of_steps_stand_with_their_factor(visitor: Visitor) -> None:
    assert visitor.send_steps().status_code == 303
    page = visitor.speak("en").get("/steps").text
    assert page.count("<tr>") == 32, "a head and 31 days"
    assert "0.02 g CO₂e" in page


def test_one_comes_back_from_wechat_only_as_one_left(stranger: Visitor) -> None:
    assert stranger.get("/sign-in/return?code=x&state=").status_code == 403
    assert stranger.get("/sign-in/return?code=x&state=guess").status_code == 403
    left = stranger.post("/sign-in", {"back": "/forest"})
    assert stranger.get("/sign-in/return?code=x&state=guess").status_code == 403
    returned = stranger.through_phone(left.location, account="1", decision="allow")
    assert stranger.get(returned).location == "/forest"
    assert stranger.get(returned).status_code == 403, "the mark works once"


def test_declining_in_wechat_signs_nobody_in(stranger: Visitor) -> None:
    left = stranger.post("/sign-in")
    back = stranger.get(stranger.through_phone(left.location, account="1", decision="deny"))
    assert "error=denied" in back.location
    assert "你取消了微信授权" in stranger.speak("zh").get(back.location).text


@pytest.mark.parametrize(
    "wish",
    ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:alert(1)", "/a\\b", "/森"],
)
def test_nobody_is_ever_sent_to_another_site(stranger: Visitor, wish: str) -> None:
    assert stranger.get("/lang/en", query_string={"back": wish}).location == "/"
    left = stranger.post("/sign-in", {"back": wish})
    assert stranger.get(stranger.through_phone(left.location, account="1", decision="allow")).location == "/"


def test_signing_in_begins_at_the_address_it_ends_at(stranger: Visitor) -> None:
    headers = {"Origin": "http://localhost"}
    left = stranger.client.post("/sign-in", headers=headers, base_url="http://localhost")
    assert left.location == f"{stranger.home}/sign-in?back=%2F"


def test_strangers_are_led_to_the_sign_in_page_and_back(stranger: Visitor) -> None:
    assert stranger.get("/actions?after=x").location == "/sign-in?back=%2Factions%3Fafter%3Dx"
    assert stranger.post("/actions").status_code == 401
    assert stranger.get("/orders").location == "/sign-in?back=%2Forders"


def test_a_session_ends_where_it_is_signed_out_also_for_a_copied_cookie(app: Flask, visitor: Visitor) -> None:
    copied = visitor.client.get_cookie(session.cookie_name(), domain="127.0.0.1")
    assert copied is not None
    assert visitor.get("/me").status_code == 200
    assert visitor.post("/sign-out").status_code == 303
    assert visitor.get("/me").status_code == 302
    thief = Visitor(app)
    thief.client.set_cookie(session.cookie_name(), copied.value, domain="127.0.0.1")
    assert thief.get("/me").status_code == 302


def test_a_week_later_one_signs_in_again(visitor: Visitor) -> None:
    with clock.frozen(clock.now() + timedelta(days=6)):
        assert visitor.get("/me").status_code == 200
    with clock.frozen(clock.now() + timedelta(days=8)):
        assert visitor.get("/me").status_code == 302


def test_tokens_of_api_and_pages_do_not_serve_for_each_other(app: Flask, visitor: Visitor) -> None:
    cookie = visitor.client.get_cookie(session.cookie_name(), domain="127.0.0.1")
    assert cookie is not None
    bearer = {"Authorization": f"Bearer {cookie.value}"}
    assert visitor.get("/v1/me", headers=bearer).status_code == 401
    thief = Visitor(app)
    thief.client.set_cookie(session.cookie_name(), person(app).token, domain="127.0.0.1")
    assert thief.get("/me").status_code == 302


@pytest.mark.parametrize(
    ("address", "secure"), [("https://senhui.example", True), ("http://127.0.0.1:8000", False)]
)
def test_the_session_cookie_is_kept_from_scripts_and_other_sites(
    app: Flask, visitor: Visitor, monkeypatch: pytest.MonkeyPatch, address: str, secure: bool
) -> None:
    settings = replace(app.extensions["settings"], public_url=address)
    monkeypatch.setitem(app.extensions, "settings", settings)
    with app.test_request_context("/"):
        response = app.make_response("")
        session.keep(response, 1000, 1)
    cookie = response.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert ("Secure" in cookie) is secure
    assert cookie.startswith("senhui_session=" if secure else "senhui_session_8000=")


def test_without_a_simulator_one_signs_in_and_pays_in_the_mini_program(
    app: Flask, stranger: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(app.extensions, "settings", replace(app.extensions["settings"], phone_url=None))
    stranger.speak("en")
    page = stranger.get("/sign-in")
    assert "mini-program" in page.text
    assert "<form" not in page.text
    assert "form-action 'self';" in page.headers["Content-Security-Policy"]
    assert stranger.post("/sign-in").status_code == 409
