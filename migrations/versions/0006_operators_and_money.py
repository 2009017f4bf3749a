"""Operators with the log of what they did; accounts and entries for doubts, bank transfers and payouts."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

# The chart of accounts as it stood at this revision; see migration 0001.
FLOORED = (10, 20, 31, 40, 41, 42, 60)
CEILED = (21,)
ENTRIES = (
    (1, 90, 10),
    (2, 10, 90),
    (10, 91, 20),
    (11, 21, 92),
    (12, 20, 21),
    (13, 20, 31),
    (14, 31, 21),
    (15, 20, 93),
    (16, 92, 21),
    (17, 21, 31),
    (20, 94, 95),
    (21, 95, 40),
    (22, 95, 40),
    (23, 95, 96),
    (24, 95, 94),
    (25, 94, 41),
    (26, 41, 94),
    (27, 96, 94),
    (28, 96, 94),
    (29, 94, 96),
    (30, 97, 60),
    (31, 60, 97),
    (40, 98, 95),
    (41, 95, 98),
    (42, 98, 94),
    (43, 40, 42),
    (44, 42, 98),
    (45, 42, 40),
    (46, 98, 40),
    (47, 96, 42),
    (48, 42, 96),
    (49, 98, 96),
)


def upgrade() -> None:
    """Widen the books' CHECKs, then create the operators' tables."""
    floored, ceiled = ", ".join(map(str, FLOORED)), ", ".join(map(str, CEILED))
    allowed = ", ".join(str(kind * 10_000 + source * 100 + target) for kind, source, target in ENTRIES)
    _replace("account", "floor", f"id % 100 NOT IN ({floored}) OR balance >= 0")
    _replace("account", "kind", f"id % 100 IN ({floored}, {ceiled})")
    _replace("posting", "entry", f"kind * 10000 + source % 100 * 100 + target % 100 IN ({allowed})")
    _operators()


def _replace(table: str, name: str, condition: str) -> None:
    """Exchange a CHECK without reading the table under its strongest lock: what stands fits the wider one."""
    constraint = f"ck_{table}_{name}"
    op.execute(f"ALTER TABLE {table} DROP CONSTRAINT {constraint}")
    op.execute(f"ALTER TABLE {table} ADD CONSTRAINT {constraint} CHECK ({condition}) NOT VALID")
    op.execute(f"ALTER TABLE {table} VALIDATE CONSTRAINT {constraint}")


def _moment(name: str, nullable: bool = False) -> sa.Column:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _id() -> sa.Column:
    return sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True)


def _operators() -> None:
    op.create_table(
        "operator",
        _id(),
        sa.Column("name", sa.String(40), nullable=False, unique=True),
        sa.Column("roles", pg.ARRAY(sa.String(20)), nullable=False),
        sa.Column("password_hash", sa.String(200), nullable=False),
        sa.Column("totp_sealed", sa.LargeBinary, nullable=False),
        sa.Column("totp_last_step", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("failures", sa.BigInteger, nullable=False, server_default="0"),
        _moment("locked_until", nullable=True),
        _moment("created_at"),
        _moment("ended_at", nullable=True),
        sa.CheckConstraint("cardinality(roles) > 0", name="roles"),
    )
    op.create_table(
        "operator_session",
        _id(),
        sa.Column("operator_id", sa.BigInteger, sa.ForeignKey("operator.id"), nullable=False, index=True),
        _moment("created_at"),
        _moment("revoked_at", nullable=True),
    )
    op.create_table(
        "audit_entry",
        _id(),
        sa.Column("operator_id", sa.BigInteger, sa.ForeignKey("operator.id")),
        sa.Column("action", sa.String(60), nullable=False),
        sa.Column("subject", sa.String(80), nullable=False),
        sa.Column("details", pg.JSONB, nullable=False),
        _moment("acted_at"),
    )
    op.execute(
        "CREATE TRIGGER audit_entry_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_entry"
        " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )


def downgrade() -> None:
    """Drop the operators; for a development database only. The wider CHECKs hold for what stood before."""
    for table in ("audit_entry", "operator_session", "operator"):
        op.drop_table(table)
