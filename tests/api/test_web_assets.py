"""What the pages load: our own files and one vendored script, each kept by its digest."""

import hashlib
import re

from flask import Flask
from flask.testing import FlaskClient

from app.web.pages import HERE, asset

VENDOR = HERE / "static" / "vendor"


def test_vendored_files_are_what_their_readme_says() -> None:
    named = dict(
        re.findall(r"^\| `([\w.-]+)` .*`([0-9a-f]{64})` \|$", (VENDOR / "README.md").read_text(), re.M)
    )
    assert set(named) == {"htmx.min.js"}
    for name, digest in named.items():
        assert hashlib.sha256((VENDOR / name).read_bytes()).hexdigest() == digest


def test_an_asset_named_by_its_digest_may_be_kept_for_a_year(app: Flask, client: FlaskClient) -> None:
    for name in ("senhui.css", "senhui.js", "leaf.svg", "vendor/htmx.min.js"):
        with client.get(asset(name)) as kept:
            assert kept.status_code == 200
            assert kept.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        with client.get(asset(name).partition("?")[0]) as plain:
            assert "immutable" not in plain.headers["Cache-Control"]
    assert client.get("/static/nothing.js?v=1").headers["Cache-Control"] == "no-store"
    assert client.get("/static/../pages.py?v=1").status_code == 404


def test_pages_themselves_are_not_kept(app: Flask, client: FlaskClient) -> None:
    assert client.get("/sign-in").headers["Cache-Control"] == "no-store"


def test_no_template_script_or_style_names_another_host() -> None:
    files = [*(HERE / "templates").glob("*.html"), *(HERE / "static").glob("*.*")]
    assert len(files) > 20
    allowed = ('xmlns="http://www.w3.org/2000/svg"', '("http://", "https://")')
    for path in files:
        text = path.read_text("utf-8")
        for phrase in allowed:
            text = text.replace(phrase, "")
        assert not re.search(r"https?://|//cdn|@import", text), path


def test_every_class_that_a_template_uses_is_styled_or_ours() -> None:
    css = (HERE / "static" / "senhui.css").read_text("utf-8")
    styled = set(re.findall(r"\.([a-z][a-z0-9-]*)", css))
    used: set[str] = set()
    for path in (HERE / "templates").glob("*.html"):
        for value in re.findall(r'class="([^"]*)"', path.read_text("utf-8")):
            plain = re.sub(r"{%.*?%}|{{.*?}}", " ", value)
            used |= {name for name in plain.split() if not name.endswith("-")}
    assert sorted(used - styled) == []
