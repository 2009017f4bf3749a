"""Events: registered, described, taken stock of, published; what they owe follows from their figures.

Whatever may change a figure ends in `follow_figures`: it sets the due, and attests or revokes. It says the
same again without effect, so that it may be called after anything.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert

from app.accounts.services import audit, notices
from app.causes.errors.events import (
    EventAttested,
    EventCalledOff,
    EventHidden,
    EventSettled,
    InventoryTaken,
    TooManyReductions,
)
from app.causes.models.events import Event, EventReduction
from app.causes.queries import event_documents
from app.causes.queries import events as known
from app.causes.queries.events import NEUTRAL, PURPOSE, EventFacts
from app.causes.queries.schemes import schemes
from app.causes.rules.events import MOST_REDUCTIONS, PRIVATE, SHARED
from app.causes.services.participant_lines import catch_up
from app.footprint import queries as footprint
from app.footprint import rules as inventories
from app.footprint import services as stock
from app.kit import clock
from app.kit.database import db
from app.kit.messages import t
from app.kit.problems import NotFound, Unreadable
from app.offsets.queries import causes as books
from app.offsets.services import attestations, causes


@dataclass(frozen=True)
class Description:
    """What an organiser tells of an event besides its days, heads and figures."""

    title: str
    kind: str
    organiser: str
    place: str
    about: str | None = None
    scheme: str | None = None


@dataclass(frozen=True)
class Reduction:
    """One thing that is done to emit less; `outcome` is told when it is done."""

    type: str
    text: str
    planned_g: int | None = None
    outcome: str | None = None


@dataclass(frozen=True)
class Beginning:
    """How its taking stock begins: with an inventory of the organiser's own, or with facts for a new one."""

    region: str | None = None
    facts: stock.Facts | None = None
    inventory: str | None = None
    stage: str = field(default=inventories.ESTIMATE)


def register_event(holder_id: int, told: Description, begin: Beginning) -> EventFacts:
    """Register an event: its books, and its inventory. Raises `Unreadable`, `NotFound`, `InventoryTaken`."""
    inventory = _begin(holder_id, told, begin)
    if known.find_event_of(inventory.id) is not None:
        raise InventoryTaken()
    cause = causes.open_cause(PURPOSE, holder_id, told.title)
    described = {
        "cause_id": cause.id,
        "inventory_id": inventory.id,
        "scheme": told.scheme or schemes().scheme_for(inventory.region).key,
        "kind": told.kind,
        "organiser": told.organiser,
        "place": told.place,
        "about": told.about,
    }
    made = insert(Event).values(described).on_conflict_do_nothing().returning(Event.cause_id)
    if db.session.scalar(made) is None:
        raise InventoryTaken()
    follow_figures(cause.id)
    return known.get_event(cause.id)


def _begin(holder_id: int, told: Description, begin: Beginning) -> footprint.Inventory:
    _require_known(told)
    if begin.inventory is not None:
        return footprint.get_inventory(holder_id, begin.inventory)
    if begin.facts is None or begin.region is None:
        raise ValueError("an event begins with an inventory, or with facts for one")
    return stock.create_inventory(holder_id, told.title, begin.region, begin.facts, begin.stage)


def _require_known(told: Description) -> None:
    """Raises `Unreadable` for a kind or a scheme that the file does not have."""
    asked: Mapping[str, tuple[str | None, Mapping[str, Any]]] = {
        "kind": (told.kind, schemes().kinds),
        "scheme": (told.scheme, schemes().schemes),
    }
    errors = [
        {"pointer": f"#/{name}", "detail": t("kit.field_one_of", choices=", ".join(choices))}
        for name, (choice, choices) in asked.items()
        if choice is not None and choice not in choices
    ]
    if errors:
        raise Unreadable(errors=errors)


def describe_event(holder_id: int, code: str, told: Description) -> EventFacts:
    """Tell anew what an event is, until its final figure is closed.

    Raises `NotFound`, `Unreadable`, `EventSettled`, `EventCalledOff`.
    """
    _require_known(told)
    row, event = lock_own(holder_id, code)
    require_planned(event)
    row.kind, row.organiser, row.place, row.about = told.kind, told.organiser, told.place, told.about
    row.scheme = told.scheme or row.scheme
    causes.rename_cause(event.id, told.title)
    return known.get_event(event.id)


def show_event(holder_id: int, code: str, visibility: str) -> EventFacts:
    """Let nobody, anybody see an event, or anybody also buy for it.

    What was attested once is never hidden again. Raises `NotFound`, `EventAttested`, `EventHidden`.
    """
    row, event = lock_own(holder_id, code)
    if event.hidden_reason is not None:
        raise EventHidden()
    if visibility == PRIVATE and event.attested.versions:
        raise EventAttested()
    row.published_at = None if visibility == PRIVATE else row.published_at or clock.now()
    db.session.flush()
    causes.share_cause(event.id, visibility == SHARED)
    return known.get_event(event.id)


def hide_event(operator_id: int, code: str, reason: str | None) -> EventFacts:
    """Let nobody but its organiser see an event, for a reason that they read; None takes it back.

    Whether it is shown again is then its organiser's to say. Raises `NotFound`.
    """
    event_id = known.find_event(code)
    if event_id is None:
        raise NotFound()
    row = lock(event_id)
    row.hidden_reason = reason
    if reason is not None:
        row.published_at = None
        causes.share_cause(event_id, False)
    db.session.flush()
    done = "event_unhidden" if reason is None else "event_hidden"
    audit.record(operator_id, done, code, {"reason": reason} if reason else {})
    return known.get_event(event_id)


def open_final(holder_id: int, code: str, facts: stock.Facts) -> EventFacts:
    """Begin the final figure with who really took part. Raises what `footprint.open_final` does."""
    _, event = lock_own(holder_id, code)
    require_planned(event)
    stock.open_final(_owner(event), event.inventory.code, facts)
    return known.get_event(event.id)


def close_stage(holder_id: int, code: str, stage: str) -> EventFacts:
    """Close the estimate, the final figure, or the correction that is worked on; it is owed from now on.

    Raises what `footprint.close_stage` does, and `EventCalledOff`.
    """
    _, event = lock_own(holder_id, code)
    require_alive(event)
    stock.close_stage(_owner(event), known.open_inventory(event).code, stage)
    follow_figures(event.id)
    return known.get_event(event.id)


def call_off(holder_id: int, code: str) -> EventFacts:
    """Say that an event does not take place: nothing is owed, what was bought may be kept for another.

    Raises `NotFound`, `EventSettled`; the second time nothing happens.
    """
    row, event = lock_own(holder_id, code)
    if event.counted:
        raise EventSettled()
    row.called_off_at = row.called_off_at or clock.now()
    db.session.flush()
    causes.close_cause(event.id)
    follow_figures(event.id)
    return known.get_event(event.id)


def follow_figures(event_id: int) -> None:
    """Let the books and the attestation say what the figures say now."""
    row = lock(event_id)
    correction = known.find_open_correction(event_id)
    if correction is not None and _is_closed(correction.inventory_id):
        row.inventory_id, correction.closed_at = correction.inventory_id, clock.now()
        db.session.flush()
    event = known.get_event(event_id)
    reason = "called_off" if event.called_off_at else event.figure.stage if event.figure else "planned"
    causes.set_due(event_id, event.due_g, reason)
    if not event.neutral_with(books.standing(event_id).owed_g):
        if attestations.revoke(event_id, NEUTRAL, "figures_changed"):
            _tell(event, "causes.notice_event_lapsed", event.attested.number or "")
    elif not event_documents.still_true(event):
        number = attestations.attest(event_id, NEUTRAL, event_documents.neutrality_facts(event))
        _tell(event, "causes.notice_event_neutral", number)


def _tell(event: EventFacts, message: str, number: str) -> None:
    notices.tell([_owner(event)], message, number, title=event.title, number=number)


def _is_closed(inventory_id: int) -> bool:
    [inventory] = footprint.read_inventories([inventory_id]).values()
    return inventory.stages[inventories.FINAL].closed_at is not None


def follow_inventory(inventory_id: int) -> None:
    """The figures of whichever event this inventory is of, if any."""
    event_id = known.find_event_of(inventory_id)
    if event_id is not None:
        follow_figures(event_id)


def count_inventory(inventory_id: int) -> None:
    """Count the people of whichever event this inventory is of, if any, before one of its stages closes."""
    event_id = known.find_event_of(inventory_id)
    if event_id is not None:
        lock(event_id)
        catch_up(known.get_event(event_id))


def add_reduction(holder_id: int, code: str, told: Reduction) -> EventReduction:
    """Tell one thing that is done to emit less. Raises `NotFound`, `EventSettled`, `TooManyReductions`."""
    _, event = lock_own(holder_id, code)
    require_planned(event)
    _require_type(event, told.type)
    mine = select(func.count()).where(EventReduction.event_id == event.id)
    if (db.session.scalar(mine) or 0) >= MOST_REDUCTIONS:
        raise TooManyReductions(most=MOST_REDUCTIONS)
    row = EventReduction(event_id=event.id, told_at=clock.now(), **vars(told))
    db.session.add(row)
    db.session.flush()
    return row


def change_reduction(holder_id: int, code: str, reduction_id: int, told: Reduction) -> EventReduction:
    """Tell a reduction anew, such as with what came of it. Raises `NotFound`, `EventSettled`."""
    _, event = lock_own(holder_id, code)
    require_planned(event)
    _require_type(event, told.type)
    row = _reduction(event, reduction_id)
    for name, value in vars(told).items():
        setattr(row, name, value)
    db.session.flush()
    return row


def drop_reduction(holder_id: int, code: str, reduction_id: int) -> None:
    """Take a reduction back. Raises `NotFound`, `EventSettled`."""
    _, event = lock_own(holder_id, code)
    require_planned(event)
    db.session.delete(_reduction(event, reduction_id))
    db.session.flush()


def _reduction(event: EventFacts, reduction_id: int) -> EventReduction:
    row = db.session.get(EventReduction, reduction_id)
    if row is None or row.event_id != event.id:
        raise NotFound()
    return row


def _require_type(event: EventFacts, type_: str) -> None:
    types = event.inventory.guide.event.types
    if type_ not in types:
        detail = t("kit.field_one_of", choices=", ".join(types))
        raise Unreadable(errors=[{"pointer": "#/type", "detail": detail}])


def lock(event_id: int) -> Event:
    """The event's row, held until the commit."""
    return db.session.get_one(Event, event_id, with_for_update=True, populate_existing=True)


def lock_own(holder_id: int, code: str) -> tuple[Event, EventFacts]:
    """The row of an event that `holder_id` manages, held, and what is known of it then. Raises `NotFound`."""
    row = lock(known.get_own_event(holder_id, code).id)
    return row, known.get_event(row.cause_id)


def require_alive(event: EventFacts) -> None:
    """Raises `EventCalledOff`."""
    if event.called_off_at is not None:
        raise EventCalledOff()


def require_planned(event: EventFacts) -> None:
    """Raises `EventCalledOff`, and `EventSettled` once the final figure is closed."""
    require_alive(event)
    if event.counted:
        raise EventSettled()


def _owner(event: EventFacts) -> int:
    """Whose the event's inventories are. An event always has somebody who organises it."""
    assert event.cause.owner_id is not None
    return event.cause.owner_id
