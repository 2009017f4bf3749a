"""Recording and withdrawing actions. Recording is the hot path: one statement (`statement`).

Locks are taken in one order everywhere: scene_day, action, account.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import text

from app.accounts import chart, ledger
from app.accounts.chart import PLATFORM
from app.accounts.ledger import Posting
from app.footprint import announcements, queries, rules
from app.footprint.errors import TripOverlaps
from app.footprint.queries import Action, Methodology
from app.footprint.rules import COUNT, PARTNER, SELF, TRIP, Fault, Limits
from app.footprint.services import statement, waiting
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
class Terms:
    """On which terms an act is written, where they differ from what its source and scene say.

    `limits` hold what passes them; without any, nothing is held. `trip_key` is the ride that it is.
    """

    limits: Limits | None = None
    grade: str | None = None
    cap_g: int | None = None
    trip_key: bytes | None = None


_PLAIN = Terms()
_NO_LIMITS = Limits()


@dataclass(frozen=True, slots=True)
class Recorded:
    """An action, and whether this call recorded it; a trip sent twice is recorded once."""

    action: Action
    new: bool


_LOCK_DAY = text(
    "SELECT 1 FROM scene_day WHERE holder_id = :holder AND day = :day AND scene = :scene FOR UPDATE"
)
_RIDE = text("SELECT key FROM trip_key WHERE action_id = :id AND holder_id = :holder")
_WITHDRAW = text(
    "UPDATE action SET withdrawn_at = :now WHERE holder_id = :holder AND id = :id AND withdrawn_at IS NULL"
)


def record_action(
    holder_id: int,
    scene: str,
    started_at: datetime,
    distance_m: int,
    duration_s: int | None = None,
    source: str = SELF,
) -> Recorded:
    """Record a trip of the holder's and credit what it avoided, as far as the day's cap allows.

    A trip takes its minutes: the same trip sent again answers with the one recorded, and another that
    overlaps it is refused, whatever its scene and whoever sent it. Raises `Unreadable` naming the
    field, or `TripOverlaps`.
    """
    methodology = _methodology_for(scene, source, TRIP, "started_at")
    method = methodology.method
    faults = rules.moment_faults(started_at, clock.now(), timedelta(days=method.window_days))
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
    written = write_actions(holder_id, methodology, source, [claim], _terms(methodology, source))
    if written:
        return Recorded(written[0], True)
    return Recorded(_same_trip(holder_id, scene, claim), False)


def record_act(holder_id: int, scene: str, occurred_on: date, quantity: int, source: str = SELF) -> Recorded:
    """Record `quantity` acts of a scene that is counted, such as orders without cutlery, of one day.

    Two reports of a day are two: whoever sends again uses an idempotency key. Raises `Unreadable`
    naming the field.
    """
    methodology = _methodology_for(scene, source, COUNT, "quantity")
    method = methodology.method
    faults = rules.day_faults(occurred_on, clock.business_day(), timedelta(days=method.window_days))
    faults = faults or rules.quantity_faults(method, quantity)
    if faults:
        raise unreadable(faults)
    inputs = {method.measure: quantity}
    grams = rules.Decision(method, methodology.factor.value, method.sources[source], inputs).computed_g
    claim = Claim(method.day_of(occurred_on), inputs, grams)
    return Recorded(
        write_actions(holder_id, methodology, source, [claim], _terms(methodology, source))[0], True
    )


def _terms(methodology: Methodology, source: str) -> Terms:
    """Limits hold what people declare of themselves; other sources are evidence already."""
    return Terms(limits=methodology.method.limits) if source == SELF else _PLAIN


def _methodology_for(scene: str, source: str, kind: str, telling: str) -> Methodology:
    """What counts `scene` from `source`, declared as `kind`. Raises `Unreadable` for what nothing counts.

    `telling` is the field that says the wrong kind where it is another.
    """
    methodology = queries.find_scene(scene)
    if methodology is None:
        raise unreadable([Fault("scene", "footprint.field_scene")])
    if source not in methodology.method.sources:
        sources = ", ".join(methodology.method.sources)
        raise unreadable([Fault("scene", "footprint.field_scene_not_declared", {"sources": sources})])
    if methodology.kind != kind:
        raise unreadable([Fault(telling, f"footprint.field_scene_is_{methodology.kind}")])
    return methodology


def write_actions(
    holder_id: int, methodology: Methodology, source: str, claims: Sequence[Claim], terms: Terms = _PLAIN
) -> list[Action]:
    """Write actions of one scene with their credits, postings and announcement.

    Returns what was written, in the order given: a trip whose minutes are taken is left out. What a
    limit held waits in a review from now on; limits concern a claim that is written alone.
    """
    now = clock.now()
    wishes = [wish(holder_id, methodology, source, claim, terms) for claim in claims]
    if len(wishes) == 1 and terms.trip_key is None:
        rows = [statement.write(wishes[0], now)]
    else:
        rows = statement.write_many(wishes, now)
    told = zip(claims, wishes, rows, strict=True)
    return [_action(methodology, claim, asked, row, now) for claim, asked, row in told if row]


def _action(
    methodology: Methodology, claim: Claim, asked: Mapping[str, Any], row: Written, now: datetime
) -> Action:
    """The action as it was just written."""
    short = rules.HELD if row.held else rules.DAILY_CAP
    return Action(
        id=row.id,
        code=row.code,
        holder_id=asked["holder"],
        scene=methodology.method.scene,
        occurred_on=claim.occurred_on,
        occurred_at=claim.occurred_at,
        source=asked["source"],
        grade=asked["grade"],
        inputs={**claim.inputs, rules.HELD: row.held} if row.held else claim.inputs,
        computed_g=claim.computed_g,
        before_g=row.before_g,
        avoided_g=row.avoided_g,
        cap_reason=short if row.avoided_g < claim.computed_g else None,
        recorded_at=now,
        withdrawn_at=None,
        methodology=methodology,
        factor=methodology.factor,
    )


def grade_of(methodology: Methodology, source: str) -> str:
    """The grade of evidence from `source`; a source that is not named itself is some partner."""
    sources = methodology.method.sources
    return sources.get(source) or sources[PARTNER]


def wish(
    holder_id: int, methodology: Methodology, source: str, claim: Claim, terms: Terms = _PLAIN
) -> dict[str, Any]:
    """A claim as the statement takes it; one without minutes has the empty stretch (0, 0)."""
    method = methodology.method
    begins, ends = claim.minutes or (0, 0)
    limits = terms.limits if terms.limits and claim.computed_g else _NO_LIMITS  # of nothing, nothing is held
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
        "cap": method.cap_g if terms.cap_g is None else terms.cap_g,
        "source": source,
        "grade": terms.grade or grade_of(methodology, source),
        "methodology": methodology.id,
        "factor": methodology.factor.id,
        "most_acts": limits.day_acts,
        "most_amount": limits.day_total,
        "most_series": limits.same_speed,
        "trip_key": terms.trip_key,
        **rules.tally(method, source, claim.inputs)._asdict(),
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

    The day's room under the cap is free again; steps and actions that the cap had cut stay cut. What
    waited for a decision on it is dropped, and its photo may prove another act. Raises `NotFound`, for
    another's action too.
    """
    action = queries.get_action(holder_id, code)
    if action.withdrawn_at is not None:
        return False
    lock_day(action)
    if not _take_out(action):
        return False
    waiting.drop(action.holder_id, action.id)
    return True


def lock_day(action: Action) -> None:
    """Hold the day of an action: whatever becomes of it waits here, before any lock on the action."""
    day = {"holder": action.holder_id, "day": action.occurred_on, "scene": action.scene}
    db.session.execute(_LOCK_DAY, day)


def replace_action(action: Action, grade: str, *, lift_cap: bool = False) -> Action | None:
    """Let an action that an operator has decided on count again from its raw inputs; None if withdrawn.

    The recorded one is withdrawn and another takes its place, its minutes and its ride, by the same
    methodology and factor: at the grade of its evidence, held by nothing, and with a cap that has room
    for it where `lift_cap` says so. The caller holds the day (`lock_day`).
    """
    ride = db.session.scalar(_RIDE, {"id": action.id, "holder": action.holder_id})
    if not _take_out(action):
        return None
    methodology = replace(action.methodology, factor=action.factor)
    method, told = methodology.method, _claim(action)
    inputs = {name: value for name, value in told.inputs.items() if name != rules.HELD}
    grams = rules.Decision(method, action.factor.value, grade, inputs).computed_g
    cap_g = action.cap_g
    if lift_cap:
        cap_g = max(cap_g, queries.credited_on(action) + grams)
    if cap_g != method.cap_g:
        inputs[rules.CAP_SET] = cap_g
    claim = replace(told, inputs=inputs, computed_g=grams)
    terms = Terms(grade=grade, cap_g=cap_g, trip_key=bytes(ride) if ride else None)
    [written] = write_actions(action.holder_id, methodology, action.source, [claim], terms)
    return written


def _take_out(action: Action) -> bool:
    """Mark an action withdrawn and undo what it was credited; False when it was withdrawn before."""
    if not write(_WITHDRAW, {"now": clock.now(), "holder": action.holder_id, "id": action.id}):
        return False
    added = rules.tally(action.methodology.method, action.source, action.inputs)._asdict()
    day = {"holder": action.holder_id, "day": action.occurred_on, "scene": action.scene}
    statement.give_back([day | added], [action.avoided_g])
    if action.avoided_g:
        ledger.post([Posting(chart.WITHDRAW_ACTION, action.id, action.holder_id, PLATFORM, action.avoided_g)])
        announcements.tell_withdrawn(action.holder_id, action.id, action.avoided_g)
    return True


def _claim(action: Action) -> Claim:
    """What an action once claimed, from what is recorded of it."""
    claim = Claim(action.occurred_on, action.inputs, action.computed_g, action.occurred_at)
    if action.occurred_at is None or action.methodology.kind != TRIP:
        return claim
    method, inputs = action.methodology.method, action.inputs
    told = (inputs["distance_m"], inputs.get("duration_s"))
    return replace(claim, minutes=rules.trip_minutes(method, action.holder_id, action.occurred_at, *told))
