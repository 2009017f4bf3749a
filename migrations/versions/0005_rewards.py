"""Point grants."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table of grants."""
    op.create_table(
        "point_grant",
        sa.Column("action_id", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("holder_id", sa.BigInteger, sa.ForeignKey("holder.id"), nullable=False, index=True),
        sa.Column("points", sa.Integer, nullable=False),
        sa.Column("tariff", sa.String(20), nullable=False),
        sa.Column("granted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("taken_back_at", sa.DateTime(timezone=True)),
        sa.CheckConstraint("points >= 0", name="points"),
    )


def downgrade() -> None:
    """Drop the table; for a development database only."""
    op.drop_table("point_grant")
