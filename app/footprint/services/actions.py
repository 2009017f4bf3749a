"""Recording and withdrawing actions. Recording is the hot path: one statement (`statement`).

Locks are taken in one order everywhere: scene_day, action, account.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import text

from app.accounts import chart, ledger
from app.accounts.chart import PLATFORM
from app.accounts.ledger import Posting
from app.footprint import announcements, queries, rules
from app.footprint.errors import TripOverlaps
from app.footprint.queries import Action, Methodology
from app.footprint.rules import Fault
from app.footprint.services import statement
from app.footprint.services.faults import unreadable
from app.footprint.services.statement import Written
from app.kit import clock
from app.kit.codes import random_code
from app.kit.database import db, write
from app.kit.messages import language
from app.kit.problems import Conflict


@dataclass(frozen=True, slots=True)
class Claim:
    """One act to be written: its day, moment and minutes if it has them, raw inputs, computed grams."""

    occurred_on: date
    inputs: Mapping[str, Any]
    computed_g: int
    occurred_at: datetime | None = None
    minutes: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class Recorded:
    """An action, and whether this call recorded it; a trip sent twice is recorded once."""

    action: Action
    new: bool


_LOCK_DAY = text(
    "SELECT 1 FROM scene_day WHERE holder_id = :holder AND day = :day AND scene = :scene FOR UPDATE"
)
_WITHDRAW = text(
    "UPDATE action SET withdrawn_at = :now WHERE holder_id = :holder AND id = :id AND withdrawn_at IS NULL"
)


def record_action(
    holder_id: int,
    scene: str,
    started_at: datetime,
    distance_m: int,
    duration_s: int | None = None,
    source: str = rules.SELF,
) -> Recorded:
    """Record a trip of the holder's and credit what it avoided, as far as the day's cap allows.

    A trip takes its minutes: the same trip sent again answers with the one recorded, and another that
    overlaps it is refused, whatever its scene and whoever sent it. Raises `Unreadable` naming the
    field, or `TripOverlaps`.
    """
    methodology = _methodology_for(scene, source)
    method = methodology.method
    window = timedelta(days=method.window_days)
    faults = rules.moment_faults(started_at, clock.now(), window)
    faults = faults or rules.trip_faults(method, distance_m, duration_s)
    if faults:
        raise unreadable(faults)
    inputs = {"distance_m": distance_m, "duration_s": duration_s, "started_at": started_at.isoformat()}
    claim = Claim(
        clock.business_day(started_at),
        inputs,
        rules.Decision(method, methodology.factor.value, method.sources[source], inputs).computed_g,
        started_at,
        rules.trip_minutes(method, holder_id, started_at, distance_m, duration_s),
    )
    written = write_actions(holder_id, methodology, source, [claim])
    if written:
        return Recorded(written[0], True)
    return Recorded(_same_trip(holder_id, scene, claim), False)


def _methodology_for(scene: str, source: str) -> Methodology:
    """What counts `scene` from `source`. Raises `Unreadable` for what nothing counts."""
    methodology = queries.find_scene(scene)
    if methodology is None or methodology.method.kind != rules.TRIP:
        raise unreadable([Fault("scene", "footprint.field_scene")])
    if source not in methodology.method.sources:
        sources = ", ".join(methodology.method.sources)
        raise unreadable([Fault("scene", "footprint.field_scene_not_declared", {"sources": sources})])
    return methodology


def write_actions(
    holder_id: int, methodology: Methodology, source: str, claims: Sequence[Claim]
) -> list[Action]:
    """Write actions of one scene with their credits, postings and announcement.

    Returns what was written, in the order given: a trip whose minutes are taken is left out.
    """
    now = clock.now()
    wishes = [wish(holder_id, methodology, source, claim) for claim in claims]
    alone = len(wishes) == 1
    rows = [statement.write(wishes[0], now)] if alone else statement.write_many(wishes, now)
    return [
        _action(holder_id, methodology, source, claim, row, now)
        for claim, row in zip(claims, rows, strict=True)
        if row.id is not None
    ]


def _action(
    holder_id: int, methodology: Methodology, source: str, claim: Claim, row: Written, now: datetime
) -> Action:
    """The action as it was just written."""
    return Action(
        id=row.id or 0,
        code=row.code,
        holder_id=holder_id,
        scene=methodology.method.scene,
        occurred_on=claim.occurred_on,
        occurred_at=claim.occurred_at,
        source=source,
        grade=grade_of(methodology, source),
        inputs=claim.inputs,
        computed_g=claim.computed_g,
        before_g=row.before_g,
        avoided_g=row.avoided_g,
        cap_reason=rules.DAILY_CAP if row.avoided_g < claim.computed_g else None,
        recorded_at=now,
        withdrawn_at=None,
        methodology=methodology,
        factor=methodology.factor,
    )


def grade_of(methodology: Methodology, source: str) -> str:
    """The grade of evidence from `source`; a source that is not named itself is some partner."""
    sources = methodology.method.sources
    return sources.get(source) or sources[rules.PARTNER]


def wish(
    holder_id: int, methodology: Methodology, source: str, claim: Claim, trip_key: bytes | None = None
) -> dict[str, Any]:
    """A claim as the statement takes it; one without minutes has the empty stretch (0, 0)."""
    method = methodology.method
    begins, ends = claim.minutes or (0, 0)
    return {
        "holder": holder_id,
        "scene": method.scene,
        "day": claim.occurred_on,
        "moment": claim.occurred_at,
        "begins": begins,
        "ends": ends,
        "code": random_code(),
        "inputs": json.dumps(claim.inputs),
        "computed_g": claim.computed_g,
        "cap": method.cap_g,
        "source": source,
        "grade": grade_of(methodology, source),
        "methodology": methodology.id,
        "factor": methodology.factor.id,
        "trip_key": trip_key,
    }


def _same_trip(holder_id: int, scene: str, claim: Claim) -> Action:
    """The recorded trip that this claim repeats. Raises `TripOverlaps` when it is another one."""
    standing = queries.find_trip(holder_id, claim.minutes or (0, 0))
    if standing is None:  # it was withdrawn at this very moment
        raise Conflict()
    asked = (scene, claim.occurred_at, claim.inputs["distance_m"])
    if asked != (standing.scene, standing.occurred_at, standing.inputs["distance_m"]):
        begun = (standing.occurred_at or claim.occurred_at or clock.now()).astimezone(clock.SHANGHAI)
        raise TripOverlaps(
            started_at=f"{begun:%Y-%m-%d %H:%M}",
            scene=standing.methodology.document[f"scene_{language()}"],
        )
    return standing


def withdraw_action(holder_id: int, code: str) -> bool:
    """Withdraw an action and correct the books; False when it was withdrawn before.

    The day's room under the cap is free again; steps and actions that the cap had cut stay cut.
    Raises `NotFound`, for another's action too.
    """
    action = queries.get_action(holder_id, code)
    if action.withdrawn_at is not None:
        return False
    day = {"holder": holder_id, "day": action.occurred_on, "scene": action.scene}
    db.session.execute(_LOCK_DAY, day)
    if not write(_WITHDRAW, {"now": clock.now(), "holder": holder_id, "id": action.id}):
        return False
    if action.avoided_g:
        statement.give_back([day], [action.avoided_g])
        ledger.post([Posting(chart.WITHDRAW_ACTION, action.id, holder_id, PLATFORM, action.avoided_g)])
        announcements.tell_withdrawn(holder_id, action.id, action.avoided_g)
    return True
