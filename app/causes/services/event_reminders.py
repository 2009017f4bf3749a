"""Telling organisers that the day by which an event has to be neutral is near, or over."""

from collections.abc import Sequence

from app.accounts.services import notices
from app.causes.queries.events import EventFacts, list_events_of
from app.causes.queries.schemes import schemes
from app.causes.rules.events import ends_to_remind, reminder
from app.footprint import queries as footprint
from app.kit import clock

AT_ONCE = 200


def list_near(after: int) -> Sequence[int]:
    """Inventories whose event's deadline may be near, some at a time; `after` is the last id before."""
    today = clock.business_day()
    months = {int(footprint.get_factor(each).value) for each in schemes().deadlines}
    return footprint.list_ending((ends_to_remind(today, each) for each in months), AT_ONCE, after)


def remind(inventory_ids: Sequence[int]) -> int:
    """Tell whoever organises their events, of each deadline and state once; returns how many are told now."""
    return sum(_tell(event) for event in list_events_of(inventory_ids) if not event.ended)


def _tell(event: EventFacts) -> int:
    state, owner, day = reminder(event.deadline, clock.business_day()), event.cause.owner_id, event.deadline
    if state is None or owner is None:
        return 0
    message, reference = f"causes.notice_event_{state}", f"{event.code}:{day}"
    return notices.tell([owner], message, reference, title=event.title, day=day.isoformat())
