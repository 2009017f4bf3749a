"""The registry's cases tell what is unmet, and end with a status that says so."""

from typing import Any, cast

import pytest

from cases import __main__ as command
from cases.ground import Free, Ground, meet

NOWHERE = cast(Ground, None)


def test_a_case_whose_answers_are_not_what_is_due_fails_and_says_both(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def oversold(ground: Ground) -> Any:
        meet([201, 201, 409], [201, 409, 409], "answers")

    monkeypatch.setitem(command.CASES, "600-of-1000", oversold)
    assert not command._holds("600-of-1000", NOWHERE)
    said = capsys.readouterr().out
    assert said == "case 600-of-1000: answers: [201, 201, 409], not [201, 409, 409] FAILED\n"


def test_a_case_that_holds_says_what_came(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(command.CASES, "overlap", lambda ground: "409")
    assert command._holds("overlap", NOWHERE)
    assert capsys.readouterr().out == "case overlap: 409 ok\n"


@pytest.mark.parametrize("words", [["no-such-case"], ["--racers", "100"]])
def test_what_cannot_be_run_is_refused_before_anything_starts(
    words: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.argv", ["cases", *words])
    with pytest.raises(SystemExit) as ended:
        command.main()
    assert ended.value.code == 2


def test_free_serials_are_written_with_both_ends_and_counted_with_both() -> None:
    free = Free(200_001, 234_000)
    assert free.serial == "SH-350721-SC-RS-H2-2022-200001-234000"
    assert free.quantity_kg == 34_000
