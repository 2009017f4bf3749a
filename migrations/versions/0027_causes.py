"""Causes: events, duties, cases and gifts owe in books of their own; attestations of them."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

_KINDS = "'person', 'household', 'village', 'organisation', 'platform', 'buffer'"
_FROZEN = (
    "code, holder_id, purpose, {cause}lot_id, quantity_kg, amount_fen, description,"
    " certificate_number, reserved_at, expires_at"
)
GUARDS = """
CREATE FUNCTION cause_edges() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (NEW.holder_id, NEW.code, NEW.purpose, NEW.owner_id, NEW.opened_at)
     IS DISTINCT FROM (OLD.holder_id, OLD.code, OLD.purpose, OLD.owner_id, OLD.opened_at)
     OR (OLD.closed_at IS NOT NULL AND NEW.closed_at IS DISTINCT FROM OLD.closed_at) THEN
    RAISE EXCEPTION 'cause % cannot become another', OLD.code
      USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER cause_edges BEFORE UPDATE ON cause FOR EACH ROW EXECUTE FUNCTION cause_edges();
CREATE TRIGGER cause_kept BEFORE DELETE OR TRUNCATE ON cause
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- An order is for a cause of its own purpose.
CREATE FUNCTION order_fits_cause() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (SELECT 1 FROM cause WHERE holder_id = NEW.cause_id AND purpose = NEW.purpose) THEN
    RAISE EXCEPTION 'order % does not fit its cause', NEW.code
      USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER order_fits_cause BEFORE INSERT ON orders FOR EACH ROW WHEN (NEW.cause_id IS NOT NULL)
  EXECUTE FUNCTION order_fits_cause();

CREATE FUNCTION attestation_edges() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (NEW.id, NEW.number, NEW.cause_id, NEW.kind, NEW.version, NEW.facts, NEW.issued_at)
     IS DISTINCT FROM (OLD.id, OLD.number, OLD.cause_id, OLD.kind, OLD.version, OLD.facts, OLD.issued_at)
     OR OLD.revoked_at IS NOT NULL THEN
    RAISE EXCEPTION 'attestation % never changes', OLD.number
      USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER attestation_edges BEFORE UPDATE ON attestation
  FOR EACH ROW EXECUTE FUNCTION attestation_edges();
CREATE TRIGGER attestation_kept BEFORE DELETE OR TRUNCATE ON attestation
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
"""


def _freeze(cause: str) -> str:
    """The guard of an order's edges as 0004 wrote it, with its cause among the terms that are frozen."""
    frozen = _FROZEN.format(cause=cause).split(", ")
    new, old = (", ".join(f"{row}.{name}" for name in frozen) for row in ("NEW", "OLD"))
    return f"""
CREATE OR REPLACE FUNCTION order_edges() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF ({new}) IS DISTINCT FROM ({old}) THEN
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
"""


def upgrade() -> None:
    """Bring the tables, the columns and their guards."""
    _allow_kinds(f"{_KINDS}, 'event', 'duty', 'case', 'gift'")
    op.create_table(
        "cause",
        sa.Column(
            "holder_id", sa.BigInteger, sa.ForeignKey("holder.id"), primary_key=True, autoincrement=False
        ),
        sa.Column("code", sa.String(26), nullable=False, unique=True),
        sa.Column("purpose", sa.String(20), nullable=False),
        sa.Column("owner_id", sa.BigInteger, sa.ForeignKey("holder.id")),
        sa.Column("title", sa.String(100), nullable=False),
        sa.Column("shared", sa.Boolean, nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True)),
    )
    op.create_index("ix_cause_owner_id", "cause", ["owner_id", "holder_id"])
    op.add_column("orders", sa.Column("cause_id", sa.BigInteger, sa.ForeignKey("cause.holder_id")))
    op.create_index(
        "ix_orders_cause_id",
        "orders",
        ["cause_id", "id"],
        postgresql_where=sa.text("cause_id IS NOT NULL"),
    )
    op.create_table(
        "cause_turn",
        sa.Column(
            "order_id", sa.BigInteger, sa.ForeignKey("orders.id"), primary_key=True, autoincrement=False
        ),
    )
    op.add_column("due", sa.Column("reason", sa.String(40)))
    for name in ("month", "kind", "emission_id"):
        op.alter_column("due", name, nullable=True)
    op.create_check_constraint(
        "origin", "due", "num_nulls(month, kind, emission_id) = 3 * (reason IS NOT NULL)::int"
    )
    op.create_table(
        "attestation",
        sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
        sa.Column("number", sa.String(20), nullable=False, unique=True),
        sa.Column("cause_id", sa.BigInteger, sa.ForeignKey("cause.holder_id"), nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("facts", pg.JSONB, nullable=False),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True)),
        sa.Column("revoked_reason", sa.String(40)),
        sa.CheckConstraint("(revoked_at IS NULL) = (revoked_reason IS NULL)", name="revoked"),
    )
    op.create_index("uq_attestation_version", "attestation", ["cause_id", "kind", "version"], unique=True)
    op.create_index(
        "uq_attestation_standing",
        "attestation",
        ["cause_id", "kind"],
        unique=True,
        postgresql_where=sa.text("revoked_at IS NULL"),
    )
    op.execute(GUARDS)
    op.execute(_freeze("cause_id, "))


def downgrade() -> None:
    """Take them away."""
    op.execute(_freeze(""))
    op.execute("DROP TRIGGER order_fits_cause ON orders")
    op.drop_table("attestation")
    op.drop_constraint("ck_due_origin", "due")
    for name in ("month", "kind", "emission_id"):
        op.alter_column("due", name, nullable=False)
    op.drop_column("due", "reason")
    op.drop_table("cause_turn")
    op.drop_column("orders", "cause_id")
    op.drop_table("cause")
    for name in ("attestation_edges", "order_fits_cause", "cause_edges"):
        op.execute(f"DROP FUNCTION {name}")
    _allow_kinds(_KINDS)


def _allow_kinds(kinds: str) -> None:
    op.drop_constraint("ck_holder_kind", "holder")
    op.create_check_constraint("kind", "holder", f"kind IN ({kinds})")
