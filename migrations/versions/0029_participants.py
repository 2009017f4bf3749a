"""Participants of events: lists that were imported, people's own reports, and what was counted of them."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None

GUARDS = """
-- What was taken in once stays known: which file, how many people, what it came to.
CREATE TRIGGER participant_import_facts BEFORE UPDATE OF id, event_id, number, city, encoding, delimiter,
    file_sha256, file_bytes, people, online, fault_count, faults, unused, formulas, sums, drafted_at
  ON participant_import
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER participant_import_edges BEFORE UPDATE ON participant_import FOR EACH ROW
  WHEN (OLD.ended_at IS NOT NULL
     OR (OLD.taken_at IS NOT NULL AND (NEW.taken_at, NEW.is_partial) IS DISTINCT FROM
         (OLD.taken_at, OLD.is_partial)))
  EXECUTE FUNCTION refuse_row('an import is taken once and ended once');
CREATE TRIGGER participant_import_kept BEFORE DELETE ON participant_import FOR EACH ROW
  WHEN (OLD.taken_at IS NOT NULL)
  EXECUTE FUNCTION refuse_row('an import that was taken is kept');
CREATE TRIGGER participant_line_kept BEFORE UPDATE OR DELETE OR TRUNCATE ON participant_line
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
"""


def upgrade() -> None:
    """Take in lists and reports, and keep of whom each line was counted."""
    op.create_table(
        "participant_desk",
        _event(primary_key=True, autoincrement=False),
        sa.Column("city", sa.String(6)),
        sa.Column("link_round", sa.Integer, nullable=False, server_default="1"),
        _moment("opened_at", nullable=True),
        _moment("closed_at", nullable=True),
        _moment("counted_at", nullable=True),
    )
    _imports()
    _people()
    _lines()
    op.execute(GUARDS)


def _id() -> sa.Column:
    return sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True)


def _event(**kwargs: object) -> sa.Column:
    return sa.Column("event_id", sa.BigInteger, sa.ForeignKey("event.cause_id"), nullable=False, **kwargs)


def _moment(name: str, nullable: bool = False) -> sa.Column:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _integers(*names: str) -> list[sa.Column]:
    return [sa.Column(name, sa.Integer, nullable=False) for name in names]


def _imports() -> None:
    op.create_table(
        "participant_import",
        _id(),
        _event(),
        *_integers("number"),
        sa.Column("city", sa.String(6)),
        sa.Column("encoding", sa.String(20), nullable=False),
        sa.Column("delimiter", sa.String(10), nullable=False),
        sa.Column("file_sha256", sa.String(64), nullable=False),
        *_integers("file_bytes", "people", "online", "fault_count"),
        sa.Column("faults", pg.JSONB, nullable=False),
        sa.Column("unused", pg.JSONB, nullable=False),
        *_integers("formulas"),
        sa.Column("sums", pg.JSONB, nullable=False),
        _moment("drafted_at"),
        sa.Column("is_partial", sa.Boolean),
        _moment("taken_at", nullable=True),
        _moment("ended_at", nullable=True),
        sa.UniqueConstraint("event_id", "number"),
        sa.CheckConstraint("least(people, online, fault_count, formulas) >= 0", name="counts"),
        sa.CheckConstraint("(taken_at IS NULL) = (is_partial IS NULL)", name="taken"),
    )
    for name, is_taken in (("draft", "IS NULL"), ("standing", "IS NOT NULL")):
        op.create_index(
            f"uq_participant_import_{name}",
            "participant_import",
            ["event_id"],
            unique=True,
            postgresql_where=sa.text(f"taken_at {is_taken} AND ended_at IS NULL"),
        )


def _people() -> None:
    op.create_table(
        "participant",
        _id(),
        _event(),
        sa.Column("import_id", sa.BigInteger, sa.ForeignKey("participant_import.id", ondelete="CASCADE")),
        sa.Column("line", sa.Integer),
        sa.Column("person", sa.LargeBinary),
        sa.Column("device", sa.LargeBinary),
        sa.Column("attendance", sa.String(10), nullable=False),
        sa.Column("there_means", sa.String(20)),
        *_integers("there_km"),
        sa.Column("there_by_city", sa.Boolean, nullable=False),
        sa.Column("back_means", sa.String(20)),
        *_integers("back_km"),
        sa.Column("back_by_city", sa.Boolean, nullable=False),
        sa.Column("nights", sa.SmallInteger, nullable=False),
        sa.Column("meals", sa.SmallInteger, nullable=False),
        sa.Column("diet", sa.String(10), nullable=False),
        sa.Column("city", sa.String(6)),
        sa.Column("times", sa.SmallInteger, nullable=False, server_default="1"),
        _moment("told_at"),
        _moment("removed_at", nullable=True),
        *(sa.CheckConstraint(told, name=name) for name, told in _CHECKS.items()),
    )
    op.create_index("ix_participant_event_id", "participant", ["event_id", "id"])
    op.create_index(
        "ix_participant_reports",
        "participant",
        ["event_id", "told_at"],
        postgresql_where=sa.text("import_id IS NULL"),
    )
    for name, columns, where in _UNIQUE:
        op.create_index(f"uq_participant_{name}", "participant", columns, unique=True, postgresql_where=where)


_CHECKS = {
    "line": "(import_id IS NULL) = (line IS NULL)",
    "device": "(import_id IS NULL) = (device IS NOT NULL)",
    "attendance": "attendance IN ('onsite', 'online')",
    "there": "(attendance = 'online') = (there_means IS NULL)",
    "back": "(there_means IS NULL) = (back_means IS NULL)",
    "amounts": "least(there_km, back_km, nights, meals) >= 0",
    "diet": "diet IN ('meat', 'vegetarian')",
    "removed": "removed_at IS NULL OR import_id IS NULL",
}
_UNIQUE = (
    ("line", ["import_id", "line"], None),
    ("person", ["event_id", "person"], sa.text("import_id IS NULL AND removed_at IS NULL")),
    ("device", ["event_id", "device"], None),
    ("listed", ["import_id", "person"], None),
)


def _lines() -> None:
    op.create_table(
        "participant_line",
        sa.Column("inventory_id", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("stage", sa.String(10), primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("revision", sa.Integer, primary_key=True, autoincrement=False),
        _event(),
        sa.Column("import_id", sa.BigInteger, sa.ForeignKey("participant_import.id")),
        sa.Column("amount", sa.BigInteger, nullable=False),
        *_integers("listed", "reported"),
        _moment("counted_at"),
        sa.CheckConstraint("amount > 0 AND least(listed, reported) >= 0", name="counts"),
        sa.CheckConstraint("listed + reported > 0", name="somebody"),
    )
    op.create_index("ix_participant_line_event_id", "participant_line", ["event_id"])


def downgrade() -> None:
    """Take them away; for a development database only."""
    for table in ("participant_line", "participant", "participant_import", "participant_desk"):
        op.drop_table(table)
