"""What waits of fairness, and what came of it, in figures."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import text

from app.kit.database import db
from app.rewards.rules.fairness import published

_WAITING = text(
    "SELECT (SELECT count(*) FROM fairness_inquiry i JOIN fairness_party p ON p.inquiry_id = i.id"
    "   WHERE i.closed_at IS NULL AND NOT EXISTS (SELECT FROM fairness_measure m"
    "     WHERE m.inquiry_id = i.id AND m.holder_id = p.holder_id AND m.decided_by IS NOT NULL"
    "     AND (m.kind <> 'take_back' OR m.confirmed_at IS NOT NULL)"
    "     AND m.ended_why IS DISTINCT FROM 'declined'))"
    " + (SELECT count(*) FROM fairness_appeal WHERE answered_at IS NULL)"
)
_OUTCOMES = text(
    "SELECT i.rule, count(DISTINCT (p.inquiry_id, p.holder_id)) AS looked_at,"
    " count(*) FILTER (WHERE m.kind = 'hold') AS held,"
    " count(*) FILTER (WHERE m.kind = 'nothing') AS nothing,"
    " count(*) FILTER (WHERE m.ended_why = 'taken') AS taken,"
    " count(a.id) AS appealed, count(*) FILTER (WHERE a.granted) AS granted"
    " FROM fairness_inquiry i JOIN fairness_party p ON p.inquiry_id = i.id"
    " LEFT JOIN fairness_measure m ON m.inquiry_id = i.id AND m.holder_id = p.holder_id"
    " LEFT JOIN fairness_appeal a ON a.measure_id = m.id GROUP BY i.rule ORDER BY i.rule"
)


@dataclass(frozen=True)
class Outcome:
    """What came of one signal, each figure rounded down to a step (`rules.fairness.published`)."""

    rule: str
    looked_at: int
    held: int
    nothing: int
    taken: int
    appealed: int
    granted: int


def list_outcomes() -> list[Outcome]:
    """What came of the signals, as the public may read it."""
    return [
        Outcome(row.rule, *map(published, row[1:]))
        for row in db.session.execute(_OUTCOMES)
        if published(row.looked_at)
    ]


def last_look() -> date | None:
    """The last day on which signals were looked for."""
    found: date | None = db.session.scalar(text("SELECT max(day) FROM fairness_look"))
    return found


def count_waiting() -> int:
    """What waits for an operator: accounts to decide on or to agree about, and appeals."""
    return int(db.session.scalar(_WAITING) or 0)
