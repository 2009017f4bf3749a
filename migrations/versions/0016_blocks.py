"""What is done with blocks: acts, holds, own retirements, mandates of operators; the buffer pool; notices."""

from collections.abc import Iterable

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

# What is new in the books; the CHECK is rebuilt from what stands there, since other revisions widen it too.
ENTRIES = ((53, 20, 20), (54, 20, 20), (55, 20, 20), (56, 20, 99), (57, 20, 21))

# The acts as they stood at this revision: name, states before, state after, whether the holder changes.
ACTS = (
    ("buffer", ("active",), "active", True),
    ("split", ("active",), "active", False),
    ("offer", ("active",), "active", False),
    ("withdraw", ("active",), "active", False),
    ("transfer", ("active",), "active", True),
    ("reserve", ("active",), "reserved", False),
    ("give", ("active",), "reserved", False),
    ("release", ("reserved",), "active", False),
    ("redeem", ("reserved",), "active", True),
    ("pledge", ("active",), "pledged", False),
    ("unpledge", ("pledged",), "active", False),
    ("retire", ("active",), "retired", False),
    ("cancel", ("active",), "cancelled", False),
)
EDGES = sorted(
    {f"{before}>{after}" for _, states, after, _ in ACTS for before in states if before != after}
    | {"reserved>retired", "reserved>cancelled"}
)
REASONS = ("fire", "felling", "pest", "storm", "fault")


def _words(words: Iterable[str]) -> str:
    return ", ".join(f"'{word}'" for word in words)


# Row triggers with conditions, so that the settlement's path, which changes ends of ranges and inserts
# retired pieces, runs none of these functions. What is inserted as active must have been cut off a block of
# the same holder that may be cut; waiting states are only reached by a step of a whole block. Together with
# `block_final` and `block_chain`, no piece can change hands or state unseen.
GUARDS = f"""
DROP TRIGGER block_identity ON block;
CREATE TRIGGER block_identity BEFORE UPDATE OF id, issuance_id, created_at
  OR DELETE OR TRUNCATE ON block FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE FUNCTION block_step() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.state <> NEW.state AND OLD.state || '>' || NEW.state NOT IN ({_words(EDGES)}) THEN
    RAISE EXCEPTION 'a block does not go from % to %', OLD.state, NEW.state
      USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  IF OLD.holder_id <> NEW.holder_id
     AND (NEW.state <> 'active' OR OLD.state NOT IN ('active', 'reserved') OR OLD.holder_id = 2
          OR OLD.lot_id IS NOT NULL OR NEW.lot_id IS NOT NULL OR OLD.bound IS NOT NULL) THEN
    RAISE EXCEPTION 'what is on sale, pledged, bound, used or in the buffer pool does not change hands'
      USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  IF OLD.bound IS NOT NULL AND NEW.bound IS DISTINCT FROM OLD.bound THEN
    RAISE EXCEPTION 'a bond is for ever' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END $$;

CREATE TRIGGER block_step BEFORE UPDATE OF state, holder_id, bound ON block FOR EACH ROW
  WHEN (OLD.state <> NEW.state OR OLD.holder_id <> NEW.holder_id OR OLD.bound IS DISTINCT FROM NEW.bound)
  EXECUTE FUNCTION block_step();

CREATE FUNCTION block_piece() RETURNS trigger LANGUAGE plpgsql SET enable_seqscan = off AS $$
BEGIN
  IF NEW.state <> 'active' THEN
    RAISE EXCEPTION 'a block waits as a whole' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  IF NOT EXISTS (SELECT FROM issuance i WHERE i.id = NEW.issuance_id AND i.holder_id = NEW.holder_id
                   AND i.first_serial = NEW.first_serial AND i.last_serial = NEW.last_serial)
     AND NOT EXISTS (SELECT FROM block b WHERE b.first_serial = NEW.last_serial + 1
                       AND b.issuance_id = NEW.issuance_id AND b.holder_id = NEW.holder_id
                       AND b.state IN ('active', 'reserved') AND b.bound IS NOT DISTINCT FROM NEW.bound)
     AND NOT EXISTS (SELECT FROM block b WHERE b.last_serial = NEW.first_serial - 1
                       AND b.issuance_id = NEW.issuance_id AND b.holder_id = NEW.holder_id
                       AND b.state IN ('active', 'reserved') AND b.bound IS NOT DISTINCT FROM NEW.bound) THEN
    RAISE EXCEPTION 'a piece belongs to whoever holds what it was cut from'
      USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END $$;

CREATE TRIGGER block_piece BEFORE INSERT ON block FOR EACH ROW
  WHEN (NEW.state NOT IN ('retired', 'cancelled')) EXECUTE FUNCTION block_piece();

CREATE OR REPLACE FUNCTION block_final() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (
    SELECT FROM was JOIN fresh USING (id)
     WHERE was.state IN ('retired', 'cancelled')
        OR fresh.first_serial < was.first_serial OR fresh.last_serial > was.last_serial
        OR was.state = 'pledged'
           AND (fresh.first_serial <> was.first_serial OR fresh.last_serial <> was.last_serial)) THEN
    RAISE EXCEPTION 'retired and cancelled blocks never change, none grows, and what is pledged is not cut'
      USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NULL;
END $$;

CREATE TRIGGER block_act_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON block_act
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TRIGGER hold_terms BEFORE UPDATE OF id, code, kind, holder_id, issuance_id, first_serial, last_serial,
  purpose, until, opened_at OR DELETE OR TRUNCATE ON hold FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE FUNCTION decided_once() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '%: what is decided stays decided', TG_TABLE_NAME
    USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE TRIGGER hold_ends_once BEFORE UPDATE ON hold FOR EACH ROW
  WHEN (OLD.ended_at IS NOT NULL OR NEW.ended_at IS NULL
        OR OLD.other_holder_id IS NOT NULL AND NEW.other_holder_id IS DISTINCT FROM OLD.other_holder_id)
  EXECUTE FUNCTION decided_once();

CREATE TRIGGER own_retirement_terms BEFORE UPDATE OF id, number, holder_id, issuance_id, first_serial,
  last_serial, purpose, due_g, retired_at OR DELETE OR TRUNCATE ON own_retirement
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER own_retirement_name BEFORE UPDATE ON own_retirement FOR EACH ROW
  WHEN (NEW.beneficiary IS NOT NULL) EXECUTE FUNCTION decided_once();

CREATE TRIGGER mandate_terms BEFORE UPDATE OF id, code, kind, issuance_id, first_serial, last_serial,
  quantity_kg, holder_id, other_holder_id, hold_id, reason, bound, note, requested_by, requested_at
  OR DELETE OR TRUNCATE ON mandate FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER mandate_decided BEFORE UPDATE ON mandate FOR EACH ROW
  WHEN (OLD.declined_at IS NOT NULL
        OR OLD.approved_at IS NOT NULL AND (NEW.approved_at <> OLD.approved_at
           OR NEW.approved_by <> OLD.approved_by OR NEW.declined_at IS NOT NULL
           OR NEW.unsold_kg < OLD.unsold_kg OR NEW.buffer_kg < OLD.buffer_kg))
  EXECUTE FUNCTION decided_once();
"""


def upgrade() -> None:
    """Open the buffer pool, let blocks change hands under guards, and keep every act on them."""
    _books()
    _holders()
    op.add_column("project", sa.Column("buffer_bp", sa.Integer, nullable=False, server_default=sa.text("0")))
    op.create_check_constraint("buffer", "project", "buffer_bp BETWEEN 0 AND 5000")
    _blocks()
    _act()
    _hold()
    _own_retirement()
    _mandate()
    op.execute(GUARDS)


def _books() -> None:
    """Widen the CHECK of entries by what it lacks, whatever revisions came between."""
    numbers = ", ".join(str(kind * 10_000 + source * 100 + target) for kind, source, target in ENTRIES)
    op.execute(
        f"""DO $$
        DECLARE known text := (SELECT pg_get_constraintdef(oid) FROM pg_constraint
                               WHERE conname = 'ck_posting_entry');
        BEGIN
          ALTER TABLE posting DROP CONSTRAINT ck_posting_entry;
          EXECUTE 'ALTER TABLE posting ADD CONSTRAINT ck_posting_entry '
            || replace(replace(known, 'ARRAY[', 'ARRAY[{numbers}, '), ' NOT VALID', '') || ' NOT VALID';
          ALTER TABLE posting VALIDATE CONSTRAINT ck_posting_entry;
        END $$"""
    )


def _holders() -> None:
    op.drop_constraint("ck_holder_kind", "holder")
    op.create_check_constraint(
        "kind", "holder", "kind IN ('person', 'household', 'village', 'organisation', 'platform', 'buffer')"
    )
    op.execute(
        "INSERT INTO holder (id, code, kind, name, created_at) OVERRIDING SYSTEM VALUE"
        " VALUES (2, 'BUFFERPOOL', 'buffer', '缓冲池', now())"
    )
    op.create_table(
        "notice",
        sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
        _link("holder_id", "holder"),
        _word("message", 60),
        _word("reference", 40),
        sa.Column("details", pg.JSONB, nullable=False),
        _moment("told_at"),
        sa.UniqueConstraint("holder_id", "message", "reference"),
    )
    op.create_index("ix_notice_holder_id", "notice", ["holder_id", "id"])


def _blocks() -> None:
    op.add_column("block", sa.Column("bound", sa.String(10)))
    for name, condition in {
        "bound": "bound IS NULL OR bound IN ('judicial') AND lot_id IS NULL"
        " AND state IN ('active', 'retired', 'cancelled')",
        "waiting": "lot_id IS NULL OR state NOT IN ('reserved', 'pledged')",
        "pool": "holder_id <> 2 OR lot_id IS NULL AND state IN ('active', 'cancelled')",
    }.items():
        op.create_check_constraint(name, "block", condition)
    op.drop_constraint("ck_block_reason", "block")
    op.create_check_constraint("reason", "block", f"reason IN ({_words(REASONS)})")
    op.create_check_constraint("pool", "lot", "seller_holder_id <> 2")
    # No block on a lot and none that is gone is in it: the settlement's path writes nothing here.
    op.create_index(
        "ix_block_free",
        "block",
        ["holder_id", "first_serial"],
        postgresql_where=sa.text("lot_id IS NULL AND state IN ('active', 'reserved', 'pledged')"),
    )


def _act() -> None:
    legal = " OR ".join(
        f"act = '{name}' AND state_before IN ({_words(states)}) AND state_after = '{after}'"
        f" AND from_holder_id {'<>' if moves else '='} to_holder_id"
        for name, states, after, moves in ACTS
    )
    op.create_table(
        "block_act",
        _id(),
        _word("act", 10),
        _link("issuance_id", "issuance"),
        _big("first_serial"),
        _big("last_serial"),
        _link("from_holder_id", "holder"),
        _link("to_holder_id", "holder"),
        _word("state_before", 10),
        _word("state_after", 10),
        _link("by_holder_id", "holder", nullable=True),
        _link("operator_id", "operator", nullable=True),
        _word("reference", 40, nullable=True),
        _word("reason", 20, nullable=True),
        _moment("acted_at"),
        sa.CheckConstraint("first_serial BETWEEN 1 AND last_serial", name="serials"),
        sa.CheckConstraint("by_holder_id IS NULL OR operator_id IS NULL", name="actor"),
        sa.CheckConstraint(legal, name="legal"),
    )
    op.execute(
        "CREATE INDEX ix_block_act_serials ON block_act"
        " USING gist (int8range(first_serial, last_serial, '[]'))"
    )


def _hold() -> None:
    op.create_table(
        "hold",
        _id(),
        _word("code", 26, unique=True),
        _word("kind", 10),
        _link("holder_id", "holder"),
        _link("other_holder_id", "holder", nullable=True),
        _link("issuance_id", "issuance"),
        _big("first_serial"),
        _big("last_serial"),
        _word("purpose", 200, nullable=True),
        _moment("until", nullable=True),
        _moment("opened_at"),
        _moment("ended_at", nullable=True),
        _word("ended_as", 10, nullable=True),
        sa.CheckConstraint("kind IN ('reserve', 'give', 'pledge')", name="kind"),
        sa.CheckConstraint("first_serial BETWEEN 1 AND last_serial", name="serials"),
        sa.CheckConstraint("(kind = 'pledge') = (until IS NULL) AND until > opened_at", name="time"),
        sa.CheckConstraint(
            "other_holder_id <> holder_id AND CASE kind WHEN 'pledge' THEN other_holder_id IS NOT NULL"
            " WHEN 'give' THEN (other_holder_id IS NOT NULL) = (ended_as IS NOT DISTINCT FROM 'redeemed')"
            " ELSE other_holder_id IS NULL END",
            name="other",
        ),
        sa.CheckConstraint("(ended_at IS NULL) = (ended_as IS NULL)", name="ended"),
        sa.CheckConstraint(
            "ended_as IN ('released', 'lapsed', 'redeemed', 'cancelled')"
            " AND (ended_as <> 'redeemed' OR kind = 'give') AND (ended_as <> 'lapsed' OR kind <> 'pledge')",
            name="ended_as",
        ),
    )
    op.create_index("ix_hold_holder_id", "hold", ["holder_id", "id"])
    op.create_index("ix_hold_other_holder_id", "hold", ["other_holder_id", "id"])
    op.create_index("ix_hold_until", "hold", ["until"], postgresql_where=sa.text("ended_at IS NULL"))
    op.execute(
        "ALTER TABLE hold ADD CONSTRAINT ex_hold_serials"
        " EXCLUDE USING gist (int8range(first_serial, last_serial, '[]') WITH &&) WHERE (ended_at IS NULL)"
    )


def _own_retirement() -> None:
    op.create_table(
        "own_retirement",
        _id(),
        _word("number", 20, unique=True),
        _link("holder_id", "holder"),
        _link("issuance_id", "issuance"),
        _big("first_serial", unique=True),
        _big("last_serial", unique=True),
        _word("purpose", 20),
        _word("beneficiary", 40, nullable=True),
        _big("due_g"),
        _moment("retired_at"),
        sa.CheckConstraint("first_serial BETWEEN 1 AND last_serial", name="serials"),
        sa.CheckConstraint("purpose IN ('personal', 'event', 'organisation', 'public_good')", name="purpose"),
        sa.CheckConstraint("due_g BETWEEN 0 AND (last_serial - first_serial + 1) * 1000", name="due"),
    )
    op.create_index("ix_own_retirement_holder_id", "own_retirement", ["holder_id", "id"])
    op.execute(
        "ALTER TABLE own_retirement ADD CONSTRAINT ex_own_retirement_serials"
        " EXCLUDE USING gist (int8range(first_serial, last_serial, '[]') WITH &&)"
    )


def _mandate() -> None:
    op.create_table(
        "mandate",
        _id(),
        _word("code", 26, unique=True),
        _word("kind", 12),
        _link("issuance_id", "issuance"),
        _big("first_serial"),
        _big("last_serial"),
        _big("quantity_kg"),
        _link("holder_id", "holder"),
        _link("other_holder_id", "holder", nullable=True),
        _link("hold_id", "hold", nullable=True),
        _word("reason", 20, nullable=True),
        _word("bound", 10, nullable=True),
        _word("note", 200),
        _link("requested_by", "operator"),
        _moment("requested_at"),
        _link("approved_by", "operator", nullable=True),
        _moment("approved_at", nullable=True),
        _link("declined_by", "operator", nullable=True),
        _moment("declined_at", nullable=True),
        sa.Column("unsold_kg", sa.BigInteger),
        sa.Column("buffer_kg", sa.BigInteger),
        sa.CheckConstraint(
            "kind IN ('reversal', 'cancellation', 'transfer', 'pledge', 'release')", name="kind"
        ),
        sa.CheckConstraint("first_serial BETWEEN 1 AND last_serial AND quantity_kg > 0", name="serials"),
        sa.CheckConstraint("approved_by <> requested_by", name="four_eyes"),
        sa.CheckConstraint("(approved_by IS NULL) = (approved_at IS NULL)", name="approved"),
        sa.CheckConstraint("(declined_by IS NULL) = (declined_at IS NULL)", name="declined"),
        sa.CheckConstraint("approved_at IS NULL OR declined_at IS NULL", name="decided"),
        sa.CheckConstraint("(kind IN ('transfer', 'pledge')) = (other_holder_id IS NOT NULL)", name="other"),
        sa.CheckConstraint("(kind = 'release') = (hold_id IS NOT NULL)", name="hold"),
        sa.CheckConstraint("(kind IN ('reversal', 'cancellation')) = (reason IS NOT NULL)", name="reason"),
        sa.CheckConstraint(f"reason IN ({_words(REASONS)})", name="reason_known"),
        sa.CheckConstraint("bound IS NULL OR bound = 'judicial' AND kind = 'transfer'", name="bound"),
        sa.CheckConstraint(
            "(kind = 'reversal' AND approved_at IS NOT NULL) = (unsold_kg IS NOT NULL)"
            " AND (unsold_kg IS NULL) = (buffer_kg IS NULL) AND unsold_kg >= 0 AND buffer_kg >= 0"
            " AND unsold_kg + buffer_kg <= quantity_kg",
            name="covered",
        ),
    )
    op.create_index(
        "ix_mandate_open",
        "mandate",
        ["id"],
        postgresql_where=sa.text("approved_at IS NULL AND declined_at IS NULL"),
    )


def _id() -> sa.Column:
    return sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True)


def _big(name: str, **kwargs: object) -> sa.Column:
    return sa.Column(name, sa.BigInteger, nullable=False, **kwargs)


def _link(name: str, target: str, nullable: bool = False) -> sa.Column:
    return sa.Column(name, sa.BigInteger, sa.ForeignKey(f"{target}.id"), nullable=nullable)


def _word(name: str, length: int, nullable: bool = False, unique: bool = False) -> sa.Column:
    return sa.Column(name, sa.String(length), nullable=nullable, unique=unique)


def _moment(name: str, nullable: bool = False) -> sa.Column:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def downgrade() -> None:
    """Take back what is new; for a development database only. The wider CHECKs hold for what stood before."""
    op.execute("DROP TRIGGER block_piece ON block")
    op.execute("DROP TRIGGER block_step ON block")
    for table in ("mandate", "own_retirement", "hold", "block_act", "notice"):
        op.drop_table(table)
    for function in ("block_piece", "block_step", "decided_once"):
        op.execute(f"DROP FUNCTION {function}()")
    op.drop_index("ix_block_free", "block")
    op.drop_constraint("ck_lot_pool", "lot")
    for name in ("bound", "waiting", "pool"):
        op.drop_constraint(f"ck_block_{name}", "block")
    op.drop_column("block", "bound")
    op.drop_constraint("ck_project_buffer", "project")
    op.drop_column("project", "buffer_bp")
