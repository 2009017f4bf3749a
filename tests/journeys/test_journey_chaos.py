"""`make chaos`, short and from a seed; and that nothing of it is left, however it ends."""

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

pytestmark = pytest.mark.alone

ROOT = Path(__file__).parents[2]
COMMAND = [sys.executable, "-m", "chaos", "--kills", "8", "--seconds", "7", "--seed", "20261125"]


@pytest.fixture
def folder() -> Iterator[Path]:
    """Where temporary files go; short, since sockets lie in it."""
    made = Path(tempfile.mkdtemp(prefix="chaos-"))
    yield made
    shutil.rmtree(made)


def left_of(folder: Path) -> list[str]:
    """Files in the folder, and processes that were started for an instance in it."""
    files = [path.name for path in folder.iterdir()]
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if f"SENHUI_VAR={folder}".encode() in (process / "environ").read_bytes():
                files.append((process / "cmdline").read_text().replace("\0", " "))
        except OSError:
            continue
    return files


def test_nothing_acknowledged_is_lost_and_the_negative_control_loses_something(folder: Path) -> None:
    done = subprocess.run(
        COMMAND,
        cwd=ROOT,
        env=os.environ | {"TMPDIR": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    lines = done.stdout.splitlines()
    assert re.fullmatch(
        r"chaos kills=8 acked=[1-9]\d* lost=0 double=0 oversold=0 unbalanced=0 settle_p99_ms=\d+", lines[-1]
    )
    control = [line for line in lines if line.startswith("control kills=")]
    assert re.match(r"control kills=6 acked=[1-9]\d* lost=[1-9]\d* ", control[0])
    assert left_of(folder) == []


def test_interrupted_it_leaves_nothing_behind(folder: Path) -> None:
    with subprocess.Popen(
        COMMAND, cwd=ROOT, env=os.environ | {"TMPDIR": str(folder)}, stdout=subprocess.DEVNULL
    ) as run:
        end = time.monotonic() + 60
        while len(left_of(folder)) <= 3:
            assert time.monotonic() < end, "an instance is starting by now"
            time.sleep(0.1)
        run.send_signal(signal.SIGTERM)
        assert run.wait(30) == 130
    assert left_of(folder) == []
