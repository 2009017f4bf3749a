"""Who calls an instance: a person through the API and the simulated phone, an operator at the console."""

import json
import re
import secrets
from typing import Any

import requests

from cases.instance import Instance, wait

TIMEOUT_S = 30
SETTLED_WITHIN_S = 10.0


class Unexpected(RuntimeError):
    """An answer that was not asked for, in its own words."""


class Person:
    """One person's calls; signed in after `sign_in`."""

    def __init__(self, instance: Instance) -> None:
        self.instance = instance
        self.headers: dict[str, str] = {"Accept-Language": "zh"}

    def sign_in(self, account: str) -> None:
        """Sign in with an account of the simulated WeChat."""
        code = self.on_phone("login", {"account": account})["code"]
        tokens = self.call("POST", "/v1/sessions", {"code": code})
        self.headers["Authorization"] = f"Bearer {tokens['access_token']}"

    def ask(self, method: str, path: str, body: Any = None) -> requests.Response:
        """One call of the API, whatever it answers."""
        url = self.instance.url + path
        return requests.request(method, url, json=body, headers=self.headers, timeout=TIMEOUT_S)

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """One call that has to succeed; its JSON. Raises `Unexpected` with the problem's own words."""
        answer = self.ask(method, path, body)
        if not answer.ok:
            raise Unexpected(f"{method} {path} answered {answer.status_code}: {answer.text}")
        return answer.json() if answer.content else None

    def on_phone(self, act: str, body: dict[str, Any]) -> Any:
        """One act on the simulated phone."""
        answer = requests.post(f"{self.instance.phone}/phone/api/{act}", json=body, timeout=TIMEOUT_S)
        answer.raise_for_status()
        return answer.json()

    def pay(self, order: str) -> Any:
        """Pay an order on the phone; the order once it is settled."""
        self.on_phone("pay", self.call("POST", f"/v1/orders/{order}/payment"))

        def settled() -> Any:
            found = self.call("GET", f"/v1/orders/{order}")
            return found if found["status"] == "settled" else None

        return wait(settled, SETTLED_WITHIN_S)


class Operator:
    """A sample operator, signed in to the console with password and code."""

    def __init__(self, instance: Instance, name: str) -> None:
        self.instance, self.name = instance, name
        self.session = requests.Session()
        self.session.headers["Origin"] = instance.url
        passwords = json.loads((instance.folder / "operators.json").read_text())
        code = instance.flask("operator", "code", name).stdout.strip()
        self.send("/console/sign-in", name=name, password=passwords[name], code=code)

    def page(self, path: str) -> str:
        """A page of the console."""
        answer = self.session.get(self.instance.url + path, timeout=TIMEOUT_S)
        if not answer.ok:
            raise Unexpected(f"{self.name}: GET {path} answered {answer.status_code}")
        return answer.text

    def ask(self, path: str, **form: Any) -> requests.Response:
        """Send a form, whatever the answer."""
        url = self.instance.url + path
        return self.session.post(url, data=form, timeout=TIMEOUT_S, allow_redirects=False)

    def send(self, path: str, **form: Any) -> str:
        """Send a form that has to be taken; where the console leads to then. Raises `Unexpected`."""
        answer = self.ask(path, **form)
        if answer.status_code != 303:
            said = " ".join(re.sub(r"<[^>]*>", " ", answer.text).split())
            raise Unexpected(f"{self.name}: {path} answered {answer.status_code}: {said[:600]}")
        return answer.headers["Location"]

    def request_mandate(self, kind: str, **wish: Any) -> str:
        """Ask for an act on units; the mandate's code."""
        wish |= {"note": "make registry-cases", "form_key": secrets.token_urlsafe(18)}
        leads_to = self.send(f"/console/registry/new/{kind}", **wish)
        return leads_to.split("?")[0].rsplit("/", 1)[-1]

    def right_holder(self, name: str) -> str:
        """The code of a right holder, as it is chosen for a dossier. Raises `Unexpected`."""
        page = self.page("/console/dossiers/new")
        found = re.search(rf'<option value="(\w+)"[^>]*>[^<]*{name}', page)
        if found is None:
            raise Unexpected(f"{name} is not among the right holders")
        return found[1]
