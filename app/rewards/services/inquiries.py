"""Looking for signals once a day, and opening an inquiry where one is found 核查."""

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import delete, select, text, update
from sqlalchemy.dialects.postgresql import insert

from app.kit import clock
from app.kit.codes import random_code
from app.kit.database import allow_bulk, db
from app.rewards.models.fairness import FairnessLook, Inquiry, Party
from app.rewards.queries import fairness_signs
from app.rewards.queries.fairness_rules import limits, rules
from app.rewards.rules.fairness import Finding, Rule
from app.rewards.services import fairness

_MINUTES = 10
_FORGET = text(
    "UPDATE fairness_party p SET facts = NULL FROM fairness_inquiry i WHERE i.id = p.inquiry_id"
    " AND p.facts IS NOT NULL AND i.closed_at < :before AND NOT EXISTS (SELECT FROM fairness_measure m"
    "   LEFT JOIN fairness_appeal a ON a.measure_id = m.id WHERE m.inquiry_id = i.id"
    "   AND (m.ended_at IS NULL OR m.ended_at >= :before OR (a.id IS NOT NULL AND a.answered_at IS NULL)))"
)
_FORGET_WORDS = text(
    "UPDATE fairness_appeal SET words_sealed = NULL WHERE words_sealed IS NOT NULL AND answered_at < :before"
)


def look_once(key: str, *, again: bool = False) -> int | None:
    """Look for one signal, once a day; returns how many inquiries it opened, None when that was done.

    With `again` it is looked for although it was.
    """
    now = clock.now()
    day = clock.business_day(now)
    first = db.session.scalar(
        insert(FairnessLook)
        .values(rule=key, day=day, looked_at=now)
        .on_conflict_do_nothing()
        .returning(FairnessLook.rule)
    )
    if first is None and not again:
        return None
    allow_bulk(_MINUTES)
    rule = rules()[key]
    opened = sum(_open(rule, found) for found in fairness_signs.look(rule, day))
    db.session.execute(
        update(FairnessLook)
        .where(FairnessLook.rule == key, FairnessLook.day == day)
        .values(opened=FairnessLook.opened + opened, looked_at=now)
    )
    return opened


def _open(rule: Rule, found: Finding) -> bool:
    """Open an inquiry, or add who has joined it to the one in which some of these accounts stand already."""
    now = clock.now()
    standing = db.session.execute(
        select(Inquiry, Party.holder_id)
        .join(Party, Party.inquiry_id == Inquiry.id)
        .where(Inquiry.rule == rule.key, Inquiry.closed_at.is_(None))
        .where(Party.holder_id.in_(found.holder_ids))
        .order_by(Inquiry.id)
    ).all()
    if standing:
        known = {holder_id for _, holder_id in standing}
        _add(standing[0][0], rule, found, [each for each in found.holder_ids if each not in known])
        return False
    day = clock.business_day(now)
    inquiry = Inquiry(
        code=random_code(12),
        rule=rule.key,
        found=found.found,
        least=rule.least,
        since=rule.since(day),
        until=day,
        opened_at=now,
    )
    db.session.add(inquiry)
    db.session.flush()
    _add(inquiry, rule, found, found.holder_ids)
    return True


def _add(inquiry: Inquiry, rule: Rule, found: Finding, holder_ids: Sequence[int]) -> None:
    for holder_id in holder_ids:
        facts = [fact.document() for fact in sorted(found.facts[holder_id])]
        db.session.add(Party(inquiry_id=inquiry.id, holder_id=holder_id, facts=facts))
    db.session.flush()
    for holder_id in holder_ids:
        if rule.hold_days:
            fairness.hold_by_itself(inquiry, holder_id, clock.now() + timedelta(days=rule.hold_days))


def close_undecided() -> int:
    """Close inquiries that nobody has decided in time, without consequence; returns how many."""
    before = clock.now() - timedelta(days=limits().decide_days)
    return len(
        db.session.scalars(
            update(Inquiry)
            .where(Inquiry.closed_at.is_(None), Inquiry.opened_at < before)
            .values(closed_at=clock.now())
            .returning(Inquiry.id)
            .execution_options(synchronize_session=False)
        ).all()
    )


def forget_facts() -> int:
    """Erase the data used of inquiries that are long over, what was said in appeals, and old looks.

    Returns of how many accounts and appeals.
    """
    before = clock.now() - timedelta(days=limits().facts_kept_days)
    db.session.execute(delete(FairnessLook).where(FairnessLook.looked_at < before))
    erased = [db.session.execute(each, {"before": before}) for each in (_FORGET, _FORGET_WORDS)]
    return sum(int(getattr(each, "rowcount", 0)) for each in erased)
