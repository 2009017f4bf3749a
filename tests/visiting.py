"""A person before the pages: a browser's client with its cookies, Origin and a way through WeChat."""

import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests
from builders import operator
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.kit.codes import random_code
from app.kit.identity import signer
from app.web import console, session


class Visitor:
    """A browser at the site's own address; `sign_in` goes through the simulated phone."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self.home: str = app.extensions["settings"].public_url
        self.phone_url: str = app.extensions["settings"].phone_url
        self.phone = requests.Session()
        self.client: FlaskClient = app.test_client()

    def get(self, path: str, **options: Any) -> TestResponse:
        """Open a page."""
        return self.client.get(path, base_url=self.home, **options)

    def post(self, path: str, form: dict[str, Any] | None = None, **headers: str) -> TestResponse:
        """Send a form as this site's own pages do; other `headers` replace Origin."""
        given = headers or {"Origin": self.home}
        given = {name.replace("_", "-"): value for name, value in given.items()}
        return self.client.post(path, data=form or {}, headers=given, base_url=self.home)

    def speak(self, language: str) -> "Visitor":
        """Choose a language."""
        assert self.get(f"/lang/{language}").status_code == 303
        return self

    def sign_in(self, account: str | None = None) -> "Visitor":
        """Sign in as a new person of the simulator's, or as `account`."""
        left = self.post("/sign-in", {"back": "/me"})
        assert left.status_code == 303, left.text
        returned = self.through_phone(left.location, account=account or random_code(12), decision="allow")
        arrived = self.get(returned)
        assert (arrived.status_code, arrived.location) == (303, "/me"), arrived.text
        return self

    def through_phone(self, url: str, **form: str) -> str:
        """Answer the phone's page at `url` and give back the path that it sends the browser to."""
        parts = urlsplit(url)
        asked = {name: values[0] for name, values in parse_qs(parts.query).items()}
        answer = self.phone.post(
            f"{self.phone_url}{parts.path}", data=asked | form, allow_redirects=False, timeout=5
        )
        assert answer.status_code == 302, answer.text
        back = urlsplit(answer.headers["Location"])
        return f"{back.path}?{back.query}"

    def send_steps(self) -> TestResponse:
        """Agree, let the phone encrypt the steps, and hand them over as its page does."""
        left = self.post("/steps/sync", {"agree": "2026-11"})
        assert left.status_code == 303, left.text
        page = self.phone.post(left.location, data={"decision": "allow"}, timeout=5).text
        form = dict(re.findall(r'name="(encrypted_data|iv|state)" value="([^"]*)"', page))
        return self.post("/steps/return", form, Origin=self.phone_url)

    def enter_console(self, name: str, password: str, code: str, back: str = "") -> TestResponse:
        """Fill in the operators' sign-in."""
        form = {"name": name, "password": password, "code": code} | ({"back": back} if back else {})
        return self.post("/console/sign-in", form)

    @property
    def holder_id(self) -> int:
        """Whose books these are."""
        cookie = self.client.get_cookie(session.cookie_name(), domain=urlsplit(self.home).hostname or "")
        assert cookie is not None
        return signer().read(cookie.value, "web").holder_id


def at_console(app: Flask, *roles: str) -> Visitor:
    """A browser in which an operator with these roles is signed in."""
    visitor = Visitor(app)
    operator(app, visitor.client, *roles)
    with app.test_request_context():
        cookie = visitor.client.get_cookie(console.cookie_name())
    assert cookie is not None
    visitor.client.set_cookie(cookie.key, cookie.value, domain=urlsplit(visitor.home).hostname or "")
    return visitor
