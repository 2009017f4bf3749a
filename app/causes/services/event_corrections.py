"""Figures of a counted event told anew, and what is left over kept for another event."""

from app.accounts import chart, ledger
from app.accounts.ledger import Posting
from app.causes.errors.events import NothingLeftOver, NothingToCorrect, TooManyCorrections
from app.causes.models.events import EventCorrection, EventSurplus
from app.causes.queries import events as known
from app.causes.queries.events import EventFacts
from app.causes.rules.events import MOST_CORRECTIONS
from app.causes.services import events
from app.footprint import services as stock
from app.kit import clock
from app.kit.database import db


def open_correction(holder_id: int, code: str, reason: str) -> EventFacts:
    """Begin to tell a closed final figure anew, from a copy of its lines; the old one counts meanwhile.

    Raises `NotFound`, `NothingToCorrect`, `TooManyCorrections`.
    """
    row, event = events.lock_own(holder_id, code)
    before = known.list_corrections(event.id)
    if not event.counted or any(each.closed_at is None for each in before):
        raise NothingToCorrect()
    if len(before) >= MOST_CORRECTIONS:
        raise TooManyCorrections(most=MOST_CORRECTIONS)
    copy = stock.copy_final(event.inventory.holder_id, event.inventory)
    db.session.add(
        EventCorrection(
            event_id=event.id,
            before_id=row.inventory_id,
            inventory_id=copy.id,
            reason=reason,
            opened_at=clock.now(),
        )
    )
    db.session.flush()
    return known.get_event(event.id)


def keep_surplus(holder_id: int, code: str, other: str, amount_g: int | None = None) -> EventSurplus:
    """Keep what was retired beyond an event's figure for another event of the same owner; all by default.

    What the other one owes is closed at once, the rest is carried there. Raises `NotFound`,
    `EventCalledOff` for the other, `NothingLeftOver` also while the figure is not final or corrected.
    """
    ids = sorted(known.get_own_event(holder_id, each).id for each in {code, other})
    for each in ids:
        events.lock(each)
    source, target = known.get_own_event(holder_id, code), known.get_own_event(holder_id, other)
    events.require_alive(target)
    left_over = source.counted or source.called_off_at is not None
    if source.id == target.id or not left_over or known.find_open_correction(source.id) is not None:
        raise NothingLeftOver()
    carry, due = chart.CARRY.of(source.id), chart.DUE.of(target.id)
    balances = ledger.lock_balances([carry, due, chart.CARRY.of(target.id)])
    amount_g = balances.get(carry, 0) if amount_g is None else amount_g
    if not 0 < amount_g <= balances.get(carry, 0):
        raise NothingLeftOver()
    row = EventSurplus(source_id=source.id, target_id=target.id, amount_g=amount_g, moved_at=clock.now())
    db.session.add(row)
    db.session.flush()
    closing_g = min(amount_g, -balances.get(due, 0))
    parts = ((chart.KEEP_SURPLUS_DUE, closing_g), (chart.KEEP_SURPLUS, amount_g - closing_g))
    ledger.post(Posting(kind, row.id, source.id, target.id, grams) for kind, grams in parts if grams)
    events.follow_figures(target.id)
    return row
