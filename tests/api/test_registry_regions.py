"""Five levels: the table of regions, and accounts rolled up from the blocks."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from builders import Forest, forest
from flask import Flask
from flask.testing import FlaskClient
from seeing import assert_sound
from visiting import at_console

from app.kit.database import db
from app.kit.transaction import transaction
from app.registry import services as registry
from app.registry.errors import RegionOutside, RegionUnknown
from app.registry.queries import prove, regions
from app.registry.queries.regions import public_accounts
from app.registry.rules.regions import TableFaulty


@pytest.fixture(autouse=True)
def _fresh_figures() -> Iterator[None]:
    public_accounts.forget()
    yield
    public_accounts.forget()


def ask(client: FlaskClient, code: str = "") -> dict:
    public_accounts.forget()
    answer = client.get(f"/v1/regions{'/' if code else ''}{code}")
    assert answer.status_code == 200, answer.text
    return answer.json


def load(*lines: str) -> registry.Loaded:
    with transaction():
        return registry.load_regions(["code,name_zh,name_en", *lines])


def place(app: Flask, each: Forest, code: str, client: FlaskClient) -> None:
    from builders import operator

    who = operator(app, client, "registry")
    with transaction():
        registry.place_project(who, each.project_code, code)


def test_nanping_stands_in_the_table_that_we_bring(client: FlaskClient) -> None:
    told = ask(client, "3507")
    assert told["region"]["name"] == {"zh": "南平市", "en": "Nanping"}
    assert [part["region"]["code"] for part in told["path"] and told["parts"]] == [
        *("350702", "350703", "350721", "350722", "350723", "350724", "350725"),
        *("350781", "350782", "350783"),
    ]
    assert [each["name"]["en"] for each in told["path"]] == ["Fujian"]
    town = ask(client, "350721105")
    assert (town["region"]["name"]["zh"], town["region"]["level"]) == ("大干镇", "township")
    assert len(ask(client)["parts"]) == 34


def test_every_level_is_the_sum_of_its_parts_and_its_own(client: FlaskClient, app: Flask) -> None:
    load("350721105901,示例村 A,Village A", "350721105902,示例村 B,Village B")
    village, township, _, other, nowhere = (
        forest(kg, region=region)
        for kg, region in (
            (100, "350721"),
            (200, "350721"),
            (400, "350721"),
            (800, "350782"),
            (1600, "999999"),
        )
    )
    place(app, village, "350721105901", client)
    place(app, township, "350721105", client)
    with transaction():
        registry.reserve(village.lot_id, 60)
        registry.retire_run(village.lot_id, [20, 30])
        registry.cancel_units(other.issuance_id, 100, "fire")
    whole = ask(client)
    assert whole["account"]["issued_kg"] == 3100
    assert whole["unplaced"]["issued_kg"] == 1600, "a county that is not in the table"
    for code, issued, own in (
        ("35", 1500, 0),
        ("3507", 1500, 0),
        ("350721", 700, 400),
        ("350721105", 300, 200),
        ("350721105901", 100, 100),
        ("350782", 800, 800),
    ):
        told = ask(client, code)
        account, parts, unplaced = told["account"], told["parts"], told["unplaced"]
        assert (account["issued_kg"], unplaced["issued_kg"]) == (issued, own), code
        for name in account:
            assert account[name] == unplaced[name] + sum(each["account"][name] for each in parts), (
                code,
                name,
            )
        states = ("active_kg", "reserved_kg", "pledged_kg", "retired_kg", "cancelled_kg")
        assert sum(account[name] for name in states) == issued
    account = ask(client, "350721105901")["account"]
    assert (account["retired_kg"], account["sold_kg"], account["on_sale_kg"]) == (50, 50, 40)
    years = ask(client, "35")["retired_by_year"]
    assert [each["retired_kg"] for each in years] == [50]
    assert ask(client, "350782")["account"]["cancelled_kg"] == 100
    assert [proof.holds for proof in regions.prove()] == [True, True, True]
    assert ask(client, "350721105")["projects"] == [township.project_code]
    assert nowhere.project_code in whole["projects"]
    assert ask(client, "350721")["account"]["holders"] == 3


def test_a_table_that_names_the_county_places_what_waited_for_it(client: FlaskClient, app: Flask) -> None:
    forest(500, region="330822")
    assert ask(client)["unplaced"]["issued_kg"] == 500
    loaded = load("330822,常山县,Changshan County", "3308,衢州市,Quzhou")
    assert (loaded.added, loaded.placed) == (2, 1)
    assert ask(client, "330822")["account"]["issued_kg"] == 500
    assert ask(client)["unplaced"]["issued_kg"] == 0


def test_loading_again_changes_nothing_and_a_new_name_is_taken_over(app: Flask) -> None:
    assert load("3401,合肥市,Hefei") == (1, 1, 0, 0)
    assert load("3401,合肥市,Hefei") == (1, 0, 0, 0)
    assert load("3401,庐州市,") == (1, 0, 1, 0)
    region = db.session.get(registry.regions.Region, "3401")
    assert region is not None
    assert (region.name_zh, region.name_en) == ("庐州市", "Hefei")
    with transaction():
        assert registry.load_regions().added == 0, "nothing of what we bring is new"


def test_codes_filled_up_with_zeros_are_the_same_regions(app: Flask) -> None:
    with transaction():
        loaded = registry.load_regions(
            ["code,name_zh", "440000000000,广东省", "441900000000,东莞市", "441900003000,东城街道"]
        )
    assert loaded.added == 3, "the city, the county that it does not have, and the subdistrict"
    assert db.session.get(registry.regions.Region, "441900").name_zh == "东莞市"  # type: ignore[union-attr]
    with transaction():
        assert registry.load_regions(["code,name_zh", "440000,广东省", "445100,潮州市"]).added == 1


@pytest.mark.parametrize(
    ("lines", "line", "fault"),
    [
        (["code,name_zh,name_en"], 1, "region_empty"),
        (["name,code", "x,y"], 1, "region_header"),
        (["code,name_zh", "350721", "3507,南平市"], 2, "region_columns"),
        (["code,name_zh", "3507x1,顺昌县"], 2, "region_code"),
        (["code,name_zh", "35072,顺昌县"], 2, "region_code"),
        (["code,name_zh", "٣٥,福建省"], 2, "region_code"),
        (["code,name_zh", "35,福建省", "35,福建省"], 3, "region_twice"),
        (["code,name_zh", "35,"], 2, "region_nameless"),
        (["code,name_zh", "35," + "长" * 61], 2, "region_long"),
        (["code,name_zh", "35,福\x00建"], 2, "region_unprintable"),
        (["code,name_zh", "35,福建省", "999901,无名县"], 3, "region_orphan"),
        (["code,name_zh", '35,"福建省'], 2, "region_unreadable"),
    ],
)
def test_a_faulty_table_loads_nothing_and_says_the_line(
    app: Flask, lines: list[str], line: int, fault: str
) -> None:
    with pytest.raises(TableFaulty) as refused, transaction():
        registry.load_regions(lines)
    assert (refused.value.faults[0].line, refused.value.faults[0].name) == (line, fault)


def test_the_command_names_file_line_and_fault(app: Flask, tmp_path: Path) -> None:
    table = tmp_path / "table.csv"
    table.write_bytes("\ufeffcode,name_zh\r\n36,江西省\r\n3601x,南昌市\r\n".encode())
    runner = app.test_cli_runner()
    refused = runner.invoke(args=["regions", "load", str(table), "--lang", "en"])
    assert refused.exit_code == 1
    assert "table.csv:3: not a code of 2, 4, 6, 9 or 12 digits [3601x]" in refused.output
    table.write_text("code,name_zh\n36,江西省\n3601,南昌市\n")
    assert "added=1 renamed=0 placed=0" in runner.invoke(args=["regions", "load", str(table)]).output
    table.write_bytes(b"code,name_zh\n36,\xbd\xad\xce\xf7\n")
    assert "registry" not in (told := runner.invoke(args=["regions", "load", str(table)])).output
    assert (told.exit_code, "UTF-8" in told.output) == (1, True)


def test_a_project_hangs_in_its_own_county_only(app: Flask, client: FlaskClient) -> None:
    each = forest()
    with pytest.raises(RegionOutside):
        place(app, each, "350722", client)
    with pytest.raises(RegionUnknown):
        place(app, each, "350721105999", client)
    with pytest.raises(RegionUnknown):
        place(app, each, "35072110599x", client)


@pytest.mark.parametrize("code", ["1", "99", "3507211", "350721105999", "%00", "35%25", "３５", "x" * 300])
def test_an_unknown_region_is_no_region(client: FlaskClient, code: str) -> None:
    assert client.get(f"/v1/regions/{code}").status_code == 404


def test_regions_keep_their_codes_and_samples_lie_where_no_code_is_given_out(app: Flask) -> None:
    for statement in (
        "DELETE FROM region WHERE code = '81'",
        "UPDATE region SET code = '83' WHERE code = '82'",
        "INSERT INTO region VALUES ('350721105201', 12, '350721105', '村', NULL, true, now())",
        "INSERT INTO region VALUES ('350721105903', 12, '350721106', '村', NULL, true, now())",
        "INSERT INTO region VALUES ('3599', 6, '35', '市', NULL, false, now())",
    ):
        with pytest.raises(Exception, match=r"append-only|violates check"), transaction() as session:
            session.execute(db.text(statement))


def test_the_samples_hang_at_villages(app: Flask, client: FlaskClient) -> None:
    with transaction():
        assert registry.load_samples() == 7
    told = ask(client, "350721105")
    assert told["account"]["projects"] == 2
    assert [part["region"]["sample"] for part in told["parts"]] == [True]
    assert ask(client, "35")["account"] == ask(client)["account"]
    assert all(proof.holds for proof in prove())


def test_an_operator_hangs_a_project_deeper(app: Flask, client: FlaskClient) -> None:
    each = forest(300)
    desk = at_console(app, "registry").speak("en")
    assert_sound(desk.get("/console/regions").text, "en", "/console/regions")
    path = f"/console/regions/{each.project_code}"
    assert desk.post(path, {"region": "350721105"}).status_code == 303
    assert "Dagan Town" in desk.get("/console/regions").text
    assert ask(client, "350721105")["account"]["issued_kg"] == 300
    for region, status in (("350722", 422), ("350721999", 404), ("x", 404), ("", 422), ("1" * 13, 422)):
        assert desk.post(path, {"region": region}).status_code == status
    assert desk.post("/console/regions/NOSUCH", {"region": "3507"}).status_code == 404
    assert at_console(app, "auditor").post(path, {"region": "350721"}).status_code == 403
    entries = db.session.execute(db.text("SELECT action, details ->> 'to' FROM audit_entry")).all()
    assert ("project_placed", "350721105") in [tuple(row) for row in entries]


def test_units_whose_project_is_gone_are_missed_by_the_proofs(app: Flask) -> None:
    lost = forest(300)
    forest(200)
    gone = db.text("DELETE FROM project WHERE code = :code")
    with transaction() as session:
        session.execute(db.text("SET LOCAL session_replication_role = replica"))
        session.execute(gone, {"code": lost.project_code})
    first = regions.prove()[0]
    assert (first.holds, first.figures) == (False, {"issued": 500, "regions": 200})
