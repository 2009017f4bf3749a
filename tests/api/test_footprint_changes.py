"""A change is announced before it counts, touches no earlier result, and never mixes baselines."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, time, timedelta
from pathlib import Path
from shutil import copytree

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from app.accounts import services as accounts
from app.footprint import queries, services
from app.footprint.errors import StepsNotCounted
from app.footprint.queries import catalogue
from app.footprint.rules import ChangeRefused, MethodologyRefused
from app.footprint.services import factors, methodologies
from app.footprint.services.packs import SETTLED
from app.kit import clock
from app.kit.codes import random_code
from app.kit.database import db
from app.kit.identity import signer
from app.kit.transaction import transaction

TODAY = date(2026, 11, 26)


@contextmanager
def on(day: date) -> Iterator[None]:
    """The middle of a business day."""
    with clock.frozen(datetime.combine(day, time(12), clock.SHANGHAI)):
        yield


@pytest.fixture(autouse=True)
def _loaded(app: Flask) -> Iterator[None]:
    with on(TODAY):
        load()
        yield


def load() -> tuple[int, int]:
    with transaction():
        return services.load_factors(), services.load_methodologies()


def person(openid: str | None = None) -> tuple[int, dict[str, str]]:
    """Somebody who has just signed in; the same one where the id is."""
    with transaction():
        signed = accounts.sign_in_wechat(openid or f"o{random_code(20)}", None, "tiihtNczf5v6AKRyjwEUhQ==")
    return signed.holder_id, {
        "Authorization": f"Bearer {signer().issue(signed.holder_id, signed.session_id, 'api')}"
    }


def ride(holder: int, hour: int = 8, scene: str = "metro") -> queries.Action:
    with transaction():
        started = datetime.combine(clock.business_day(), time(hour), clock.SHANGHAI)
        return services.record_action(holder, scene, started, 8000, 1200).action


def emit(holder: int, month: str = "2026-10", region: str = "CN-FJ") -> queries.Emission:
    with transaction():
        return services.record_emission(holder, month, [("electricity", 100)], region)[0]


def stop(*, settled: bool = True) -> None:
    """Let nothing count, since long enough unless it is to be known here only."""
    with clock.frozen(clock.now() - SETTLED * settled), transaction():
        services.stop_counting()
    catalogue.forget()


def take_over(pack: str) -> None:
    """Let a pack count whatever counted before."""
    stop()
    with transaction():
        services.choose_pack(pack)


class Edits:
    """Lets the next load read edited copies of the files."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.packs = Path(copytree(methodologies.FOLDER, folder / "packs"))
        self.factors = folder / "factors.csv"
        self.factors.write_text(factors.FILE.read_text("utf-8"), "utf-8")
        monkeypatch.setattr(methodologies, "FOLDER", self.packs)
        monkeypatch.setattr(factors, "FILE", self.factors)

    def factor(self, old: str, new: str) -> None:
        self._edit(self.factors, old, new)

    def method(self, old: str, new: str, pack: str = "fujian-2026") -> None:
        self._edit(self.packs / f"{pack}.toml", old, new)

    def append(self, row: str) -> None:
        self.factors.write_text(self.factors.read_text("utf-8") + row, "utf-8")

    @staticmethod
    def _edit(file: Path, old: str, new: str) -> None:
        content = file.read_text("utf-8")
        assert old in content
        file.write_text(content.replace(old, new, 1), "utf-8")


@pytest.fixture
def edits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Edits:
    return Edits(tmp_path, monkeypatch)


def metro() -> tuple[int, int]:
    scene = queries.find_scene("metro")
    assert scene is not None
    return scene.method.version, scene.method.cap_g


def grid_2023() -> tuple[int, str]:
    factor = queries.get_factor("elec.grid.fj.2023")
    return factor.version, str(factor.value)


NEW_METRO = ('key = "metro.distance"\nversion = 2', 'key = "metro.distance"\nversion = 3')
NEW_GRID = (",0.4211,", ",0.4300,")


def test_a_change_counts_at_once_while_nothing_was_computed(edits: Edits) -> None:
    edits.method(*NEW_METRO)
    edits.factor(*NEW_GRID)
    assert load() == (1, 1)
    assert metro()[0] == 3
    assert grid_2023() == (2, "0.4300")
    assert queries.list_changes() == [], "what replaces no result needs no announcement"


def test_a_change_of_what_results_exist_by_is_announced_and_counts_from_the_next_day(
    edits: Edits, client: FlaskClient
) -> None:
    holder, _ = person()
    ride(holder)
    emit(holder)
    edits.method(*NEW_METRO)
    edits.factor(*NEW_GRID)
    assert load() == (1, 1)
    assert metro()[0] == 2
    assert grid_2023() == (1, "0.4211")
    told = client.get("/v1/changes").json
    assert {(each["subject"], each["after"], each["upcoming"]) for each in told} == {
        ("methodology", "metro.distance v3", True),
        ("factor", "0.4300 kgCO2/kWh", True),
    }
    assert {each["effective_from"] for each in told} == {"2026-11-27"}
    assert {each["before"] for each in told} == {"metro.distance v2", "0.4211 kgCO2/kWh"}
    page = client.get("/changes", headers={"Accept-Language": "en"}).text
    assert "Counts from 2026-11-27" in page
    assert "0.4300 kgCO2/kWh" in page
    with on(TODAY + timedelta(days=1)):
        assert metro()[0] == 3, "the catalogue turns with the business day, however young it is"
        assert grid_2023() == (2, "0.4300")
        assert not any(each["upcoming"] for each in client.get("/v1/changes").json)
        assert emit(holder).factor.version == 2
    assert load() == (0, 0)


def test_a_change_may_name_a_later_day_of_its_own(edits: Edits) -> None:
    ride(person()[0])
    edits.method(NEW_METRO[0], f'{NEW_METRO[1]}\neffective_from = "2027-01-01"')
    load()
    for day, version in ((date(2026, 12, 31), 2), (date(2027, 1, 1), 3)):
        with on(day):
            assert metro()[0] == version


@pytest.mark.parametrize("day", ["2026-11-26", "2026-11-25", "2020-01-01"])
def test_no_change_takes_effect_on_a_day_that_has_begun_once_results_exist(edits: Edits, day: str) -> None:
    ride(person()[0])
    edits.method(NEW_METRO[0], f'{NEW_METRO[1]}\neffective_from = "{day}"')
    with pytest.raises(ChangeRefused, match="2026-11-27 or later"):
        load()
    db.session.rollback()
    assert metro()[0] == 2
    with transaction():
        assert services.load_methodologies(date(2026, 12, 1)) == 1, "whoever loads may put it off"
    with on(date(2026, 12, 1)):
        assert metro()[0] == 3


def test_a_factor_file_may_name_the_day_of_its_changes(edits: Edits) -> None:
    emit(person()[0])
    edits.factor(*NEW_GRID)
    lines = edits.factors.read_text("utf-8").splitlines()
    assert lines[0].endswith(",note")

    def dated(day: str) -> str:
        # Notes hold no line breaks, so that every line of the file is a row.
        return "\n".join([f"{lines[0]},effective_from", *(f"{line},{day}" for line in lines[1:])]) + "\n"

    edits.factors.write_text(dated("2026-11-26"), "utf-8")
    with pytest.raises(ChangeRefused, match=r"elec\.grid\.fj\.2023 version 2"):
        load()
    db.session.rollback()
    edits.factors.write_text(dated("2027-02-01"), "utf-8")
    load()
    with on(date(2027, 1, 31)):
        assert grid_2023()[0] == 1
    with on(date(2027, 2, 1)):
        assert grid_2023()[0] == 2


NEW_YEAR = (
    "elec.grid.fj.2024,福建电力2024,Fujian 2024,electricity,0.4000,kgCO2/kWh,CN-FJ,2024-01-01,2024-12-31,"
    "notice,,,no,[D] made up for a test\n"
)


def test_a_month_takes_the_factor_of_its_year_or_of_the_last_year_before_it(app: Flask) -> None:
    def used(month: str) -> str | None:
        found = queries.find_factor("elec.grid.fj", month)
        return found.key if found else None

    assert used("2020-12") is None
    assert used("2021-01") == "elec.grid.fj.2021"
    assert used("2022-12") == "elec.grid.fj.2022"
    assert used("2023-06") == "elec.grid.fj.2023"
    assert used("2026-11") == "elec.grid.fj.2023"
    assert queries.find_factor("elec.grid.xz", "2023-01") is None
    exact = queries.find_factor("er.metro.sz", "1999-01")
    assert exact is not None, "what is of no year serves every month"
    assert emit(person()[0], "2025-03").factor.key == "elec.grid.fj.2023"


def test_a_new_year_of_a_series_is_a_change_too(edits: Edits) -> None:
    holder, _ = person()
    emit(holder)
    edits.append(NEW_YEAR)
    assert load() == (1, 0)
    assert emit(holder, "2026-09").factor.key == "elec.grid.fj.2023"
    with on(TODAY + timedelta(days=1)):
        assert emit(holder, "2026-08").factor.key == "elec.grid.fj.2024"
        assert queries.find_factor("elec.grid.fj", "2023-08").key == "elec.grid.fj.2023"  # type: ignore[union-attr]


def test_every_stored_result_replays_after_factors_and_methodologies_were_updated(
    edits: Edits, client: FlaskClient
) -> None:
    holder, auth = person("o-who-rode-and-comes-back")
    scenes = ("metro", "bus", "shared_bike", "shared_ebike")
    codes = [ride(holder, 8 + place, scene).code for place, scene in enumerate(scenes)]
    for month in ("2026-08", "2026-09"):
        emit(holder, month)
    before = {code: client.post(f"/v1/results/{code}/replay", headers=auth).json for code in codes}
    for old, new in ((",0.0468,", ",0.0111,"), (",0.0269,", ",0.0111,"), (",0.0487,", ",0.0111,"), NEW_GRID):
        edits.factor(old, new)
    edits.method(NEW_METRO[0], NEW_METRO[1])
    edits.method("grams = 2808", "grams = 100")
    assert load() == (4, 1)
    with on(TODAY + timedelta(days=3)):
        stranger, foreign = person()
        assert ride(stranger).computed_g == 187, "a methodology names the version of its factor"
        returned, auth = person("o-who-rode-and-comes-back")
        assert returned == holder
        for code in codes:
            again = client.post(f"/v1/results/{code}/replay", headers=auth).json
            assert again == before[code]
            assert again["same"] is True
            assert [each["version"] for each in again["factors"]] == [1]
            assert again["inputs"]["distance_m"] == 8000
        proof = next(each for each in queries.prove() if each.claim == "footprint.prove_replay")
        assert proof.holds
        assert proof.figures == {"replayed": 7, "differing": 0}
        assert client.post(f"/v1/results/{codes[0]}/replay", headers=foreign).status_code == 404


def test_a_result_that_does_not_replay_says_what_differs(client: FlaskClient) -> None:
    holder, auth = person()
    action = ride(holder)
    with transaction():
        db.session.execute(text("ALTER TABLE action DISABLE TRIGGER USER"))
        db.session.execute(text("UPDATE action SET inputs = jsonb_set(inputs, '{distance_m}', '9000')"))
        db.session.execute(text("ALTER TABLE action ENABLE TRIGGER USER"))
    told = client.post(f"/v1/results/{action.code}/replay", headers=auth).json
    assert told["same"] is False
    assert told["differences"] == ["computed_g", "avoided_g"]
    assert (told["recorded"]["computed_g"], told["replayed"]["computed_g"]) == (187, 210)


@pytest.mark.parametrize("code", ["nosuch", "%00", "A" * 26, "a" * 300])
def test_only_ones_own_results_are_replayed(client: FlaskClient, code: str) -> None:
    assert client.post(f"/v1/results/{code}/replay", headers=person()[1]).status_code == 404
    assert client.post(f"/v1/results/{code}/replay").status_code == 401


def test_the_versions_of_a_factor_stand_together_with_where_it_is_used(
    edits: Edits, client: FlaskClient
) -> None:
    emit(person()[0])
    edits.factor(*NEW_GRID)
    load()
    told = client.get("/v1/factors/elec.grid.fj.2023/versions").json
    assert [(each["version"], each["in_force"]) for each in told["versions"]] == [(2, False), (1, True)]
    assert told["versions"][0]["effective_from"] == "2026-11-27"
    assert told["versions"][1]["valid_until"] == "2023-12-31"
    assert {each["key"] for each in told["used_by"]} == {"electricity_saving.month"}
    assert client.get("/v1/factors/elec.grid.fj.2023").json["version"] == 1
    assert client.get("/v1/factors/nosuch/versions").status_code == 404
    assert client.get("/factors/elec.grid.fj.2023").status_code == 200


def test_factors_are_found_by_tier_and_whether_they_are_verified(client: FlaskClient) -> None:
    def keys(query: str) -> set[str]:
        return {each["key"] for each in client.get(f"/v1/factors?limit=100&{query}").json["items"]}

    assert keys("tier=E") >= {"er.no_cutlery"}
    assert keys("tier=E&verified=true") == set()
    assert keys("tier=B&verified=false") == {"antforest.fir", "antforest.quick_pay"}
    assert keys("region=CN-FJ&verified=true") == {"elec.grid.fj.2022", "elec.grid.fj.2023"}
    for bad in ("tier=F", "verified=maybe", "verified=1"):
        assert client.get(f"/v1/factors?{bad}").status_code == 422
    page = client.get("/factors?region=CN-FJ&tier=D&category=electricity").text
    assert "elec.grid.fj.2021" in page
    assert "elec.grid.fj.2023" not in page


def test_packs_say_what_they_count_and_why_other_scenes_are_not(client: FlaskClient) -> None:
    packs = client.get("/v1/packs").json
    assert [pack["key"] for pack in packs if pack["chosen"]] == ["fujian-2026"] == [packs[0]["key"]]
    assert {pack["key"]: pack["baseline"] for pack in packs} == {
        "fujian-2026": "mean",
        "shenzhen-2026": "mean",
        "hubei-2026": "none",
        "beijing-maas-2026": "car",
        "beijing-jjj-2026": "mean",
    }
    closed = {each["scene"]: each for each in packs[0]["closed"]}
    assert set(closed) == {
        *("carpool", "car_free_day", "ev_charging", "own_cup", "clean_plate", "forest_products")
    }
    for scene, each in closed.items():
        assert each["reason_zh"], scene
        assert each["reason_en"], scene
    marked = {
        each["scene"] for pack in packs for each in pack["scenes"] if pack["chosen"] and not each["verified"]
    }
    assert marked == {"paperless", "no_cutlery", "parcel_recycling"}
    page = client.get("/methods").text
    for each in closed.values():
        assert each["reason_zh"] in page or each["reason_en"] in page


def test_a_pack_of_the_same_baseline_takes_over_from_the_day_it_was_announced_for(
    client: FlaskClient,
) -> None:
    holder, _ = person()
    ride(holder)
    with transaction():
        assert services.choose_pack("shenzhen-2026") == TODAY + timedelta(days=1)
    assert ride(holder, 10).methodology.pack == "fujian-2026"
    assert client.get("/v1/changes").json[0]["after"] == "shenzhen-2026"
    with on(TODAY + timedelta(days=1)):
        assert ride(holder, 10).methodology.pack == "shenzhen-2026"
        assert queries.find_scene("walking") is None


def test_results_against_different_baselines_never_stand_in_one_sum(app: Flask) -> None:
    for day in (None, TODAY + timedelta(days=30)):
        with pytest.raises(MethodologyRefused, match="until then"), transaction():
            services.choose_pack("beijing-maas-2026", day)
    ride(person()[0])
    stop()
    with pytest.raises(MethodologyRefused, match="does not go with"), transaction():
        services.choose_pack("beijing-maas-2026")
    with pytest.raises(MethodologyRefused, match="no such pack"), transaction():
        services.choose_pack("atlantis-2026")
    with transaction():
        services.choose_pack("fujian-2026")
    assert ride(person()[0]).methodology.pack == "fujian-2026"


def test_what_another_process_still_counts_keeps_another_baseline_out(app: Flask) -> None:
    stale = catalogue.catalogue()
    stopped = clock.now()
    with transaction():
        services.stop_counting()
    assert (queries.find_scene("metro"), queries.list_scenes()) == (None, [])
    assert not any(pack.chosen for pack in queries.list_packs())
    with pytest.raises(MethodologyRefused, match="not every process knows"), transaction():
        services.choose_pack("beijing-maas-2026")
    with clock.frozen(stopped + SETTLED):
        assert clock.now() - stale.read_at > catalogue.FRESH, "no process counts by it any more"
        with transaction():
            assert services.choose_pack("beijing-maas-2026") is None
        assert queries.find_scene("shared_bike").method.baseline == "car"  # type: ignore[union-attr]


def test_a_result_of_a_process_that_did_not_know_yet_keeps_its_baseline(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    stale = catalogue.catalogue()
    holder, _ = person()
    stop(settled=False)
    with monkeypatch.context() as other_process:
        other_process.setattr(catalogue, "catalogue", lambda: stale)
        ride(holder)
    with clock.frozen(clock.now() + SETTLED):
        with pytest.raises(MethodologyRefused, match="does not go with"), transaction():
            services.choose_pack("beijing-maas-2026")
        with transaction():
            services.choose_pack("fujian-2026")
        assert ride(holder, 10).methodology.method.baseline == "mean"


def test_nothing_counts_while_counting_is_stopped(client: FlaskClient) -> None:
    holder, auth = person()
    stop()
    wish = {"scene": "metro", "started_at": clock.now().isoformat(), "distance_m": 8000}
    answer = client.post("/v1/actions", json=wish, headers=auth)
    assert (answer.status_code, answer.json["errors"][0]["pointer"]) == (422, "#/scene")
    with pytest.raises(StepsNotCounted), transaction():
        services.record_steps(holder, b"x" * 32, clock.now(), [(TODAY, 5000)])
    for path in ("/", "/methods", "/factors", "/changes", "/v1/scenes", "/v1/packs", "/v1/rules"):
        assert client.get(path).status_code == 200, path


def test_a_pack_keeps_its_baseline(edits: Edits) -> None:
    edits.method('baseline = "car"', 'baseline = "mean"', "beijing-maas-2026")
    content = (edits.packs / "beijing-maas-2026.toml").read_text("utf-8")
    content = content.replace('type = "car"', 'type = "mean"').replace(
        "version = 1\nscene", "version = 2\nscene"
    )
    (edits.packs / "beijing-maas-2026.toml").write_text(content, "utf-8")
    with pytest.raises(MethodologyRefused, match="beijing-maas-2026: a pack keeps its baseline"):
        load()


def test_an_announced_version_that_a_later_one_precedes_is_no_change(
    edits: Edits, client: FlaskClient
) -> None:
    ride(person()[0])
    emit(person()[0])
    edits.method(NEW_METRO[0], f'{NEW_METRO[1]}\neffective_from = "2027-03-01"')
    edits.factor(*NEW_GRID)
    with transaction():
        services.load_factors(None, date(2027, 3, 1))
        services.load_methodologies()
    edits.method(
        f'{NEW_METRO[1]}\neffective_from = "2027-03-01"',
        'key = "metro.distance"\nversion = 4\neffective_from = "2027-01-01"',
    )
    edits.factor(",0.4300,", ",0.4400,")
    with transaction():
        services.load_factors(None, date(2027, 1, 1))
        services.load_methodologies()
    told = client.get("/v1/changes").json
    assert {(each["before"], each["after"], each["effective_from"]) for each in told} == {
        ("metro.distance v2", "metro.distance v4", "2027-01-01"),
        ("0.4211 kgCO2/kWh", "0.4400 kgCO2/kWh", "2027-01-01"),
    }
    edits.factor(",0.4400,", ",0.4500,")
    with transaction():
        services.load_factors(None, date(2027, 2, 1))
    before = {each["after"]: each["before"] for each in client.get("/v1/changes").json}
    assert before["0.4500 kgCO2/kWh"] == "0.4400 kgCO2/kWh", "what counted the day before"


def test_a_new_version_that_methodologies_do_not_name_is_not_announced_as_counting(
    edits: Edits, client: FlaskClient
) -> None:
    ride(person()[0])
    emit(person()[0])
    edits.factor(",0.0468,", ",0.0111,")
    edits.factor(*NEW_GRID)
    load()
    told = {each["key"]: each for each in client.get("/v1/changes").json}
    assert {key: each["counts"] for key, each in told.items()} == {
        "er.metro.sz": False,
        "elec.grid.fj.2023": True,
    }
    pins = {(each["key"], each["factor_version"]) for each in told["er.metro.sz"]["pinned"]}
    assert pins == {("metro.distance", 1), ("shenzhen.metro.distance", 1)}
    page = client.get("/changes", headers={"Accept-Language": "en"}).text
    assert "On record from 2026-11-27; nothing computes with it" in page
    assert "goes on with version 1 of the factor" in page
    page = client.get("/factors/er.metro.sz", headers={"Accept-Language": "en"}).text
    assert "with version 1 of the factor" in page
    used = client.get("/v1/factors/er.metro.sz/versions").json["used_by"]
    assert {each["factor_version"] for each in used} == {1}


def test_a_pack_without_steps_refuses_them_by_name(app: Flask) -> None:
    take_over("beijing-maas-2026")
    holder, _ = person()
    with pytest.raises(StepsNotCounted), transaction():
        services.record_steps(holder, b"x" * 32, clock.now(), [(TODAY, 5000)])


def test_a_trip_counts_by_the_tariff_of_its_pack(app: Flask) -> None:
    take_over("hubei-2026")
    action = ride(person()[0])
    assert (action.computed_g, action.methodology.method.measure) == (137, "act")
    assert queries.replay(action).same


@pytest.mark.parametrize(
    ("scene", "field"),
    [
        ("paperless", "started_at"),
        *((scene, "scene") for scene in ("electricity_saving", "walking", "car_free_day", "own_cup")),
    ],
)
def test_what_is_no_trip_or_does_not_count_cannot_be_declared_as_one(
    client: FlaskClient, scene: str, field: str
) -> None:
    wish = {"scene": scene, "started_at": clock.now().isoformat(), "distance_m": 500}
    answer = client.post("/v1/actions", json=wish, headers=person()[1])
    assert (answer.status_code, answer.json["errors"][0]["pointer"]) == (422, f"#/{field}")


@pytest.mark.parametrize("pack", ["shenzhen-2026", "hubei-2026", "beijing-maas-2026", "beijing-jjj-2026"])
def test_every_page_stands_whichever_pack_counts(client: FlaskClient, pack: str) -> None:
    take_over(pack)
    for path in ("/", "/methods", "/factors", "/changes", "/v1/scenes", "/v1/packs", "/v1/methodologies"):
        assert client.get(path).status_code == 200, path
