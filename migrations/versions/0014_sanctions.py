"""Sanctions on holders and projects, their steps, and what they mean for a lot."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

GUARDS = """
CREATE TRIGGER sanction_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON sanction
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER sanction_step_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON sanction_step
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- A step follows the one before it, in the order of its places, so that of two taken at once one fails
-- on the primary key; and what takes two people is refused to whoever took the step before.
CREATE FUNCTION sanction_step_follows() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  was sanction_step;
  said sanction;
BEGIN
  SELECT * INTO said FROM sanction WHERE id = NEW.sanction_id;
  SELECT * INTO was FROM sanction_step WHERE sanction_id = NEW.sanction_id ORDER BY place DESC LIMIT 1;
  IF NEW.place <> coalesce(was.place, 0) + 1 OR NOT (CASE coalesce(was.step, '')
      WHEN '' THEN NEW.step = CASE said.kind WHEN 'remove' THEN 'proposed' ELSE 'imposed' END
      WHEN 'proposed' THEN NEW.step IN ('imposed', 'declined')
      WHEN 'imposed' THEN NEW.step IN ('lift_proposed', 'expired')
      WHEN 'lift_proposed' THEN NEW.step IN ('lifted', 'lift_declined', 'expired')
      WHEN 'lift_declined' THEN NEW.step IN ('lift_proposed', 'expired')
      ELSE false END) THEN
    RAISE EXCEPTION 'sanction %: % does not follow %', NEW.sanction_id, NEW.step, was.step
      USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  IF was.step IN ('proposed', 'lift_proposed') AND NEW.step IN ('imposed', 'lifted')
      AND NEW.operator_id IS NOT DISTINCT FROM was.operator_id THEN
    RAISE EXCEPTION 'sanction %: % takes another person', NEW.sanction_id, NEW.step
      USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  IF (NEW.step = 'expired') <> (NEW.operator_id IS NULL)
      OR (NEW.step = 'expired' AND said.last_day IS NULL) THEN
    RAISE EXCEPTION 'sanction %: only what has a last day ends by itself', NEW.sanction_id
      USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER sanction_step_follows BEFORE INSERT ON sanction_step
  FOR EACH ROW EXECUTE FUNCTION sanction_step_follows();
"""


def upgrade() -> None:
    """Create sanctions; a lot carries what stands against it, so that reserving looks at its row alone."""
    op.create_table(
        "sanction",
        sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
        sa.Column("code", sa.String(26), nullable=False, unique=True),
        sa.Column("holder_id", sa.BigInteger, sa.ForeignKey("holder.id")),
        sa.Column("project_id", sa.BigInteger, sa.ForeignKey("project.id")),
        sa.Column("kind", sa.String(10), nullable=False),
        sa.Column("ground", sa.String(20), nullable=False),
        sa.Column("reason", sa.String(500), nullable=False),
        sa.Column("no_new_lots", sa.Boolean, nullable=False),
        sa.Column("daily_kg", sa.BigInteger),
        sa.Column("last_day", sa.Date),
        sa.CheckConstraint("(holder_id IS NULL) <> (project_id IS NULL)", name="target"),
        sa.CheckConstraint("holder_id <> 1", name="platform"),
        sa.CheckConstraint("kind IN ('suspend', 'limit', 'remove')", name="kind"),
        sa.CheckConstraint("(kind = 'limit') = (no_new_lots OR daily_kg IS NOT NULL)", name="limit"),
        sa.CheckConstraint("daily_kg > 0", name="daily"),
        sa.CheckConstraint("kind <> 'remove' OR last_day IS NULL", name="last_day"),
    )
    op.create_table(
        "sanction_step",
        sa.Column("sanction_id", sa.BigInteger, sa.ForeignKey("sanction.id"), primary_key=True),
        sa.Column("place", sa.SmallInteger, primary_key=True, autoincrement=False),
        sa.Column("step", sa.String(15), nullable=False),
        sa.Column("operator_id", sa.BigInteger, sa.ForeignKey("operator.id")),
        sa.Column("note", sa.String(500)),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_table(
        "sanction_sale",
        sa.Column("sanction_id", sa.BigInteger, sa.ForeignKey("sanction.id"), primary_key=True),
        sa.Column("day", sa.Date, primary_key=True),
        sa.Column("quantity_kg", sa.BigInteger, nullable=False),
        sa.Column("most_kg", sa.BigInteger, nullable=False),
        sa.CheckConstraint("quantity_kg BETWEEN 1 AND most_kg", name="most"),
    )
    for target in ("holder_id", "project_id"):
        op.create_index(f"ix_sanction_{target}", "sanction", [target])
    op.execute(GUARDS)
    op.add_column("lot", sa.Column("restraint", sa.SmallInteger, nullable=False, server_default="0"))
    op.create_check_constraint("restraint", "lot", "restraint IN (0, 1, 2)")
    op.drop_constraint("reason", "payout_skip", type_="check")
    reasons = "reason IN ('no_payee', 'below_minimum', 'sanctioned')"
    op.create_check_constraint("reason", "payout_skip", reasons)


def downgrade() -> None:
    """Forget sanctions; for a development database only."""
    op.drop_constraint("reason", "payout_skip", type_="check")
    op.create_check_constraint("reason", "payout_skip", "reason IN ('no_payee', 'below_minimum')")
    op.drop_column("lot", "restraint")
    for table in ("sanction_sale", "sanction_step", "sanction"):
        op.drop_table(table)
    op.execute("DROP FUNCTION sanction_step_follows()")
