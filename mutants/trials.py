"""One bug, one copy of the sources, one run of the model against it."""

import os
import re
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from mutants.bugs import ROOT, Bug

SOURCES = ("app", "devstack", "migrations", "simulator", "tests", "pyproject.toml", "wsgi.py")
MODEL = "tests/property/test_books_model.py"
LIMIT_S = 900
STEPS = "8000"
_BLAME = re.compile(
    r"^E +(?:\S+\.)?(ModelBroken: .*(?:\nE {5,}\S.*)?|[A-Z]\w*(?:Error|Violation|Crash)\b.*)", re.M
)


@dataclass(frozen=True)
class Verdict:
    """What the model said of a copy: `code` is pytest's, 1 for a failed test."""

    code: int
    blame: str
    seconds: float
    output: str

    @property
    def caught(self) -> bool:
        """Whether a test failed; a copy that cannot even be collected is not a caught bug."""
        return self.code == 1


def trial(bug: Bug | None, folder: Path, root: Path, worker: str) -> Verdict:
    """Play the model against a copy with `bug` in it, or without any, on the servers of `root`.

    `worker` names the database; two trials with different workers may run at once. Raises `Stale`.
    """
    copy = folder / worker
    shutil.rmtree(copy, ignore_errors=True)
    for name in SOURCES:
        place = ROOT / name
        if place.is_dir():
            shutil.copytree(place, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy2(place, copy / name)
    if bug is not None:
        target = copy / bug.file
        target.write_text(bug.applied_to(target.read_text("utf-8")), "utf-8")
        if bug.file.startswith("migrations/"):  # another schema: its own servers and template
            root = copy / "root"
    return _play(copy, root, worker)


def _play(copy: Path, root: Path, worker: str) -> Verdict:
    env = {
        **os.environ,
        "SENHUI_TEST_ROOT": str(root),
        "PYTEST_XDIST_WORKER": worker,
        "PYTHONDONTWRITEBYTECODE": "1",
        "MODEL_QUICK": "1",
        "MODEL_STEPS": STEPS,
    }
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "--tb=short", MODEL]
    began = time.monotonic()
    try:
        done = subprocess.run(command, cwd=copy, env=env, capture_output=True, text=True, timeout=LIMIT_S)
    except subprocess.TimeoutExpired:
        return Verdict(-1, "it did not end", time.monotonic() - began, "")
    output = done.stdout + done.stderr
    return Verdict(done.returncode, _blame(output), time.monotonic() - began, output)


def _blame(output: str) -> str:
    """What the traceback says was wrong: the model's word, else the last error."""
    found = _BLAME.findall(output)
    said = [each for each in found if each.startswith("ModelBroken")] or found or ["no fault named"]
    return re.sub(r"\s*\nE +", ": ", said[-1])[:200]
