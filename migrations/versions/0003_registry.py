"""Projects, issuances, serial blocks and lots, with their guards."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

# What no CHECK can say, said by triggers that fire once a statement. By them the chain of blocks of an
# issuance never has a gap: each block that is written must touch its neighbours when the statement is
# over, so a block can only be split by one statement that writes both pieces.
GUARDS = """
CREATE FUNCTION issuance_follows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT FROM fresh WHERE first_serial > 1
               AND NOT EXISTS (SELECT FROM issuance WHERE last_serial = fresh.first_serial - 1)) THEN
    RAISE EXCEPTION 'serials follow on from the issuance before'
      USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NULL;
END $$;

CREATE TRIGGER issuance_follows AFTER INSERT ON issuance REFERENCING NEW TABLE AS fresh
  FOR EACH STATEMENT EXECUTE FUNCTION issuance_follows();

CREATE TRIGGER issuance_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON issuance
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TRIGGER project_identity BEFORE UPDATE OF id, code, region, sample OR DELETE OR TRUNCATE ON project
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TRIGGER lot_terms BEFORE UPDATE OF id, code, issuance_id, seller_holder_id, product, step_kg,
  price_fen_per_step, village_holder_id, village_bp, fee_bp, offered_kg, opened_at
  OR DELETE OR TRUNCATE ON lot FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TRIGGER block_identity BEFORE UPDATE OF id, issuance_id, holder_id, created_at
  OR DELETE OR TRUNCATE ON block FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- A neighbour is found by its unique key. Counting, and the switched off scan, keep a plan that was made
-- and cached while the table was small from reading all of it later: 2 ms a run at 4,000 blocks.
CREATE FUNCTION block_chain() RETURNS trigger LANGUAGE plpgsql SET enable_seqscan = off AS $$
BEGIN
  IF EXISTS (
    SELECT FROM fresh JOIN issuance i ON i.id = fresh.issuance_id
     WHERE fresh.first_serial < i.first_serial OR fresh.last_serial > i.last_serial
        OR fresh.first_serial > i.first_serial
           AND (SELECT count(*) FROM block WHERE last_serial = fresh.first_serial - 1) = 0
        OR fresh.last_serial < i.last_serial
           AND (SELECT count(*) FROM block WHERE first_serial = fresh.last_serial + 1) = 0) THEN
    RAISE EXCEPTION 'blocks lie end to end within their issuance'
      USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NULL;
END $$;

CREATE TRIGGER block_chain_inserted AFTER INSERT ON block REFERENCING NEW TABLE AS fresh
  FOR EACH STATEMENT EXECUTE FUNCTION block_chain();
CREATE TRIGGER block_chain_updated AFTER UPDATE ON block REFERENCING NEW TABLE AS fresh
  FOR EACH STATEMENT EXECUTE FUNCTION block_chain();

CREATE FUNCTION block_final() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (
    SELECT FROM was JOIN fresh USING (id)
     WHERE was.state IN ('retired', 'cancelled')
        OR fresh.first_serial < was.first_serial OR fresh.last_serial > was.last_serial) THEN
    RAISE EXCEPTION 'retired and cancelled blocks never change, and no block grows'
      USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NULL;
END $$;

CREATE TRIGGER block_final AFTER UPDATE ON block REFERENCING OLD TABLE AS was NEW TABLE AS fresh
  FOR EACH STATEMENT EXECUTE FUNCTION block_final();
"""


def upgrade() -> None:
    """Create the registry."""
    _project()
    _issuance()
    _lot()
    _block()
    op.execute(GUARDS)


def _id() -> sa.Column:
    return sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True)


def _big(name: str, **kwargs: object) -> sa.Column:
    return sa.Column(name, sa.BigInteger, nullable=False, **kwargs)


def _link(name: str, target: str, nullable: bool = False, index: bool = False) -> sa.Column:
    return sa.Column(name, sa.BigInteger, sa.ForeignKey(f"{target}.id"), nullable=nullable, index=index)


def _word(name: str, length: int, nullable: bool = False, unique: bool = False) -> sa.Column:
    return sa.Column(name, sa.String(length), nullable=nullable, unique=unique)


def _moment(name: str, nullable: bool = False) -> sa.Column:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _project() -> None:
    op.create_table(
        "project",
        _id(),
        _word("code", 20, unique=True),
        _word("name_zh", 100),
        _word("name_en", 100),
        _word("region", 6),
        *(_word(f"{part}_{lang}", 60) for part in ("county", "township", "village") for lang in ("zh", "en")),
        _word("forest_type", 40),
        _word("methodology", 40),
        sa.Column("description_zh", sa.Text, nullable=False),
        sa.Column("description_en", sa.Text, nullable=False),
        _link("holder_id", "holder"),
        _big("area_m2"),
        sa.Column("sample", sa.Boolean, nullable=False),
        _moment("registered_at"),
        sa.CheckConstraint("code ~ '^[A-Z0-9]+(-[A-Z0-9]+)*$'", name="code"),
        sa.CheckConstraint("region ~ '^[0-9]{6}$'", name="region"),
        sa.CheckConstraint("area_m2 > 0", name="area"),
    )


def _issuance() -> None:
    op.create_table(
        "issuance",
        _id(),
        _link("project_id", "project"),
        _link("holder_id", "holder"),
        sa.Column("period_start", sa.Date, nullable=False),
        sa.Column("period_end", sa.Date, nullable=False),
        sa.Column("vintage", sa.Integer, nullable=False),
        _big("first_serial", unique=True),
        _big("last_serial", unique=True),
        _word("verification", 100),
        sa.Column("sample", sa.Boolean, nullable=False),
        _moment("issued_at"),
        sa.CheckConstraint("first_serial BETWEEN 1 AND last_serial", name="serials"),
        sa.CheckConstraint("period_start <= period_end", name="period"),
        sa.CheckConstraint(
            "period_start >= '2000-01-01' AND period_end < (issued_at AT TIME ZONE 'Asia/Shanghai')::date",
            name="past",
        ),
        sa.CheckConstraint(
            "vintage BETWEEN extract(year FROM period_start) AND extract(year FROM period_end)",
            name="vintage",
        ),
    )
    op.create_index("uq_issuance_vintage", "issuance", ["project_id", "vintage"], unique=True)
    op.execute(
        "ALTER TABLE issuance ADD CONSTRAINT ex_issuance_serials"
        " EXCLUDE USING gist (int8range(first_serial, last_serial, '[]') WITH &&)"
    )
    # One number for project and day, so that "same project, overlapping days" is one range and needs no
    # extension: the embedded server has no btree_gist.
    days = [f"project_id * 1000000 + ({end} - '2000-01-01'::date)" for end in ("period_start", "period_end")]
    op.execute(
        "ALTER TABLE issuance ADD CONSTRAINT ex_issuance_period"
        f" EXCLUDE USING gist (int8range({days[0]}, {days[1]}, '[]') WITH &&)"
    )


def _lot() -> None:
    op.create_table(
        "lot",
        _id(),
        _word("code", 26, unique=True),
        _link("issuance_id", "issuance", index=True),
        _link("seller_holder_id", "holder"),
        _word("product", 20),
        _big("step_kg"),
        _big("price_fen_per_step"),
        _link("village_holder_id", "holder", nullable=True),
        sa.Column("village_bp", sa.Integer, nullable=False),
        sa.Column("fee_bp", sa.Integer, nullable=False),
        _big("offered_kg"),
        _big("available_kg"),
        _big("reserved_kg", server_default="0"),
        _big("short_kg", server_default="0"),
        _moment("opened_at"),
        _moment("closed_at", nullable=True),
        sa.CheckConstraint("product IN ('yiyuan')", name="product"),
        sa.CheckConstraint("step_kg > 0 AND price_fen_per_step > 0", name="price"),
        sa.CheckConstraint("village_bp >= 0 AND fee_bp >= 0 AND village_bp + fee_bp <= 10000", name="shares"),
        sa.CheckConstraint("village_bp = 0 OR village_holder_id IS NOT NULL", name="village"),
        sa.CheckConstraint("available_kg >= 0", name="available"),
        sa.CheckConstraint("reserved_kg >= 0", name="reserved"),
        sa.CheckConstraint("short_kg >= 0 AND (short_kg = 0 OR available_kg = 0)", name="short"),
        sa.CheckConstraint("available_kg + reserved_kg - short_kg BETWEEN 0 AND offered_kg", name="offered"),
        postgresql_with={"fillfactor": "50"},
    )
    op.create_index("ix_lot_open", "lot", ["product", "id"], postgresql_where=sa.text("closed_at IS NULL"))


def _block() -> None:
    op.create_table(
        "block",
        _id(),
        _link("issuance_id", "issuance"),
        _link("lot_id", "lot", nullable=True),
        _link("holder_id", "holder"),
        _word("state", 10),
        _word("reason", 20, nullable=True),
        _big("first_serial", unique=True),
        _big("last_serial", unique=True),
        _moment("created_at"),
        _moment("changed_at"),
        sa.CheckConstraint("first_serial BETWEEN 1 AND last_serial", name="serials"),
        sa.CheckConstraint(
            "state IN ('active', 'reserved', 'pledged', 'retired', 'cancelled')", name="state"
        ),
        sa.CheckConstraint("(state = 'cancelled') = (reason IS NOT NULL)", name="cancelled"),
        sa.CheckConstraint("reason IN ('fire', 'felling', 'fault')", name="reason"),
        # Each run leaves a dead version of the block it shrinks, in the way of the next run's range check.
        postgresql_with={"autovacuum_vacuum_scale_factor": "0.01", "autovacuum_vacuum_threshold": "500"},
    )
    op.create_index("ix_block_active", "block", ["issuance_id"], postgresql_where=sa.text("state = 'active'"))
    op.create_index(
        "uq_block_on_sale",
        "block",
        ["lot_id"],
        unique=True,
        postgresql_where=sa.text("state = 'active' AND lot_id IS NOT NULL"),
    )
    op.execute(
        "ALTER TABLE block ADD CONSTRAINT ex_block_serials"
        " EXCLUDE USING gist (int8range(first_serial, last_serial, '[]') WITH &&)"
    )


def downgrade() -> None:
    """Drop the registry; for a development database only, since units are never undone."""
    for table in ("block", "lot", "issuance", "project"):
        op.drop_table(table)
    for function in ("block_final", "block_chain", "issuance_follows"):
        op.execute(f"DROP FUNCTION {function}()")
