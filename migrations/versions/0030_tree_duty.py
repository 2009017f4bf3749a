"""Tree duties: tariffs, a person's year, those who buy together, and what the greening office answers."""

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None

REGION = "region ~ '^[1-9][0-9]+$' AND length(region) IN (2, 4, 6, 9, 12)"
GUARDS = """
-- A person's year keeps its terms. Withdrawn, it forgets who they were; the id suffix goes before that. What
-- something was bought for is withdrawn by an operator alone, and not once an office was asked.
CREATE FUNCTION duty_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (NEW.cause_id, NEW.code, NEW.owner_id, NEW.group_id, NEW.year, NEW.region, NEW.tariff_id,
      NEW.person_digest, NEW.honour, NEW.print_name, NEW.opened_at)
     IS DISTINCT FROM
     (OLD.cause_id, OLD.code, OLD.owner_id, OLD.group_id, OLD.year, OLD.region, OLD.tariff_id,
      OLD.person_digest, OLD.honour, OLD.print_name, OLD.opened_at)
     OR OLD.withdrawn_at IS NOT NULL
     OR (NEW.name_sealed IS DISTINCT FROM OLD.name_sealed AND NEW.withdrawn_at IS NULL)
     OR (NEW.id_suffix_sealed IS DISTINCT FROM OLD.id_suffix_sealed AND NEW.id_suffix_sealed IS NOT NULL)
  THEN
    RAISE EXCEPTION 'duty % is kept as it is', OLD.code USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  IF NEW.withdrawn_at IS NOT NULL AND (
       (NEW.released_by IS NULL AND EXISTS (SELECT FROM duty_share WHERE duty_id = NEW.cause_id))
       OR EXISTS (SELECT FROM duty_line WHERE duty_id = NEW.cause_id AND ended_at IS NULL)) THEN
    RAISE EXCEPTION 'something was bought for duty %', OLD.code
      USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER duty_kept BEFORE UPDATE ON duty FOR EACH ROW EXECUTE FUNCTION duty_kept();

-- Nothing is counted for a person who was withdrawn: shares and withdrawals wait for one another.
CREATE FUNCTION duty_share_counted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM FROM duty WHERE cause_id = NEW.duty_id AND withdrawn_at IS NULL FOR UPDATE;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'duty % was withdrawn', NEW.duty_id USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER duty_share_counted BEFORE INSERT ON duty_share
  FOR EACH ROW EXECUTE FUNCTION duty_share_counted();

-- A batch's terms are frozen; each step is taken once, and nothing follows a withdrawal.
CREATE FUNCTION duty_batch_edges() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (NEW.number, NEW.region, NEW.year, NEW.people, NEW.prepared_by, NEW.prepared_at)
     IS DISTINCT FROM (OLD.number, OLD.region, OLD.year, OLD.people, OLD.prepared_by, OLD.prepared_at)
     OR OLD.withdrawn_at IS NOT NULL OR OLD.approved_at IS NOT NULL THEN
    RAISE EXCEPTION 'batch % is frozen', OLD.number USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER duty_batch_edges BEFORE UPDATE ON duty_batch
  FOR EACH ROW EXECUTE FUNCTION duty_batch_edges();

-- A line takes one answer, and only once its batch was approved; the office may correct a number of its own.
CREATE FUNCTION duty_line_edges() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (NEW.number, NEW.batch_id, NEW.duty_id, NEW.kind, NEW.trees, NEW.amount_fen, NEW.quantity_kg)
     IS DISTINCT FROM
     (OLD.number, OLD.batch_id, OLD.duty_id, OLD.kind, OLD.trees, OLD.amount_fen, OLD.quantity_kg)
     OR OLD.ended_at IS NOT NULL
     OR (OLD.office_number IS NOT NULL AND NEW.office_number IS NULL)
     OR (NEW.office_number IS NOT NULL
         AND NOT EXISTS (SELECT FROM duty_batch WHERE id = NEW.batch_id AND approved_at IS NOT NULL)) THEN
    RAISE EXCEPTION 'line % is answered', OLD.number USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER duty_line_edges BEFORE UPDATE ON duty_line
  FOR EACH ROW EXECUTE FUNCTION duty_line_edges();
"""


def upgrade() -> None:
    """Create the tables, then their guards."""
    _tariffs()
    _people()
    _batches()
    op.execute(GUARDS)
    for table in ("duty_tariff", "duty_group", "duty_share"):
        op.execute(
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )
    for table in ("duty", "duty_batch", "duty_line"):
        op.execute(
            f"CREATE TRIGGER {table}_stays BEFORE DELETE OR TRUNCATE ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )


def downgrade() -> None:
    """Take them away."""
    for name in ("line", "batch", "share"):
        op.drop_table(f"duty_{name}")
    op.drop_table("duty")
    for name in ("group", "tariff"):
        op.drop_table(f"duty_{name}")
    for name in ("duty_kept", "duty_share_counted", "duty_batch_edges", "duty_line_edges"):
        op.execute(f"DROP FUNCTION {name}")


def _tariffs() -> None:
    op.create_table(
        "duty_tariff",
        sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
        _word("code", 40),
        _small("version"),
        _word("region", 12),
        _word("place_zh", 60),
        _word("place_en", 60),
        _small("from_year"),
        _small("until_year", nullable=True),
        _small("confirmed_year"),
        _word("basis", 10),
        sa.Column("sum", sa.BigInteger),
        _small("trees", nullable=True),
        _small("sums_most", nullable=True),
        _word("form", 20),
        _word("use", 10),
        _word("reason", 20, nullable=True),
        _word("grade", 1),
        _word("source", 300),
        _word("source_url", 300),
        _word("note_zh", 300),
        _word("note_en", 300),
        _moment("loaded_at"),
        sa.UniqueConstraint("code", "version"),
        sa.CheckConstraint("basis IN ('yuan', 'kilograms', 'none')", name="basis"),
        sa.CheckConstraint(
            "CASE WHEN basis = 'none' THEN num_nonnulls(sum, trees, sums_most) = 0"
            " ELSE coalesce(sum > 0 AND trees > 0, false) AND coalesce(sums_most, 1) > 0 END",
            name="rate",
        ),
        sa.CheckConstraint("use IN ('rule', 'sample', 'refused')", name="use"),
        sa.CheckConstraint("(use = 'refused') = (reason IS NOT NULL)", name="reason"),
        sa.CheckConstraint("use = 'refused' OR basis <> 'none'", name="usable"),
        sa.CheckConstraint("grade IN ('A', 'B', 'C', 'D')", name="grade"),
        sa.CheckConstraint(
            "from_year <= confirmed_year AND from_year <= coalesce(until_year, from_year)", name="years"
        ),
    )


def _people() -> None:
    op.create_table(
        "duty_group",
        _cause("cause_id"),
        _word("code", 26, unique=True),
        _link("owner_id", "holder.id"),
        _word("kind", 10),
        _word("title", 60),
        _small("year"),
        _word("region", 12),
        _link("tariff_id", "duty_tariff.id"),
        _moment("opened_at"),
        sa.CheckConstraint("kind IN ('family', 'staff')", name="kind"),
        sa.CheckConstraint(REGION, name="region"),
    )
    op.create_index("ix_duty_group_owner_id", "duty_group", ["owner_id", "cause_id"])
    op.create_table(
        "duty",
        _cause("cause_id"),
        _word("code", 26, unique=True),
        _link("owner_id", "holder.id"),
        _link("group_id", "duty_group.cause_id", nullable=True),
        _small("year"),
        _word("region", 12),
        _link("tariff_id", "duty_tariff.id"),
        _word("person_digest", 44),
        sa.Column("honour", sa.Boolean, nullable=False),
        sa.Column("print_name", sa.Boolean, nullable=False),
        sa.Column("name_sealed", sa.LargeBinary),
        sa.Column("id_suffix_sealed", sa.LargeBinary),
        _moment("opened_at"),
        _moment("withdrawn_at", nullable=True),
        _link("released_by", "operator.id", nullable=True),
        _word("released_reason", 300, nullable=True),
        sa.CheckConstraint(REGION, name="region"),
        sa.CheckConstraint("(withdrawn_at IS NULL) = (name_sealed IS NOT NULL)", name="named"),
        sa.CheckConstraint("withdrawn_at IS NULL OR id_suffix_sealed IS NULL", name="forgotten"),
        sa.CheckConstraint("num_nulls(released_by, released_reason) IN (0, 2)", name="released"),
        sa.CheckConstraint("released_by IS NULL OR withdrawn_at IS NOT NULL", name="released_withdrawn"),
    )
    op.create_index(
        "uq_duty_person",
        "duty",
        ["year", "person_digest"],
        unique=True,
        postgresql_where=sa.text("withdrawn_at IS NULL"),
    )
    op.create_index("ix_duty_owner_id", "duty", ["owner_id", "cause_id"])
    op.create_index("ix_duty_group_id", "duty", ["group_id", "cause_id"])
    op.create_table(
        "duty_share",
        sa.Column(
            "order_id", sa.BigInteger, sa.ForeignKey("orders.id"), primary_key=True, autoincrement=False
        ),
        sa.Column("duty_id", sa.BigInteger, sa.ForeignKey("duty.cause_id"), primary_key=True),
        _big("amount_fen"),
        _big("quantity_kg"),
        sa.Column("first_serial", sa.BigInteger, unique=True),
        sa.Column("last_serial", sa.BigInteger, unique=True),
        _moment("counted_at"),
        sa.CheckConstraint("amount_fen >= 0 AND quantity_kg >= 0", name="parts"),
        sa.CheckConstraint(
            "CASE WHEN quantity_kg = 0 THEN num_nonnulls(first_serial, last_serial) = 0"
            " ELSE coalesce(last_serial - first_serial + 1 = quantity_kg, false) END",
            name="serials",
        ),
    )
    op.create_index("ix_duty_share_duty_id", "duty_share", ["duty_id", "order_id"])


def _batches() -> None:
    op.create_table(
        "duty_batch",
        sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
        _word("number", 20, unique=True),
        _word("region", 12),
        _small("year"),
        sa.Column("people", sa.Integer, nullable=False),
        _link("prepared_by", "operator.id"),
        _moment("prepared_at"),
        _link("approved_by", "operator.id", nullable=True),
        _moment("approved_at", nullable=True),
        _link("withdrawn_by", "operator.id", nullable=True),
        _moment("withdrawn_at", nullable=True),
        sa.Column("file_sealed", sa.LargeBinary),
        _word("file_sha256", 64, nullable=True),
        sa.CheckConstraint("approved_by <> prepared_by", name="checker"),
        sa.CheckConstraint(
            "num_nulls(approved_by, approved_at, file_sealed, file_sha256) IN (0, 4)", name="approved"
        ),
        sa.CheckConstraint("num_nulls(withdrawn_by, withdrawn_at) IN (0, 2)", name="withdrawn"),
        sa.CheckConstraint("approved_at IS NULL OR withdrawn_at IS NULL", name="one_end"),
    )
    op.create_table(
        "duty_line",
        sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
        _word("number", 20, unique=True),
        _link("batch_id", "duty_batch.id"),
        _link("duty_id", "duty.cause_id"),
        _word("kind", 10),
        sa.Column("trees", sa.Integer, nullable=False),
        _big("amount_fen"),
        _big("quantity_kg"),
        _word("office_number", 40, nullable=True, unique=True),
        _moment("answered_at", nullable=True),
        _moment("ended_at", nullable=True),
        _word("reason", 100, nullable=True),
        sa.CheckConstraint("kind IN ('duty', 'honour') AND trees > 0", name="kind"),
        sa.CheckConstraint("office_number IS NULL OR ended_at IS NULL", name="answer"),
        sa.CheckConstraint("office_number IS NULL OR answered_at IS NOT NULL", name="answered"),
    )
    op.create_index(
        "uq_duty_line_standing",
        "duty_line",
        ["duty_id", "kind"],
        unique=True,
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.create_index("ix_duty_line_batch_id", "duty_line", ["batch_id", "id"])


def _cause(name: str) -> sa.Column:
    return sa.Column(
        name, sa.BigInteger, sa.ForeignKey("cause.holder_id"), primary_key=True, autoincrement=False
    )


def _big(name: str) -> sa.Column:
    return sa.Column(name, sa.BigInteger, nullable=False)


def _small(name: str, nullable: bool = False) -> sa.Column:
    return sa.Column(name, sa.SmallInteger, nullable=nullable)


def _word(name: str, most: int, nullable: bool = False, **kwargs: bool) -> sa.Column:
    return sa.Column(name, sa.String(most), nullable=nullable, **kwargs)


def _link(name: str, target: str, nullable: bool = False) -> sa.Column:
    return sa.Column(name, sa.BigInteger, sa.ForeignKey(target), nullable=nullable)


def _moment(name: str, nullable: bool = False) -> sa.Column:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)
