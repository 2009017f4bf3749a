"""Payments in doubt get a name, both sides of the difference, a count, and an operator's explanation."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

NAMES = (
    "mchid",
    "appid",
    "unknown_order",
    "second_transaction",
    "reused_transaction",
    "held_transaction",
    "currency",
    "amount",
    "payer",
    "refunded_elsewhere",
)

GUARDS = """
-- A doubt stays as it was first seen; it is only counted again, held once and explained once.
CREATE FUNCTION doubt_edges() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (NEW.name, NEW.expected, NEW.told, NEW.order_code, NEW.transaction_id, NEW.amount_fen, NEW.source,
      NEW.seen_at)
     IS DISTINCT FROM
     (OLD.name, OLD.expected, OLD.told, OLD.order_code, OLD.transaction_id, OLD.amount_fen, OLD.source,
      OLD.seen_at)
     OR (OLD.held_fen IS NOT NULL AND NEW.held_fen IS DISTINCT FROM OLD.held_fen)
     OR (OLD.resolved_at IS NOT NULL AND (NEW.resolved_at, NEW.resolved_by, NEW.explanation)
         IS DISTINCT FROM (OLD.resolved_at, OLD.resolved_by, OLD.explanation)) THEN
    RAISE EXCEPTION 'doubt % cannot take this step', OLD.id USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER doubt_edges BEFORE UPDATE ON payment_doubt FOR EACH ROW EXECUTE FUNCTION doubt_edges();
CREATE TRIGGER payment_doubt_kept BEFORE DELETE OR TRUNCATE ON payment_doubt
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
"""


def upgrade() -> None:
    """Widen the table, name what stands in it by its free text, then guard it."""
    columns = [
        sa.Column("name", sa.String(20)),
        sa.Column("expected", sa.String(64)),
        sa.Column("told", sa.String(64)),
        sa.Column("source", sa.String(10)),
        sa.Column("sightings", sa.BigInteger),
        sa.Column("amount_fen", sa.BigInteger),
        sa.Column("last_seen_at", sa.DateTime(timezone=True)),
        sa.Column("held_fen", sa.BigInteger),
        sa.Column("resolved_at", sa.DateTime(timezone=True)),
        sa.Column("resolved_by", sa.BigInteger, sa.ForeignKey("operator.id")),
        sa.Column("explanation", sa.String(500)),
    ]
    for column in columns:
        op.add_column("payment_doubt", column)
    op.execute(
        "UPDATE payment_doubt SET name = CASE split_part(reason, ' ', 1) WHEN 'amount' THEN 'amount'"
        " WHEN 'currency' THEN 'currency' WHEN 'another' THEN 'payer' ELSE 'second_transaction' END,"
        " expected = '', told = left(reason, 64), source = 'notice', sightings = 1, last_seen_at = seen_at"
    )
    for name in ("name", "expected", "told", "source", "sightings", "last_seen_at"):
        op.alter_column("payment_doubt", name, nullable=False)
    op.alter_column("payment_doubt", "transaction_id", nullable=True)
    op.drop_column("payment_doubt", "reason")
    _constraints()
    op.execute(GUARDS)


def _constraints() -> None:
    op.drop_constraint("uq_payment_doubt_transaction_id", "payment_doubt", type_="unique")
    op.create_unique_constraint(
        "uq_payment_doubt_name",
        "payment_doubt",
        ["name", "order_code", "transaction_id"],
        postgresql_nulls_not_distinct=True,
    )
    names = ", ".join(f"'{name}'" for name in NAMES)
    op.create_check_constraint("name", "payment_doubt", f"name IN ({names})")
    op.create_check_constraint("source", "payment_doubt", "source IN ('notice', 'query', 'bill', 'bank')")
    op.create_check_constraint("held", "payment_doubt", "held_fen > 0")
    op.create_check_constraint(
        "resolved", "payment_doubt", "num_nulls(resolved_at, resolved_by, explanation) IN (0, 3)"
    )
    op.create_index(
        "ix_payment_doubt_open", "payment_doubt", ["id"], postgresql_where=sa.text("resolved_at IS NULL")
    )
    op.create_index(
        "ix_payment_doubt_held",
        "payment_doubt",
        ["transaction_id"],
        unique=True,
        postgresql_where=sa.text("held_fen IS NOT NULL"),
    )


def downgrade() -> None:
    """Back to free text; for a development database only."""
    op.execute("DROP TRIGGER payment_doubt_kept ON payment_doubt")
    op.execute("DROP TRIGGER doubt_edges ON payment_doubt")
    op.execute("DROP FUNCTION doubt_edges()")
    op.execute("DELETE FROM payment_doubt")
    for name in ("ix_payment_doubt_open", "ix_payment_doubt_held"):
        op.drop_index(name, "payment_doubt")
    for name, kind in (("uq_payment_doubt_name", "unique"), ("name", "check"), ("source", "check")):
        op.drop_constraint(name, "payment_doubt", type_=kind)
    op.drop_constraint("held", "payment_doubt", type_="check")
    op.drop_constraint("resolved", "payment_doubt", type_="check")
    added = ("name", "expected", "told", "source", "sightings", "amount_fen", "last_seen_at", "held_fen")
    for name in (*added, "resolved_at", "resolved_by", "explanation"):
        op.drop_column("payment_doubt", name)
    op.add_column("payment_doubt", sa.Column("reason", sa.String(200), nullable=False))
    op.alter_column("payment_doubt", "transaction_id", nullable=False)
    op.create_unique_constraint("uq_payment_doubt_transaction_id", "payment_doubt", ["transaction_id"])
