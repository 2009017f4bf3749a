"""What must always hold of the catalogue: no more given out than put up, and no code to two people."""

from sqlalchemy import text

from app.kit.database import db
from app.kit.proof import Proof, equal, none

_STOCK = text(
    "SELECT coalesce(sum(offered), 0)::bigint AS offered, coalesce(sum(remaining), 0)::bigint AS remaining,"
    " (SELECT count(*) FROM redemption r JOIN item_stock USING (item_id) WHERE NOT r.restocked) AS taken,"
    " (SELECT count(*) FROM item_stock s WHERE offered - remaining <>"
    "   (SELECT count(*) FROM redemption r WHERE r.item_id = s.item_id AND NOT restocked)) AS wrong"
    " FROM item_stock"
)
_POINTS = text(
    "SELECT count(*) FROM redemption r JOIN spending s ON s.id = r.spending_id WHERE s.points <> r.points"
    " OR (r.done_at IS NULL) <> (s.spent_at IS NULL) OR (r.returned_at IS NULL) <> (s.returned_at IS NULL)"
)
_CODES = text(
    "SELECT count(*) FROM reward_item i JOIN item_stock s ON s.item_id = i.id WHERE i.supply = 'uploaded'"
    " AND s.remaining <> (SELECT count(*) FROM voucher_code c"
    "   WHERE c.item_id = i.id AND redemption_id IS NULL AND lapsed_at IS NULL)"
)


def prove_catalogue() -> list[Proof]:
    """Every item: offered = remaining + taken; every redemption stands where its points do."""
    stock = db.session.execute(_STOCK).one()
    return [
        equal(
            "rewards.prove_stock", offered=stock.offered, remaining_and_taken=stock.remaining + stock.taken
        ),
        none(
            "rewards.prove_redemptions",
            items_miscounted=stock.wrong,
            codes_miscounted=int(db.session.scalar(_CODES) or 0),
            points_elsewhere=int(db.session.scalar(_POINTS) or 0),
        ),
    ]
