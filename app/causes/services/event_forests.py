"""A forest planted for an event instead of units, and the proof without which it counts for nothing."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from sqlalchemy.dialects.postgresql import insert

from app.accounts.services import audit
from app.causes.errors.events import (
    ForestUnderProof,
    ProofDecided,
    ProofNeedsAnother,
    ProofStands,
    ProofTooEarly,
    ProofTooLate,
)
from app.causes.models.events import EventForest, ForestProof
from app.causes.queries import events as known
from app.causes.queries.events import EventFacts
from app.causes.rules.events import FOREST, UNITS, deadline
from app.causes.services import events
from app.footprint import queries as footprint
from app.kit import clock
from app.kit.database import db
from app.kit.problems import NotFound


@dataclass(frozen=True)
class Planting:
    """Where and how a forest is planted for an event, and what it is expected to take up in its years."""

    place: str
    longitude_e6: int
    latitude_e6: int
    species: str
    area_m2: int
    planted_on: date
    years: int
    expected_g: int
    planting: str
    monitoring: str


@dataclass(frozen=True)
class Proof:
    """What a certifier found: grams by a methodology, in a report that is named by its digest."""

    proven_g: int
    methodology: str
    certifier: str
    report: str
    report_sha256: str
    measured_on: date


def choose_forest(holder_id: int, code: str, told: Planting) -> EventFacts:
    """Plant a forest for an event, or tell it anew until a proof speaks of it.

    What the event owes stands open meanwhile. Raises `NotFound`, `EventCalledOff`, `ForestUnderProof`.
    """
    row, event = events.lock_own(holder_id, code)
    events.require_alive(event)
    _require_no_proof(event)
    values: Mapping[str, Any] = {**asdict(told), "chosen_at": clock.now()}
    stored = insert(EventForest).values(event_id=event.id, **values)
    db.session.execute(stored.on_conflict_do_update(index_elements=["event_id"], set_=values))
    row.method = FOREST
    db.session.flush()
    db.session.expire_all()
    return known.get_event(event.id)


def choose_units(holder_id: int, code: str) -> EventFacts:
    """Become neutral by units after all. Raises `NotFound`, `ForestUnderProof`."""
    row, event = events.lock_own(holder_id, code)
    _require_no_proof(event)
    row.method = UNITS
    db.session.flush()
    return known.get_event(event.id)


def request_proof(operator_id: int, code: str, told: Proof) -> ForestProof:
    """Put forward what a certifier found of an event's forest; another operator decides.

    Raises `NotFound`, `ProofStands` where one waits or was accepted, or the report proves another forest,
    `ProofTooLate` for what was measured after the scheme's time, `ProofTooEarly` before it was planted or
    in days to come.
    """
    event, forest = _planted(code)
    last = deadline(event.latest.ends_on, int(footprint.get_factor(event.scheme.forest_deadline).value))
    if told.measured_on > last:
        raise ProofTooLate(last=last.isoformat())
    if not forest.planted_on < told.measured_on <= clock.business_day():
        raise ProofTooEarly(planted=forest.planted_on.isoformat())
    values = {"event_id": forest.event_id, "requested_by": operator_id, "requested_at": clock.now()}
    row: ForestProof | None = db.session.scalar(
        insert(ForestProof).values(**asdict(told), **values).on_conflict_do_nothing().returning(ForestProof)
    )
    if row is None:
        raise ProofStands()
    audit.record(operator_id, "event_forest_proof_requested", code, _details(row))
    return row


def decide_proof(operator_id: int, code: str, proof_id: int, *, approved: bool) -> ForestProof:
    """Accept or decline a proof; what is accepted takes that much off what the event owes.

    Raises `NotFound`, `ProofDecided`, `ProofNeedsAnother`.
    """
    event, _ = _planted(code)
    row = db.session.get(ForestProof, proof_id, with_for_update=True, populate_existing=True)
    if row is None or row.event_id != event.id:
        raise NotFound()
    if row.decided_at is not None:
        raise ProofDecided()
    if row.requested_by == operator_id:
        raise ProofNeedsAnother()
    row.decided_by, row.decided_at, row.approved = operator_id, clock.now(), approved
    db.session.flush()
    word = "accepted" if approved else "declined"
    audit.record(operator_id, f"event_forest_proof_{word}", code, _details(row))
    events.follow_figures(event.id)
    return row


def _planted(code: str) -> tuple[EventFacts, EventForest]:
    """The event with this code, held, and its forest. Raises `NotFound`."""
    event_id = known.find_event(code)
    if event_id is None:
        raise NotFound()
    events.lock(event_id)
    event, forest = known.get_event(event_id), known.find_forest(event_id)
    if forest is None or event.method != FOREST or event.called_off_at is not None:
        raise NotFound()
    return event, forest


def _require_no_proof(event: EventFacts) -> None:
    if any(proof.approved is not False for proof in known.list_proofs(event.id)):
        raise ForestUnderProof()


def _details(row: ForestProof) -> dict[str, Any]:
    return {"proven_g": row.proven_g, "certifier": row.certifier, "report_sha256": row.report_sha256}
