"""Events as their organiser and, once published, anyone may see them: figures, status, what was done."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property

from sqlalchemy import select

from app.causes.models.events import (
    Event,
    EventCorrection,
    EventForest,
    EventReduction,
    EventSurplus,
    ForestProof,
)
from app.causes.queries.schemes import schemes
from app.causes.rules.events import (
    FOREST,
    PRIVATE,
    PUBLIC,
    SHARED,
    EventStatus,
    Progress,
    Scheme,
    deadline,
    due_g,
    event_status,
    is_neutral,
)
from app.footprint import queries as footprint
from app.footprint import rules as inventories
from app.footprint.queries import Factor, Inventory, Stage
from app.kit import clock
from app.kit.database import db
from app.kit.problems import NotFound
from app.offsets.queries import attestations, causes
from app.offsets.queries.attestations import Ever
from app.offsets.queries.causes import CauseFacts

PURPOSE = "event"
NEUTRAL = "event_neutral"
"""The kind of attestation that says an event is neutral."""


@dataclass(frozen=True)
class EventFacts:
    """An event with its inventory and what was attested of it; `id` is its cause's."""

    cause: CauseFacts
    kind: str
    scheme: Scheme
    organiser: str
    place: str
    about: str | None
    method: str
    published_at: datetime | None
    called_off_at: datetime | None
    hidden_reason: str | None
    inventory: Inventory
    attested: Ever
    proven_g: int

    @property
    def id(self) -> int:
        """Its cause's id."""
        return self.cause.id

    @property
    def code(self) -> str:
        """Its public code, which is its cause's."""
        return self.cause.code

    @property
    def title(self) -> str:
        """Its name."""
        return self.cause.title

    @property
    def visibility(self) -> str:
        """Who sees it, and who may buy for it."""
        if self.published_at is None:
            return PRIVATE
        return SHARED if self.cause.shared else PUBLIC

    @property
    def figure(self) -> Stage | None:
        """The closed stage whose figure is owed: the final one, else the estimate."""
        closed = (self.inventory.stages.get(name) for name in (inventories.FINAL, inventories.ESTIMATE))
        return next((stage for stage in closed if stage is not None and stage.closed_at is not None), None)

    @property
    def latest(self) -> Stage:
        """The stage that was opened last: its days and heads are the event's."""
        stages = self.inventory.stages
        return stages.get(inventories.FINAL) or stages[inventories.ESTIMATE]

    @property
    def counted(self) -> bool:
        """Whether the final figure is closed."""
        return self.figure is not None and self.figure.stage == inventories.FINAL

    @property
    def due_g(self) -> int:
        """What units have to close in all."""
        if self.figure is None or self.figure.closed_g is None or self.called_off_at is not None:
            return 0
        return due_g(self.figure.closed_g, self.proven_g)

    def neutral_with(self, owed_g: int) -> bool:
        """Whether it may be attested neutral, given what it still owes."""
        return is_neutral(self.counted and self.called_off_at is None, owed_g)

    @property
    def status(self) -> EventStatus:
        """Where it stands."""
        return event_status(
            Progress(
                estimated=self.figure is not None,
                counted=self.counted,
                attested=self.attested.number is not None,
                was_attested=self.attested.versions > 0,
                called_off=self.called_off_at is not None,
            )
        )

    @cached_property
    def deadline_factor(self) -> Factor:
        """The setting behind the deadline: months, source, mark."""
        return footprint.get_factor(self.scheme.deadline_of(self.method))

    @property
    def deadline(self) -> date:
        """The last day on which it may become neutral by its scheme."""
        return deadline(self.latest.ends_on, int(self.deadline_factor.value))

    @property
    def overdue(self) -> bool:
        """Whether that day is over and it is not neutral."""
        return not self.ended and clock.business_day() > self.deadline

    @property
    def ended(self) -> bool:
        """Whether there is nothing left to do: it is neutral, or does not take place."""
        return self.status in (EventStatus.NEUTRAL, EventStatus.CALLED_OFF)


def get_own_event(holder_id: int, code: str) -> EventFacts:
    """The event that `holder_id` manages. Raises `NotFound`, for another's too."""
    found = _find(code)
    if found is None or not manages(holder_id, found.cause):
        raise NotFound()
    return found


def get_published_event(code: str) -> EventFacts:
    """An event that anyone may see. Raises `NotFound`."""
    found = _find(code)
    if found is None or found.published_at is None:
        raise NotFound()
    return found


def get_event(event_id: int) -> EventFacts:
    """The event of this cause, for rooms and pages that know whom they may show it to."""
    return read_events([event_id])[0]


def read_events(ids: Sequence[int]) -> list[EventFacts]:
    """Events by id, in this order, for whoever knows whom they may show them to."""
    found = causes.read_causes(ids)
    return _read([found[each] for each in ids])


def manages(holder_id: int, cause: CauseFacts) -> bool:
    """Whether `holder_id` acts for the owner of this cause."""
    return cause.owner_id == holder_id


def list_events(holder_id: int, limit: int, before: int | None = None) -> list[EventFacts]:
    """The events that a holder manages, the newest first; `before` is an event's id."""
    return _read(causes.list_causes(holder_id, PURPOSE, limit, before))


def list_published(limit: int, before: int | None = None) -> list[EventFacts]:
    """Events that anyone may see, the newest first; `before` is an event's id."""
    wanted = select(Event.cause_id).where(Event.published_at.is_not(None))
    if before is not None:
        wanted = wanted.where(Event.cause_id < before)
    ids = db.session.scalars(wanted.order_by(Event.cause_id.desc()).limit(limit)).all()
    return read_events(ids)


def find_event(code: str) -> int | None:
    """The id of the event with this code, whoever's it is."""
    found = _find(code)
    return None if found is None else found.id


def find_event_of(inventory_id: int) -> int | None:
    """The event that an inventory belongs to, also one that corrects it."""
    of_event = select(Event.cause_id).where(Event.inventory_id == inventory_id)
    of_correction = select(EventCorrection.event_id).where(EventCorrection.inventory_id == inventory_id)
    return db.session.scalar(of_event.union(of_correction))


def list_events_of(inventory_ids: Sequence[int]) -> list[EventFacts]:
    """Whichever events these inventories count for now and that take place, whoever's they are."""
    wanted = select(Event.cause_id).where(
        Event.inventory_id.in_(inventory_ids), Event.called_off_at.is_(None)
    )
    return read_events(db.session.scalars(wanted.order_by(Event.cause_id)).all())


def list_reductions(event_id: int) -> Sequence[EventReduction]:
    """What is done to emit less, in the order it was told."""
    wanted = select(EventReduction).where(EventReduction.event_id == event_id)
    return db.session.scalars(wanted.order_by(EventReduction.id)).all()


def list_corrections(event_id: int) -> Sequence[EventCorrection]:
    """How the final figure was told anew, the first first."""
    wanted = select(EventCorrection).where(EventCorrection.event_id == event_id)
    return db.session.scalars(wanted.order_by(EventCorrection.id)).all()


def find_open_correction(event_id: int) -> EventCorrection | None:
    """The correction that is being worked on."""
    return db.session.scalar(
        select(EventCorrection).where(
            EventCorrection.event_id == event_id, EventCorrection.closed_at.is_(None)
        )
    )


def open_inventory(event: EventFacts) -> Inventory:
    """The inventory that is worked on: an open correction's, else the event's own."""
    correction = find_open_correction(event.id)
    if correction is None:
        return event.inventory
    return footprint.read_inventories([correction.inventory_id])[correction.inventory_id]


@dataclass(frozen=True)
class Kept:
    """Surplus that came from or went to another event."""

    event_id: int
    code: str
    title: str
    amount_g: int
    moved_at: datetime


def list_kept(event_id: int) -> tuple[list[Kept], list[Kept]]:
    """What came from other events, and what went to others."""
    rows = db.session.scalars(
        select(EventSurplus)
        .where((EventSurplus.source_id == event_id) | (EventSurplus.target_id == event_id))
        .order_by(EventSurplus.id)
    ).all()
    ids = {each for row in rows for each in (row.source_id, row.target_id)}
    others = causes.read_causes(list(ids))
    came = [_kept(row, others[row.source_id]) for row in rows if row.target_id == event_id]
    went = [_kept(row, others[row.target_id]) for row in rows if row.source_id == event_id]
    return came, went


def _kept(row: EventSurplus, other: CauseFacts) -> Kept:
    return Kept(other.id, other.code, other.title, row.amount_g, row.moved_at)


def find_forest(event_id: int) -> EventForest | None:
    """The forest that is planted for an event."""
    return db.session.get(EventForest, event_id)


def list_proofs(event_id: int) -> Sequence[ForestProof]:
    """What was asked to be accepted as proof of an event's forest, the last first."""
    wanted = select(ForestProof).where(ForestProof.event_id == event_id)
    return db.session.scalars(wanted.order_by(ForestProof.id.desc())).all()


def list_all(limit: int, before: int | None = None) -> list[EventFacts]:
    """All events, the newest first, whoever's they are; for operators."""
    wanted = select(Event.cause_id).order_by(Event.cause_id.desc()).limit(limit)
    if before is not None:
        wanted = wanted.where(Event.cause_id < before)
    return read_events(db.session.scalars(wanted).all())


def list_forests(limit: int, before: int | None = None) -> list[EventFacts]:
    """Events that plant a forest instead, the newest first, whoever's they are; for operators."""
    wanted = select(Event.cause_id).where(Event.method == FOREST)
    if before is not None:
        wanted = wanted.where(Event.cause_id < before)
    ids = db.session.scalars(wanted.order_by(Event.cause_id.desc()).limit(limit)).all()
    return read_events(ids)


def count_waiting_proofs() -> int:
    """How many proofs wait for a second operator."""
    return len(db.session.scalars(select(ForestProof.id).where(ForestProof.decided_at.is_(None))).all())


def _find(code: str) -> EventFacts | None:
    cause = causes.find_cause(code)
    return None if cause is None or cause.purpose != PURPOSE else _read([cause])[0]


def _read(known: Sequence[CauseFacts]) -> list[EventFacts]:
    """Events of these causes, with their inventories and attestations, a few statements for all of them."""
    ids = [cause.id for cause in known]
    rows = {row.cause_id: row for row in db.session.scalars(select(Event).where(Event.cause_id.in_(ids)))}
    found = footprint.read_inventories(row.inventory_id for row in rows.values())
    ever = attestations.ever_attested(ids, NEUTRAL)
    proven: Mapping[int, int] = dict(
        db.session.execute(
            select(ForestProof.event_id, ForestProof.proven_g).where(
                ForestProof.event_id.in_(ids), ForestProof.approved.is_(True)
            )
        ).all()
    )
    return [
        EventFacts(
            cause=cause,
            kind=row.kind,
            scheme=schemes().schemes[row.scheme],
            organiser=row.organiser,
            place=row.place,
            about=row.about,
            method=row.method,
            published_at=row.published_at,
            called_off_at=row.called_off_at,
            hidden_reason=row.hidden_reason,
            inventory=found[row.inventory_id],
            attested=ever.get(cause.id, Ever()),
            proven_g=proven.get(cause.id, 0),
        )
        for cause in known
        if (row := rows.get(cause.id))
    ]
