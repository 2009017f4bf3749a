"""Factors and methodologies: loaded once, versioned, immutable, and public with their marks."""

import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from app.footprint import queries, services
from app.footprint.rules import MethodologyRefused
from app.footprint.services import factors, methodologies
from app.kit.database import Base, db
from app.kit.transaction import transaction

TABLES = {
    *("factor", "methodology", "pack_choice", "action", "scene_day", "step_day", "step_report", "emission")
}
PUBLISHED = 31
"""Methodologies in all packs, those of scenes that do not count among them."""
LOADED = ("factor", "methodology", "pack_choice", "emission", "inventory_line")


@pytest.fixture(autouse=True)
def _unloaded(app: Flask) -> None:
    """Begin without factors and methodologies, whatever the template holds."""
    with transaction():
        for table in LOADED:
            db.session.execute(text(f"ALTER TABLE {table} DISABLE TRIGGER USER"))
        db.session.execute(text(f"TRUNCATE {', '.join(LOADED)} RESTART IDENTITY"))
        for table in LOADED:
            db.session.execute(text(f"ALTER TABLE {table} ENABLE TRIGGER USER"))


def load() -> tuple[int, int]:
    with transaction():
        return services.load_factors(), services.load_methodologies()


def edited(monkeypatch: pytest.MonkeyPatch, module: object, folder: Path, old: str, new: str) -> None:
    """Let the next load read a copy of the module's file with `old` replaced by `new`.

    Of the methodologies the default pack is edited; the other packs are copied as they are.
    """
    source: Path = module.FILE  # type: ignore[attr-defined]
    content = source.read_text("utf-8")
    assert old in content
    if module is methodologies and source.parent != folder:
        shutil.copytree(source.parent, folder, dirs_exist_ok=True)
        monkeypatch.setattr(module, "FOLDER", folder)
    copy = folder / source.name
    copy.write_text(content.replace(old, new, 1), "utf-8")
    monkeypatch.setattr(module, "FILE", copy)


def test_loading_twice_loads_once(app: Flask) -> None:
    assert load() == (288, PUBLISHED)
    assert load() == (0, 0)
    assert db.session.scalar(text("SELECT count(*) FROM factor WHERE verified")) == 191


def test_many_processes_may_load_at_once(app: Flask) -> None:
    def race(_: int) -> tuple[int, int]:
        with app.app_context():
            return load()

    with ThreadPoolExecutor(6) as pool:
        loaded = list(pool.map(race, range(6)))
    assert sorted(loaded) == [(0, 0)] * 5 + [(288, PUBLISHED)]


def test_a_changed_row_becomes_a_new_version(
    app: Flask, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    load()
    edited(monkeypatch, factors, tmp_path, ",0.0468,", ",0.0500,")
    assert load() == (1, 0)
    assert (queries.get_factor("er.metro.sz").version, str(queries.get_factor("er.metro.sz").value)) == (
        2,
        "0.0500",
    )
    assert str(queries.get_factor("er.metro.sz", 1).value) == "0.0468"
    scene = queries.find_scene("metro")
    assert scene is not None
    assert scene.factor.version == 1, "a methodology names the version it uses"


def test_a_published_methodology_is_never_edited(
    app: Flask, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    load()
    edited(monkeypatch, methodologies, tmp_path, "grams = 2808", "grams = 9999")
    with pytest.raises(MethodologyRefused, match="new version"), transaction():
        services.load_methodologies()
    edited(
        monkeypatch,
        methodologies,
        tmp_path,
        'key = "metro.distance"\nversion = 2',
        'key = "metro.distance"\nversion = 3',
    )
    assert load() == (0, 1)
    scene = queries.find_scene("metro")
    assert scene is not None
    assert (scene.method.version, scene.method.cap_g) == (3, 9999)


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ('type = "mean"', 'type = "car"', "baseline"),
        ('factor = "er.metro.sz"', 'factor = "er.metro.xx"', "no factor"),
        ('factor = "er.metro.sz"', 'factor = "er.metro_trip.gz.sub"', "CN-GD-GZ"),
        ("factor_version = 1", "factor_version = 2", "no factor"),
        ('factor = "antforest.walk_cap"', 'factor = "antforest.nothing"', "cites"),
        ("grams = 296", "grams = 296.5", "float"),
        ('declared = "0.5"', "declared = 0.5", "float"),
        ('measure_unit = "m.p"', 'measure_unit = "m"', "is not in kgCO2"),
        ("inputs_per_unit = 1000", "inputs_per_unit = 100", "is 0.1"),
        ("grams = 468\n", "grams = 469\n", "the worked example gives 468 g, not 469 g"),
        ('factor = "er.clothes_recycle"', 'factor = "er.clothes_reuse.gb"', "is of GB"),
        ('compared = ["er.clothes_reuse.gb"]', 'compared = ["material.clothing.reused"]', "cautious"),
        ('compared = ["er.clothes_reuse.gb"]', 'compared = ["er.phone_resale"]', "cannot be compared"),
        ('mark_zh = "参考值：16', 'mark_zh = "" # ', "without its mark"),
        ('scene = "own_cup"\ncategory', 'scene = "own_cup"\nkategory', "does not say category"),
        ('claims_not_zh = "不说明这些步数', 'claims_nothing = "', "does not say claims_not_zh"),
        ("switched_on = false", "switched_on = true", "malformed"),
        ('kind = "count"', 'kind = "often"', "kind is known"),
        ("[pack]", "[pak]", "malformed"),
        ("[pack]", "[pack", "malformed"),
        ('key = "bus.distance"\nversion = 2', 'key = "metro.distance"\nversion = 2', "stands twice"),
    ],
)
def test_a_pack_that_does_not_hold_together_is_refused(
    app: Flask, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, old: str, new: str, why: str
) -> None:
    edited(monkeypatch, methodologies, tmp_path, old, new)
    with pytest.raises(MethodologyRefused, match=why):
        load()
    assert db.session.scalar(text("SELECT count(*) FROM methodology")) == 0


def test_a_factor_from_memory_cannot_be_called_verified(
    app: Flask, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    edited(monkeypatch, factors, tmp_path, "no,[E] memory", "yes,[E] memory")
    with pytest.raises(factors.FactorsRefused, match="cannot be verified"):
        load()


@pytest.mark.parametrize("table", ["factor", "methodology"])
@pytest.mark.parametrize("statement", ["UPDATE {} SET version = 9", "DELETE FROM {}", "TRUNCATE {} CASCADE"])
def test_what_is_published_cannot_be_edited(app: Flask, table: str, statement: str) -> None:
    load()
    with pytest.raises(IntegrityError), transaction():
        db.session.execute(text(statement.format(table)))


def test_every_factor_shows_its_source_and_the_unverified_their_mark(client: FlaskClient) -> None:
    load()
    found = []
    cursor = ""
    while True:
        page = client.get(f"/v1/factors?limit=100{cursor}").json
        found += page["items"]
        if page["next"] is None:
            break
        cursor = f"&after={page['next']}"
    assert len({factor["key"] for factor in found}) == len(found) == 288
    for factor in found:
        assert factor["source_title"]
        assert (factor["mark"] is None) == factor["verified"]
        assert "E" not in factor["value"]
        assert factor["source_url"] is None or factor["source_url"].startswith("http")
    marks = [factor["mark"] for factor in found if not factor["verified"]]
    assert len(marks) == 97
    assert marks[0] == {"zh": "参考值，未经核实", "en": "Reference value, not verified"}


def test_factors_are_found_by_category_region_and_word(client: FlaskClient) -> None:
    load()
    grid = client.get("/v1/factors?category=electricity&region=CN-FJ").json["items"]
    assert {factor["key"] for factor in grid} == {f"elec.grid.fj.{year}" for year in (2021, 2022, 2023)}
    assert client.get("/v1/factors", query_string={"q": "碳碳星球", "limit": 50}).json["items"]
    assert client.get("/v1/factors", query_string={"q": "SHENZHEN"}).json["items"]
    assert client.get("/v1/factors", query_string={"q": "_%_"}).json["items"] == []
    assert client.get("/v1/factors?q=%00").status_code == 422


def test_one_factor_by_its_key(client: FlaskClient) -> None:
    load()
    factor = client.get("/v1/factors/elec.grid.fj.2023").json
    assert (factor["value"], factor["unit"], factor["region"]) == ("0.4211", "kgCO2/kWh", "CN-FJ")
    assert (factor["verified"], factor["tier"], factor["version"]) == (True, "C", 1)
    assert client.get("/v1/factors/fuel.natural_gas.co2").json["verified"] is False
    assert client.get("/v1/factors/elec.grid.fj.2023?version=1").json == factor
    for missing in ("elec.grid.fj.2023?version=2", "elec.grid.xz.2023", "%00", "a" * 500):
        assert client.get(f"/v1/factors/{missing}").status_code == 404
    assert client.get("/v1/factors/elec.grid.fj.2023?version=x").status_code == 422


def test_methodologies_say_where_they_are_borrowed_from(client: FlaskClient) -> None:
    load()
    every = client.get("/v1/methodologies").json
    told = {each["scene"]: each for each in every if each["pack"] == "fujian-2026"}
    assert {"walking", "shared_bike", "bus", "metro", "second_hand"} <= set(told)
    for each in told.values():
        assert each["region"] == "CN-FJ"
        assert each["borrowed_zh"] or each["factor"]["region"] == "CN-FJ"
        assert each["cap"]["reason_zh"]
        assert each["claims_not_zh"]
        assert each["claims_not_en"]
        assert each["baseline"]["type"] in ("mean", "substitution", "none", "own_past")
        assert each["weights"]["declared"] in ("0.5", "0")
        assert each["verified"] is each["factor"]["verified"] is (each["mark"] is None)
    assert told["metro"]["factor"]["region"] == "CN-GD-SZ"


def test_scenes_say_who_may_report_them(client: FlaskClient) -> None:
    load()
    scenes = {each["scene"]: each for each in client.get("/v1/scenes").json}
    assert {name: each["declarable"] for name, each in scenes.items()} == {
        "walking": False,
        "shared_bike": True,
        "shared_ebike": True,
        "bus": True,
        "metro": True,
        "paperless": True,
        "no_cutlery": True,
        "second_hand": True,
        "clothes_recycling": True,
        "parcel_recycling": True,
        "electricity_saving": False,
    }
    assert scenes["walking"]["sources"] == {"werun": "measured"}
    assert scenes["walking"]["cap_g"] == 296


def test_an_empty_catalogue_is_an_empty_list_and_a_field_error(client: FlaskClient) -> None:
    assert client.get("/v1/scenes").json == []
    assert client.get("/v1/factors").json == {"items": [], "next": None}


def test_models_and_migration_agree(app: Flask) -> None:
    with db.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        differences = compare_metadata(context, Base.metadata)
    ours = [
        difference for difference in differences if any(f"'{table}'" in repr(difference) for table in TABLES)
    ]
    assert ours == []
