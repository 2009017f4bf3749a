"""The public log's pages: for anyone, in both languages, with nobody's name on them."""

from datetime import timedelta

import pytest
from builders import forest
from flask import Flask
from flask.testing import FlaskClient
from stranger import DAY, MONDAY, NIGHT, at, sell

from app.offsets import jobs
from app.web.routes.log import PAGE, pool_line

PAGES = ("/log", "/log/1", "/retirements", "/pool")


@pytest.fixture
def numbers(app: Flask) -> list[str]:
    pool_line.forget()
    with at(MONDAY):
        lot = forest(1000)
        sold = sell(app, lot, 10, beneficiary="林小惠")
        sold += sell(app, lot, *[10] * PAGE)
    with at(MONDAY + NIGHT):
        sold += sell(app, lot, 20, beneficiary="林小惠")
        jobs.seal_days()
    return sold


def text(client: FlaskClient, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200, path
    return answer.text


def test_every_page_of_the_log_is_whole_in_both_languages_and_names_nobody(
    client: FlaskClient, numbers: list[str]
) -> None:
    for path in PAGES:
        chinese, english = text(client, f"{path}?lang=zh"), text(client, f"{path}?lang=en")
        assert chinese != english
        for page in (chinese, english):
            assert "林小惠" not in page
            assert not any(number in page for number in numbers)


def test_the_pages_work_before_anything_was_ever_issued(client: FlaskClient) -> None:
    pool_line.forget()
    for path in ("/log", "/retirements", "/pool"):
        text(client, path)
    assert client.get("/log/1").status_code == 404
    assert client.get(f"/log/{2**80}").status_code == 404


def test_a_day_shows_its_line_its_root_and_what_it_sealed(client: FlaskClient, numbers: list[str]) -> None:
    head = client.get("/v1/log/head").json
    page = text(client, "/log/1?lang=en")
    for said in (
        "2026-11-02",
        head["root"],
        head["document"],
        "310\u00a0kg",
        "690\u00a0kg",
        "2 more are in the",
    ):
        assert said in page
    assert head["root"] in text(client, "/log")


def test_retirements_are_listed_page_by_page_as_far_as_they_are_sealed(
    client: FlaskClient, numbers: list[str]
) -> None:
    first = text(client, "/retirements?lang=en")
    assert first.count("Retired <span") == PAGE
    assert "/retirements?before=2" in first
    second = text(client, "/retirements?before=2&lang=en")
    assert second.count("Retired <span") == 1
    for odd in ("x", "-1", "9" * 30, "%00", "²"):
        assert text(client, f"/retirements?before={odd}&lang=en").count("Retired <span") == PAGE


def test_the_pool_counts_the_blocks_as_they_stand_now(client: FlaskClient, numbers: list[str]) -> None:
    page = text(client, "/pool?lang=en")
    for said in ("1,000\u00a0kg", "330\u00a0kg", "670\u00a0kg", "Sample"):
        assert said in page


def test_a_certificate_says_where_it_is_sealed_or_that_it_will_be(
    client: FlaskClient, numbers: list[str]
) -> None:
    assert "Sealed as entry 1 under" in text(client, f"/c/{numbers[0]}?lang=en")
    assert "will be sealed in the public log tonight" in text(client, f"/c/{numbers[-1]}?lang=en")
    with at(MONDAY + DAY + NIGHT + timedelta(minutes=1)):
        jobs.seal_days()
    assert "Head #2" in text(client, f"/c/{numbers[-1]}?lang=en")
