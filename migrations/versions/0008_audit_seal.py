"""The chain that seals the audit log, and its signed heads."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the chain; what the log holds already is sealed by the next round of the sealer."""
    op.add_column(
        "audit_entry",
        sa.Column(
            "written_at",
            sa.DateTime(timezone=True),
            nullable=False,
            server_default=sa.func.clock_timestamp(),
        ),
    )
    op.create_index("ix_audit_entry_subject", "audit_entry", ["subject", "id"])
    op.create_table(
        "audit_seal",
        sa.Column("position", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("entry_id", sa.BigInteger, sa.ForeignKey("audit_entry.id"), nullable=False, unique=True),
        sa.Column("link", sa.LargeBinary, nullable=False),
        sa.CheckConstraint("position > 0", name="position"),
        sa.CheckConstraint("length(link) = 32", name="link"),
    )
    op.create_table(
        "audit_head",
        sa.Column(
            "position",
            sa.BigInteger,
            sa.ForeignKey("audit_seal.position"),
            primary_key=True,
            autoincrement=False,
        ),
        sa.Column("signed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("document", sa.Text, nullable=False),
    )
    for table in ("audit_seal", "audit_head"):
        op.execute(
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )


def downgrade() -> None:
    """Drop the chain; for a development database only."""
    for table in ("audit_head", "audit_seal"):
        op.drop_table(table)
    op.drop_index("ix_audit_entry_subject", "audit_entry")
    op.drop_column("audit_entry", "written_at")
