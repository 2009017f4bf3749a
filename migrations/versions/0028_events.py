"""Events: described, taken stock of, corrected; surplus kept for another; forests planted and proven."""

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None

TABLES = (
    "event_forest_proof",
    "event_forest",
    "event_surplus",
    "event_correction",
    "event_reduction",
    "event",
)
ENTRIES = ((58, 31, 31), (59, 31, 21))
GUARDS = """
CREATE FUNCTION event_edges() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.cause_id <> OLD.cause_id
     OR (OLD.called_off_at IS NOT NULL AND NEW.called_off_at IS DISTINCT FROM OLD.called_off_at) THEN
    RAISE EXCEPTION 'event % cannot become another', OLD.cause_id
      USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  -- Other figures count only when a correction says why.
  IF NEW.inventory_id <> OLD.inventory_id AND NOT EXISTS (SELECT FROM event_correction
       WHERE event_id = NEW.cause_id AND before_id = OLD.inventory_id
         AND inventory_id = NEW.inventory_id) THEN
    RAISE EXCEPTION 'the figures of event % are corrected, not replaced', OLD.cause_id
      USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER event_edges BEFORE UPDATE ON event FOR EACH ROW EXECUTE FUNCTION event_edges();
CREATE TRIGGER event_kept BEFORE DELETE OR TRUNCATE ON event
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TRIGGER event_correction_kept BEFORE DELETE OR TRUNCATE ON event_correction
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER event_correction_edges BEFORE UPDATE ON event_correction FOR EACH ROW
  WHEN (OLD.closed_at IS NOT NULL
    OR to_jsonb(OLD) - 'closed_at'::text IS DISTINCT FROM to_jsonb(NEW) - 'closed_at'::text)
  EXECUTE FUNCTION refuse_row('a correction is only ever closed');

CREATE TRIGGER event_surplus_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON event_surplus
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
-- What is kept for another event stays with whoever owns both.
CREATE FUNCTION surplus_stays_with_owner() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (SELECT count(DISTINCT owner_id) FROM cause WHERE holder_id IN (NEW.source_id, NEW.target_id)) <> 1 THEN
    RAISE EXCEPTION 'surplus stays with its owner' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER surplus_stays_with_owner BEFORE INSERT ON event_surplus
  FOR EACH ROW EXECUTE FUNCTION surplus_stays_with_owner();

CREATE TRIGGER event_forest_kept BEFORE DELETE OR TRUNCATE ON event_forest
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE FUNCTION forest_under_proof() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT FROM event_forest_proof WHERE event_id = OLD.event_id AND approved IS NOT FALSE) THEN
    RAISE EXCEPTION 'a proof speaks of the forest of event %', OLD.event_id
      USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER forest_under_proof BEFORE UPDATE ON event_forest
  FOR EACH ROW EXECUTE FUNCTION forest_under_proof();

CREATE TRIGGER event_forest_proof_kept BEFORE DELETE OR TRUNCATE ON event_forest_proof
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER event_forest_proof_decided_once BEFORE UPDATE ON event_forest_proof FOR EACH ROW
  WHEN (OLD.decided_at IS NOT NULL OR to_jsonb(OLD) - ARRAY['decided_by', 'decided_at', 'approved']
    IS DISTINCT FROM to_jsonb(NEW) - ARRAY['decided_by', 'decided_at', 'approved'])
  EXECUTE FUNCTION refuse_row('a proof is decided once');
"""


def upgrade() -> None:
    """Bring the tables, the entries and their guards."""
    _events()
    _kept()
    _forests()
    numbers = ", ".join(str(kind * 10_000 + source * 100 + target) for kind, source, target in ENTRIES)
    _entries(f"replace(replace(known, 'ARRAY[', 'ARRAY[{numbers}, '), ' NOT VALID', '') || ' NOT VALID'")
    op.execute(GUARDS)


def _events() -> None:
    op.create_table(
        "event",
        sa.Column(
            "cause_id", sa.BigInteger, sa.ForeignKey("cause.holder_id"), primary_key=True, autoincrement=False
        ),
        sa.Column("inventory_id", sa.BigInteger, sa.ForeignKey("inventory.id"), nullable=False, unique=True),
        _word("kind", 20),
        _word("scheme", 40),
        _word("organiser", 100),
        _word("place", 100),
        _word("about", 1000, nullable=True),
        _word("method", 10, server_default="units"),
        _moment("published_at", nullable=True),
        _moment("called_off_at", nullable=True),
        _word("hidden_reason", 300, nullable=True),
        sa.CheckConstraint("method IN ('units', 'forest')", name="method"),
        sa.CheckConstraint("hidden_reason IS NULL OR published_at IS NULL", name="hidden"),
    )
    op.create_table(
        "event_reduction",
        _id(),
        _link("event_id", "event.cause_id"),
        _word("type", 10),
        _word("text", 200),
        sa.Column("planned_g", sa.BigInteger),
        _word("outcome", 200, nullable=True),
        _moment("told_at"),
        sa.CheckConstraint("planned_g >= 0", name="planned"),
    )
    op.create_index("ix_event_reduction_event_id", "event_reduction", ["event_id", "id"])


def _kept() -> None:
    op.create_table(
        "event_correction",
        _id(),
        _link("event_id", "event.cause_id", index=True),
        _link("before_id", "inventory.id"),
        _link("inventory_id", "inventory.id", unique=True),
        _word("reason", 300),
        _moment("opened_at"),
        _moment("closed_at", nullable=True),
    )
    op.create_index(
        "uq_event_correction_open",
        "event_correction",
        ["event_id"],
        unique=True,
        postgresql_where=sa.text("closed_at IS NULL"),
    )
    op.create_table(
        "event_surplus",
        _id(),
        _link("source_id", "event.cause_id", index=True),
        _link("target_id", "event.cause_id", index=True),
        sa.Column("amount_g", sa.BigInteger, nullable=False),
        _moment("moved_at"),
        sa.CheckConstraint("amount_g > 0", name="amount"),
        sa.CheckConstraint("source_id <> target_id", name="another"),
    )


def _forests() -> None:
    op.create_table(
        "event_forest",
        sa.Column(
            "event_id", sa.BigInteger, sa.ForeignKey("event.cause_id"), primary_key=True, autoincrement=False
        ),
        _word("place", 100),
        sa.Column("longitude_e6", sa.Integer, nullable=False),
        sa.Column("latitude_e6", sa.Integer, nullable=False),
        _word("species", 100),
        sa.Column("area_m2", sa.BigInteger, nullable=False),
        sa.Column("planted_on", sa.Date, nullable=False),
        sa.Column("years", sa.Integer, nullable=False),
        sa.Column("expected_g", sa.BigInteger, nullable=False),
        _word("planting", 500),
        _word("monitoring", 500),
        _moment("chosen_at"),
        sa.CheckConstraint("area_m2 > 0", name="area"),
        sa.CheckConstraint("years BETWEEN 1 AND 100", name="years"),
        sa.CheckConstraint("expected_g > 0", name="expected"),
    )
    op.create_table(
        "event_forest_proof",
        _id(),
        _link("event_id", "event_forest.event_id"),
        sa.Column("proven_g", sa.BigInteger, nullable=False),
        _word("methodology", 100),
        _word("certifier", 100),
        _word("report", 200),
        _word("report_sha256", 64),
        sa.Column("measured_on", sa.Date, nullable=False),
        _link("requested_by", "operator.id"),
        _moment("requested_at"),
        _link("decided_by", "operator.id", nullable=True),
        _moment("decided_at", nullable=True),
        sa.Column("approved", sa.Boolean),
        sa.CheckConstraint("proven_g > 0", name="proven"),
        sa.CheckConstraint("decided_by <> requested_by", name="four_eyes"),
        sa.CheckConstraint(
            "(decided_at IS NULL) = (decided_by IS NULL) AND (decided_at IS NULL) = (approved IS NULL)",
            name="decided",
        ),
    )
    for name, column in (("standing", "event_id"), ("report", "report_sha256")):
        op.create_index(
            f"uq_event_forest_proof_{name}",
            "event_forest_proof",
            [column],
            unique=True,
            postgresql_where=sa.text("approved IS NOT FALSE"),
        )


def _entries(new: str) -> None:
    """Let the CHECK of entries be `new`, an expression of what is `known` by now."""
    op.execute(
        f"""DO $$
        DECLARE known text := (SELECT pg_get_constraintdef(oid) FROM pg_constraint
                               WHERE conname = 'ck_posting_entry');
        BEGIN
          ALTER TABLE posting DROP CONSTRAINT ck_posting_entry;
          EXECUTE 'ALTER TABLE posting ADD CONSTRAINT ck_posting_entry ' || {new};
          ALTER TABLE posting VALIDATE CONSTRAINT ck_posting_entry;
        END $$"""
    )


def downgrade() -> None:
    """Take them away."""
    for table in TABLES:
        op.drop_table(table)
    for name in ("event_edges", "surplus_stays_with_owner", "forest_under_proof"):
        op.execute(f"DROP FUNCTION {name}")
    numbers = "|".join(str(kind * 10_000 + source * 100 + target) for kind, source, target in ENTRIES)
    _entries(rf"regexp_replace(known, '\(({numbers})\)::bigint, ', '', 'g') || ' NOT VALID'")


def _id() -> sa.Column[int]:
    return sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True)


def _word(name: str, longest: int, *, nullable: bool = False, **kwargs: str) -> sa.Column[str]:
    return sa.Column(name, sa.String(longest), nullable=nullable, **kwargs)


def _moment(name: str, *, nullable: bool = False) -> "sa.Column[object]":
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _link(name: str, target: str, *, nullable: bool = False, **kwargs: bool) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger, sa.ForeignKey(target), nullable=nullable, **kwargs)
