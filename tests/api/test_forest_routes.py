"""What anyone can ask of forests over HTTP: land, dossiers, notices, objections, their own outline."""

import importlib
import threading
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from forestry import SIDE, Desk, facts, plot, ring

from app.kit.transaction import transaction
from app.registry import services
from app.registry.services import dossier_parts, dossiers


@pytest.fixture
def desk(app: Flask) -> Desk:
    return Desk(app)


def check(client: FlaskClient, document: Any, **more: Any) -> tuple[int, dict[str, Any]]:
    answer = client.post("/v1/parcels/check", json={"parcels": document, "region": "350721", **more})
    assert answer.status_code < 500
    return answer.status_code, answer.json


def test_a_project_tells_its_land_and_who_has_rights_to_it(desk: Desk, client: FlaskClient) -> None:
    code = desk.registered()
    desk.issue(code, 2021, 5000)
    standing = desk.standing(code)
    told = client.get(f"/v1/projects/{standing.dossier.project_code}").json
    (feature,) = told["parcels"]["features"]
    assert feature["geometry"]["type"] == "Polygon"
    assert feature["properties"]["area_m2"] == told["forest"]["area_m2"] == standing.area_m2
    dossier = told["dossier"]
    assert [(right["role"], right["share_bp"]) for right in dossier["rights"]] == [
        ("village", 9000),
        ("fee", 1000),
    ]
    assert {document["kind"] for document in dossier["documents"]} == {"title", "design", "verification"}
    (removal,) = dossier["removals"]
    assert removal["status"] == "issued"
    assert removal["report_sha256"] in [document["sha256"] for document in dossier["documents"]]
    assert told["issuances"][0]["units"]["issued_kg"] == removal["quantity_kg"] == 5000


def test_a_right_holder_who_did_not_consent_is_not_named(desk: Desk, client: FlaskClient) -> None:
    from app.accounts import services as accounts
    from app.registry.rules.dossiers import Share

    code = desk.draft()
    with transaction():
        shares = desk.standing(code).shares
        dossier_parts.drop_part(desk.maker, code, "share", shares[0].id)
        family = accounts.open_right_holder(desk.maker, "household", "张某某")
        dossier_parts.add_share(desk.maker, code, Share(family.id, "household", 9000), named=False)
    desk.review(code)
    told = client.get(f"/v1/public-notices/{code}")
    assert "张某某" not in told.text
    rights = {right["role"]: right["holder"] for right in told.json["dossier"]["rights"]}
    assert rights["household"] is None
    assert rights["fee"]


@pytest.mark.parametrize("named", [False, True])
def test_a_household_to_which_units_go_is_named_with_its_consent(
    desk: Desk, client: FlaskClient, named: bool
) -> None:
    from app.accounts import services as accounts
    from app.registry.rules.dossiers import Share

    code = desk.draft()
    standing = desk.standing(code)
    project_code = standing.dossier.project_code
    with transaction():
        dossier_parts.drop_part(desk.maker, code, "share", standing.shares[0].id)
        family = accounts.open_right_holder(desk.maker, "household", "张某某").id
        dossier_parts.add_share(desk.maker, code, Share(family, "household", 9000), named=named)
        dossiers.change_dossier(desk.maker, code, facts(project_code), family)
    desk.review(code)
    shown = "张某某" if named else "农户"
    assert client.get("/v1/public-notices").json["items"][0]["holder"] == shown
    desk.register(code)
    assert client.get("/v1/projects").json["items"][0]["holder"] == shown
    for path in (f"/v1/public-notices/{code}", f"/v1/projects/{project_code}"):
        assert client.get(path).json["holder"] == shown
    for path in (f"/notices/{code}", f"/projects/{project_code}"):
        assert ("张某某" in client.get(path).text) is named
    assert desk.standing(code).holder == "张某某", "operators see who it is"


def test_a_notice_is_public_and_takes_objections(desk: Desk, client: FlaskClient) -> None:
    code = desk.draft()
    assert client.get(f"/v1/public-notices/{code}").status_code == 404
    desk.review(code, timedelta(days=1))
    assert [each["code"] for each in client.get("/v1/public-notices").json["items"]] == [code]
    sent = client.post(f"/v1/public-notices/{code}/objections", json={"words": "这片林子三年前已经砍了。"})
    assert sent.status_code == 201
    told = client.get(f"/v1/public-notices/{code}")
    assert told.json["open_objections"] == 1
    assert told.json["dossier"]["objections"][0]["code"] == sent.json["code"]
    assert "砍了" not in told.text, "its words are for operators"
    assert client.post(f"/v1/public-notices/{code}/objections", json={"words": ""}).status_code == 422
    assert (
        client.post("/v1/public-notices/nobody/objections", json={"words": "没有这个林"}).status_code == 404
    )


def test_land_can_be_measured_by_anyone(client: FlaskClient) -> None:
    status, told = check(client, plot(117.8, 26.8))
    assert (status, told["area_m2"]) == (200, plot(117.8, 26.8)["properties"]["declared_area_m2"])


def test_land_that_a_project_has_is_told_with_the_overlap(desk: Desk, client: FlaskClient) -> None:
    mine = desk.draft(feature=plot(117.8, 26.8, name="A1"))
    beside = plot(117.8 + SIDE / 2, 26.8)
    assert check(client, beside)[0] == 200, "nobody is told of a draft"
    desk.review(mine)
    status, told = check(client, beside)
    assert (status, told["code"]) == (409, "parcel_overlaps")
    (feature,) = told["overlaps"]["features"]
    assert feature["properties"]["project"] == desk.standing(mine).dossier.project_code
    assert feature["geometry"]["type"] == "MultiPolygon"
    assert f"{feature['properties']['area_m2']:,}" in told["errors"][0]["detail"]
    assert check(client, beside, start="2070-01-01", end="2080-01-01")[0] == 200
    assert check(client, plot(117.8 + SIDE, 26.8))[0] == 200, "touching is no overlap"


@pytest.mark.parametrize(
    ("document", "pointer", "said"),
    [
        (
            {
                "type": "Polygon",
                "coordinates": [
                    [[117.8, 26.8], [117.81, 26.81], [117.81, 26.8], [117.8, 26.81], [117.8, 26.8]]
                ],
            },
            "#/coordinates",
            "自相交于（117.805000，26.805000）",
        ),
        ({"type": "Polygon", "coordinates": [ring(26.8, 117.8)]}, "#/coordinates/0/0", "纬度在前"),
        (
            {"type": "Polygon", "coordinates": [[[*p, 9] for p in ring(117.8, 26.8)]]},
            "#/coordinates/0/0",
            "高程",
        ),
        ({**plot(117.8, 26.8), "crs": "GCJ-02"}, "#/crs", "GCJ-02"),
        (None, "#/parcels", ""),
        (7, "#/type", "GeoJSON"),
    ],
)
def test_a_bad_outline_is_refused_with_what_and_where(
    client: FlaskClient, document: Any, pointer: str, said: str
) -> None:
    status, told = check(client, document)
    assert status == 422
    assert told["errors"][0]["pointer"] == pointer
    assert said in told["errors"][0]["detail"]


def many(count: int, points: int = 5) -> dict[str, Any]:
    """Squares at one place, each border with more points than it needs."""
    west, south, east, north = 117.8, 26.8, 117.81, 26.81
    more = points - 5
    edge = [[west + 0.01 * (each + 1) / (more + 1), south] for each in range(more)]
    border = [[west, south], *edge, [east, south], [east, north], [west, north], [west, south]]
    one = {"type": "Feature", "properties": {}, "geometry": {"type": "Polygon", "coordinates": [border]}}
    return {"type": "FeatureCollection", "features": [one] * count}


@pytest.mark.parametrize(("document", "said"), [(many(21), "21 个地块"), (many(3, 700), "2100 个点")])
def test_nobody_asks_for_more_than_a_moment_of_work(
    client: FlaskClient, document: dict[str, Any], said: str
) -> None:
    status, told = check(client, document)
    assert status == 422
    assert said in told["errors"][0]["detail"]


def test_the_first_clashes_are_told(client: FlaskClient) -> None:
    status, told = check(client, many(8))
    assert (status, len(told["errors"]), len(told["overlaps"]["features"])) == (409, 20, 20)


def test_outlines_beyond_what_a_process_can_compare_wait(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    checks = threading.BoundedSemaphore(1)
    monkeypatch.setattr(importlib.import_module("app.registry.routes.parcels"), "_checks", checks)
    with checks:
        assert check(client, plot(117.8, 26.8))[0] == 429
    assert check(client, plot(117.8, 26.8))[0] == 200


def test_samples_went_the_whole_way(app: Flask, client: FlaskClient) -> None:
    with transaction():
        services.load_samples()
    (notice,) = client.get("/v1/public-notices").json["items"]
    assert notice["sample"] is True
    for project in client.get("/v1/projects").json["items"]:
        told = client.get(f"/v1/projects/{project['forest']['code']}").json
        assert len(told["parcels"]["features"]) >= 2
        assert sum(right["share_bp"] for right in told["dossier"]["rights"]) == 10_000
        assert {removal["status"] for removal in told["dossier"]["removals"]} == {"issued"}
