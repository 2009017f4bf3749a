"""The public log of issuances and retirements: leaves, hashes of full subtrees, signed heads."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

TABLES = ("log_entry", "log_node", "log_head")
STATES = ("issued_kg", "active_kg", "reserved_kg", "pledged_kg", "retired_kg", "cancelled_kg")
GUARDS = """
CREATE FUNCTION log_entry_follows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT FROM fresh WHERE position > 0
               AND (SELECT count(*) FROM log_entry WHERE position = fresh.position - 1) = 0) THEN
    RAISE EXCEPTION 'the log has no gap' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER log_entry_follows AFTER INSERT ON log_entry REFERENCING NEW TABLE AS fresh
  FOR EACH STATEMENT EXECUTE FUNCTION log_entry_follows();

-- A head seals all that there is, after the head before it. A day follows on the day sealed before.
CREATE FUNCTION log_head_follows() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  before log_head%ROWTYPE;
  day_before date;
BEGIN
  SELECT * INTO before FROM log_head ORDER BY number DESC LIMIT 1;
  SELECT max(day) INTO day_before FROM log_head;
  IF NEW.number <> coalesce(before.number, 0) + 1 OR NEW.until <= before.until OR NEW.size < before.size
     OR NEW.size <> (SELECT coalesce(max(position) + 1, 0) FROM log_entry)
     OR NEW.day <> day_before + 1 THEN
    RAISE EXCEPTION 'a head follows on the head before' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER log_head_follows BEFORE INSERT ON log_head
  FOR EACH ROW EXECUTE FUNCTION log_head_follows();
"""


def upgrade() -> None:
    """Create the log; the next night seals what there is."""
    op.create_table(
        "log_entry",
        sa.Column("position", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("source", sa.String(20), nullable=False),
        sa.Column("reference", sa.BigInteger, nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("quantity_kg", sa.BigInteger, nullable=False),
        sa.Column("leaf", sa.Text, nullable=False),
        sa.UniqueConstraint("source", "reference"),
        sa.CheckConstraint("position >= 0", name="position"),
        sa.CheckConstraint("kind IN ('issuance', 'retirement')", name="kind"),
        sa.CheckConstraint("quantity_kg > 0", name="quantity"),
    )
    op.create_table(
        "log_node",
        sa.Column("level", sa.SmallInteger, primary_key=True, autoincrement=False),
        sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("hash", sa.LargeBinary, nullable=False),
        sa.CheckConstraint("level > 0 AND number >= 0", name="place"),
        sa.CheckConstraint("length(hash) = 32", name="hash"),
    )
    op.create_table(
        "log_head",
        sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("day", sa.Date, unique=True),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False, unique=True),
        sa.Column("size", sa.BigInteger, nullable=False, index=True),
        sa.Column("root", sa.LargeBinary, nullable=False),
        *(sa.Column(name, sa.BigInteger, nullable=False) for name in STATES),
        sa.Column("sealed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("document", sa.Text, nullable=False),
        sa.CheckConstraint("length(root) = 32", name="root"),
        sa.CheckConstraint(f"issued_kg = {' + '.join(STATES[1:])}", name="conserved"),
        sa.CheckConstraint(f"least({', '.join(STATES)}) >= 0", name="line"),
        sa.CheckConstraint("until = (day + 1)::timestamp AT TIME ZONE 'Asia/Shanghai'", name="day"),
    )
    op.execute(GUARDS)
    for table in TABLES:
        op.execute(
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )


def downgrade() -> None:
    """Drop the log; for a development database only, since strangers keep its heads."""
    for table in reversed(TABLES):
        op.drop_table(table)
    op.execute("DROP FUNCTION log_entry_follows()")
    op.execute("DROP FUNCTION log_head_follows()")
