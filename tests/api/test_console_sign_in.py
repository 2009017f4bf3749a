"""Operators' sign-in: what lets one in, what never does, and what every refusal has in common."""

import re
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from urllib.parse import urlsplit

import pyotp
import pytest
from argon2 import PasswordHasher
from builders import PASSWORD
from flask import Flask
from sqlalchemy import text
from visiting import Visitor
from werkzeug.test import TestResponse

from app.accounts import services
from app.accounts.services import operators
from app.kit import clock
from app.kit.database import db
from app.kit.problems import TooMany
from app.kit.transaction import transaction
from app.web import console, session

NAME = "lin.hua"


@dataclass
class Someone:
    """An operator with their app and a browser."""

    app: Flask
    secret: str
    browser: Visitor

    def code(self, steps: int = 0) -> str:
        """The code of the present time step, or of one so many steps away."""
        return pyotp.TOTP(self.secret).at(clock.now(), counter_offset=steps)

    def enter(self, name: str = NAME, password: str = PASSWORD, code: str | None = None) -> TestResponse:
        return self.browser.enter_console(name, password, self.code() if code is None else code)

    @property
    def inside(self) -> bool:
        return self.browser.get("/console").status_code == 200


@pytest.fixture
def someone(app: Flask) -> Iterator[Someone]:
    """A finance operator who is not signed in; no test falls on the edge between two codes."""
    with transaction():
        _, secret = services.operators.enrol(NAME, PASSWORD, ["finance"])
    with clock.frozen(clock.now()):
        yield Someone(app, secret, Visitor(app))


def last_refusal() -> dict[str, object]:
    found = db.session.scalar(
        text("SELECT details FROM audit_entry WHERE action = 'sign_in_refused' ORDER BY id DESC LIMIT 1")
    )
    return dict(found or {})


def test_name_password_and_code_let_an_operator_in(someone: Someone) -> None:
    assert someone.browser.get("/console").location == "/console/sign-in?back=%2Fconsole"
    answer = someone.enter()
    assert (answer.status_code, answer.location) == (303, "/console")
    cookie = answer.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    page = someone.browser.get("/console")
    assert page.status_code == 200
    assert NAME in page.text
    assert page.headers["Cache-Control"] == "no-store"


def test_a_code_may_be_typed_with_a_space_and_a_way_back_is_kept(someone: Someone) -> None:
    code = someone.code()
    answer = someone.browser.enter_console(NAME, PASSWORD, f"{code[:3]} {code[3:]}", "/console/queue?after=x")
    assert answer.location == "/console/queue?after=x"


@pytest.mark.parametrize(
    "back", ["//evil.example", "https://evil.example/", "/me", "/consoles", "/console\\x"]
)
def test_nobody_is_led_out_of_the_console(someone: Someone, back: str) -> None:
    assert someone.browser.enter_console(NAME, PASSWORD, someone.code(), back).location == "/console"


def test_every_refusal_looks_the_same(someone: Someone) -> None:
    with transaction():
        services.operators.enrol("gone", PASSWORD, ["admin"])
        services.operators.end("gone")
    right = someone.code()
    wrong = f"{(int(right) + 1) % 1_000_000:06}"
    tries = {
        "wrong password": (NAME, "not the password at all", right),
        "wrong code": (NAME, PASSWORD, wrong),
        "unknown name": ("nobody", PASSWORD, right),
        "name in other letters": (NAME.upper(), PASSWORD, right),
        "ended": ("gone", PASSWORD, right),
        "code two steps old": (NAME, PASSWORD, someone.code(-2)),
        "code two steps ahead": (NAME, PASSWORD, someone.code(2)),
    }
    pages = set()
    with transaction() as tables:
        tables.execute(text("UPDATE operator SET failures = -100"))  # locks have a test of their own
    for case, (name, password, code) in tries.items():
        answer = someone.browser.enter_console(name, password, code)
        assert answer.status_code == 401, case
        assert "Set-Cookie" not in answer.headers, case
        pages.add(answer.text.replace(f'value="{name}"', ""))
        assert password not in answer.text, case
    assert len(pages) == 1, "a page tells which it was"
    assert not someone.inside


def test_a_code_works_once_and_none_before_it_works_any_more(someone: Someone) -> None:
    used = someone.code()
    assert someone.enter(code=used).status_code == 303
    assert someone.enter(code=used).status_code == 401
    assert last_refusal()["cause"] == "code"
    assert someone.enter(code=someone.code(-1)).status_code == 401
    assert someone.enter(code=someone.code(1)).status_code == 303, "the next one may come a little early"


def test_one_code_in_many_hands_at_once_lets_one_in(someone: Someone) -> None:
    checked = services.operators.check_password(NAME, PASSWORD)
    code = someone.code()
    let_in: list[bool] = []

    def knock() -> None:
        with someone.app.app_context():
            with transaction():
                let_in.append(services.operators.sign_in(checked, code) is not None)
            db.session.remove()

    threads = [threading.Thread(target=knock) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(let_in) == [False] * 7 + [True]


def at(start: datetime, seconds: float) -> AbstractContextManager[None]:
    return clock.frozen(start + timedelta(seconds=seconds))


def test_wrong_tries_lock_for_longer_and_longer_but_never_for_good(someone: Someone) -> None:
    start = clock.now()

    def knock(seconds: float, right: bool) -> int:
        with at(start, seconds):
            return someone.enter(password=PASSWORD if right else "wrong and wrong again").status_code

    for failure in range(4):
        assert knock(failure, right=False) == 401
    assert knock(4, right=False) == 401, "the fifth locks for 30 s"
    assert knock(33, right=True) == 401, "right, but locked"
    assert last_refusal()["failures"] == 5, "a try during the lock is not counted"
    assert knock(35, right=False) == 401, "the sixth locks for a minute"
    assert knock(94, right=True) == 401
    for failure in range(20):  # whoever keeps guessing in my name
        assert knock(100 + 901 * failure, right=False) == 401
    late = 100 + 901 * 20
    assert knock(late, right=True) == 303, "a quarter of an hour is the longest"
    with at(start, late + 31):
        assert someone.enter(password="wrong and wrong again").status_code == 401
        assert last_refusal()["failures"] == 1, "a sign-in clears the slate"


def test_a_sign_in_ends_where_it_is_signed_out_also_for_a_copied_cookie(someone: Someone) -> None:
    someone.enter()
    host = urlsplit(someone.browser.home).hostname or ""
    copied = someone.browser.client.get_cookie(console.cookie_name(), domain=host)
    assert copied is not None
    thief = Visitor(someone.app)
    thief.client.set_cookie(console.cookie_name(), copied.value, domain=host)
    assert thief.get("/console").status_code == 200
    assert someone.browser.post("/console/sign-out").status_code == 303
    assert thief.get("/console").status_code == 302


def test_a_sign_in_lives_for_a_working_day(someone: Someone) -> None:
    start = clock.now()
    someone.enter()
    with at(start, 9.9 * 3600):
        assert someone.inside
    with at(start, 10.1 * 3600):
        assert not someone.inside


@pytest.mark.parametrize("what", ["end", "reset"])
def test_ending_or_resetting_an_operator_ends_their_sign_ins_at_once(someone: Someone, what: str) -> None:
    someone.enter()
    assert someone.inside
    with transaction():
        if what == "end":
            services.operators.end(NAME)
        else:
            services.operators.reset(NAME, "another long password")
    assert not someone.inside
    assert someone.enter(code=someone.code(1)).status_code == 401, "old password and old secret"


def test_an_operator_changes_their_own_password(someone: Someone) -> None:
    someone.enter()
    elsewhere = Visitor(someone.app)
    assert elsewhere.enter_console(NAME, PASSWORD, someone.code(1)).status_code == 303
    fresh = "four quiet words here"
    start = clock.now()
    with at(start, 90):
        form = {"password": PASSWORD, "code": someone.code(), "fresh": fresh, "again": fresh}
        answer = someone.browser.post("/console/account/password", form)
        assert answer.location == "/console/account?said=console_password_changed"
        assert someone.inside
        assert elsewhere.get("/console").status_code == 302, "other sign-ins end"
        assert someone.enter(code=someone.code(1)).status_code == 401
    with at(start, 180):
        assert someone.enter(password=fresh).status_code == 303


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"password": "not the present one"}, 401),
        ({"code": "000000"}, 401),
        ({"again": "another password here"}, 422),
        ({"fresh": "short", "again": "short"}, 422),
        ({"fresh": "aaaaaaaaaaaaaaaa", "again": "aaaaaaaaaaaaaaaa"}, 422),
        ({"fresh": "i am lin.hua today", "again": "i am lin.hua today"}, 422),
        ({"code": "12345"}, 422),
        ({"code": "１２３４５６"}, 422),
        ({"fresh": ""}, 422),
        ({"extra": "x"}, 422),
    ],
)
def test_a_password_is_not_changed_otherwise(someone: Someone, changes: dict[str, str], status: int) -> None:
    someone.enter()
    before = db.session.scalar(text("SELECT password_hash FROM operator"))
    form = {
        "password": PASSWORD,
        "code": someone.code(1),
        "fresh": "four quiet words",
        "again": "four quiet words",
    }
    answer = someone.browser.post("/console/account/password", form | changes)
    assert answer.status_code == status
    assert not re.search(r'type="password" value=', answer.text)
    db.session.rollback()
    assert db.session.scalar(text("SELECT password_hash FROM operator")) == before


def test_a_hash_of_weaker_parameters_is_renewed_at_the_next_sign_in(someone: Someone) -> None:
    weak = PasswordHasher(time_cost=1, memory_cost=8_192, parallelism=1)
    with transaction() as tables:
        tables.execute(
            text("UPDATE operator SET password_hash = :hash"),
            {"hash": weak.hash(operators._peppered(PASSWORD))},
        )
    assert someone.enter().status_code == 303
    renewed = str(db.session.scalar(text("SELECT password_hash FROM operator")))
    assert renewed.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert someone.enter(code=someone.code(1)).status_code == 303


def test_a_stolen_table_alone_gives_nothing_to_guess_at(someone: Someone) -> None:
    from argon2.exceptions import VerifyMismatchError

    stored = str(db.session.scalar(text("SELECT password_hash FROM operator")))
    with pytest.raises(VerifyMismatchError):
        PasswordHasher().verify(stored, PASSWORD)
    sealed = bytes(db.session.scalar(text("SELECT totp_sealed FROM operator")) or b"")
    assert someone.secret.encode() not in sealed


def test_an_unknown_name_costs_as_much_work_as_a_known_one(
    someone: Someone, monkeypatch: pytest.MonkeyPatch
) -> None:
    compared: list[str] = []
    verify = operators._HASHER.verify

    class Watching(PasswordHasher):
        def verify(self, *given: str | bytes) -> bool:
            compared.append(str(given[0]).rsplit("$", 2)[0])
            return bool(verify(*given))

    monkeypatch.setattr(operators, "_HASHER", Watching(time_cost=2, memory_cost=19_456, parallelism=1))
    for name in (NAME, "nobody"):
        someone.enter(name=name, password="wrong and wrong again")
    assert len(compared) == 2
    assert compared[0] == compared[1], "the same parameters"


def test_only_so_many_passwords_are_compared_at_once(
    someone: Someone, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(operators, "_PATIENCE_S", 0.01)
    with operators._Turn(), operators._Turn():
        with pytest.raises(TooMany):
            services.operators.check_password(NAME, PASSWORD)
        assert someone.enter().status_code == 429
    assert someone.enter().status_code == 303, "and afterwards it goes on"


def test_sample_operators_do_not_enter_production(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    with transaction():
        passwords = services.operators.enrol_samples()
    name = "sample-lin"
    monkeypatch.setitem(app.extensions, "settings", replace(session.settings(), environment="production"))
    browser = Visitor(app)
    with transaction():
        code = services.operators.present_code(name)
    assert browser.enter_console(name, passwords[name], code).status_code == 401
    monkeypatch.undo()
    assert browser.enter_console(name, passwords[name], code).status_code == 303


@pytest.mark.parametrize(
    "form",
    [
        {},
        {"name": NAME},
        {"name": "\x00", "password": PASSWORD, "code": "123456"},
        {"name": "x" * 41, "password": PASSWORD, "code": "123456"},
        {"name": NAME, "password": "x" * 201, "code": "123456"},
        {"name": NAME, "password": PASSWORD, "code": "١٢٣٤٥٦"},
        {"name": NAME, "password": PASSWORD, "code": "123456", "admin": "1"},
        {"name": "😀", "password": "\x1b", "code": "1"},
    ],
)
def test_a_form_that_cannot_be_read_is_refused_field_by_field(someone: Someone, form: dict[str, str]) -> None:
    assert someone.browser.post("/console/sign-in", form).status_code == 422


def test_sign_ins_are_in_the_log_with_their_cause(someone: Someone) -> None:
    someone.enter(password="wrong and wrong again")
    someone.enter()
    someone.browser.post("/console/sign-out")
    actions = db.session.scalars(text("SELECT action FROM audit_entry ORDER BY id")).all()
    assert actions == ["operator_enrolled", "sign_in_refused", "operator_signed_in", "operator_signed_out"]
    assert PASSWORD not in str(db.session.execute(text("SELECT * FROM audit_entry")).all())
