"""Maps drawn by the server: everything lies on the sheet, north is up, the scale says the truth."""

import math
import re

import pytest
from forestry import ring
from hypothesis import given
from hypothesis import strategies as st

from app.web import maps
from app.web.maps import Plot


def points(path: str) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in re.findall(r"[ML](-?[\d.]+) (-?[\d.]+)", path)]


@given(
    st.lists(st.tuples(st.floats(75, 130), st.floats(5, 52), st.floats(0.001, 0.3)), min_size=1, max_size=6)
)
def test_everything_lies_on_the_sheet(squares: list[tuple[float, float, float]]) -> None:
    drawn = maps.draw([Plot([ring(lon, lat, side)], label="1") for lon, lat, side in squares])
    assert drawn is not None
    for each in drawn.plots:
        for x, y in [*points(each.path), (each.x, each.y)]:
            assert -0.1 <= x <= drawn.width + 0.1
            assert -0.1 <= y <= drawn.height + 0.1
    assert 0 < drawn.scale <= drawn.width / 3 or drawn.scale_name == "50 m"


def test_north_is_up_and_east_is_right() -> None:
    south, north = [ring(117.8, 26.8)], [ring(117.9, 26.9)]
    drawn = maps.draw([Plot(south), Plot(north)])
    assert drawn is not None
    assert drawn.plots[0].y > drawn.plots[1].y
    assert drawn.plots[0].x < drawn.plots[1].x
    assert {line.name for line in drawn.parallels} >= {"26.85°N"}


def test_the_scale_says_the_truth() -> None:
    lat, lon_step = 26.8, 0.02
    drawn = maps.draw([Plot([ring(117.8, lat, 0.001)]), Plot([ring(117.8 + lon_step, lat, 0.001)])])
    assert drawn is not None
    metres = lon_step * 111_320 * math.cos(math.radians(lat))
    name, unit = drawn.scale_name.split()
    scale_m = int(name) * (1000 if unit == "km" else 1)
    apart = drawn.plots[1].x - drawn.plots[0].x
    assert apart / metres == pytest.approx(drawn.scale / scale_m, rel=0.02)


def test_a_label_stands_on_its_land_even_where_the_middle_is_a_hole() -> None:
    hole = ring(117.803, 26.803, 0.004)
    drawn = maps.draw([Plot([ring(117.8, 26.8, 0.01), hole], label="1")])
    assert drawn is not None
    (each,) = drawn.plots
    border, inner = points(each.path)[:4], points(each.path)[4:]
    assert min(x for x, _ in border) < each.x < max(x for x, _ in border)
    assert not min(x for x, _ in inner) < each.x < max(x for x, _ in inner)


def test_nothing_is_no_map() -> None:
    assert maps.draw([]) is None
