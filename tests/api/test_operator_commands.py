"""`flask operator` and `flask audit`: what they do, and what they refuse."""

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pyotp
import pytest
from builders import PASSWORD
from click.testing import Result
from flask import Flask
from sqlalchemy import text
from visiting import Visitor

from app.accounts import jobs, services
from app.cli.dev import sample_operators
from app.kit import clock
from app.kit.database import db
from app.kit.transaction import transaction

Run = Callable[..., Result]
ADD = ("operator", "add", "li.hua", "--role", "finance")


@pytest.fixture
def run(app: Flask) -> Run:
    """Run a command with a password waiting on stdin."""

    def run_it(*words: str, said: str = f"{PASSWORD}\n") -> Result:
        return app.test_cli_runner().invoke(args=list(words), input=said)

    return run_it


def address(result: Result) -> str:
    found = re.search(r"otpauth://\S+", result.output)
    assert found is not None, result.output
    return found[0]


def test_an_operator_added_on_the_command_line_signs_in_with_an_app(app: Flask, run: Run) -> None:
    added = run(*ADD, "--role", "auditor")
    assert added.exit_code == 0, added.output
    secret = parse_qs(urlsplit(address(added)).query)["secret"][0]
    assert PASSWORD not in added.output
    app_shows = pyotp.parse_uri(address(added))
    assert app_shows.name == "li.hua"
    assert app_shows.issuer == "Senhui"
    browser = Visitor(app)
    code = pyotp.TOTP(secret).at(clock.now())
    assert browser.enter_console("li.hua", PASSWORD, code).status_code == 303
    listed = run("operator", "list").output
    assert re.search(r"^li.hua\tfinance,auditor\tlast sign-in 20\d\d.*\tin service$", listed, re.M)


def test_a_reset_gives_another_secret_and_lifts_the_lock(app: Flask, run: Run) -> None:
    run(*ADD)
    with transaction() as session:
        session.execute(text("UPDATE operator SET failures = 30, locked_until = now() + interval '15 min'"))
    again = run("operator", "reset", "li.hua", said="another long password\n")
    code = pyotp.TOTP(parse_qs(urlsplit(address(again)).query)["secret"][0]).at(clock.now())
    assert Visitor(app).enter_console("li.hua", "another long password", code).status_code == 303


def test_who_has_ended_is_listed_and_cannot_be_reset_or_added_again(run: Run) -> None:
    run(*ADD)
    assert run("operator", "end", "li.hua").exit_code == 0
    assert "ended 20" in run("operator", "list").output
    for words in (("operator", "reset", "li.hua"), ("operator", "end", "li.hua"), ADD):
        refused = run(*words)
        assert refused.exit_code == 1, words
        assert "Traceback" not in refused.output


@pytest.mark.parametrize(
    ("words", "said", "why"),
    [
        (ADD, "short\n", "12 to 200 characters"),
        (ADD, "aaaaaaaaaaaaaaaa\n", "easy to guess"),
        (ADD, "", "12 to 200 characters"),
        (("operator", "add", "a b", "--role", "finance"), f"{PASSWORD}\n", "a name has"),
        (("operator", "add", "li.hua", "--role", "king"), f"{PASSWORD}\n", "king"),
        (("operator", "add", "li.hua"), f"{PASSWORD}\n", "--role"),
        (("operator", "add", "sample-x", "--role", "finance"), f"{PASSWORD}\n", "sample-"),
        (("operator", "code", "nobody"), "", "no operator"),
    ],
)
def test_what_will_not_do_is_refused_in_words(run: Run, words: tuple[str, ...], said: str, why: str) -> None:
    refused = run(*words, said=said)
    assert refused.exit_code != 0
    assert why in refused.output
    assert db.session.scalar(text("SELECT count(*) FROM operator")) == 0


def test_codes_are_printed_in_development_only(app: Flask, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    run(*ADD)
    assert re.fullmatch(r"\d{6}\n", run("operator", "code", "li.hua").output)
    settings = replace(app.extensions["settings"], environment="production")
    monkeypatch.setitem(app.extensions, "settings", settings)
    assert "own app" in run("operator", "code", "li.hua").output


def test_sample_operators_keep_their_passwords_until_either_side_is_lost(app: Flask, tmp_path: Path) -> None:
    kept = tmp_path / "operators.json"
    first = sample_operators(kept)
    assert set(first) == {"sample-lin", "sample-zhang", "sample-shu"}
    assert kept.stat().st_mode & 0o077 == 0
    assert sample_operators(kept) == first
    kept.unlink()
    second = sample_operators(kept)
    assert set(second) == set(first)
    assert second["sample-lin"] != first["sample-lin"]
    with transaction():
        services.operators.end("sample-lin")
    kept.unlink()
    assert set(sample_operators(kept)) == {"sample-zhang", "sample-shu"}, "who was ended stays ended"


def test_two_sample_operators_can_decide_about_money_together() -> None:
    assert sum("finance" in roles for roles in services.operators.SAMPLES.values()) == 2
    assert services.operators.SAMPLES["sample-shu"] == ["clerk"], "who sees one court's cases, and no more"


def test_verify_names_the_first_wrong_entry_and_fails(run: Run, tmp_path: Path) -> None:
    assert run("audit", "head").exit_code == 1, "nothing is signed yet"
    for number in range(5):
        with transaction():
            services.audit.record(None, "tested", f"thing-{number}")
    jobs.seal_audit()
    head = tmp_path / "head"
    head.write_text(run("audit", "head").output)
    for words in (("audit", "verify"), ("audit", "verify", "--head", str(head))):
        whole = run(*words)
        assert whole.exit_code == 0
        assert whole.output.startswith("audit: 5 sealed, 0 waiting, 1 heads, end ")
    with transaction() as session:
        session.execute(text("SET LOCAL session_replication_role = replica"))
        wrong = session.execute(
            text("UPDATE audit_entry SET details = '{\"fen\": 1}' WHERE subject = 'thing-2' RETURNING id")
        ).scalar()
    broken = run("audit", "verify")
    assert broken.exit_code == 1
    assert broken.output == f"BAD   position 3 (entry {wrong}): this entry or its link was changed\n"
    head.write_text("not.a.head")
    assert "not signed with this key" in run("audit", "verify", "--head", str(head)).output
