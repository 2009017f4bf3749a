"""Who gets into the console, and that the books' CHECKs are the chart."""

import re

import pytest
from builders import operator, person
from flask import Flask
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from app.accounts import chart, services
from app.accounts import queries as accounts
from app.kit.database import db
from app.kit.transaction import transaction
from app.web import console


def test_the_database_allows_the_entries_and_accounts_of_the_chart_and_no_others(app: Flask) -> None:
    rows = db.session.execute(
        text("SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE contype = 'c'")
    )
    checks = {name: str(definition) for name, definition in rows}

    def numbers(name: str) -> set[int]:
        return {int(n) for n in re.findall(r"\d+", checks[name].split("ARRAY", 1)[1])}

    assert numbers("ck_posting_entry") == {
        kind.code * 10_000 + kind.source.code * 100 + kind.target.code for kind in chart.ENTRY_KINDS.values()
    }
    stored = {kind.code for kind in chart.ACCOUNT_KINDS.values() if kind.stored}
    assert numbers("ck_account_kind") == stored
    floored = {kind.code for kind in chart.ACCOUNT_KINDS.values() if kind.floor == 0}
    assert numbers("ck_account_floor") - {0} == floored


def test_a_session_that_ended_opens_no_console(app: Flask) -> None:
    client = app.test_client()
    someone = operator(app, client, "finance")
    name = None
    with app.test_request_context():
        name = console.cookie_name()
    cookie = client.get_cookie(name)
    assert cookie is not None
    with app.test_request_context(headers={"Cookie": f"{name}={cookie.value}"}):
        found = console.operator()
        assert found is not None
        assert found.id == someone
        assert found.may("money.write")
        assert not found.may("operators.write")
    with transaction() as session:
        session.execute(text("UPDATE operator_session SET revoked_at = now()"))
    with app.test_request_context(headers={"Cookie": f"{name}={cookie.value}"}):
        assert console.operator() is None


def test_a_persons_token_opens_no_console(app: Flask) -> None:
    with app.test_request_context():
        name = console.cookie_name()
    with app.test_request_context(headers={"Cookie": f"{name}={person(app).token}"}):
        assert console.operator() is None


def test_the_audit_log_cannot_be_changed(app: Flask) -> None:
    with transaction():
        services.audit.record(None, "tested", "nothing")
    with pytest.raises(IntegrityError), transaction() as session:
        session.execute(text("UPDATE audit_entry SET action = 'other'"))


def test_an_operator_needs_a_role_that_exists_and_a_long_password(app: Flask) -> None:
    with pytest.raises(ValueError, match="roles"), transaction():
        services.operators.enrol("somebody", "long enough to be safe", ["king"])
    with pytest.raises(ValueError, match="password"), transaction():
        services.operators.enrol("somebody", "short", ["admin"])
    assert accounts.operators.list_names() == {}
