"""What each buyer has to do with a cause: being bought, paid, retired; and a retirement as plain facts."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text

from app.kit.database import db
from app.kit.messages import LANGUAGES, t
from app.offsets.queries.causes import CauseRetirement


@dataclass(frozen=True, slots=True)
class Part:
    """One buyer's kilograms: reserved and not paid yet, paid and not going back, and retired of these."""

    reserved_kg: int
    paid_kg: int
    retired_kg: int

    @property
    def open_kg(self) -> int:
        """What is still on its way to a certificate."""
        return self.reserved_kg + self.paid_kg - self.retired_kg


_PARTS = text(
    "SELECT cause_id, holder_id,"
    " coalesce(sum(quantity_kg) FILTER (WHERE paid_at IS NULL), 0)::bigint AS reserved_kg,"
    " coalesce(sum(quantity_kg) FILTER (WHERE paid_at IS NOT NULL), 0)::bigint AS paid_kg,"
    " coalesce(sum(quantity_kg) FILTER (WHERE retirement.order_id IS NOT NULL), 0)::bigint AS retired_kg"
    " FROM orders LEFT JOIN retirement ON order_id = orders.id"
    " WHERE cause_id = ANY(:causes) AND expired_at IS NULL AND refunding_at IS NULL"
    " GROUP BY cause_id, holder_id ORDER BY min(orders.id)"
)


def sum_parts(cause_ids: Sequence[int]) -> dict[int, dict[int, Part]]:
    """Everybody's parts in these causes, the first orders first, without what came to nothing."""
    found: dict[int, dict[int, Part]] = {cause_id: {} for cause_id in cause_ids}
    for row in db.session.execute(_PARTS, {"causes": list(cause_ids)}):
        found[row.cause_id][row.holder_id] = Part(row.reserved_kg, row.paid_kg, row.retired_kg)
    return found


def retirement_facts(each: CauseRetirement) -> dict[str, Any]:
    """What an attestation says of units retired for its cause, as plain values."""
    forest = each.forest
    return {
        "certificate": each.number,
        "serial": each.serial,
        "quantity_kg": each.quantity_kg,
        "project": forest.project,
        "project_name": forest.name._asdict(),
        "seller": forest.seller,
        "vintage": forest.vintage,
        "product": forest.product,
        "product_name": {lang: t(forest.product_name, lang) for lang in LANGUAGES},
        "retired_at": each.retired_at.isoformat(timespec="seconds"),
    }
