"""Who tells a story: a person's calls with a line of progress each, and the documents they keep."""

from datetime import timedelta, timezone
from pathlib import Path
from typing import ClassVar
from urllib.parse import parse_qsl, urlsplit

import requests
from requests.cookies import RequestsCookieJar

from cases.instance import Instance
from cases.people import TIMEOUT_S, Operator, Person, Unexpected

SHANGHAI = timezone(timedelta(hours=8))
_BEGINNINGS = {".pdf": b"%PDF-", ".png": b"\x89PNG", ".svg": b"<svg", ".json": b"{", ".csv": b""}


class Story(Person):
    """One person's calls. What they keep goes to `folder`."""

    steps = 0
    _desks: ClassVar[dict[tuple[str, str], Operator]] = {}

    def __init__(self, instance: Instance, folder: Path) -> None:
        super().__init__(instance)
        self.folder = folder
        self.cookies: RequestsCookieJar | None = None

    def tell(self, text: str) -> None:
        """A line of progress."""
        self.steps += 1
        print(f"  {self.steps:2}. {text}", flush=True)

    def another(self, account: str) -> "Story":
        """Somebody else of the same story, signed in with another account of the simulated WeChat."""
        person = type(self)(self.instance, self.folder)
        person.sign_in(account)
        return person

    def operator(self, name: str) -> Operator:
        """A sample operator of the instance, signed in to the console once: no code works a second time."""
        key = (self.instance.url, name)
        if key not in self._desks:
            self._desks[key] = Operator(self.instance, name)
        return self._desks[key]

    def browse(self, account: str) -> None:
        """Sign in to the pages too, by the simulated WeChat: what is printed there is theirs alone."""
        browser, home = requests.Session(), self.instance.url
        origin = {"Origin": home}
        asked = browser.post(f"{home}/sign-in", {"back": "/me"}, headers=origin, timeout=TIMEOUT_S)
        wish = dict(parse_qsl(urlsplit(asked.url).query)) | {"account": account, "decision": "allow"}
        browser.post(f"{self.instance.phone}/phone/login", wish, timeout=TIMEOUT_S)
        self.cookies = browser.cookies

    def keep_printed(self, path: str, name: str) -> None:
        """Take home what can be printed: as PDF and as a picture."""
        for form in ("pdf", "png"):
            self.keep(f"{path}.{form}", f"{name}.{form}")

    def keep(self, path: str, name: str) -> Path:
        """Take a document home: what stands at `path`, as file `name`, whose ending says its kind.

        Raises `Unexpected` for anything else than such a document.
        """
        url = self.instance.url + path
        answer = requests.get(url, headers=self.headers, cookies=self.cookies, timeout=TIMEOUT_S)
        file = self.folder / name
        begins = answer.content.lstrip()[:200]
        if answer.status_code != 200 or _BEGINNINGS[file.suffix] not in begins:
            raise Unexpected(f"GET {path} answered {answer.status_code}, not a document: {begins!r}")
        file.write_bytes(answer.content)
        self.tell(f"   kept {file.name}, {len(answer.content) // 1024 + 1} kB")
        return file
