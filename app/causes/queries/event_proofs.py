"""What must always be true of events."""

from collections.abc import Iterator

from sqlalchemy import func, select

from app.accounts import chart
from app.accounts import queries as accounts
from app.causes.models.events import Event, EventSurplus
from app.causes.queries.events import EventFacts, read_events
from app.kit.database import db
from app.kit.proof import Proof, equal
from app.offsets.queries import causes

AT_ONCE = 200


def prove_events() -> list[Proof]:
    """Every event owes what its figures say, and what stands attested is closed."""
    events = differing = attested = untrue = 0
    for event, due_g in _events():
        events += 1
        differing += due_g != event.due_g
        if event.attested.number is not None:
            attested += 1
            untrue += not event.neutral_with(-accounts.get_balance(event.id, chart.DUE))
    moved = db.session.scalar(select(func.coalesce(func.sum(EventSurplus.amount_g), 0)))
    books = sum(map(accounts.sum_entries, (chart.KEEP_SURPLUS, chart.KEEP_SURPLUS_DUE)))
    return [
        Proof("causes.prove_events", {"events": events, "differing": differing}, not differing),
        Proof("causes.prove_event_attestations", {"attested": attested, "untrue": untrue}, not untrue),
        equal("causes.prove_surplus", surplus=int(moved or 0), books=books),
    ]


def _events() -> Iterator[tuple[EventFacts, int]]:
    """Every event with what its dues sum up to, some at a time."""
    last = 0
    while True:
        wanted = select(Event.cause_id).where(Event.cause_id > last).order_by(Event.cause_id).limit(AT_ONCE)
        ids = db.session.scalars(wanted).all()
        if not ids:
            return
        dues = causes.sum_dues(ids)
        for event in read_events(ids):
            yield event, dues.get(event.id, 0)
        last = ids[-1]
