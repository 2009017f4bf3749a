"""Participants: what was reported is counted, and drafts that nobody took are forgotten."""

import structlog

from app.causes.queries import participants as known
from app.causes.queries.events import get_event
from app.causes.services import events, participant_lists
from app.causes.services.participant_lines import count_people
from app.kit import clock
from app.kit.problems import Problem
from app.kit.transaction import transaction

_log = structlog.get_logger(__name__)


def count_reports() -> int:
    """Take people's own reports into their events' inventories; returns how many events were counted.

    One that was counted very often waits for its organiser, or for its closing, and keeps no other waiting.
    """
    done = 0
    for event_id in known.list_uncounted():
        try:
            with transaction():
                events.lock(event_id)
                event = get_event(event_id)
                if known.leaves_room(known.open_books(event)):
                    count_people(event)
                    done += 1
        except Problem as refused:
            _log.info("reports were not counted", event_id=event_id, reason=refused.code)
    return done


def forget_drafts() -> int:
    """Forget imports that were looked at and not taken for a day; returns how many."""
    with transaction():
        return participant_lists.forget_drafts(clock.now() - participant_lists.DRAFT_KEPT)
