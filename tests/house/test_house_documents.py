"""The documents that go with the code stay true to it."""

import json
import re
import tomllib
from pathlib import Path

from flask import Flask
from openapi_spec_validator import validate

from app.config import _REQUIRED, _WECHAT_FILES

ROOT = Path(__file__).parents[2]


def test_the_committed_api_document_is_valid_and_up_to_date(session_app: Flask) -> None:
    committed = json.loads((ROOT / "openapi.json").read_text("utf-8"))
    served = session_app.extensions["flask-smorest"]["apis"][""]["ext_obj"].spec.to_dict()
    assert committed == json.loads(json.dumps(served)), "run `make openapi`"
    validate(committed)


def test_the_example_environment_names_every_required_setting() -> None:
    example = (ROOT / ".env.example").read_text("utf-8")
    assert [name for name in (*_REQUIRED, *_WECHAT_FILES) if f"\n{name}=" not in example] == []


def test_every_requirement_is_pinned() -> None:
    for path in ROOT.glob("requirements*.txt"):
        lines = [line for line in path.read_text().splitlines() if line and not line.lstrip().startswith("#")]
        assert [line for line in lines if not re.match(r"[a-z0-9._-]+(\[.+\])?==\S+$", line.strip())] == []


def test_the_two_readmes_are_twins() -> None:
    def shape(name: str) -> list[str]:
        text = (ROOT / name).read_text("utf-8")
        return re.findall(r"^#+ |^\| `[^`]+`|^```\w*|^- \*\*|\]\([A-Za-z./-]+\)", text, re.M)

    english, chinese = shape("README.md"), shape("README.zh-CN.md")
    english = [part.replace("](README.zh-CN.md", "](TWIN") for part in english]
    chinese = [part.replace("](README.md", "](TWIN") for part in chinese]
    assert english == chinese


def test_every_decision_is_listed() -> None:
    index = (ROOT / "docs" / "decisions" / "README.md").read_text("utf-8")
    pages = sorted((ROOT / "docs" / "decisions").glob("[0-9]*.md"))
    assert [page.name for page in pages] == re.findall(r"\((\d{4}-[a-z0-9-]+\.md)\)", index)
    for page in pages:
        assert f"({page.name})" in index
        assert {"**Context.**", "**Decision.**", "**Consequences.**", "**Else.**"} <= set(
            re.findall(r"^\*\*\w+\.\*\*", page.read_text("utf-8"), re.M)
        ), page.name


def test_every_dependency_is_used() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    imported_as = {"pyjwt": "jwt", "psycopg[binary]": "psycopg", "flask-sqlalchemy": "flask_sqlalchemy"}
    imported_as |= {"flask-smorest": "flask_smorest", "granian": "granian", "argon2-cffi": "argon2"}
    imported_as |= {"pillow": "PIL"}
    sources = "\n".join(
        path.read_text("utf-8") for path in [*(ROOT / "app").rglob("*.py"), ROOT / "migrations" / "env.py"]
    )
    for name in project["dependencies"]:
        assert re.search(rf"\b{imported_as.get(name, name)}\b", sources), name


def test_every_link_between_documents_leads_somewhere() -> None:
    for page in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]:
        text = page.read_text("utf-8")
        for link in re.findall(r"\]\(([^)#:]+)\)|src=\"([^\":]+)\"", text):
            target = page.parent / (link[0] or link[1])
            assert target.exists(), f"{page.name}: {target}"


def test_whatever_production_needs_stands_in_every_list_of_requirements() -> None:
    lists = {
        name: set((ROOT / f"{name}.txt").read_text("utf-8").splitlines())
        for name in ("requirements", "requirements-local", "requirements-dev")
    }
    pins = {line for line in lists["requirements"] if "==" in line}
    assert {name: sorted(pins - held) for name, held in lists.items() if pins - held} == {}
