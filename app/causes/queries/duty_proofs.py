"""What must always be true of tree duties."""

from sqlalchemy import text

from app.kit.database import db
from app.kit.proof import Proof, equal, none
from app.offsets.queries.settled import settled_from

_COUNTS = text(
    "WITH shared AS (SELECT order_id, sum(amount_fen)::bigint AS amount_fen,"
    "   sum(quantity_kg)::bigint AS quantity_kg FROM duty_share GROUP BY order_id)"
    " SELECT (SELECT coalesce(sum(quantity_kg), 0) FROM shared)::bigint AS shared_kg,"
    " (SELECT coalesce(sum(settled.quantity_kg), 0)"
    f"   FROM shared JOIN {settled_from('tree_duty')} settled USING (order_id))::bigint AS settled_kg,"
    " (SELECT coalesce(sum(amount_fen), 0) FROM shared)::bigint AS shared_fen,"
    " (SELECT coalesce(sum(settled.amount_fen), 0)"
    f"   FROM shared JOIN {settled_from('tree_duty')} settled USING (order_id))::bigint AS settled_fen,"
    f" (SELECT count(*) FROM shared JOIN {settled_from('tree_duty')} settled USING (order_id)"
    "   WHERE (shared.amount_fen, shared.quantity_kg) <> (settled.amount_fen, settled.quantity_kg)"
    " ) AS differing,"
    " (SELECT count(*) FROM duty_share JOIN duty ON duty_id = duty.cause_id"
    f"   LEFT JOIN {settled_from('tree_duty')} settled ON settled.order_id = duty_share.order_id"
    "     AND settled.cause_id IN (duty.cause_id, duty.group_id)"
    "   WHERE settled.order_id IS NULL) AS strange,"
    " (SELECT count(*) FROM (SELECT 1 FROM duty JOIN duty_line ON duty_id = cause_id AND ended_at IS NULL"
    "   WHERE withdrawn_at IS NULL GROUP BY year, person_digest, kind HAVING count(*) > 1) twice) AS twice,"
    " (SELECT count(*) FROM duty_line WHERE NOT EXISTS"
    "   (SELECT FROM duty_share WHERE duty_share.duty_id = duty_line.duty_id)) AS unbought"
)


def prove_duties() -> list[Proof]:
    """The invariants of tree duties, each with its figures."""
    c = db.session.execute(_COUNTS).one()
    return [
        equal("causes.prove_duty_kilograms", shared_kg=c.shared_kg, settled_kg=c.settled_kg),
        equal("causes.prove_duty_money", shared_fen=c.shared_fen, settled_fen=c.settled_fen),
        none("causes.prove_duty_orders", differing=c.differing, strange=c.strange),
        none("causes.prove_duty_certificates", twice=c.twice, unbought=c.unbought),
    ]
