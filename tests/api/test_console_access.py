"""Every address of the console against everybody who might knock."""

import re
from urllib.parse import urlsplit

import pytest
from builders import person
from flask import Flask
from visiting import Visitor, at_console

import simulator
from app.accounts.rules import ROLES
from app.web import console, session

OPEN = {("GET", "/console/sign-in"), ("POST", "/console/sign-in")}


def addresses(app: Flask) -> list[tuple[str, str, str]]:
    """Method, path and policy of every route of the console, those of other rooms' pages too."""
    return sorted(
        (method, re.sub(r"<[^>]*>", "1", rule.rule), str(app.view_functions[rule.endpoint].policy))  # type: ignore[attr-defined]
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith("/console")
        for method in (rule.methods or set()) - {"OPTIONS", "HEAD"}
    )


def knock(visitor: Visitor, method: str, path: str) -> int:
    return (visitor.get(path) if method == "GET" else visitor.post(path)).status_code


def host(visitor: Visitor) -> str:
    return urlsplit(visitor.home).hostname or ""


@pytest.fixture
def guests(app: Flask, phone: simulator.Running) -> dict[str, Visitor]:
    """Who is no operator: nobody, a person, and a person whose own cookies bear the console's name."""
    signed_in = Visitor(app).sign_in()
    pretending = Visitor(app).sign_in()
    kept = pretending.client.get_cookie(session.cookie_name(), domain=host(pretending))
    assert kept is not None
    with app.test_request_context():
        name = console.cookie_name()
    pretending.client.set_cookie(name, kept.value, domain=host(pretending))
    with_api_token = Visitor(app)
    with_api_token.client.set_cookie(name, person(app).token, domain=host(pretending))
    return {"nobody": Visitor(app), "person": signed_in, "as web": pretending, "as api": with_api_token}


def test_who_is_no_operator_opens_nothing(app: Flask, guests: dict[str, Visitor]) -> None:
    asked = 0
    for method, path, policy in addresses(app):
        if (method, path) in OPEN:
            continue
        assert re.fullmatch(r"operator:[a-z.]+", policy), (path, "must name who may open it")
        for who, visitor in guests.items():
            asked += 1
            assert knock(visitor, method, path) == (302 if method == "GET" else 401), (who, method, path)
    assert asked >= 28


def test_an_operator_opens_what_their_roles_allow_and_nothing_else(app: Flask) -> None:
    known = {permission for permissions in ROLES.values() for permission in permissions}
    for role, permissions in ROLES.items():
        visitor = at_console(app, role)
        for method, path, policy in addresses(app):
            permission = policy.removeprefix("operator:")
            if policy == "public" or path == "/console/sign-out":
                continue
            assert permission == "any" or permission in known, (path, "no role carries this permission")
            status = knock(visitor, method, path)
            if permission == "any" or permission in permissions:
                assert status < 500, (role, method, path)
                assert status not in (302, 401, 403), (role, method, path)
            else:
                assert status == 403, (role, method, path)


def test_nobody_moves_money_and_enrols_people_too() -> None:
    assert not any({"money.write", "operators.write"} <= permissions for permissions in ROLES.values())


def test_the_navigation_shows_what_one_may_open(app: Flask) -> None:
    for role, permissions in ROLES.items():
        page = at_console(app, role).get("/console").text
        for _, path, permission in console.SECTIONS:
            shown = f'<a href="{path}"' in page
            assert shown is (permission is None or permission in permissions), (role, path)


def test_every_part_of_the_console_has_a_page_and_a_word(app: Flask) -> None:
    from app.kit.messages import exists
    from app.web.routes.console import WAITING

    paths = {path for method, path, _ in addresses(app) if method == "GET"}
    assert {path for _, path, _ in console.SECTIONS} <= paths
    assert {each.path.split("?", 1)[0] for each in WAITING} <= paths
    assert [name for name, _, _ in console.SECTIONS if not exists(f"web.console_{name}")] == []
    assert [each.name for each in WAITING if not exists(f"web.console_wait_{each.name}")] == []


def test_only_the_present_part_is_marked(app: Flask) -> None:
    visitor = at_console(app, "auditor", "finance")
    for path in ("/console", "/console/audit", "/console/queue"):
        marked = re.findall(r'<a href="([^"]*)" aria-current', visitor.get(path).text)
        assert marked == [path]


def test_a_refusal_in_the_console_stays_in_the_console(app: Flask) -> None:
    visitor = at_console(app, "registry")
    page = visitor.get("/console/audit")
    assert page.status_code == 403
    assert 'href="/console/account"' in page.text
    assert 'href="/forest"' not in page.text
    assert visitor.get("/console/nowhere").status_code == 404
