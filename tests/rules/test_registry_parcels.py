"""Outlines of parcels: what is read, what is refused and where, what counts as an overlap."""

import math
from typing import Any

import pytest
from forestry import SIDE, plot, ring
from hypothesis import given
from hypothesis import strategies as st

from app.registry.rules import land, parcels
from app.registry.rules.parcels import ParcelFault

COUNTY = "350721"
LON, LAT = 117.8, 26.8


def one(document: Any) -> land.Land:
    outlines, faults = parcels.read_parcels(document, COUNTY)
    if faults:
        raise faults[0]
    return land.survey(outlines[0])


def shape(*rings: Any, **members: Any) -> dict[str, Any]:
    return {"type": "Polygon", "coordinates": list(rings), **members}


def moved(points: list[list[float]], **changes: Any) -> list[Any]:
    return [[*point, *changes.get("more", ())] for point in points]


SQUARE = ring(LON, LAT)
BOWTIE = [[LON, LAT], [LON + 0.01, LAT + 0.01], [LON + 0.01, LAT], [LON, LAT + 0.01], [LON, LAT]]
HOLE_OUTSIDE = ring(LON + 0.02, LAT, 0.001)
SLIT = [[LON, LAT + 0.001], [LON + SIDE, LAT + 0.001], [LON + SIDE, LAT + 0.002], [LON, LAT + 0.001]]
FAULTS = [
    ({"type": "Point", "coordinates": [LON, LAT]}, "type", "#/type"),
    ([], "type", "#/type"),
    ("POLYGON ((0 0))", "type", "#/type"),
    ({"type": "FeatureCollection", "features": []}, "no_features", "#/features"),
    ({"type": "FeatureCollection", "features": [7]}, "feature_type", "#/features/0/type"),
    ({"type": "FeatureCollection", "features": [plot(LON, LAT)] * 201}, "too_many", "#/features"),
    ({**plot(LON, LAT), "geometry": None}, "geometry_type", "#/geometry/type"),
    ({**plot(LON, LAT), "geometry": {"type": "MultiPolygon"}}, "geometry_type", "#/geometry/type"),
    ({**plot(LON, LAT), "properties": 3}, "properties", "#/properties"),
    (plot(LON, LAT, name="x" * 61), "name", "#/properties/name"),
    (plot(LON, LAT, declared_area_m2="5"), "declared", "#/properties/declared_area_m2"),
    (plot(LON, LAT, declared_area_m2=True), "declared", "#/properties/declared_area_m2"),
    (shape(), "no_points", "#/coordinates"),
    (shape([]), "no_points", "#/coordinates"),
    ({"type": "Polygon"}, "no_points", "#/coordinates"),
    (shape(SQUARE[:2] + SQUARE[:1]), "too_few_points", "#/coordinates/0"),
    (shape(SQUARE[:4]), "not_closed", "#/coordinates/0/3"),
    (shape([*SQUARE[:4], [LON, LAT, 300.0]]), "height", "#/coordinates/0/4"),
    (shape([["117.8", "26.8"]] * 4), "position", "#/coordinates/0/0"),
    (shape([[True, False]] * 4), "position", "#/coordinates/0/0"),
    (shape([[math.inf, LAT]] * 4), "position", "#/coordinates/0/0"),
    (shape([LON, LAT, LON, LAT]), "position", "#/coordinates/0/0"),
    (shape([lonlat[::-1] for lonlat in SQUARE]), "swapped", "#/coordinates/0/0"),
    (shape([[39_480_000.0, 2_966_000.0]] * 4), "metres", "#/coordinates/0/0"),
    (shape(ring(2.35, 48.85)), "outside_china", "#/coordinates/0/0"),
    (shape(ring(119.3, 26.08)), "outside_county", "#/coordinates/0/0"),
    (shape([*SQUARE[:2], [119.3, 26.08], *SQUARE[3:]]), "outside_county", "#/coordinates/0/2"),
    (shape(SQUARE, crs={"type": "name", "properties": {"name": "GCJ-02"}}), "gcj02", "#/crs"),
    (shape(SQUARE, crs="urn:ogc:def:crs:EPSG::3857"), "datum", "#/crs"),
    (plot(LON, LAT, datum="火星坐标"), "gcj02", "#/properties/datum"),
    (plot(LON, LAT, coordType="bd09ll"), "bd09", "#/properties/coordType"),
    (plot(LON, LAT, 坐标系="百度坐标"), "bd09", "#/properties/坐标系"),
    (shape(*[SQUARE] * 51), "too_many_rings", "#/coordinates"),
    (shape([SQUARE[0]] * 2001), "too_many_points", "#/coordinates"),
    (shape(BOWTIE), "crosses_itself", "#/coordinates"),
    (shape(SQUARE, HOLE_OUTSIDE), "hole_outside", "#/coordinates"),
    (shape([[LON, LAT]] * 4), "no_polygon", "#/coordinates"),
    (shape(ring(LON, LAT, 0.00001)), "too_small", "#/coordinates"),
    (shape(ring(LON, LAT, 0.2)), "too_large", "#/coordinates"),
    (plot(LON, LAT, declared_area_m2=1000), "area_differs", "#/properties/declared_area_m2"),
]


@pytest.mark.parametrize(("document", "word", "pointer"), FAULTS, ids=[fault[1] for fault in FAULTS])
def test_a_faulty_outline_is_refused_with_what_and_where(document: Any, word: str, pointer: str) -> None:
    with pytest.raises(ParcelFault) as refused:
        one(document)
    assert (refused.value.word, refused.value.pointer) == (word, pointer)


def test_a_crossing_is_named_by_its_position() -> None:
    with pytest.raises(ParcelFault) as refused:
        one(shape(BOWTIE))
    assert refused.value.params == {"lon": "117.805000", "lat": "26.805000"}


def test_every_faulty_feature_is_named() -> None:
    features = [plot(LON, LAT), plot(119.3, 26.0), {**plot(LON, LAT), "geometry": shape(ring(26.8, 117.8))}]
    found, faults = parcels.read_parcels({"type": "FeatureCollection", "features": features}, COUNTY)
    assert len(found) == 1
    assert [fault.word for fault in faults] == ["outside_county", "swapped"]


@pytest.mark.parametrize(
    "datum", ["WGS84", "wgs-84", "CGCS2000", "EPSG:4490", "urn:ogc:def:crs:OGC:1.3:CRS84"]
)
def test_a_datum_that_is_ours_is_taken(datum: str) -> None:
    assert one({**plot(LON, LAT), "crs": {"type": "name", "properties": {"name": datum}}}).area_m2 > 0


def test_a_county_without_a_box_is_bounded_by_china() -> None:
    outlines, faults = parcels.read_parcels(shape(ring(119.3, 26.08)), "350100")
    assert (len(outlines), faults) == (1, [])


def test_the_area_is_the_ellipsoids() -> None:
    # A square of 0.01 degrees at 26.8 N: M·N·cos(lat)·dlat·dlon with the radii of CGCS2000 at 26.805 N.
    a, f = 6_378_137, 1 / 298.257222101
    e2, lat, d = f * (2 - f), math.radians(26.805), math.radians(0.01)
    w2 = 1 - e2 * math.sin(lat) ** 2
    expected = a * (1 - e2) / w2**1.5 * a / math.sqrt(w2) * math.cos(lat) * d * d
    assert one(shape(ring(LON, LAT, 0.01))).area_m2 == pytest.approx(expected, rel=1e-6)


def test_a_hole_is_no_land_and_rings_are_turned() -> None:
    hole = ring(LON + 0.001, LAT + 0.001, 0.001)
    whole, pierced = one(shape(SQUARE)), one(shape(SQUARE[::-1], hole))
    assert pierced.area_m2 == pytest.approx(whole.area_m2 - one(shape(hole)).area_m2, abs=2)
    border, inner = pierced.rings
    assert land.polygon([border]).exterior.is_ccw
    assert not land.polygon([inner]).exterior.is_ccw


@given(st.floats(0.5, 20), st.integers(-20, 20), st.integers(-20, 20))
def test_what_two_squares_share_is_what_geometry_says(side_mm: float, dx: int, dy: int) -> None:
    side = round(side_mm / 1000, 7)
    step = side / 10
    mine = land.polygon([ring(LON, LAT, side)])
    other = land.polygon([ring(round(LON + dx * step, 7), round(LAT + dy * step, 7), side)])
    shared, back = land.overlap(mine, other), land.overlap(other, mine)
    assert (shared is None) == (back is None) == (abs(dx) >= 10 or abs(dy) >= 10)
    if shared is not None and back is not None:
        part = (1 - abs(dx) / 10) * (1 - abs(dy) / 10)
        assert shared.area_m2 == pytest.approx(back.area_m2, abs=2)
        assert shared.area_m2 == pytest.approx(land.area_m2(mine) * part, rel=0.01, abs=5)


@given(st.lists(st.floats(0.0005, SIDE - 0.0005), min_size=1, max_size=12, unique=True))
def test_neighbours_who_drew_one_border_with_other_corners_only_touch(corners: list[float]) -> None:
    """The border slants; one has it straight, the other with corners on it, each rounded to 1e-7 degree."""
    slope = 0.123456
    straight = [
        [LON, LAT],
        [LON + SIDE, LAT + SIDE * slope],
        [LON + SIDE, LAT + 0.01],
        [LON, LAT + 0.01],
        [LON, LAT],
    ]
    below = [[LON, LAT], [LON, LAT - 0.01], [LON + SIDE, LAT - 0.01], [LON + SIDE, LAT + SIDE * slope]]
    below += [[LON + x, LAT + x * slope] for x in sorted(corners, reverse=True)] + [[LON, LAT]]
    one_side, other_side = one(shape(straight)), one(shape(below))
    assert land.overlap(one_side.shape, other_side.shape) is None


@pytest.mark.parametrize(("metres", "counts"), [(0.01, False), (0.5, True), (5.0, True)])
def test_a_strip_counts_from_a_few_centimetres_on(metres: float, counts: bool) -> None:
    strip = metres / 111_000 / math.cos(math.radians(LAT))
    mine, other = land.polygon([ring(LON, LAT)]), land.polygon([ring(LON + SIDE - strip, LAT)])
    assert (land.overlap(mine, other) is not None) is counts


def test_long_slivers_do_not_hide_a_true_overlap() -> None:
    """A spur of a quarter of a square metre on 500 m of border that is a centimetre off."""
    mine = land.polygon([ring(LON, LAT)])
    east, off = LON + SIDE, 0.01 / 99_000
    spur = 0.000005
    other = land.polygon(
        [
            [
                [east - off, LAT],
                [east + SIDE, LAT],
                [east + SIDE, LAT + SIDE],
                [east - off, LAT + SIDE],
                [east - off, LAT + SIDE / 2 + spur],
                [east - off - spur, LAT + SIDE / 2 + spur],
                [east - off - spur, LAT + SIDE / 2],
                [east - off, LAT + SIDE / 2],
                [east - off, LAT],
            ]
        ]
    )
    assert land.overlap(mine, other) is not None


def comb(teeth: int, *, upright: bool) -> list[list[float]]:
    """Teeth from a common back, to the east or to the north."""
    step, points = 0.09 / teeth, [(0.0, -0.002), (0.09, -0.002)]
    for tooth in range(teeth - 1, -1, -1):
        at = tooth * step
        points += [(at + step / 2, -0.001), (at + step / 2, 0.09), (at, 0.09), (at, -0.001)]
    points[-1] = points[0]
    turned = [(y, x) if upright else (x, y) for x, y in points]
    return [[round(LON + x, 7), round(LAT - 0.1 + y, 7)] for x, y in turned]


def test_of_combs_that_cross_the_area_is_whole_and_the_largest_pieces_are_shown() -> None:
    mine, other = (land.polygon([comb(12, upright=upright)]) for upright in (False, True))
    shared = land.overlap(mine, other)
    assert shared is not None
    assert len(shared.pieces) == land.MOST_PIECES
    assert shared.area_m2 > 2 * sum(map(land.area_m2, shared.pieces))


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["type", "features", "geometry", "coordinates", "properties", "crs", "name"]),
            inner,
        )
    ),
    max_leaves=20,
)


@given(JSON | st.builds(lambda c: {"type": "Polygon", "coordinates": c}, JSON))
def test_whatever_json_says_is_read_or_refused(document: Any) -> None:
    outlines, faults = parcels.read_parcels(document, COUNTY)
    assert outlines or faults
