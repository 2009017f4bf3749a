"""Calculators: the documents they ask by, people's months, events' inventories."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

# Organisers write some hundred rows an event: here guards may be triggers of a row.
GUARDS = """
CREATE TRIGGER guide_fixed BEFORE UPDATE OR DELETE OR TRUNCATE ON guide
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER calculation_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON calculation
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER inventory_fixed BEFORE UPDATE OR DELETE OR TRUNCATE ON inventory
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER inventory_stage_kept BEFORE DELETE OR TRUNCATE ON inventory_stage
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER inventory_stage_identity BEFORE UPDATE OF inventory_id, stage, code, opened_at,
  first_starts_on, first_ends_on ON inventory_stage FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER inventory_stage_closed BEFORE UPDATE ON inventory_stage FOR EACH ROW
  WHEN (OLD.closed_at IS NOT NULL) EXECUTE FUNCTION refuse_row('it was closed');
CREATE TRIGGER inventory_line_kept BEFORE DELETE OR TRUNCATE ON inventory_line
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER inventory_line_ended BEFORE UPDATE ON inventory_line FOR EACH ROW
  WHEN (OLD.ended_at IS NOT NULL
    OR to_jsonb(OLD) - 'ended_at'::text IS DISTINCT FROM to_jsonb(NEW) - 'ended_at'::text)
  EXECUTE FUNCTION refuse_row('a line is only ever ended');

-- The stage's row is held meanwhile, so that a line and a closing never pass each other by.
CREATE FUNCTION line_of_open_stage() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM FROM inventory_stage WHERE inventory_id = NEW.inventory_id AND stage = NEW.stage
    AND closed_at IS NULL FOR SHARE;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'the stage is closed' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER inventory_line_open BEFORE INSERT OR UPDATE ON inventory_line
  FOR EACH ROW EXECUTE FUNCTION line_of_open_stage();

-- What a stage was closed at is the sum of its lines, whoever wrote it.
CREATE FUNCTION stage_sum() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.emitted_g <> (SELECT coalesce(sum(emitted_g), 0) FROM inventory_line
       WHERE inventory_id = NEW.inventory_id AND stage = NEW.stage AND ended_at IS NULL) THEN
    RAISE EXCEPTION 'a stage is the sum of its lines' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER inventory_stage_sum BEFORE INSERT OR UPDATE ON inventory_stage FOR EACH ROW
  WHEN (NEW.closed_at IS NOT NULL) EXECUTE FUNCTION stage_sum();
"""
TABLES = ("inventory_line", "inventory_stage", "inventory", "calculation", "guide")
FUNCTIONS = ("line_of_open_stage", "stage_sum")


def upgrade() -> None:
    """Create the documents, the months and the inventories."""
    _guide()
    _calculation()
    _inventory()
    _inventory_stage()
    _inventory_line()
    op.execute(GUARDS)


def downgrade() -> None:
    """Drop them; for a development database only."""
    for table in TABLES:
        op.drop_table(table)
    for function in FUNCTIONS:
        op.execute(f"DROP FUNCTION {function}()")


def _id() -> sa.Column:
    return sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True)


def _big(name: str, nullable: bool = False) -> sa.Column:
    return sa.Column(name, sa.BigInteger, nullable=nullable)


def _whole(name: str) -> sa.Column:
    return sa.Column(name, sa.Integer, nullable=False)


def _word(name: str, length: int, nullable: bool = False) -> sa.Column:
    return sa.Column(name, sa.String(length), nullable=nullable)


def _code() -> sa.Column:
    return sa.Column("code", sa.String(26), nullable=False, unique=True)


def _json(name: str) -> sa.Column:
    return sa.Column(name, pg.JSONB, nullable=False)


def _moment(name: str, nullable: bool = False) -> sa.Column:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _link(name: str, target: str) -> sa.Column:
    return sa.Column(name, sa.BigInteger, sa.ForeignKey(f"{target}.id"), nullable=False)


def _guide() -> None:
    op.create_table(
        "guide",
        _id(),
        _word("key", 60),
        _whole("version"),
        _json("document"),
        _moment("loaded_at"),
        sa.UniqueConstraint("key", "version"),
    )


def _calculation() -> None:
    op.create_table(
        "calculation",
        _id(),
        _code(),
        _big("holder_id"),
        _word("month", 7),
        _link("guide_id", "guide"),
        _json("answers"),
        _json("measured"),
        _json("lines"),
        _big("emitted_g"),
        _moment("computed_at"),
        sa.CheckConstraint("emitted_g >= 0", name="grams"),
    )
    op.create_index("ix_calculation_holder_id", "calculation", ["holder_id", "id"])
    op.create_index("ix_calculation_month", "calculation", ["holder_id", "month", "id"])


def _inventory() -> None:
    op.create_table(
        "inventory",
        _id(),
        _code(),
        _big("holder_id"),
        _word("name", 100),
        _word("region", 20),
        _link("guide_id", "guide"),
        _moment("created_at"),
    )
    op.create_index("ix_inventory_holder_id", "inventory", ["holder_id", "id"])


def _inventory_stage() -> None:
    op.create_table(
        "inventory_stage",
        sa.Column("inventory_id", sa.BigInteger, sa.ForeignKey("inventory.id"), primary_key=True),
        sa.Column("stage", sa.String(10), primary_key=True),
        _code(),
        sa.Column("starts_on", sa.Date, nullable=False),
        sa.Column("ends_on", sa.Date, nullable=False),
        sa.Column("first_starts_on", sa.Date, nullable=False),
        sa.Column("first_ends_on", sa.Date, nullable=False),
        _big("onsite_heads"),
        _big("online_heads"),
        _json("excluded"),
        _moment("opened_at"),
        _moment("closed_at", nullable=True),
        _big("emitted_g", nullable=True),
        sa.CheckConstraint("stage IN ('estimate', 'final')", name="stage"),
        sa.CheckConstraint("ends_on >= starts_on", name="days"),
        sa.CheckConstraint("least(onsite_heads, online_heads) >= 0", name="heads"),
        sa.CheckConstraint("onsite_heads + online_heads > 0", name="somebody"),
        sa.CheckConstraint("(closed_at IS NULL) = (emitted_g IS NULL)", name="closed"),
        sa.CheckConstraint(
            "stage = 'estimate' OR closed_at IS NULL"
            " OR ends_on < CAST(closed_at AT TIME ZONE 'Asia/Shanghai' AS date)",
            name="over",
        ),
    )


def _inventory_line() -> None:
    op.create_table(
        "inventory_line",
        _id(),
        _big("inventory_id"),
        _word("stage", 10),
        _whole("number"),
        _whole("revision"),
        _word("item", 40),
        _json("inputs"),
        _word("share_basis", 20),
        _big("share_part"),
        _big("share_whole"),
        _word("grade", 10),
        _word("evidence", 200, nullable=True),
        _word("source", 200, nullable=True),
        _link("factor_id", "factor"),
        _big("emitted_g"),
        _moment("added_at"),
        _moment("ended_at", nullable=True),
        sa.ForeignKeyConstraint(
            ["inventory_id", "stage"],
            ["inventory_stage.inventory_id", "inventory_stage.stage"],
            name="fk_inventory_line_stage",
        ),
        sa.UniqueConstraint("inventory_id", "stage", "number", "revision"),
        sa.CheckConstraint("emitted_g >= 0", name="grams"),
        sa.CheckConstraint("share_part BETWEEN 1 AND share_whole", name="share"),
    )
    op.create_index(
        "uq_inventory_line_standing",
        "inventory_line",
        ["inventory_id", "stage", "number"],
        unique=True,
        postgresql_where=sa.text("ended_at IS NULL"),
    )
