"""Supply and demand: open lots as they are searched, wishes, offers to them and purchases for them."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

GUARDS = """
CREATE TRIGGER wish_terms BEFORE UPDATE OF id, code, holder_id, product, step_kg, quantity_kg,
  most_fen_per_step, most_fen_per_t, region, forest_type, vintage_from, vintage_to, sample, opened_at,
  expires_at
  OR DELETE OR TRUNCATE ON wish FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- A purchase from before the end may still be counted afterwards; everything else stays as it ended.
CREATE TRIGGER wish_final BEFORE UPDATE ON wish FOR EACH ROW
  WHEN (OLD.closed_at IS NOT NULL AND (NEW.closed_at, NEW.closed_as, NEW.reason)
    IS DISTINCT FROM (OLD.closed_at, OLD.closed_as, OLD.reason) OR NEW.bought_kg < OLD.bought_kg)
  EXECUTE FUNCTION refuse_change();

CREATE TRIGGER wish_offer_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON wish_offer
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TRIGGER wish_purchase_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON wish_purchase
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
"""

# A price for a tonne that passes 64 bits is held at their end: nobody pays either.
LISTED = """
INSERT INTO open_lot (lot_id, project_id, product, step_kg, vintage, price_fen_per_t)
SELECT lot.id, project_id, product, step_kg, vintage,
  least(div(price_fen_per_step::numeric * 1000 + step_kg - 1, step_kg), 9223372036854775807)::bigint
FROM lot JOIN issuance ON issuance.id = issuance_id WHERE closed_at IS NULL
"""

WISH_CHECKS = {
    "quantity": "quantity_kg > 0 AND step_kg > 0 AND quantity_kg % step_kg = 0",
    "price": "most_fen_per_step > 0 AND most_fen_per_t * step_kg = most_fen_per_step * 1000",
    "region": "region ~ '^[0-9]{2}([0-9]{2}([0-9]{2}([0-9]{3}([0-9]{3})?)?)?)?$'",
    "vintages": "vintage_from <= vintage_to",
    "time": "opened_at < expires_at",
    "bought": "bought_kg >= 0",
    "closed": "(closed_at IS NULL) = (closed_as IS NULL)",
    "closed_as": "closed_as IN ('fulfilled', 'withdrawn', 'expired', 'hidden')",
    "fulfilled": "closed_as IS DISTINCT FROM 'fulfilled' OR bought_kg >= quantity_kg",
    "reason": "(closed_as IS NOT DISTINCT FROM 'hidden') = (reason IS NOT NULL)",
}


def upgrade() -> None:
    """Create the market, and list what is on sale."""
    _open_lot()
    _wish()
    _answers()
    op.create_index("ix_lot_seller", "lot", ["seller_holder_id", "id"])
    op.execute(GUARDS)
    op.execute(LISTED)


def _big(name: str, **kwargs: object) -> sa.Column:
    return sa.Column(name, sa.BigInteger, nullable=False, **kwargs)


def _link(name: str, target: str, **kwargs: object) -> sa.Column:
    kwargs.setdefault("nullable", False)
    return sa.Column(name, sa.BigInteger, sa.ForeignKey(f"{target}.id"), **kwargs)


def _moment(name: str, nullable: bool = False) -> sa.Column:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _open_lot() -> None:
    op.create_table(
        "open_lot",
        _link("lot_id", "lot", primary_key=True, autoincrement=False),
        _link("project_id", "project", index=True),
        sa.Column("product", sa.String(20), nullable=False),
        _big("step_kg"),
        sa.Column("vintage", sa.Integer, nullable=False),
        _big("price_fen_per_t"),
        sa.CheckConstraint("price_fen_per_t > 0", name="price"),
    )
    op.create_index("ix_open_lot_price", "open_lot", ["price_fen_per_t", "lot_id"])
    op.create_index("ix_open_lot_vintage", "open_lot", ["vintage", "lot_id"])


def _wish() -> None:
    op.create_table(
        "wish",
        sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
        sa.Column("code", sa.String(26), nullable=False, unique=True),
        _link("holder_id", "holder"),
        sa.Column("product", sa.String(20), nullable=False),
        _big("step_kg"),
        _big("quantity_kg"),
        _big("most_fen_per_step"),
        _big("most_fen_per_t"),
        sa.Column("region", sa.String(12)),
        sa.Column("forest_type", sa.String(40)),
        sa.Column("vintage_from", sa.Integer),
        sa.Column("vintage_to", sa.Integer),
        sa.Column("sample", sa.Boolean, nullable=False, server_default=sa.false()),
        _moment("opened_at"),
        _moment("expires_at"),
        _big("bought_kg", server_default="0"),
        _moment("closed_at", nullable=True),
        sa.Column("closed_as", sa.String(10)),
        sa.Column("reason", sa.String(200)),
        *(sa.CheckConstraint(rule, name=name) for name, rule in WISH_CHECKS.items()),
    )
    op.create_index("ix_wish_holder", "wish", ["holder_id", "id"])
    for name, columns in (
        ("ix_wish_open", ["id"]),
        ("ix_wish_open_price", ["most_fen_per_t", "id"]),
        ("ix_wish_open_expiry", ["expires_at"]),
    ):
        op.create_index(name, "wish", columns, postgresql_where=sa.text("closed_at IS NULL"))


def _answers() -> None:
    op.create_table(
        "wish_offer",
        _link("wish_id", "wish", primary_key=True),
        _link("lot_id", "lot", primary_key=True, index=True),
        _link("operator_id", "operator", nullable=True),
        _moment("offered_at"),
    )
    op.create_table(
        "wish_purchase",
        _big("reference", primary_key=True, autoincrement=False),
        _link("wish_id", "wish", index=True),
        _big("quantity_kg"),
        _moment("counted_at"),
        sa.CheckConstraint("quantity_kg > 0", name="quantity"),
    )
    op.create_table(
        "order_wish",
        _link("order_id", "orders", primary_key=True, autoincrement=False),
        _link("wish_id", "wish", index=True),
        _moment("told_at", nullable=True),
    )
    op.create_index(
        "ix_order_wish_untold", "order_wish", ["order_id"], postgresql_where=sa.text("told_at IS NULL")
    )


def downgrade() -> None:
    """Drop the market."""
    op.drop_index("ix_lot_seller", "lot")
    for table in ("order_wish", "wish_purchase", "wish_offer", "wish", "open_lot"):
        op.drop_table(table)
