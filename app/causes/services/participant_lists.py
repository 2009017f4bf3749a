"""Lists of participants: drafted for a preview, taken whole or in part, replaced as a whole by the next.

Names are read past and numbers kept as digests of one-time codes, which follow from event and number alone:
the same person has the same code on every list of an event, and nothing that is kept tells who they are.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert

from app.causes.errors.participants import (
    ImportDecided,
    ListFaulty,
    ListHasNobody,
    ListTooLarge,
    ListUnreadable,
    ListWithoutNumbers,
)
from app.causes.models.participants import Participant, ParticipantDesk, ParticipantImport
from app.causes.queries import participants as known
from app.causes.queries.events import EventFacts, get_own_event
from app.causes.queries.words import column_name, words
from app.causes.rules.distances import City
from app.causes.rules.lists import DELIMITERS, MOST_BYTES, Listed, ListRefused, RowFault, read_list
from app.causes.rules.participants import (
    ONLINE,
    RECORDED,
    ListedPerson,
    amounts_of,
    people_of,
    summed,
)
from app.causes.services import events
from app.causes.services.participant_codes import code_of, person_of
from app.causes.services.participant_lines import count_people
from app.kit import clock
from app.kit.database import copy_rows, db
from app.kit.messages import language, t
from app.kit.problems import Unreadable

FAULTS_KEPT = 200
"""So many faults are shown; the rest is counted."""
DRAFT_KEPT = timedelta(days=1)
_COLUMNS = (
    *("event_id", "import_id", "line", "person", "attendance", "there_means", "there_km", "there_by_city"),
    *("back_means", "back_km", "back_by_city", "nights", "meals", "diet", "city", "told_at"),
)


@dataclass(frozen=True)
class Reading:
    """A file as it was read: its people, and the lines that cannot be counted."""

    listed: Listed
    people: Sequence[ListedPerson]
    faults: Sequence[RowFault]


def read_participants(content: bytes, city: City | None) -> Reading:
    """The people in a file. Raises `ListTooLarge`, `ListUnreadable`."""
    try:
        listed = read_list(content, words().head)
    except ListRefused as refused:
        if refused.reason == "list_bytes":
            raise ListTooLarge(most=MOST_BYTES // 1024 // 1024) from refused
        params = dict(refused.params)
        if "column" in params:
            params["column"] = column_name(str(params["column"]), language())
        raise ListUnreadable(why=t(f"causes.{refused.reason}", **params), reason=refused.reason) from refused
    people, faults = people_of(listed, words(), city)
    return Reading(listed, people, faults)


def draft_import(holder_id: int, code: str, content: bytes, city: str | None) -> ParticipantImport:
    """Read a file for a preview; nothing counts before it is taken. A draft before it goes.

    Raises `NotFound`, `NothingOpen`, `GuideWithoutPeople`, `Unreadable`, `ListTooLarge`, `ListUnreadable`.
    """
    _, event = events.lock_own(holder_id, code)
    known.open_books(event)
    venue = choose_city(event, city)
    reading = read_participants(content, venue)
    earlier = known.find_draft(event.id)
    if earlier is not None:
        db.session.delete(earlier)
        db.session.flush()
    last = select(func.max(ParticipantImport.number)).where(ParticipantImport.event_id == event.id)
    amounts = (each for one in reading.people for each in amounts_of(one.person, RECORDED, words().means))
    drafted = ParticipantImport(
        event_id=event.id,
        number=(db.session.scalar(last) or 0) + 1,
        city=venue.code if venue else None,
        encoding=reading.listed.encoding,
        delimiter=DELIMITERS[reading.listed.delimiter],
        file_sha256=hashlib.sha256(content).hexdigest(),
        file_bytes=len(content),
        people=len(reading.people),
        online=sum(each.person.attendance == ONLINE for each in reading.people),
        fault_count=len(reading.faults),
        faults=[asdict(fault) for fault in reading.faults[:FAULTS_KEPT]],
        unused=list(reading.listed.unused[:20]),
        formulas=reading.listed.formulas,
        sums=[asdict(each) for each in summed(amounts)],
        drafted_at=clock.now(),
    )
    db.session.add(drafted)
    db.session.flush()
    _write(event.id, drafted, reading.people)
    return drafted


def choose_city(event: EventFacts, code: str | None) -> City | None:
    """The city that distances end in; kept for the next time. Raises `Unreadable` for another."""
    if code is None:
        return known.get_desk(event.id).city
    city = words().cities.by_code.get(code) or words().cities.find(code)
    if city is None:
        raise Unreadable(errors=[{"pointer": "?city", "detail": t("causes.cell_city")}])
    told = insert(ParticipantDesk).values(event_id=event.id, city=city.code)
    db.session.execute(told.on_conflict_do_update(index_elements=["event_id"], set_={"city": city.code}))
    return city


def take_import(holder_id: int, code: str, number: int, *, partial: bool) -> ParticipantImport:
    """Let a draft's people count in place of the list before it; with faulty lines only where `partial`.

    Raises `NotFound`, `ImportDecided`, `ListFaulty`, `ListHasNobody`, and what `count_people` does.
    """
    _, event = events.lock_own(holder_id, code)
    drafted = known.get_import(event.id, number)
    if drafted.taken_at is not None or drafted.ended_at is not None:
        raise ImportDecided()
    if not drafted.people:
        raise ListHasNobody()
    if drafted.fault_count and not partial:
        raise ListFaulty(count=drafted.fault_count)
    _end_standing(event.id)
    drafted.taken_at, drafted.is_partial = clock.now(), drafted.fault_count > 0
    db.session.flush()
    count_people(event)
    return drafted


def drop_import(holder_id: int, code: str, number: int) -> None:
    """Forget a draft, or let the standing list count no more. Raises `NotFound`, `ImportDecided`."""
    _, event = events.lock_own(holder_id, code)
    dropped = known.get_import(event.id, number)
    if dropped.ended_at is not None:
        raise ImportDecided()
    if dropped.taken_at is None:
        db.session.delete(dropped)
        db.session.flush()
        return
    _end_standing(event.id)
    count_people(event)


def list_codes(holder_id: int, code: str, content: bytes) -> list[tuple[str, str]]:
    """Each number on a list with its one-time code; nothing is kept, and the same list gives the same codes.

    Raises `NotFound`, `ListTooLarge`, `ListUnreadable`, `ListWithoutNumbers`.
    """
    event = get_own_event(holder_id, code)
    rows = read_participants(content, known.get_desk(event.id).city).listed.rows
    numbers = [row.cells["number"] for row in rows if row.cells.get("number")]
    if not numbers:
        raise ListWithoutNumbers()
    return [(number, code_of(event.id, number)) for number in dict.fromkeys(numbers)]


def forget_drafts(before: datetime) -> int:
    """Forget drafts that nobody took; returns how many."""
    stale = delete(ParticipantImport).where(
        ParticipantImport.taken_at.is_(None),
        ParticipantImport.ended_at.is_(None),
        ParticipantImport.drafted_at < before,
    )
    done: Any = db.session.execute(stale)
    return int(done.rowcount)


def _end_standing(event_id: int) -> None:
    """The list before this one counts no more, and its people are forgotten; what it came to is kept."""
    standing = known.find_standing(event_id)
    if standing is not None:
        standing.ended_at = clock.now()
        db.session.execute(delete(Participant).where(Participant.import_id == standing.id))
        db.session.flush()


def _write(event_id: int, drafted: ParticipantImport, people: Sequence[ListedPerson]) -> None:
    """All people of a list at once."""
    now = clock.now()
    copy_rows("participant", _COLUMNS, (_row(event_id, drafted.id, each, now) for each in people))


def _row(event_id: int, import_id: int, told: ListedPerson, now: datetime) -> tuple[Any, ...]:
    person, there, back = told.person, told.person.there, told.person.back
    digest = person_of(event_id, code_of(event_id, told.number)) if told.number else None
    return (
        event_id,
        import_id,
        told.line,
        digest,
        person.attendance,
        there.means if there else None,
        there.km if there else 0,
        there.by_city if there else False,
        back.means if back else None,
        back.km if back else 0,
        back.by_city if back else False,
        person.nights,
        person.meals,
        person.diet,
        person.city,
        now,
    )
