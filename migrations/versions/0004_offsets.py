"""Dues, orders, payments, settlements, certificates and refunds, with their guards."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

GUARDS = """
-- An order's terms never change, a time stamp is set once, and only along a legal edge.
CREATE FUNCTION order_edges() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (NEW.code, NEW.holder_id, NEW.purpose, NEW.lot_id, NEW.quantity_kg, NEW.amount_fen, NEW.description,
      NEW.certificate_number, NEW.reserved_at, NEW.expires_at)
     IS DISTINCT FROM
     (OLD.code, OLD.holder_id, OLD.purpose, OLD.lot_id, OLD.quantity_kg, OLD.amount_fen, OLD.description,
      OLD.certificate_number, OLD.reserved_at, OLD.expires_at) THEN
    RAISE EXCEPTION 'the terms of order % are frozen', OLD.code
      USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  IF NEW.beneficiary IS NOT NULL AND NEW.beneficiary IS DISTINCT FROM OLD.beneficiary THEN
    RAISE EXCEPTION 'the beneficiary of order % can only be forgotten', OLD.code
      USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  IF (OLD.paid_at IS NOT NULL AND NEW.paid_at IS DISTINCT FROM OLD.paid_at)
     OR (OLD.expired_at IS NOT NULL AND NEW.expired_at IS DISTINCT FROM OLD.expired_at)
     OR (OLD.refunding_at IS NOT NULL AND NEW.refunding_at IS DISTINCT FROM OLD.refunding_at)
     OR (OLD.refunded_at IS NOT NULL AND NEW.refunded_at IS DISTINCT FROM OLD.refunded_at)
     OR (NEW.paid_at IS NOT NULL AND NEW.expired_at IS NOT NULL)
     OR (NEW.refunding_at IS NOT NULL AND NEW.paid_at IS NULL AND NEW.expired_at IS NULL)
     OR (NEW.refunded_at IS NOT NULL AND NEW.refunding_at IS NULL) THEN
    RAISE EXCEPTION 'order % cannot take this step', OLD.code
      USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  IF NEW.refunding_at IS NOT NULL AND OLD.refunding_at IS NULL
     AND EXISTS (SELECT 1 FROM retirement WHERE order_id = OLD.id) THEN
    RAISE EXCEPTION 'order % is settled', OLD.code USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER order_edges BEFORE UPDATE ON orders FOR EACH ROW EXECUTE FUNCTION order_edges();
CREATE TRIGGER orders_kept BEFORE DELETE OR TRUNCATE ON orders
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- The retirements of a run lie end to end from its first serial to its last.
CREATE FUNCTION retirements_tile_runs() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (
    SELECT 1 FROM (
      SELECT run_id, first_serial,
             lag(last_serial) OVER (PARTITION BY run_id ORDER BY first_serial) AS before
        FROM fresh) chain
     WHERE before IS NOT NULL AND before + 1 <> first_serial
  ) OR EXISTS (
    SELECT 1 FROM (
      SELECT run_id, min(first_serial) AS first_serial, max(last_serial) AS last_serial, count(*) AS orders
        FROM fresh GROUP BY run_id) ends
      LEFT JOIN settlement_run run ON run.id = ends.run_id
     WHERE run.id IS NULL OR (run.first_serial, run.last_serial, run.orders)
           IS DISTINCT FROM (ends.first_serial, ends.last_serial, ends.orders::integer)
  ) THEN
    RAISE EXCEPTION 'retirements do not tile their run' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER retirements_tile_runs AFTER INSERT ON retirement REFERENCING NEW TABLE AS fresh
  FOR EACH STATEMENT EXECUTE FUNCTION retirements_tile_runs();
"""


def _moment(name: str, nullable: bool = False) -> sa.Column:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _big(name: str, **kwargs: object) -> sa.Column:
    return sa.Column(name, sa.BigInteger, nullable=False, **kwargs)


def _id() -> sa.Column:
    return sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True)


def _order_id() -> sa.Column:
    return sa.Column("order_id", sa.BigInteger, primary_key=True, autoincrement=False)


def upgrade() -> None:
    """Create the flow's tables, then their guards."""
    _dues_and_orders()
    _payments()
    _settlements()
    op.execute(GUARDS)
    for table in ("payment", "settlement_run", "retirement", "certificate", "due"):
        op.execute(
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )


def _dues_and_orders() -> None:
    op.create_table(
        "due",
        _id(),
        sa.Column("code", sa.String(26), nullable=False, unique=True),
        sa.Column("holder_id", sa.BigInteger, sa.ForeignKey("holder.id"), nullable=False, index=True),
        sa.Column("purpose", sa.String(20), nullable=False),
        sa.Column("month", sa.String(7), nullable=False),
        sa.Column("kind", sa.String(40), nullable=False),
        _big("emission_id", unique=True),
        _big("due_g"),
        _big("change_g"),
        _moment("opened_at"),
        sa.CheckConstraint("due_g >= 0 AND change_g <= due_g", name="grams"),
    )
    op.create_table(
        "orders",
        _id(),
        sa.Column("code", sa.String(26), nullable=False, unique=True),
        sa.Column("holder_id", sa.BigInteger, sa.ForeignKey("holder.id"), nullable=False),
        sa.Column("purpose", sa.String(20), nullable=False),
        sa.Column("lot_id", sa.BigInteger, sa.ForeignKey("lot.id"), nullable=False),
        _big("quantity_kg"),
        _big("amount_fen"),
        sa.Column("description", sa.String(127), nullable=False),
        sa.Column("beneficiary", sa.String(40)),
        sa.Column("certificate_number", sa.String(20), nullable=False, unique=True),
        _moment("reserved_at"),
        _moment("expires_at"),
        _moment("next_check_at"),
        _moment("prepaid_at", nullable=True),
        _moment("paid_at", nullable=True),
        _moment("expired_at", nullable=True),
        _moment("refunding_at", nullable=True),
        _moment("refunded_at", nullable=True),
        sa.CheckConstraint("quantity_kg > 0 AND amount_fen > 0", name="quantities"),
        postgresql_with={"fillfactor": "80"},
    )
    op.create_index(
        "ix_orders_open",
        "orders",
        ["next_check_at"],
        postgresql_where=sa.text("paid_at IS NULL AND expired_at IS NULL"),
    )
    op.create_index("ix_orders_holder_id", "orders", ["holder_id", "id"])


def _payments() -> None:
    op.create_table(
        "payment",
        _order_id(),
        sa.Column("channel", sa.String(20), nullable=False),
        sa.Column("transaction_id", sa.String(64), nullable=False, unique=True),
        _big("amount_fen"),
        _moment("paid_at"),
        _moment("recorded_at"),
        sa.CheckConstraint("amount_fen > 0", name="amount"),
    )
    op.create_table(
        "payment_doubt",
        _id(),
        sa.Column("order_code", sa.String(64), nullable=False),
        sa.Column("transaction_id", sa.String(64), nullable=False, unique=True),
        sa.Column("reason", sa.String(200), nullable=False),
        _moment("seen_at"),
    )
    op.create_table(
        "refund",
        _id(),
        sa.Column("code", sa.String(26), nullable=False, unique=True),
        sa.Column("order_id", sa.BigInteger, sa.ForeignKey("orders.id"), nullable=False, unique=True),
        _big("amount_fen"),
        sa.Column("reason", sa.String(40), nullable=False),
        _moment("opened_at"),
        sa.Column("provider_id", sa.String(64)),
        _moment("accepted_at", nullable=True),
        _moment("succeeded_at", nullable=True),
        _moment("abnormal_at", nullable=True),
        sa.CheckConstraint("amount_fen > 0", name="amount"),
    )


def _settlements() -> None:
    op.create_table(
        "paid_order",
        _order_id(),
        _big("lot_id"),
        _big("holder_id"),
        _big("quantity_kg"),
        _big("amount_fen"),
        sa.Column("certificate_number", sa.String(20), nullable=False),
        postgresql_with={"autovacuum_vacuum_scale_factor": "0.01", "autovacuum_vacuum_threshold": "500"},
    )
    op.create_index("ix_paid_order_lot_id", "paid_order", ["lot_id", "order_id"])
    op.create_table(
        "settlement_run",
        _id(),
        _big("lot_id"),
        _big("issuance_id"),
        _big("block_id", unique=True),
        _big("first_serial"),
        _big("last_serial"),
        sa.Column("orders", sa.Integer, nullable=False),
        _moment("settled_at"),
        sa.CheckConstraint("first_serial <= last_serial", name="serials"),
    )
    op.create_table(
        "retirement",
        _order_id(),
        _big("run_id"),
        _big("first_serial", unique=True),
        _big("last_serial", unique=True),
        _big("due_g"),
        _big("carry_g"),
        _moment("settled_at"),
        sa.CheckConstraint("first_serial <= last_serial", name="serials"),
        sa.CheckConstraint(
            "due_g >= 0 AND carry_g >= 0 AND due_g + carry_g = (last_serial - first_serial + 1) * 1000",
            name="grams",
        ),
    )
    op.create_table(
        "certificate",
        sa.Column("number", sa.String(20), primary_key=True),
        _big("order_id", unique=True),
        _moment("issued_at"),
    )


def downgrade() -> None:
    """Drop everything of this room; for a development database only."""
    for table in (
        "certificate",
        "retirement",
        "settlement_run",
        "paid_order",
        "refund",
        "payment_doubt",
        "payment",
        "orders",
        "due",
    ):
        op.drop_table(table)
    op.execute("DROP FUNCTION order_edges()")
    op.execute("DROP FUNCTION retirements_tile_runs()")
