"""Tariffs of the tree-planting duty: loaded with their sources, never edited, shown to anyone."""

from pathlib import Path
from typing import Any

import pytest
from builders import person
from duty_desk import REGION, YEAR, start
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from app.causes.errors.duties import DutyTariffUnknown
from app.causes.queries.duty_tariffs import require_tariff
from app.causes.services.duty_tariffs import FILE, TariffsRefused, load_tariffs
from app.kit.database import db
from app.kit.transaction import transaction

LISTED = {
    "fujian-2022": ("sample", "C"),
    "beijing-2010": ("rule", "B"),
    "huzhou-2013": ("implied_only", "B"),
    "shandong-2025": ("donation_only", "C"),
    "hunan-2019": ("donation_only", "C"),
    "wuhan-2018": ("donation_only", "C"),
    "hainan-2025": ("donation_only", "C"),
    "quanzhou-2020": ("acts_only", "B"),
    "hubei-2025": ("rate_unknown", "B"),
    "sichuan-2024": ("rate_unknown", "A"),
    "ant-forest-2018": ("other_platform", "C"),
    "national-2025": ("range_only", "C"),
}


def tariffs(client: FlaskClient, **query: Any) -> list[Any]:
    answer = client.get("/v1/duty-tariffs", query_string=query)
    assert answer.status_code == 200, answer.text
    return list(answer.json["items"])


def changed(folder: Path, *changes: tuple[str, str]) -> Path:
    content = FILE.read_text("utf-8")
    for old, new in changes:
        assert old in content
        content = content.replace(old, new, 1)
    file = folder / "tariffs.toml"
    file.write_text(content, "utf-8")
    return file


def test_every_region_that_was_found_is_listed_with_source_grade_and_use(client: FlaskClient) -> None:
    found = {each["code"]: each for each in tariffs(client)}
    assert {code: (each["reason"] or each["use"], each["grade"]) for code, each in found.items()} == LISTED
    assert all(each["source"] and each["confirmed_year"] for each in found.values())
    fujian = found["fujian-2022"]
    assert (fujian["basis"], fujian["sum"], fujian["trees"], fujian["sums_most"]) == ("yuan", 1500, 1, None)
    huzhou = found["huzhou-2013"]
    assert (huzhou["basis"], huzhou["sum"]) == ("kilograms", 400)
    assert [each["use"] for each in tariffs(client)][:2] != ["refused", "refused"], "usable ones come first"


def test_a_region_is_answered_with_what_holds_there_first(client: FlaskClient) -> None:
    assert tariffs(client, region="350502")[0]["code"] == "fujian-2022"
    assert tariffs(client, region="110105", year=YEAR)[0]["code"] == "beijing-2010"
    assert tariffs(client, region="420102")[0]["code"] == "wuhan-2018"
    assert tariffs(client, region="350721", year=2009) == []
    assert [each["code"] for each in tariffs(client, year=2010)] == ["beijing-2010"]
    with pytest.raises(DutyTariffUnknown):
        require_tariff("440106", 2012)
    for wrong in ({"region": "福建"}, {"year": "soon"}, {"region": "35", "year": "99999"}):
        assert client.get("/v1/duty-tariffs", query_string=wrong).status_code == 422


def test_beijing_counts_sixty_yuan_as_three_trees(app: Flask, client: FlaskClient) -> None:
    duty = start(client, person(app), region="110105").json
    assert (duty["tariff"]["code"], duty["lacking"]) == ("beijing-2010", 6_000)


def test_loading_again_changes_nothing_and_an_edited_tariff_is_refused(app: Flask, tmp_path: Path) -> None:
    with transaction():
        assert load_tariffs() == 0
    for old, new in (("sum = 1500", "sum = 1000"), ('grade = "C"', 'grade = "A"')):
        with pytest.raises(TariffsRefused, match="another version"), transaction():
            load_tariffs(changed(tmp_path, (old, new)))
    for old, new in (
        ("version = 1", "version = 3"),
        ('place_zh = "福建省"\n', ""),
        ("trees = 1\n", "trees = 1\nbrees = 1\n"),
    ):
        with pytest.raises(TariffsRefused), transaction():
            load_tariffs(changed(tmp_path, (old, new)))


def test_a_new_version_counts_for_whoever_begins_after_it(
    app: Flask, client: FlaskClient, tmp_path: Path
) -> None:
    early = person(app)
    before = start(client, early).json
    row = FILE.read_text("utf-8").split("[[tariff]]")[1]
    newer = row.replace("version = 1", "version = 2").replace("sum = 1500", "sum = 2000")
    file = tmp_path / "tariffs.toml"
    file.write_text(f"[[tariff]]{newer}", "utf-8")
    with transaction():
        assert load_tariffs(file) == 1
    after = start(client, person(app), name="陈大明").json
    assert (before["lacking"], after["lacking"], after["tariff"]["version"]) == (4_500, 6_000, 2)
    kept = client.get(f"/v1/duties/{before['code']}", headers=early.auth).json
    assert (kept["lacking"], kept["tariff"]["version"]) == (4_500, 1), "whoever began by the old one keeps it"
    assert [each["version"] for each in tariffs(client, region=REGION) if each["code"] == "fujian-2022"] == [
        2
    ]


def test_a_tariff_by_weight_asks_for_kilograms(app: Flask, client: FlaskClient, tmp_path: Path) -> None:
    row = FILE.read_text("utf-8").split("[[tariff]]")[3]
    usable = row.replace("version = 1", "version = 2").replace('use = "refused"', 'use = "rule"')
    file = tmp_path / "tariffs.toml"
    file.write_text("[[tariff]]" + usable.replace('reason = "implied_only"\n', ""), "utf-8")
    with transaction():
        load_tariffs(file)
    duty = start(client, person(app), region="330502").json
    assert (duty["tariff"]["basis"], duty["lacking"]) == ("kilograms", 1_200)


def test_the_database_keeps_tariffs_as_they_are(app: Flask) -> None:
    for change in ("UPDATE duty_tariff SET sum = 1", "DELETE FROM duty_tariff"):
        with pytest.raises(DBAPIError), transaction():
            db.session.execute(text(change))
