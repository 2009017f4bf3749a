"""Land belongs to one project at a time: overlaps are refused, touching is not, and a race has one winner."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import Any

import pytest
from flask import Flask
from forestry import SIDE, Desk, plot
from sqlalchemy import text

from app.kit.problems import Problem
from app.kit.transaction import transaction
from app.registry import queries
from app.registry.errors import dossiers as errors
from app.registry.services import dossiers, parcels

LON, LAT = 117.8, 26.8


@pytest.fixture
def desk(app: Flask) -> Desk:
    return Desk(app)


def put(desk: Desk, code: str, *features: dict[str, Any]) -> list[int]:
    with transaction():
        document = {"type": "FeatureCollection", "features": list(features)}
        return [parcel.number for parcel in parcels.add_parcels(desk.maker, code, document)]


def test_an_overlap_is_refused_with_its_area_and_place(desk: Desk) -> None:
    mine, other = desk.empty(), desk.empty()
    put(desk, mine, plot(LON, LAT, name="甲"))
    with pytest.raises(errors.ParcelOverlaps) as refused:
        put(desk, other, plot(LON + 0.02, LAT), plot(LON + SIDE / 2, LAT, name="乙"))
    (error,) = refused.value.errors
    assert error["pointer"] == "#/features/1/geometry/coordinates"
    (shared,) = refused.value.overlaps
    half = plot(LON, LAT)["properties"]["declared_area_m2"] / 2
    assert shared["properties"]["area_m2"] == pytest.approx(half, rel=1e-3)
    assert f"{shared['properties']['area_m2']:,}" in error["detail"]
    assert "117.80" in error["detail"]
    assert desk.standing(other).parcels == [], "all of them or none"
    assert desk.standing(other).dossier.revision == 1


def test_a_project_may_not_count_its_own_land_twice(desk: Desk) -> None:
    code = desk.empty()
    with pytest.raises(errors.ParcelOverlaps):
        put(desk, code, plot(LON, LAT, name="a"), plot(LON, LAT, name="b"))
    assert put(desk, code, plot(LON, LAT)) == [1]
    with pytest.raises(errors.ParcelOverlaps):
        put(desk, code, plot(LON, LAT))
    with transaction():
        parcels.drop_parcel(desk.maker, code, 1)
    assert put(desk, code, plot(LON, LAT)) == [1]


def test_neighbours_touch(desk: Desk) -> None:
    put(desk, desk.empty(), plot(LON, LAT))
    for lon, lat in ((LON + SIDE, LAT), (LON, LAT + SIDE), (LON - SIDE, LAT - SIDE)):
        assert put(desk, desk.empty(), plot(round(lon, 7), round(lat, 7))) == [1]


def test_the_same_land_at_another_time_is_another_project(desk: Desk) -> None:
    early = desk.empty(period_start=date(2005, 1, 1), period_end=date(2014, 12, 31))
    late = desk.empty(period_start=date(2015, 1, 1), period_end=date(2030, 12, 31))
    between = desk.empty(period_start=date(2014, 12, 31), period_end=date(2020, 1, 1))
    put(desk, early, plot(LON, LAT))
    put(desk, late, plot(LON, LAT))
    with pytest.raises(errors.ParcelOverlaps) as refused:
        put(desk, between, plot(LON, LAT))
    assert len(refused.value.errors) == 2


def test_measured_land_keeps_its_place_and_time(desk: Desk) -> None:
    from forestry import facts

    code = desk.draft()
    with pytest.raises(errors.DossierRefused), transaction():
        dossiers.change_dossier(desk.maker, code, facts(period_end=date(2030, 1, 1)), desk.village)


def test_a_withdrawn_dossier_gives_its_land_back(desk: Desk) -> None:
    first, second = desk.empty(), desk.empty()
    put(desk, first, plot(LON, LAT))
    with transaction():
        dossiers.withdraw_dossier(desk.maker, first, "另行申报")
    assert put(desk, second, plot(LON, LAT)) == [1]


def test_of_many_who_claim_one_forest_at_once_one_gets_it(desk: Desk, app: Flask) -> None:
    codes = [desk.empty() for _ in range(8)]

    def claim(index: int) -> str:
        with app.app_context():
            try:
                put(desk, codes[index], plot(LON + index * SIDE / 20, LAT))
            except Problem as problem:
                return problem.code
        return "won"

    with ThreadPoolExecutor(8) as crowd:
        outcomes = sorted(crowd.map(claim, range(8)))
    assert outcomes == ["parcel_overlaps"] * 7 + ["won"]


def test_the_books_find_land_that_was_claimed_twice_behind_our_back(desk: Desk) -> None:
    first, second = desk.empty(), desk.empty()
    put(desk, first, plot(LON, LAT))
    put(desk, second, plot(LON + SIDE, LAT))
    assert all(proof.holds for proof in queries.prove())
    with transaction() as session:
        session.execute(
            text(
                "INSERT INTO parcel (dossier_id, number, name, rings, area_m2, west, south, east, north,"
                " added_by, added_at) SELECT (SELECT id FROM dossier WHERE code = :code), 2, 'x', rings,"
                " area_m2, west, south, east, north, added_by, added_at FROM parcel LIMIT 1"
            ),
            {"code": second},
        )
    failing = [proof for proof in queries.prove() if not proof.holds]
    assert [proof.claim for proof in failing] == ["registry.prove_parcels"]
    assert failing[0].figures["overlapping"] == 1
