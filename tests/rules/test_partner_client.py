"""The client that partners are given as an example: it keeps an old key and understands every answer."""

import time
from email.utils import formatdate
from pathlib import Path

import pytest
import requests
from partnering import example


def test_a_new_key_never_overwrites_one(tmp_path: Path) -> None:
    file = tmp_path / "key.pem"
    example().new_key(file)
    kept = file.read_bytes()
    assert file.stat().st_mode & 0o777 == 0o600
    with pytest.raises(FileExistsError):
        example().new_key(file)
    assert file.read_bytes() == kept


@pytest.mark.parametrize(
    ("told", "least", "most"),
    [(None, 8, 8), ("3", 3, 3), ("soon", 8, 8), ("-5", 8, 8), (formatdate(0, usegmt=True), 0, 0)],
)
def test_a_pause_is_a_number_or_a_date_and_never_negative(
    told: str | None, least: float, most: float
) -> None:
    assert least <= example().pause(told, 8) <= most


def test_a_date_ahead_is_waited_for() -> None:
    assert 55 < example().pause(formatdate(time.time() + 60, usegmt=True), 8) <= 60


def test_an_answer_that_is_no_json_is_told_in_its_own_words() -> None:
    answer = requests.Response()
    answer.status_code = 502
    for written, told in (
        (b"<h1>Bad gateway</h1>", {"code": "no_json", "detail": "<h1>Bad gateway</h1>"}),
        (b"[]", {"code": "no_json", "detail": "[]"}),
        (b'{"code": "busy"}', {"code": "busy"}),
    ):
        answer._content = written
        assert example().read(answer) == told
