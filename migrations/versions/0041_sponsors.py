"""Sponsors: what two operators decide of a programme, expiry that was told, rewards on statements."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

revision = "0041"
down_revision = "0040"
branch_labels = None
depends_on = None

GUARDS = """
-- What was proposed never changes, and is decided once; an opening learns which programme it became.
CREATE FUNCTION programme_proposal_edges() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.decided_at IS NOT NULL
    OR (NEW.id, NEW.kind, NEW.terms, NEW.proposed_by, NEW.proposed_at)
      IS DISTINCT FROM (OLD.id, OLD.kind, OLD.terms, OLD.proposed_by, OLD.proposed_at)
    OR (OLD.kind <> 'open' AND NEW.programme_id <> OLD.programme_id) THEN
    RAISE EXCEPTION 'proposal % is decided once and never changes', OLD.id
      USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER programme_proposal_edges BEFORE UPDATE ON programme_proposal
  FOR EACH ROW EXECUTE FUNCTION programme_proposal_edges();
CREATE TRIGGER programme_proposal_kept BEFORE DELETE OR TRUNCATE ON programme_proposal
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER points_reminder_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON points_reminder
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER statement_reward_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON statement_reward
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
"""


def _moment(name: str, *, nullable: bool = False) -> sa.Column:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _to(name: str, target: str, *, nullable: bool = False, **more: object) -> sa.Column:
    return sa.Column(name, sa.BigInteger, sa.ForeignKey(target), nullable=nullable, **more)


def _big(name: str) -> sa.Column:
    return sa.Column(name, sa.BigInteger, nullable=False)


def upgrade() -> None:
    """Make the tables and their guards."""
    op.create_table(
        "programme_proposal",
        sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
        sa.Column("kind", sa.String(10), nullable=False),
        _to("programme_id", "reward_programme.holder_id", nullable=True),
        sa.Column("terms", pg.JSONB, nullable=False),
        _to("proposed_by", "operator.id"),
        _moment("proposed_at"),
        _to("decided_by", "operator.id", nullable=True),
        _moment("decided_at", nullable=True),
        sa.Column("approved", sa.Boolean),
        sa.CheckConstraint("kind IN ('open', 'tariff', 'close')", name="kind"),
        sa.CheckConstraint("num_nulls(decided_by, decided_at, approved) IN (0, 3)", name="decided"),
        sa.CheckConstraint("NOT approved OR decided_by <> proposed_by", name="four_eyes"),
        sa.CheckConstraint(
            "(programme_id IS NOT NULL) = (kind <> 'open' OR coalesce(approved, false))", name="programme"
        ),
    )
    op.create_index(
        "uq_programme_proposal_waiting",
        "programme_proposal",
        ["programme_id"],
        unique=True,
        postgresql_where=sa.text("decided_at IS NULL AND programme_id IS NOT NULL"),
    )
    op.create_table(
        "points_reminder",
        sa.Column("expires_on", sa.Date, primary_key=True),
        sa.Column("days_ahead", sa.Integer, primary_key=True, autoincrement=False),
        _moment("told_at"),
    )
    op.create_table(
        "programme_tally",
        _to("programme_id", "reward_programme.holder_id", primary_key=True, autoincrement=False),
        *(_big(name) for name in ("granted", "expired", "taken_back", "people")),
        sa.Column("spent_on", pg.JSONB, nullable=False),
        _moment("counted_at"),
    )
    op.create_table(
        "statement_reward",
        _to("statement_id", "statement.id", primary_key=True, autoincrement=False),
        _to("fund_id", "holder.id", primary_key=True, autoincrement=False),
        _big("payments"),
        _big("amount_fen"),
        sa.CheckConstraint("payments > 0 AND amount_fen >= payments", name="amounts"),
    )
    op.execute(GUARDS)


def downgrade() -> None:
    """Drop them; for a development database only."""
    for table in ("statement_reward", "programme_tally", "points_reminder", "programme_proposal"):
        op.drop_table(table)
    op.execute("DROP FUNCTION programme_proposal_edges()")
