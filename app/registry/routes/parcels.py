"""Measuring land, and whether a project has it already. For whoever draws an outline; nothing is kept."""

import threading
from typing import Any

from app.kit import clock
from app.kit.http import Blueprint, public
from app.kit.problems import TooMany
from app.registry import queries
from app.registry.errors.dossiers import ParcelOverlaps
from app.registry.schemas.dossiers import ParcelCheck, ParcelCheckView

parcels = Blueprint("parcels", __name__, url_prefix="/v1/parcels", description="Land 地块")

CHECKS = 2
"""How many outlines one process compares at once: each may keep a thread busy for seconds."""
_checks = threading.BoundedSemaphore(CHECKS)


@parcels.route("/check", methods=["POST"])
@public
@parcels.arguments(ParcelCheck)
@parcels.response(200, ParcelCheckView)
def check_parcels(wish: dict[str, Any]) -> dict[str, Any]:
    """Measure an outline, and refuse it with what is wrong and where, or with what it shares with whom."""
    if not _checks.acquire(blocking=False):
        raise TooMany()
    try:
        return _checked(wish)
    finally:
        _checks.release()


def _checked(wish: dict[str, Any]) -> dict[str, Any]:
    lands = queries.parcels.read_lands(wish["parcels"], wish.get("region"), public=True)
    today = clock.business_day()
    found = queries.parcels.clashes(lands, (wish.get("start", today), wish.get("end", today)), public=True)
    if found:
        faults = queries.parcels.overlap_faults(found)
        raise ParcelOverlaps([clash.feature for clash in found], errors=faults)
    return {"parcels": lands, "area_m2": sum(land.area_m2 for land in lands)}
