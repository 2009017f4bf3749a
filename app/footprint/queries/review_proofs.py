"""What must always be true of held acts, of grades that were raised, and of the days' counts."""

from sqlalchemy import text

from app.kit.database import db
from app.kit.proof import Proof, none

_HELD = text(
    "SELECT count(*) FILTER (WHERE avoided_g <> 0) AS credited,"
    " count(*) FILTER (WHERE withdrawn_at IS NULL AND NOT EXISTS (SELECT FROM act_review"
    "   WHERE action_id = action.id AND dropped_at IS NULL)) AS forgotten"
    " FROM action WHERE cap_reason = 'held' OR inputs ? 'held'"
)
_RAISED = text(
    "SELECT count(*) FILTER (WHERE review.id IS NULL OR"
    "   (action.grade = 'photo' AND review.photo_id IS NULL)) AS undecided FROM action"
    " LEFT JOIN act_review review ON review.outcome_id = action.id AND review.granted"
    "   AND review.decided_by IS NOT NULL AND review.holder_id = action.holder_id"
    " WHERE (grade = 'photo' AND source = 'self') OR inputs ? 'cap_g'"
)
_STANDING_TWICE = text(
    "SELECT count(*) FROM act_review review JOIN action USING (holder_id)"
    " WHERE review.granted AND action.id = review.action_id AND action.withdrawn_at IS NULL"
)
_COUNTS = text(
    "SELECT count(*) FROM scene_day FULL JOIN (SELECT holder_id, occurred_on AS day, action.scene,"
    "   sum(CASE WHEN document->>'kind' = 'count' AND NOT inputs ? ((document->>'measure') || '_before')"
    "     THEN coalesce((inputs->>(document->>'measure'))::bigint, 1) ELSE 1 END) AS acts,"
    "   coalesce(sum((inputs->>'distance_m')::bigint)"
    "     FILTER (WHERE coalesce(document->>'kind', 'trip') = 'trip'), 0) AS amount"
    "   FROM action JOIN methodology ON methodology.id = methodology_id"
    "   WHERE withdrawn_at IS NULL GROUP BY 1, 2, 3) told USING (holder_id, day, scene)"
    " WHERE coalesce(scene_day.acts, 0) <> coalesce(told.acts, 0)"
    "    OR coalesce(scene_day.amount, 0) <> coalesce(told.amount, 0)"
)


def prove() -> list[Proof]:
    """The invariants of evidence and fairness."""
    held = db.session.execute(_HELD).one()
    return [
        none("footprint.prove_held", credited_held=held.credited, forgotten=held.forgotten),
        none(
            "footprint.prove_raised",
            undecided=int(db.session.scalar(_RAISED) or 0),
            counted_twice=int(db.session.scalar(_STANDING_TWICE) or 0),
        ),
        none("footprint.prove_counts", differing=int(db.session.scalar(_COUNTS) or 0)),
    ]
