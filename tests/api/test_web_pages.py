"""The pages: every one in both languages, safe, and honest about what it shows."""

import re
from collections.abc import Iterator

import pytest
from builders import forest
from flask import Flask
from seeing import assert_sound
from visiting import Visitor

import simulator
from app.kit import messages
from app.web.queries import public_books, public_totals

PUBLIC = ["/", "/sign-in", "/forest", "/c", "/books", "/factors", "/factors/elec.grid.fj.2023"]
PUBLIC += ["/factors?q=电力&category=electricity", "/methods", "/docs", "/problems", "/problems/sold_out"]
PUBLIC += [
    "/factors?tier=calc&verified=no&region=GB",
    "/factors/er.bike_share",
    "/changes",
    "/methods?pack=nosuch",
]
PUBLIC += [f"/methods?pack={pack}" for pack in ("beijing-maas-2026", "beijing-jjj-2026", "hubei-2026")]
PUBLIC += ["/regions", "/regions/3507", "/sanctions"]
PUBLIC += ["/problems/http_status", "/problems/consent_missing", "/nowhere", "/c/NOSUCH", "/forest/nosuch"]
PUBLIC += ["/serials", "/serials/nosuch", "/reversals", "/gifts/nosuch"]
PUBLIC += ["/retirements/nosuch"]
PUBLIC += ["/calculator", "/calculator/result?diet=low_meat"]
PUBLIC += ["/challenges", "/challenges/nosuch"]
PERSONAL = ["/", "/?month=2026-10", "/steps", "/actions", "/actions/new", "/footprint", "/orders", "/me"]
PERSONAL += [
    "/me/holdings",
    "/me/holdings/nosuch",
    "/me/notices",
    "/me/statement",
    "/account",
    "/account/life",
    "/account/2026",
    "/account/2026-11-20",
    "/account/nosuch",
    "/account/statement",
    "/account/statement?from=2026-01-01&to=2026-12-31&line=avoided",
    "/account/region",
    "/account/region?in=3507",
    "/orders/nosuch",
    "/actions/nosuch",
    "/calculations/nosuch",
    "/calculator/result?people=1",
    "/plantings",
    "/plantings/new",
    "/plantings/nosuch",
    "/challenges/new",
]


@pytest.fixture(autouse=True)
def fresh_figures() -> Iterator[None]:
    """Public figures are remembered for some seconds; another test's database is another world."""
    public_books.forget()
    public_totals.forget()
    yield
    public_books.forget()
    public_totals.forget()


@pytest.fixture
def stranger(app: Flask, phone: simulator.Running) -> Visitor:
    """Somebody who is not signed in."""
    return Visitor(app)


@pytest.fixture
def visitor(stranger: Visitor) -> Visitor:
    """Somebody who is."""
    return stranger.sign_in()


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_public_page_is_safe_and_whole(stranger: Visitor, language: str) -> None:
    forest(1000)
    stranger.speak(language)
    for path in PUBLIC:
        answer = stranger.get(path)
        lost = path in ("/nowhere", "/c/NOSUCH") or path.endswith("nosuch")
        expected = 404 if lost else 200
        assert answer.status_code == expected, (path, answer.text[-400:])
        assert_sound(answer.text, language, path)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_personal_page_is_safe_and_whole(visitor: Visitor, language: str) -> None:
    visitor.speak(language)
    for empty in (True, False):
        for path in PERSONAL:
            answer = visitor.get(path)
            assert answer.status_code == (404 if path.endswith("nosuch") else 200), (path, answer.text[-400:])
            assert_sound(answer.text, language, path)
        if empty:
            assert visitor.send_steps().location == "/steps?said=steps_synced"


def test_english_pages_hold_no_chinese_sentences(visitor: Visitor) -> None:
    visitor.speak("en")
    for path in [
        "/sign-in",
        "/steps",
        "/actions/new",
        "/footprint",
        "/orders",
        "/me",
        "/c",
        "/books",
        "/problems",
    ]:
        text = re.sub(r"<[^>]*>", " ", visitor.get(path).text)
        for name in ("森惠", "中文"):  # the name of the house and of the other language
            text = text.replace(name, "")
        assert re.findall(r"[\u4e00-\u9fff]{8,}", text) == [], path


def test_every_page_says_what_it_may_load(stranger: Visitor) -> None:
    for path in ("/", "/nowhere", "/docs"):
        policy = stranger.get(path).headers["Content-Security-Policy"]
        assert "unsafe" not in policy
        assert "script-src 'self';" in policy
        assert f"form-action 'self' {stranger.phone_url}" in policy
        assert "frame-ancestors 'none'" in policy


def test_every_address_outside_the_api_declares_who_may_open_it(app: Flask) -> None:
    undeclared = [
        rule.rule
        for rule in app.url_map.iter_rules()
        if rule.endpoint.startswith("web.")
        and rule.endpoint != "web.static"
        and not re.fullmatch(
            r"public|signed_in|operator:[a-z.]+|organisation:[a-z]+",
            getattr(app.view_functions[rule.endpoint], "policy", ""),
        )
    ]
    assert undeclared == []


def test_every_message_that_a_template_names_exists() -> None:
    from app.web.pages import HERE

    named = re.compile(r"""\bt\(\s*['"](web\.[a-z_0-9]+)['"]""")
    found = {
        name
        for path in (HERE / "templates").glob("*.html")
        for name in named.findall(path.read_text("utf-8"))
    }
    assert len(found) > 100
    assert [name for name in sorted(found) if not messages.exists(name)] == []


def test_every_figure_of_the_books_has_a_word(stranger: Visitor) -> None:
    stranger.get("/books")
    names = {name for proof in public_books().proofs for name in proof.figures}
    assert [name for name in sorted(names) if not messages.exists(f"web.figure_{name}")] == []


def test_the_books_say_when_a_claim_does_not_hold(stranger: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    from app.kit.proof import equal
    from app.web import queries

    monkeypatch.setattr(
        queries, "proofs_of_all_rooms", lambda: [equal("accounts.prove_fen", held=1, outside=2)]
    )
    page = stranger.speak("zh").get("/books").text
    assert "有 1 条不成立" in page


def test_unverified_factors_carry_their_mark(stranger: Visitor) -> None:
    stranger.speak("zh")
    assert "未核实" not in stranger.get("/factors/er.metro.sz").text
    assert "未核实" in stranger.get("/factors/elec.grid.fj.2021").text


def test_the_api_page_shows_bodies_and_who_may_call(stranger: Visitor) -> None:
    page = stranger.speak("en").get("/docs").text
    for said in ("/v1/orders", "amount_fen", "entries[].kind", "Signed in", "/v1/certificates/{number}"):
        assert said in page
    assert stranger.get("/openapi.json").json["openapi"] == "3.1.0"


def test_every_kind_of_problem_has_its_page(stranger: Visitor) -> None:
    stranger.speak("en")
    codes = re.findall(r'href="/problems/([a-z_]+)"', stranger.get("/problems").text)
    assert len(codes) > 20
    for code in codes:
        assert stranger.get(f"/problems/{code}").status_code == 200
    assert stranger.get("/problems/nothing").status_code == 404
    unknown = stranger.get("/v1/certificates/NOSUCH").json
    assert stranger.get(unknown["type"]).status_code == 200
    assert stranger.get(stranger.post("/v1/certificates").json["type"]).status_code == 200


def test_no_page_ends_in_a_fault_whatever_is_asked(visitor: Visitor) -> None:
    odd = ["\x00", "%00", "%ff%fe", "..%2f..%2fetc", "a" * 5000, "%F0%9F%8C%B2", "-1", "9" * 40, "<script>"]
    parameters = ("q", "month", "number", "after", "category", "place", "back", "said", "lang")
    for part in odd:
        for path in (
            f"/c/{part}",
            f"/forest/{part}",
            f"/orders/{part}",
            f"/actions/{part}",
            f"/factors/{part}",
        ):
            assert visitor.get(path).status_code < 500, path
        for name in parameters:
            for path in (
                "/",
                "/factors",
                "/c",
                "/actions",
                "/orders",
                "/me/statement",
                "/footprint",
                "/forest",
            ):
                assert visitor.get(f"{path}?{name}={part}").status_code < 500, (path, name, part)
