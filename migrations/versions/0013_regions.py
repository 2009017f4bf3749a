"""Administrative regions, and where projects lie in them."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

GUARDS = """
CREATE TRIGGER region_identity BEFORE UPDATE OF code, digits, parent OR DELETE OR TRUNCATE ON region
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
"""


def upgrade() -> None:
    """Create regions; a project hangs at the deepest one that is known, or at none."""
    op.create_table(
        "region",
        sa.Column("code", sa.String(12), primary_key=True),
        sa.Column("digits", sa.SmallInteger, nullable=False),
        sa.Column("parent", sa.String(12), sa.ForeignKey("region.code")),
        sa.Column("name_zh", sa.String(60), nullable=False),
        sa.Column("name_en", sa.String(60)),
        sa.Column("sample", sa.Boolean, nullable=False),
        sa.Column("loaded_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("code ~ '^[1-9][0-9]+$'", name="code"),
        sa.CheckConstraint("digits = length(code) AND digits IN (2, 4, 6, 9, 12)", name="digits"),
        sa.CheckConstraint(
            "parent IS NOT DISTINCT FROM CASE digits WHEN 2 THEN NULL WHEN 4 THEN left(code, 2)"
            " WHEN 6 THEN left(code, 4) WHEN 9 THEN left(code, 6) ELSE left(code, 9) END",
            name="parent",
        ),
        # No standard gives out the last three digits from 900 on: there samples lie, and nothing else.
        sa.CheckConstraint("sample = (digits > 6 AND left(right(code, 3), 1) = '9')", name="sample"),
    )
    op.create_index("ix_region_parent", "region", ["parent"])
    op.execute(GUARDS)
    op.add_column("project", sa.Column("region_code", sa.String(12)))
    op.create_foreign_key(
        op.f("fk_project_region_code_region"), "project", "region", ["region_code"], ["code"]
    )
    op.create_check_constraint("region_code", "project", "left(region_code, 6) = region")
    op.create_index("ix_project_region_code", "project", [sa.text("region_code text_pattern_ops")])


def downgrade() -> None:
    """Forget regions."""
    op.drop_column("project", "region_code")
    op.drop_table("region")
