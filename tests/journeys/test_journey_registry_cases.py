"""`make registry-cases`, with a shorter race, and without the two instances that are killed again and again.

That case takes as long as all others; what it asks is asked by `tests/property/test_handover_histories.py`
of random interleavings.
"""

import subprocess
import sys
from pathlib import Path

import pytest

from cases.__main__ import CASES

pytestmark = pytest.mark.alone

ROOT = Path(__file__).parents[2]
HERE = [name for name in CASES if name != "handover-between-two"]


def test_the_cases_of_the_registry_hold_on_a_running_instance() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "cases", "--racers", "200", *HERE],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    said = done.stdout.splitlines()
    assert done.returncode == 0, done.stdout + done.stderr
    cases = [line for line in said if line.startswith("case ")]
    assert [line.split(":")[0] for line in cases] == [f"case {name}" for name in HERE]
    assert all(line.endswith(" ok") for line in cases)
    assert "case 600-of-1000: 201 409 409 ok" in cases
    assert "case race-for-the-last: 201×100 409×100 ok" in cases
    assert said[-1].endswith(" 0 fail")
