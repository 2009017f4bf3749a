"""People's own reports of how they came and stayed: without an account, by the event's link, bounded.

A phone reports one person and may tell it anew. With the one-time code of the list it takes the place of
that person's line; without one nobody can know who it is, so those are no more in all than the event could
have, and the organiser sees each and may take it out. Of all there are few a minute.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import func, select, text
from sqlalchemy.dialects.postgresql import insert

from app.causes.errors.participants import (
    CodeUnknown,
    CodeUsed,
    NothingOpen,
    ReportRemoved,
    ReportsClosed,
    ReportsTooMany,
)
from app.causes.models.events import Event
from app.causes.models.participants import Participant, ParticipantDesk
from app.causes.queries import events as events_known
from app.causes.queries import participants as known
from app.causes.queries.events import EventFacts
from app.causes.queries.participants import Books, Desk
from app.causes.queries.words import words
from app.causes.rules.participants import SURVEYED, CellRefused, Person, amounts_of, read_person
from app.causes.services import events
from app.causes.services.participant_codes import device_of, is_mark
from app.causes.services.participant_codes import read_person as read_code
from app.causes.services.participant_lines import count_people
from app.causes.services.participant_lists import choose_city
from app.kit import clock
from app.kit.database import db
from app.kit.messages import t
from app.kit.problems import NotFound, Problem, Unreadable
from app.offsets.queries import causes

_TURN = text("SELECT pg_advisory_xact_lock(hashtextextended('participant reports:' || :event, 0))")
MOST_A_MINUTE = 600
"""Reports of one event in a minute: ten thousand people in a quarter of an hour."""
MOST_TIMES = 20
"""So often a phone may tell it anew."""
LEAST_ROOM = 100
ROOM = 2
"""Reports of strangers are bounded by so many times the heads that the organiser told."""


@dataclass(frozen=True)
class Entrance:
    """An event as somebody with its link sees it: whether it takes reports, and what this phone told."""

    event: EventFacts
    books: Books | None
    reported: Person | None
    removed: bool

    @property
    def is_open(self) -> bool:
        """Whether this phone may report."""
        return self.books is not None and not self.removed

    @property
    def grams(self) -> int | None:
        """What this phone's report comes to; None where it has not reported or nothing is counted now."""
        if self.reported is None or self.books is None:
            return None
        return self.books.grams(amounts_of(self.reported, SURVEYED, words().means))


def open_reports(holder_id: int, code: str, city: str | None) -> None:
    """Take people's own reports from now on. Raises `NotFound`, `NothingOpen`, `Unreadable`."""
    _, event = events.lock_own(holder_id, code)
    known.open_books(event)
    choose_city(event, city)
    desk = _desk(event.id)
    desk.opened_at, desk.closed_at = desk.opened_at or clock.now(), None
    db.session.flush()


def close_reports(holder_id: int, code: str) -> None:
    """Take no reports any more; what was told stands. Raises `NotFound`."""
    _, event = events.lock_own(holder_id, code)
    desk = _desk(event.id)
    if desk.opened_at is not None:
        desk.closed_at = desk.closed_at or clock.now()
    db.session.flush()


def renew_link(holder_id: int, code: str) -> None:
    """End the link that is out, and the poster with it. Raises `NotFound`."""
    _, event = events.lock_own(holder_id, code)
    _desk(event.id).link_round += 1
    db.session.flush()


def remove_report(holder_id: int, code: str, report_id: int) -> None:
    """Take a report out; its phone reports no more. Raises `NotFound`, and what `count_people` does."""
    _, event = events.lock_own(holder_id, code)
    row = db.session.get(Participant, report_id, populate_existing=True)
    if row is None or row.event_id != event.id or row.import_id is not None:
        raise NotFound()
    if row.removed_at is None:
        row.removed_at = clock.now()
        db.session.flush()
        count_people(event)


def count_reports(holder_id: int, code: str) -> None:
    """Take into the inventory what was reported since. Raises `NotFound`, and what `count_people` does."""
    _, event = events.lock_own(holder_id, code)
    count_people(event)


def enter(code: str, mark: str, device: str | None) -> Entrance:
    """The event that a link leads to. Raises `NotFound` for a link that was never ours, or is ended."""
    event, desk = _by_link(code, mark)
    row = known.find_report(event.id, device_of(event.id, device)) if device else None
    try:
        books = known.open_books(event) if desk.is_open and event.called_off_at is None else None
    except Problem:
        books = None
    told = known.person_of(row) if row is not None and row.removed_at is None else None
    return Entrance(event, books, told, row is not None and row.removed_at is not None)


def report(code: str, mark: str, device: str, told: Mapping[str, str], one_time: str | None) -> Entrance:
    """Keep how somebody came and stayed, in place of what this phone told before.

    Raises `NotFound`, `ReportsClosed`, `ReportRemoved`, `ReportsTooMany`, `CodeUnknown`, `CodeUsed`,
    `Unreadable` with the field.
    """
    _begin_turn(_desk_by_link(code, mark).event_id)
    event, desk = _by_link(code, mark)
    if not desk.is_open or event.called_off_at is not None:
        raise ReportsClosed()
    books = _open_books(event)
    try:
        person = read_person(told, words(), desk.city)
    except CellRefused as wrong:
        detail = t(f"causes.{wrong.reason}", **wrong.params)
        raise Unreadable(errors=[{"pointer": f"#/{wrong.field}", "detail": detail}]) from wrong
    digest = device_of(event.id, device)
    row = known.find_report(event.id, digest)
    if row is not None and row.removed_at is not None:
        raise ReportRemoved()
    listed = _listed(event, row, one_time)
    _require_room(event, row, listed, books)
    row = row or Participant(event_id=event.id, device=digest, times=0)
    _tell(row, person, listed)
    db.session.add(row)
    db.session.flush()
    return Entrance(event, books, person, removed=False)


def _open_books(event: EventFacts) -> Books:
    try:
        return known.open_books(event)
    except NothingOpen as closed:
        raise ReportsClosed() from closed


def _by_link(code: str, mark: str) -> tuple[EventFacts, Desk]:
    desk = _desk_by_link(code, mark)
    return events_known.get_event(desk.event_id), desk


def _desk_by_link(code: str, mark: str) -> Desk:
    """Raises `NotFound`."""
    cause = causes.find_cause(code)
    if cause is None or cause.purpose != events_known.PURPOSE:
        raise NotFound()
    desk = known.get_desk(cause.id)
    if desk.opened_at is None or not is_mark(cause.id, desk.link_round, mark):
        raise NotFound()
    return desk


def _require_room(event: EventFacts, row: Participant | None, listed: bytes | None, books: Books) -> None:
    """Raises `ReportsTooMany`; one report at a time counts."""
    own = (Participant.event_id == event.id, Participant.import_id.is_(None))
    since = clock.now() - timedelta(minutes=1)
    a_stranger = Participant.person.is_(None) & Participant.removed_at.is_(None)
    strangers, lately = db.session.execute(
        select(func.count().filter(a_stranger), func.count().filter(Participant.told_at > since)).where(*own)
    ).one()
    is_full = listed is None and strangers >= max(LEAST_ROOM, ROOM * books.stage.heads)
    if lately >= MOST_A_MINUTE or (is_full if row is None else row.times >= MOST_TIMES):
        raise ReportsTooMany()


def _listed(event: EventFacts, row: Participant | None, one_time: str | None) -> bytes | None:
    """Who on the list this is, by their one-time code. Raises `CodeUnknown`, `CodeUsed`."""
    before = row.person if row is not None else None
    person = read_code(event.id, one_time) if one_time else None
    if not one_time or (person is not None and person == before):
        return before
    standing = known.find_standing(event.id)
    if person is None or standing is None:
        raise CodeUnknown()
    on_list = select(Participant.id).where(Participant.import_id == standing.id, Participant.person == person)
    if db.session.scalar(on_list) is None:
        raise CodeUnknown()
    used = select(Participant.id).where(
        Participant.event_id == event.id,
        Participant.person == person,
        Participant.import_id.is_(None),
        Participant.removed_at.is_(None),
    )
    if db.session.scalar(used) not in (None, row.id if row is not None else None):
        raise CodeUsed()
    return person


def _tell(row: Participant, person: Person, listed: bytes | None) -> None:
    row.person = listed
    row.attendance = person.attendance
    for name, leg in (("there", person.there), ("back", person.back)):
        setattr(row, f"{name}_means", leg.means if leg else None)
        setattr(row, f"{name}_km", leg.km if leg else 0)
        setattr(row, f"{name}_by_city", leg.by_city if leg else False)
    row.nights, row.meals, row.diet, row.city = person.nights, person.meals, person.diet, person.city
    row.times += 1
    row.told_at = clock.now()


def _begin_turn(event_id: int) -> None:
    """Wait until no other report of this event is written, and nothing of it is being closed.

    Before anything of the event is read, so that whoever closes a stage counts this report or turns it
    away. One report at a time: many that shared the event's row would leave the organiser no turn.
    """
    db.session.execute(_TURN, {"event": str(event_id)})
    db.session.get_one(Event, event_id, with_for_update={"read": True})


def _desk(event_id: int) -> ParticipantDesk:
    """The event's desk, made where there is none, and held until the commit."""
    db.session.execute(insert(ParticipantDesk).values(event_id=event_id).on_conflict_do_nothing())
    return db.session.get_one(ParticipantDesk, event_id, with_for_update=True, populate_existing=True)
