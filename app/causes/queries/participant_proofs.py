"""What must always be true of participants."""

from sqlalchemy import text

from app.kit.database import db
from app.kit.proof import Proof

_LINES = text(
    "SELECT count(*) AS lines, count(*) FILTER (WHERE (SELECT array_agg(value::bigint)"
    "   FROM jsonb_each_text(line.inputs)) IS DISTINCT FROM ARRAY[told.amount]) AS differing"
    " FROM participant_line told LEFT JOIN inventory_line line USING (inventory_id, stage, number, revision)"
)
_LISTS = text(
    "SELECT count(*) AS imports, count(*) FILTER (WHERE listed.people IS DISTINCT FROM"
    "   CASE WHEN ended_at IS NULL THEN told.people ELSE 0 END) AS differing"
    " FROM participant_import told, LATERAL"
    "   (SELECT count(*)::int AS people FROM participant WHERE import_id = told.id) listed"
)
_TWICE = text(
    "SELECT count(*) AS reports, count(*) - count(DISTINCT (event_id, device)) AS twice"
    " FROM participant WHERE import_id IS NULL AND removed_at IS NULL"
)


def prove_participants() -> list[Proof]:
    """Lines of people say what was counted, lists hold whom they held, nobody is counted twice."""
    lines, lists, reports = (
        dict(db.session.execute(each).one()._mapping) for each in (_LINES, _LISTS, _TWICE)
    )
    return [
        Proof("causes.prove_people_lines", lines, not lines["differing"]),
        Proof("causes.prove_lists", lists, not lists["differing"]),
        Proof("causes.prove_reports", reports, not reports["twice"]),
    ]
