"""Outlines of land that another project has."""

from typing import Any

from cases.ground import PROJECT, Ground, Unmet, meet

EAST = 0.002
FAR_EAST = 0.02
"""Degrees of longitude, about 200 m and 2 km."""


def overlap(ground: Ground) -> str:
    """A project's own outline shares all of its area, a shifted one a part; a free place shares nothing."""
    parcels = ground.anyone().call("GET", f"/v1/projects/{PROJECT}")["parcels"]["features"]
    first = parcels[0]
    area_m2 = first["properties"]["area_m2"]
    meet(_shared(ground, first, 0), [(PROJECT, 1, area_m2)], "shared by the same outline")
    parts = _shared(ground, first, EAST)
    shared_m2 = sum(part for _, _, part in parts)
    if {code for code, _, _ in parts} != {PROJECT} or not 0 < shared_m2 < area_m2:
        raise Unmet(f"shared by a shifted outline: {parts}")
    free = _check(ground, first, FAR_EAST)
    meet(free.status_code, 200, "a free place")
    return f"409 shares {shared_m2} of {area_m2} m², 409 all of it, elsewhere {free.status_code}"


def _shared(ground: Ground, feature: Any, east: float) -> list[tuple[str, int, int]]:
    """With which parcel of which project an outline is refused, and how much they share."""
    answer = _check(ground, feature, east)
    meet(answer.status_code, 409, "an outline that overlaps")
    found = [each["properties"] for each in answer.json()["overlaps"]["features"]]
    for each in found:
        if f"{each['area_m2']:,}" not in answer.text:
            raise Unmet(f"the refusal does not say the area: {answer.text[:300]}")
    return [(each["project"], each["other_parcel"], each["area_m2"]) for each in found]


def _check(ground: Ground, feature: Any, east: float) -> Any:
    moved = [
        [[round(lon + east, 7), lat] for lon, lat in ring] for ring in feature["geometry"]["coordinates"]
    ]
    outline = {
        "type": "Feature",
        "properties": {"name": "case", "declared_area_m2": feature["properties"]["area_m2"]},
        "geometry": {"type": "Polygon", "coordinates": moved},
    }
    return ground.anyone().ask("POST", "/v1/parcels/check", {"parcels": outline})
