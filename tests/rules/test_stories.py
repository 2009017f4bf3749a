"""The stories behind `make demo`."""

import pytest

from stories.__main__ import main


def test_a_story_that_is_not_there_is_not_told_as_ok(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["member", "nobody"]) == 1
    said = capsys.readouterr()
    assert "no story nobody" in said.err
    assert "ok" not in said.out
