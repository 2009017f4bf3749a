"""Products beside 一元碳汇, carbon tickets, and units that come from other registries."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

PRODUCTS = ("yiyuan", "carbon_ticket", "ffcer", "ccer", "vcs")
HOME = ("yiyuan", "carbon_ticket")
"""What may be issued here; the others come from their own registries only."""
STEPS = "step_kg % (CASE product WHEN 'yiyuan' THEN 10 ELSE 1000 END) = 0"

GUARDS = """
-- An origin says what it said for ever; it is issued or ended once, and then nothing follows.
CREATE FUNCTION origin_edges() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF to_jsonb(NEW) - '{approved_by,issued_at,ended_by,ended_at}'::text[]
     <> to_jsonb(OLD) - '{approved_by,issued_at,ended_by,ended_at}'::text[]
     OR OLD.issued_at IS NOT NULL OR OLD.ended_at IS NOT NULL THEN
    RAISE EXCEPTION 'origin % is frozen', OLD.code USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER origin_edges BEFORE UPDATE ON origin FOR EACH ROW EXECUTE FUNCTION origin_edges();
CREATE TRIGGER origin_kept BEFORE DELETE OR TRUNCATE ON origin
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER origin_series_kept BEFORE UPDATE OR DELETE OR TRUNCATE ON origin_series
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER carbon_ticket_kept BEFORE UPDATE OR DELETE OR TRUNCATE ON carbon_ticket
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER project_product BEFORE UPDATE OF product ON project
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- Foreign units are issued as they were entered, and only once somebody answered for them.
CREATE FUNCTION issuance_has_origin() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (
    SELECT FROM fresh LEFT JOIN origin o ON o.id = fresh.origin_id
     WHERE fresh.origin_id IS NOT NULL
       AND (o.issued_at IS NULL
            OR (o.project_id, o.holder_id, o.period_start, o.period_end, o.vintage, o.quantity_kg)
               IS DISTINCT FROM (fresh.project_id, fresh.holder_id, fresh.period_start, fresh.period_end,
                                 fresh.vintage, fresh.last_serial - fresh.first_serial + 1))) THEN
    RAISE EXCEPTION 'foreign units are issued as they were entered'
      USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER issuance_has_origin AFTER INSERT ON issuance REFERENCING NEW TABLE AS fresh
  FOR EACH STATEMENT EXECUTE FUNCTION issuance_has_origin();
"""


def upgrade() -> None:
    """Give projects and issuances their product, lots the issuance's, and foreign units their origin."""
    known = ", ".join(f"'{product}'" for product in PRODUCTS)
    op.add_column("project", sa.Column("product", sa.String(20), nullable=False, server_default="yiyuan"))
    op.create_check_constraint("product", "project", f"product IN ({known})")
    op.add_column("dossier", sa.Column("product", sa.String(20), nullable=False, server_default="yiyuan"))
    op.create_check_constraint("product", "dossier", f"product IN ({', '.join(map(repr, HOME))})")
    op.create_unique_constraint("uq_project_id_product", "project", ["id", "product"])
    _origin()
    _issuance()
    op.create_table(
        "carbon_ticket",
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        _link("issuance_id", "issuance", unique=True),
        _moment("issued_at"),
        sa.CheckConstraint("number > 0", name="number"),
    )
    op.drop_constraint("ck_lot_product", "lot")
    op.create_check_constraint("product", "lot", f"product IN ({known})")
    op.create_check_constraint("steps", "lot", STEPS)
    op.drop_constraint("fk_lot_issuance_id_issuance", "lot")
    op.create_foreign_key(
        "fk_lot_issuance_id_product_issuance",
        "lot",
        "issuance",
        ["issuance_id", "product"],
        ["id", "product"],
    )
    op.execute(GUARDS)


def _origin() -> None:
    op.create_table(
        "origin_series",
        _id(),
        _word("home", 12),
        _word("series", 210),
    )
    op.create_index("uq_origin_series_home_series", "origin_series", ["home", "series"], unique=True)
    op.create_table(
        "origin",
        _id(),
        _word("code", 26, unique=True),
        _word("channel", 10),
        _word("home", 12),
        _word("home_name", 60),
        _word("project_code", 60),
        _word("serial", 200),
        _link("series_id", "origin_series"),
        *(sa.Column(name, sa.BigInteger, nullable=False) for name in ("first_number", "last_number")),
        sa.Column("quantity_kg", sa.BigInteger, nullable=False),
        _word("methodology", 200),
        _word("reference", 100),
        _link("project_id", "project"),
        _link("holder_id", "holder"),
        sa.Column("period_start", sa.Date, nullable=False),
        sa.Column("period_end", sa.Date, nullable=False),
        sa.Column("vintage", sa.Integer, nullable=False),
        _word("verification", 100),
        _word("proof_sha256", 64, nullable=True),
        _link("entered_by", "operator", nullable=True),
        _moment("entered_at"),
        _link("approved_by", "operator", nullable=True),
        _moment("issued_at", nullable=True),
        _link("ended_by", "operator", nullable=True),
        _moment("ended_at", nullable=True),
        sa.CheckConstraint("channel IN ('proof', 'handover')", name="channel"),
        sa.CheckConstraint("home ~ '^[A-Z0-9]{2,12}$'", name="home"),
        sa.CheckConstraint("first_number BETWEEN 1 AND last_number", name="numbers"),
        sa.CheckConstraint("quantity_kg > 0", name="quantity"),
        sa.CheckConstraint("period_start BETWEEN '2000-01-01' AND period_end", name="period"),
        sa.CheckConstraint(
            "vintage BETWEEN extract(year FROM period_start) AND extract(year FROM period_end)",
            name="vintage",
        ),
        sa.CheckConstraint(
            "channel <> 'proof' OR (entered_by IS NOT NULL AND proof_sha256 ~ '^[0-9a-f]{64}$')", name="proof"
        ),
        sa.CheckConstraint("approved_by <> entered_by", name="four_eyes"),
        sa.CheckConstraint(
            "channel <> 'proof' OR (issued_at IS NULL) = (approved_by IS NULL)", name="approved"
        ),
        sa.CheckConstraint("issued_at IS NULL OR ended_at IS NULL", name="ended"),
    )
    op.create_index("ix_origin_project", "origin", ["home", "project_code"])
    op.create_index(
        "ix_origin_waiting",
        "origin",
        ["id"],
        postgresql_where=sa.text("issued_at IS NULL AND ended_at IS NULL"),
    )
    # One number for series and serial, as with periods: no extension, and serials of fifteen digits fit.
    numbers = [f"series_id::numeric * 1e18 + {end}" for end in ("first_number", "last_number")]
    op.execute(
        "ALTER TABLE origin ADD CONSTRAINT ex_origin_serials"
        f" EXCLUDE USING gist (numrange({numbers[0]}, {numbers[1]}, '[]') WITH &&) WHERE (ended_at IS NULL)"
    )


def _issuance() -> None:
    op.add_column("issuance", sa.Column("product", sa.String(20), nullable=False, server_default="yiyuan"))
    op.add_column("issuance", _link("origin_id", "origin", nullable=True, unique=True))
    op.add_column("issuance", sa.Column("earlier_kg", sa.BigInteger, nullable=False, server_default="0"))
    op.create_check_constraint("earlier", "issuance", "earlier_kg >= 0")
    op.create_index("uq_issuance_part", "issuance", ["project_id", "vintage", "earlier_kg"], unique=True)
    op.create_unique_constraint("uq_issuance_id_product", "issuance", ["id", "product"])
    op.drop_constraint("fk_issuance_project_id_project", "issuance")
    op.create_foreign_key(
        "fk_issuance_project_id_product_project",
        "issuance",
        "project",
        ["project_id", "product"],
        ["id", "product"],
    )
    home = ", ".join(f"'{product}'" for product in HOME)
    op.create_check_constraint("home", "issuance", f"product IN ({home}) OR origin_id IS NOT NULL")
    op.create_check_constraint(
        "steps",
        "issuance",
        "product = 'yiyuan' OR (last_serial - first_serial + 1) % 1000 = 0",
    )
    op.drop_index("uq_issuance_vintage", "issuance")
    op.create_index(
        "uq_issuance_vintage",
        "issuance",
        ["project_id", "vintage"],
        unique=True,
        postgresql_where=sa.text("origin_id IS NULL"),
    )
    op.execute("ALTER TABLE issuance DROP CONSTRAINT ex_issuance_period")
    days = [f"project_id * 1000000 + ({end} - '2000-01-01'::date)" for end in ("period_start", "period_end")]
    op.execute(
        "ALTER TABLE issuance ADD CONSTRAINT ex_issuance_period"
        f" EXCLUDE USING gist (int8range({days[0]}, {days[1]}, '[]') WITH &&) WHERE (origin_id IS NULL)"
    )


def _id() -> sa.Column:
    return sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True)


def _link(name: str, target: str, nullable: bool = False, unique: bool = False) -> sa.Column:
    return sa.Column(
        name, sa.BigInteger, sa.ForeignKey(f"{target}.id"), nullable=nullable, unique=unique or None
    )


def _word(name: str, length: int, nullable: bool = False, unique: bool = False) -> sa.Column:
    return sa.Column(name, sa.String(length), nullable=nullable, unique=unique or None)


def _moment(name: str, nullable: bool = False) -> sa.Column:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def downgrade() -> None:
    """Take it back; for a development database that holds no product but 一元碳汇."""
    op.execute("DROP TRIGGER issuance_has_origin ON issuance")
    op.execute("DROP TRIGGER project_product ON project")
    op.drop_constraint("fk_lot_issuance_id_product_issuance", "lot")
    op.create_foreign_key("fk_lot_issuance_id_issuance", "lot", "issuance", ["issuance_id"], ["id"])
    op.drop_constraint("ck_lot_steps", "lot")
    op.drop_constraint("ck_lot_product", "lot")
    op.create_check_constraint("product", "lot", "product IN ('yiyuan')")
    op.drop_table("carbon_ticket")
    op.execute("ALTER TABLE issuance DROP CONSTRAINT ex_issuance_period")
    op.drop_index("uq_issuance_vintage", "issuance")
    for name in ("fk_issuance_project_id_product_project", "uq_issuance_id_product"):
        op.drop_constraint(name, "issuance")
    op.create_foreign_key("fk_issuance_project_id_project", "issuance", "project", ["project_id"], ["id"])
    op.drop_column("issuance", "earlier_kg")
    op.drop_column("issuance", "origin_id")
    op.drop_column("issuance", "product")
    op.create_index("uq_issuance_vintage", "issuance", ["project_id", "vintage"], unique=True)
    days = [f"project_id * 1000000 + ({end} - '2000-01-01'::date)" for end in ("period_start", "period_end")]
    op.execute(
        "ALTER TABLE issuance ADD CONSTRAINT ex_issuance_period"
        f" EXCLUDE USING gist (int8range({days[0]}, {days[1]}, '[]') WITH &&)"
    )
    for table in ("origin", "origin_series"):
        op.drop_table(table)
    op.drop_constraint("uq_project_id_product", "project")
    op.drop_column("project", "product")
    op.drop_column("dossier", "product")
    for function in ("issuance_has_origin", "origin_edges"):
        op.execute(f"DROP FUNCTION {function}()")
