"""The stories of `make demo`, before anything is started."""

import pytest

from stories.__main__ import main


def test_a_story_that_does_not_exist_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as refused:
        main(["member", "nobody"])
    assert refused.value.code == 2
    said = capsys.readouterr()
    assert "no story nobody" in said.err
    assert "organiser" in said.err
    assert "starting" not in said.out
