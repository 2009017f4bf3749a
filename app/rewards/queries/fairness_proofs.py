"""What must always be true of fairness: one person is thanked once for one act, and nobody decides alone."""

from sqlalchemy import TextClause, text

from app.footprint.queries import likeness
from app.kit.database import db
from app.kit.proof import Proof, none

_STRANGERS = text(
    f"SELECT count(*) FROM point_grant g JOIN {likeness.acts_told_from()} a ON a.action_id = g.source_id"
    " WHERE g.source = 'action' AND g.points > 0 AND a.holder_id <> g.holder_id"
)
_TWICE = text(
    "SELECT count(*) FROM point_grant g LEFT JOIN fairness_appeal a ON a.id = g.source_id"
    " LEFT JOIN point_grant act ON act.id = a.grant_id"
    " WHERE g.source = 'appeal' AND g.points > 0 AND (act.id IS NULL OR act.points > 0"
    "   OR act.holder_id <> g.holder_id OR NOT coalesce(a.granted, false) OR a.points <> g.points"
    "   OR (act.taken_back_at IS NOT NULL AND g.taken_back_at IS NULL))"
)
_UNPAID = text(
    "SELECT count(*) FROM fairness_appeal a WHERE granted AND grant_id IS NOT NULL AND NOT EXISTS ("
    " SELECT FROM point_grant WHERE source = 'appeal' AND source_id = a.id AND points = a.points)"
)
_ALONE = text(
    "SELECT count(*) FROM fairness_measure WHERE kind = 'take_back' AND ended_why = 'taken'"
    " AND (confirmed_by IS NULL OR confirmed_by = decided_by OR ended_at < until)"
)
_OWN = text(
    "SELECT count(*) FROM fairness_appeal a LEFT JOIN fairness_measure m ON m.id = a.measure_id"
    " WHERE a.answered_by IN (m.decided_by, m.confirmed_by, a.proposed_by)"
)
_WHILE_HELD = text(
    "SELECT count(*) FROM fairness_measure m JOIN spending s ON s.holder_id = m.holder_id"
    " AND s.reserved_at >= m.begun_at AND s.reserved_at < coalesce(m.ended_at,"
    "   CASE WHEN m.confirmed_at IS NULL THEN m.until ELSE 'infinity' END)"
    " AND (m.confirmed_at IS NOT NULL OR s.reserved_at < m.until) WHERE m.kind <> 'nothing'"
)
_TAKEN = text(
    "SELECT count(*) FROM fairness_measure m JOIN fairness_party p USING (inquiry_id, holder_id)"
    " CROSS JOIN LATERAL jsonb_array_elements(p.facts) fact"
    " CROSS JOIN LATERAL jsonb_array_elements(fact->'acts') act"
    f" JOIN {likeness.acts_told_from()} a ON a.holder_id = m.holder_id AND a.action_id = act::bigint"
    " WHERE m.ended_why = 'taken' AND a.withdrawn_at IS NULL"
)


def prove_fairness() -> list[Proof]:
    """One reward for one act, and every decision by whom it needs."""
    return [
        none(
            "rewards.prove_one_reward",
            wrongly_thanked=_count(_STRANGERS),
            thanked_twice=_count(_TWICE),
            promised_unpaid=_count(_UNPAID),
        ),
        none(
            "rewards.prove_fair_decisions",
            decided_alone=_count(_ALONE),
            own_appeals=_count(_OWN),
            set_aside_while_held=_count(_WHILE_HELD),
            left_standing=_count(_TAKEN),
        ),
    ]


def _count(statement: TextClause) -> int:
    return int(db.session.scalar(statement) or 0)
