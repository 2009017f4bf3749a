"""Following an organisation's orders: what became of each is told once, however it came about.

Settlement and payment know nothing of it; a chore compares where orders stand with what was told.
"""

from datetime import timedelta

from sqlalchemy import text, update

from app.causes.models.organisations import OrganisationOrder
from app.causes.services.organisations import order_data
from app.causes.services.webhooks import notify
from app.kit import clock
from app.kit.database import db
from app.offsets.queries import get_orders
from app.offsets.queries.spending import orders_relation

LATE = timedelta(days=60)
"""An order that expired may still be paid late and refunded; after this nobody looks any more."""
_CHANGED = text(
    "SELECT oo.order_id, oo.organisation_id, standing.status FROM organisation_order oo"
    f" JOIN LATERAL (SELECT status FROM {orders_relation()} o WHERE o.order_id = oo.order_id)"
    " standing ON true"
    " WHERE told NOT IN ('settled', 'refunded') AND standing.status <> told"
    " AND (told <> 'expired' OR placed_at > :recent)"
    " ORDER BY oo.organisation_id, oo.order_id LIMIT :limit FOR UPDATE OF oo SKIP LOCKED"
)


def tell_orders(limit: int = 200) -> int:
    """Tell organisations of their orders that stand otherwise than they were told; returns how many."""
    rows = db.session.execute(_CHANGED, {"recent": clock.now() - LATE, "limit": limit}).all()
    orders = get_orders([row.order_id for row in rows])
    for order_id, organisation_id, status in rows:
        db.session.execute(
            update(OrganisationOrder).where(OrganisationOrder.order_id == order_id).values(told=status)
        )
        notify(organisation_id, f"order.{status}", order_data(orders[order_id]))
    return len(rows)
