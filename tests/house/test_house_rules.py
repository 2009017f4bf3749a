"""The rules of the house that no type checker sees."""

import ast
import re
import string
from pathlib import Path

import pytest
from flask import Flask

from app.kit import messages
from app.kit.problems import Problem

ROOT = Path(__file__).parents[2]
SOURCES = sorted((ROOT / "app").rglob("*.py"))
ROOM_FILES = {
    "__init__",
    "routes",
    "jobs",
    "provider",
    "services",
    "queries",
    "models",
    "schemas",
    "announcements",
    "rules",
    "errors",
    "chart",
    "ledger",
    "purposes",
}
LONGEST_FILE = 400
LONGEST_FUNCTION = 50


def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"), str(path))


def test_only_one_file_commits() -> None:
    committing = {
        str(path.relative_to(ROOT))
        for path in SOURCES
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "commit"
    }
    assert committing == {"app/kit/transaction.py"}


def test_only_the_clock_reads_the_time() -> None:
    reading = {
        str(path.relative_to(ROOT))
        for path in SOURCES
        if "clients" not in path.parts
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Attribute)
        and node.attr in ("now", "utcnow", "today")
        and isinstance(node.value, ast.Name)
        and node.value.id in ("datetime", "date")
    }
    assert reading == {"app/kit/clock.py"}


def test_only_the_ledger_writes_the_books() -> None:
    writing = {
        str(path.relative_to(ROOT))
        for path in SOURCES
        if re.search(r"(INSERT INTO|UPDATE|DELETE FROM) (posting|account)\b", path.read_text("utf-8"))
    }
    assert writing == {"app/accounts/ledger.py"}


@pytest.mark.parametrize(
    "room", ["accounts", "footprint", "registry", "offsets", "causes", "rewards", "statements"]
)
def test_every_room_has_the_same_plan(room: str) -> None:
    folder = ROOT / "app" / room
    names = {path.stem for path in folder.glob("*.py")} | {
        path.name for path in folder.iterdir() if (path / "__init__.py").exists()
    }
    assert names <= ROOM_FILES
    assert {"routes", "services", "queries", "models", "rules"} <= names
    assert len(ast.get_docstring(tree(folder / "__init__.py")) or "") > 80, "a room begins with its charter"


def test_files_and_functions_stay_small() -> None:
    too_long = [str(path) for path in SOURCES if len(path.read_text("utf-8").splitlines()) > LONGEST_FILE]
    for path in SOURCES:
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.FunctionDef) and (node.end_lineno or 0) - node.lineno >= LONGEST_FUNCTION:
                too_long.append(f"{path}:{node.name}")
    assert too_long == []


def test_names_say_what_things_are() -> None:
    vague = re.compile(r"^(utils?|helpers?|common|managers?)$|^(process|handle)_")
    named = [str(path) for path in SOURCES if vague.search(path.stem)]
    for path in SOURCES:
        named += [
            f"{path}:{node.name}"
            for node in ast.walk(tree(path))
            if isinstance(node, ast.FunctionDef | ast.ClassDef)
            and vague.search(node.name)
            and node.name not in ("handle_error",)
        ]
    assert named == []


def test_every_message_stands_in_both_languages_with_the_same_parameters() -> None:
    for name, texts in messages.catalogue().items():
        assert set(texts) == {"zh", "en"}, name
        fields = [
            {field for _, field, _, _ in string.Formatter().parse(texts[lang]) if field}
            for lang in ("zh", "en")
        ]
        assert fields[0] == fields[1] or name == "kit.http_status", name


def test_every_refusal_has_its_sentences() -> None:
    def families(cls: type[Problem]) -> list[type[Problem]]:
        return [cls, *(sub for child in cls.__subclasses__() for sub in families(child))]

    for problem in families(Problem):
        assert messages.exists(problem.message), problem
        assert messages.exists(f"{problem.message}_detail"), problem


def test_every_message_named_in_the_code_exists() -> None:
    named = re.compile(r'\bt\(\s*"([a-z_]+\.[a-z_0-9]+)"')
    for path in [*SOURCES, *(ROOT / "app").rglob("*.html")]:
        for name in named.findall(path.read_text("utf-8")):
            assert messages.exists(name), f"{path}: {name}"


def test_every_api_route_declares_who_may_call_it(session_app: Flask) -> None:
    undeclared = [
        rule.rule
        for rule in session_app.url_map.iter_rules()
        if rule.rule.startswith("/v1") and not hasattr(session_app.view_functions[rule.endpoint], "policy")
    ]
    assert undeclared == []


def test_the_api_document_names_every_route(session_app: Flask) -> None:
    spec = session_app.extensions["flask-smorest"]["apis"][""]["ext_obj"].spec.to_dict()
    documented = {re.sub(r"\{(\w+)\}", r"<\1>", path) for path in spec["paths"]}
    served = {
        re.sub(r"<(?:[^:<>]+:)?(\w+)>", r"<\1>", rule.rule)
        for rule in session_app.url_map.iter_rules()
        if rule.rule.startswith("/v1")
    }
    assert documented == served


def test_the_project_names_no_machine() -> None:
    named = re.compile(r"(^|[\"'\s=(])/(work|root|home|tmp/house)/")
    for path in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *SOURCES]:
        assert not named.search(path.read_text("utf-8")), path
