"""Validity and announced changes of factors and methodologies, packs, and scenes that do not count."""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

# What was published said the same in other columns: a year's factor is a factor of that year, and
# all methodologies so far were of one pack. No value, unit or source is touched.
FILL = """
ALTER TABLE factor DISABLE TRIGGER factor_append_only;
UPDATE factor SET valid_until = make_date(right(key, 4)::integer, 12, 31)
 WHERE category = 'electricity' AND key ~ '\\.20[0-9]{2}$';
ALTER TABLE factor ENABLE TRIGGER factor_append_only;
ALTER TABLE methodology DISABLE TRIGGER methodology_append_only;
UPDATE methodology SET pack = document -> 'pack' ->> 'key';
ALTER TABLE methodology ENABLE TRIGGER methodology_append_only;
"""
GUARDS = """
CREATE TRIGGER pack_choice_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON pack_choice
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
"""


def upgrade() -> None:
    """Add what a version needs to be announced before it counts."""
    op.add_column("factor", sa.Column("valid_until", sa.Date))
    op.add_column("factor", sa.Column("effective_from", sa.Date))
    op.create_check_constraint("validity", "factor", "valid_until >= valid_from")
    op.add_column("methodology", sa.Column("pack", sa.String(40)))
    op.add_column("methodology", sa.Column("effective_from", sa.Date))
    op.execute(FILL)
    op.alter_column("methodology", "pack", nullable=False)
    op.alter_column("methodology", "factor_id", nullable=True)
    op.create_check_constraint(
        "counted", "methodology", "factor_id IS NOT NULL OR document ->> 'switched_on' = 'false'"
    )
    op.create_table(
        "pack_choice",
        sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
        sa.Column("pack", sa.String(40)),
        sa.Column("effective_from", sa.Date),
        sa.Column("chosen_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.execute(GUARDS)


def downgrade() -> None:
    """Drop what was added; for a development database only."""
    op.drop_table("pack_choice")
    op.execute("ALTER TABLE methodology DISABLE TRIGGER USER")
    op.execute("DELETE FROM methodology WHERE factor_id IS NULL")
    op.execute("ALTER TABLE methodology ENABLE TRIGGER USER")
    op.drop_constraint("ck_methodology_counted", "methodology")
    op.alter_column("methodology", "factor_id", nullable=False)
    op.drop_column("methodology", "effective_from")
    op.drop_column("methodology", "pack")
    op.drop_constraint("ck_factor_validity", "factor")
    op.drop_column("factor", "effective_from")
    op.drop_column("factor", "valid_until")
