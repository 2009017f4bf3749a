"""Recognised programmes, and handovers of units between two registries."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

ENTRIES = (
    *((1, 90, 10), (2, 10, 90), (10, 91, 20), (11, 21, 92), (12, 20, 21), (13, 20, 31), (14, 31, 21)),
    *((15, 20, 93), (16, 92, 21), (17, 21, 31), (20, 94, 95), (21, 95, 40), (22, 95, 40), (23, 95, 96)),
    *((24, 95, 94), (25, 94, 41), (26, 41, 94), (27, 96, 94), (28, 96, 94), (29, 94, 96), (30, 97, 60)),
    *((31, 60, 97), (40, 98, 95), (41, 95, 98), (42, 98, 94), (43, 40, 42), (44, 42, 98), (45, 42, 40)),
    *((46, 98, 40), (47, 96, 42), (48, 42, 96), (49, 98, 96), (50, 96, 98), (51, 41, 98), (52, 98, 41)),
    *((53, 20, 20), (54, 20, 20), (55, 20, 20), (56, 20, 99), (57, 20, 21)),
    (60, 20, 93),
)
REASONS = ("fire", "felling", "pest", "storm", "fault", "handed_over")

GUARDS = """
CREATE FUNCTION programme_edges() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF to_jsonb(NEW) - '{confirmed_by,confirmed_at,ended_at}'::text[]
     <> to_jsonb(OLD) - '{confirmed_by,confirmed_at,ended_at}'::text[]
     OR (OLD.confirmed_at IS NOT NULL
         AND (NEW.confirmed_at, NEW.confirmed_by) IS DISTINCT FROM (OLD.confirmed_at, OLD.confirmed_by))
     OR OLD.ended_at IS NOT NULL THEN
    RAISE EXCEPTION 'programme % is frozen', OLD.code USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER programme_edges BEFORE UPDATE ON programme FOR EACH ROW EXECUTE FUNCTION programme_edges();

-- Every member of a handover is written once; after its end nothing follows. The giver's block is
-- locked while it is open and cancelled by its deed: looked at when the transaction commits.
CREATE FUNCTION handover_edges() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  was jsonb := jsonb_strip_nulls(to_jsonb(OLD));
BEGIN
  IF NOT to_jsonb(NEW) @> was
     OR was ?| '{executed_at,withdrawn_at,completed_at,closed_at}'::text[] THEN
    RAISE EXCEPTION 'handover % is frozen', OLD.number USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER handover_edges BEFORE UPDATE ON handover FOR EACH ROW EXECUTE FUNCTION handover_edges();
CREATE TRIGGER handover_receipt_edges BEFORE UPDATE ON handover_receipt
  FOR EACH ROW EXECUTE FUNCTION handover_edges();

CREATE FUNCTION handover_holds_block() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  held block;
BEGIN
  SELECT * INTO held FROM block WHERE id = NEW.block_id;
  IF (NEW.executed_at IS NULL AND NEW.withdrawn_at IS NULL
      AND (SELECT h.executed_at IS NULL AND h.withdrawn_at IS NULL FROM handover h WHERE h.id = NEW.id)
      AND (held.state, held.last_serial - held.first_serial + 1, held.holder_id)
          IS DISTINCT FROM ('reserved', NEW.quantity_kg, NEW.holder_id))
     OR (NEW.withdrawn_at IS NOT NULL AND held.state = 'reserved'
         AND NOT EXISTS (SELECT FROM handover h WHERE h.block_id = held.id AND h.withdrawn_at IS NULL))
     OR (NEW.executed_at IS NOT NULL
         AND (held.state, held.reason) IS DISTINCT FROM ('cancelled', 'handed_over')) THEN
    RAISE EXCEPTION 'handover % and its block disagree', NEW.number
      USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER handover_holds_block AFTER INSERT OR UPDATE ON handover
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION handover_holds_block();
"""

KEPT = ("programme", "handover", "handover_receipt")


def upgrade() -> None:
    """Create the tables; let blocks end by a handover, in the books too."""
    _programmes()
    _handover()
    _receipt()
    _allow(REASONS, ENTRIES)
    op.execute(GUARDS)
    for table in KEPT:
        op.execute(
            f"CREATE TRIGGER {table}_kept BEFORE DELETE OR TRUNCATE ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )
    op.execute(
        "CREATE TRIGGER programme_statement_append_only BEFORE UPDATE OR DELETE OR TRUNCATE"
        " ON programme_statement FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )


def _allow(reasons: tuple[str, ...], entries: tuple[tuple[int, int, int], ...]) -> None:
    """Widen the two CHECKs without reading millions of rows under a lock."""
    named = ", ".join(f"'{reason}'" for reason in reasons)
    allowed = ", ".join(str(kind * 10_000 + source * 100 + target) for kind, source, target in entries)
    checks = {
        ("block", "reason"): f"reason IN ({named})",
        ("posting", "entry"): f"kind * 10000 + source % 100 * 100 + target % 100 IN ({allowed})",
    }
    for (table, name), condition in checks.items():
        op.execute(f"ALTER TABLE {table} DROP CONSTRAINT ck_{table}_{name}")
        op.execute(f"ALTER TABLE {table} ADD CONSTRAINT ck_{table}_{name} CHECK ({condition}) NOT VALID")
        op.execute(f"ALTER TABLE {table} VALIDATE CONSTRAINT ck_{table}_{name}")


def _programmes() -> None:
    op.create_table(
        "programme",
        _id(),
        _word("code", 12),
        _word("name_zh", 60),
        _word("name_en", 60),
        _word("base_url", 200, nullable=True),
        sa.Column("keys", pg.ARRAY(sa.String(43)), nullable=False),
        _link("entered_by", "operator"),
        _moment("entered_at"),
        _link("confirmed_by", "operator", nullable=True),
        _moment("confirmed_at", nullable=True),
        _moment("ended_at", nullable=True),
        sa.CheckConstraint("code ~ '^[A-Z0-9]{2,12}$'", name="code"),
        sa.CheckConstraint("cardinality(keys) BETWEEN 1 AND 5", name="keys"),
        sa.CheckConstraint("confirmed_by <> entered_by", name="four_eyes"),
        sa.CheckConstraint("(confirmed_by IS NULL) = (confirmed_at IS NULL)", name="confirmed"),
    )
    for name, condition in (("standing", "confirmed_at IS NOT NULL"), ("pending", "confirmed_at IS NULL")):
        op.create_index(
            f"uq_programme_{name}",
            "programme",
            ["code"],
            unique=True,
            postgresql_where=sa.text(f"{condition} AND ended_at IS NULL"),
        )
    op.create_table(
        "programme_statement",
        sa.Column("programme_code", sa.String(12), primary_key=True),
        sa.Column("stated_at", sa.DateTime(timezone=True), primary_key=True),
        _word("kid", 16),
        *(_big(f"{figure}_kg") for figure in ("issued", "held", "retired", "cancelled")),
        _letter("document", nullable=False),
        _link("imported_by", "operator", nullable=True),
        _moment("imported_at"),
        sa.CheckConstraint("least(issued_kg, held_kg, retired_kg, cancelled_kg) >= 0", name="figures"),
        sa.CheckConstraint("issued_kg = held_kg + retired_kg + cancelled_kg", name="conserved"),
    )


def _handover() -> None:
    op.create_table(
        "handover",
        _id(),
        _word("number", 26, unique=True),
        _link("programme_id", "programme"),
        _link("block_id", "block"),
        _link("holder_id", "holder"),
        _big("quantity_kg"),
        _word("serial", 200),
        _word("recipient", 40),
        _word("note", 200),
        _link("requested_by", "operator"),
        _moment("requested_at"),
        _link("approved_by", "operator", nullable=True),
        _moment("offered_at", nullable=True),
        _moment("expires_at", nullable=True),
        *(_letter(name) for name in ("offer", "refusal", "acceptance", "deed")),
        _moment("executed_at", nullable=True),
        _letter("withdrawal"),
        _moment("withdrawn_at", nullable=True),
        sa.CheckConstraint("quantity_kg > 0", name="quantity"),
        sa.CheckConstraint("approved_by <> requested_by", name="four_eyes"),
        sa.CheckConstraint("num_nulls(approved_by, offered_at, expires_at, offer) IN (0, 4)", name="offered"),
        sa.CheckConstraint("num_nulls(acceptance, deed, executed_at) IN (0, 3)", name="executed"),
        sa.CheckConstraint("executed_at IS NULL OR offer IS NOT NULL", name="order"),
        sa.CheckConstraint("executed_at IS NULL OR withdrawn_at IS NULL", name="one_end"),
        sa.CheckConstraint(
            "(withdrawal IS NOT NULL) = (withdrawn_at IS NOT NULL AND offer IS NOT NULL)", name="withdrawn"
        ),
    )
    op.create_index(
        "uq_handover_open",
        "handover",
        ["block_id"],
        unique=True,
        postgresql_where=sa.text("withdrawn_at IS NULL"),
    )


def _receipt() -> None:
    op.create_table(
        "handover_receipt",
        _id(),
        _word("number", 26),
        _word("giver", 12),
        _big("quantity_kg"),
        _word("serial", 200),
        _word("recipient", 40),
        _letter("offer", nullable=False),
        _moment("expires_at"),
        _link("imported_by", "operator", nullable=True),
        _moment("imported_at"),
        _link("origin_id", "origin", nullable=True, unique=True),
        _link("proposed_by", "operator", nullable=True),
        _moment("proposed_at", nullable=True),
        _link("accepted_by", "operator", nullable=True),
        _moment("accepted_at", nullable=True),
        *(_letter(name) for name in ("acceptance", "deed")),
        _moment("completed_at", nullable=True),
        *(_letter(name) for name in ("refusal", "withdrawal")),
        _moment("closed_at", nullable=True),
        sa.CheckConstraint("quantity_kg > 0", name="quantity"),
        sa.CheckConstraint("(proposed_by IS NULL) = (proposed_at IS NULL)", name="proposed"),
        # Without a proposal there is nobody to differ from: an empty word must not pass.
        sa.CheckConstraint(
            "accepted_by IS NULL OR (proposed_by IS NOT NULL AND proposed_by <> accepted_by)",
            name="four_eyes",
        ),
        sa.CheckConstraint(
            "num_nulls(origin_id, accepted_by, accepted_at, acceptance) IN (0, 4)", name="accepted"
        ),
        sa.CheckConstraint("(deed IS NULL) = (completed_at IS NULL)", name="completed"),
        sa.CheckConstraint("deed IS NULL OR acceptance IS NOT NULL", name="order"),
        sa.CheckConstraint("acceptance IS NULL OR refusal IS NULL", name="one_answer"),
        sa.CheckConstraint("completed_at IS NULL OR closed_at IS NULL", name="one_end"),
        sa.CheckConstraint(
            "(closed_at IS NOT NULL) = (refusal IS NOT NULL OR withdrawal IS NOT NULL)", name="closed"
        ),
    )
    op.create_index("uq_handover_receipt_giver_number", "handover_receipt", ["giver", "number"], unique=True)


def _id() -> sa.Column:
    return sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True)


def _big(name: str) -> sa.Column:
    return sa.Column(name, sa.BigInteger, nullable=False)


def _link(name: str, target: str, nullable: bool = False, unique: bool = False) -> sa.Column:
    return sa.Column(
        name, sa.BigInteger, sa.ForeignKey(f"{target}.id"), nullable=nullable, unique=unique or None
    )


def _word(name: str, length: int, nullable: bool = False, unique: bool = False) -> sa.Column:
    return sa.Column(name, sa.String(length), nullable=nullable, unique=unique or None)


def _letter(name: str, nullable: bool = True) -> sa.Column:
    return sa.Column(name, sa.Text, nullable=nullable)


def _moment(name: str, nullable: bool = False) -> sa.Column:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def downgrade() -> None:
    """Take it back; for a development database that has handed nothing over."""
    for table in ("handover_receipt", "handover", "programme_statement", "programme"):
        op.drop_table(table)
    for function in ("handover_holds_block", "handover_edges", "programme_edges"):
        op.execute(f"DROP FUNCTION {function}()")
    _allow(REASONS[:-1], ENTRIES[:-1])
