"""Bank accounts, monthly payout runs and statements, with their guards."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

GUARDS = """
-- What was entered never changes; a time stamp is set once, and nothing follows after the end.
CREATE FUNCTION payee_account_edges() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (NEW.code, NEW.holder_id, NEW.name_sealed, NEW.number_sealed, NEW.last_four, NEW.bank_name,
      NEW.entered_by, NEW.entered_at)
     IS DISTINCT FROM
     (OLD.code, OLD.holder_id, OLD.name_sealed, OLD.number_sealed, OLD.last_four, OLD.bank_name,
      OLD.entered_by, OLD.entered_at)
     OR (OLD.confirmed_at IS NOT NULL
         AND (NEW.confirmed_at, NEW.confirmed_by) IS DISTINCT FROM (OLD.confirmed_at, OLD.confirmed_by))
     OR OLD.ended_at IS NOT NULL THEN
    RAISE EXCEPTION 'bank account % is frozen', OLD.code USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER payee_account_edges BEFORE UPDATE ON payee_account
  FOR EACH ROW EXECUTE FUNCTION payee_account_edges();

CREATE FUNCTION payout_run_edges() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (NEW.month, NEW.round, NEW.minimum_fen, NEW.prepared_by, NEW.prepared_at)
     IS DISTINCT FROM (OLD.month, OLD.round, OLD.minimum_fen, OLD.prepared_by, OLD.prepared_at)
     OR (OLD.approved_at IS NOT NULL
         AND (NEW.approved_at, NEW.approved_by) IS DISTINCT FROM (OLD.approved_at, OLD.approved_by))
     OR (OLD.exported_at IS NOT NULL
         AND (NEW.exported_at, NEW.exported_by, NEW.file_sealed, NEW.file_sha256)
             IS DISTINCT FROM (OLD.exported_at, OLD.exported_by, OLD.file_sealed, OLD.file_sha256))
     OR OLD.withdrawn_at IS NOT NULL THEN
    RAISE EXCEPTION 'run % of % is frozen', OLD.round, OLD.month
      USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER payout_run_edges BEFORE UPDATE ON payout_run
  FOR EACH ROW EXECUTE FUNCTION payout_run_edges();

-- Payouts come with their run and leave along legal edges only; `rules.payouts.FROM` is the same table.
CREATE FUNCTION payout_edges() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  run payout_run;
BEGIN
  SELECT * INTO run FROM payout_run WHERE id = NEW.run_id;
  IF TG_OP = 'INSERT' THEN
    IF run.approved_at IS NOT NULL OR run.withdrawn_at IS NOT NULL
       OR NEW.exported_at IS NOT NULL OR NEW.paid_at IS NOT NULL OR NEW.failed_at IS NOT NULL THEN
      RAISE EXCEPTION 'run % of % takes no more payouts', run.round, run.month
        USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
  END IF;
  IF (NEW.number, NEW.run_id, NEW.holder_id, NEW.source, NEW.amount_fen, NEW.payee_id)
     IS DISTINCT FROM (OLD.number, OLD.run_id, OLD.holder_id, OLD.source, OLD.amount_fen, OLD.payee_id) THEN
    RAISE EXCEPTION 'the terms of payout % are frozen', OLD.number
      USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  IF run.approved_at IS NULL
     OR (OLD.exported_at IS NOT NULL AND NEW.exported_at IS DISTINCT FROM OLD.exported_at)
     OR (OLD.paid_at IS NOT NULL
         AND (NEW.paid_at, NEW.bank_reference) IS DISTINCT FROM (OLD.paid_at, OLD.bank_reference))
     -- A report is taken back or confirmed, never reworded; what was not reported before cannot be confirmed,
     -- and what was reported is not sent.
     OR (OLD.reported_at IS NOT NULL AND NEW.reported_at IS NOT NULL
         AND (NEW.reported, NEW.reported_by, NEW.reported_at, NEW.reason)
             IS DISTINCT FROM (OLD.reported, OLD.reported_by, OLD.reported_at, OLD.reason))
     OR (NEW.confirmed_by IS NOT NULL AND OLD.reported_at IS NULL)
     OR (NEW.reported_at IS NOT NULL AND NEW.exported_at IS DISTINCT FROM OLD.exported_at)
     OR OLD.failed_at IS NOT NULL OR OLD.returned_at IS NOT NULL THEN
    RAISE EXCEPTION 'payout % cannot take this step', OLD.number
      USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER payout_edges BEFORE INSERT OR UPDATE ON payout FOR EACH ROW EXECUTE FUNCTION payout_edges();
"""


def upgrade() -> None:
    """Create the tables, then their guards."""
    _payees()
    _runs()
    _payouts()
    _statements()
    op.execute(GUARDS)
    for table in ("payee_account", "payout_run", "payout"):
        op.execute(
            f"CREATE TRIGGER {table}_kept BEFORE DELETE OR TRUNCATE ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )
    for table in ("payout_skip", "statement", "statement_lot"):
        op.execute(
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )


def _id() -> sa.Column:
    return sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True)


def _big(name: str) -> sa.Column:
    return sa.Column(name, sa.BigInteger, nullable=False)


def _link(name: str, target: str, nullable: bool = False, **kwargs: object) -> sa.Column:
    return sa.Column(name, sa.BigInteger, sa.ForeignKey(f"{target}.id"), nullable=nullable, **kwargs)


def _part(name: str, target: str) -> sa.Column:
    return sa.Column(
        name, sa.BigInteger, sa.ForeignKey(f"{target}.id"), primary_key=True, autoincrement=False
    )


def _word(name: str, length: int, nullable: bool = False, **kwargs: object) -> sa.Column:
    return sa.Column(name, sa.String(length), nullable=nullable, **kwargs)


def _moment(name: str, nullable: bool = False) -> sa.Column:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _payees() -> None:
    op.create_table(
        "payee_account",
        _id(),
        _word("code", 26, unique=True),
        _link("holder_id", "holder", index=True),
        sa.Column("name_sealed", sa.LargeBinary, nullable=False),
        sa.Column("number_sealed", sa.LargeBinary, nullable=False),
        _word("last_four", 4),
        _word("bank_name", 60),
        _link("entered_by", "operator"),
        _moment("entered_at"),
        _link("confirmed_by", "operator", nullable=True),
        _moment("confirmed_at", nullable=True),
        _moment("ended_at", nullable=True),
        sa.CheckConstraint("last_four ~ '^[0-9]{4}$'", name="last_four"),
        sa.CheckConstraint("(confirmed_at IS NULL) = (confirmed_by IS NULL)", name="confirmed"),
        sa.CheckConstraint("confirmed_by <> entered_by", name="four_eyes"),
    )
    for name, condition in (("standing", "IS NOT NULL"), ("pending", "IS NULL")):
        op.create_index(
            f"uq_payee_account_{name}",
            "payee_account",
            ["holder_id"],
            unique=True,
            postgresql_where=sa.text(f"confirmed_at {condition} AND ended_at IS NULL"),
        )


def _runs() -> None:
    op.create_table(
        "payout_run",
        _id(),
        _word("month", 7),
        sa.Column("round", sa.SmallInteger, nullable=False),
        _big("minimum_fen"),
        _link("prepared_by", "operator", nullable=True),
        _moment("prepared_at"),
        _link("approved_by", "operator", nullable=True),
        _moment("approved_at", nullable=True),
        _link("withdrawn_by", "operator", nullable=True),
        _moment("withdrawn_at", nullable=True),
        _link("exported_by", "operator", nullable=True),
        _moment("exported_at", nullable=True),
        sa.Column("file_sealed", sa.LargeBinary),
        _word("file_sha256", 64, nullable=True),
        sa.UniqueConstraint("month", "round"),
        sa.CheckConstraint("month ~ '^20[0-9]{2}-(0[1-9]|1[0-2])$'", name="month"),
        sa.CheckConstraint("round >= 1 AND minimum_fen >= 1", name="terms"),
        sa.CheckConstraint("(approved_at IS NULL) = (approved_by IS NULL)", name="approved"),
        sa.CheckConstraint("(withdrawn_at IS NULL) = (withdrawn_by IS NULL)", name="withdrawn"),
        sa.CheckConstraint(
            "num_nulls(exported_at, exported_by, file_sealed, file_sha256) IN (0, 4)", name="exported"
        ),
        # Whoever approves did not prepare, and whoever takes the file to the bank did not approve: also a
        # run that the sweeper prepared passes two people.
        sa.CheckConstraint("approved_by <> prepared_by", name="four_eyes"),
        sa.CheckConstraint("exported_by <> approved_by", name="four_eyes_export"),
        sa.CheckConstraint(
            "(exported_at IS NULL OR approved_at IS NOT NULL)"
            " AND (withdrawn_at IS NULL OR approved_at IS NULL)",
            name="edges",
        ),
    )


def _payouts() -> None:
    op.create_table(
        "payout",
        _id(),
        _word("number", 20, unique=True),
        _link("run_id", "payout_run"),
        _link("holder_id", "holder"),
        _word("source", 10),
        _big("amount_fen"),
        _link("payee_id", "payee_account"),
        _moment("exported_at", nullable=True),
        _moment("paid_at", nullable=True),
        _moment("failed_at", nullable=True),
        _moment("returned_at", nullable=True),
        _word("bank_reference", 64, nullable=True),
        _word("reported", 10, nullable=True),
        _link("reported_by", "operator", nullable=True),
        _moment("reported_at", nullable=True),
        _word("reason", 100, nullable=True),
        _link("confirmed_by", "operator", nullable=True),
        sa.UniqueConstraint("run_id", "holder_id", "source"),
        sa.CheckConstraint("source IN ('payable', 'fees')", name="source"),
        sa.CheckConstraint("amount_fen > 0", name="amount"),
        sa.CheckConstraint(
            "(paid_at IS NULL OR exported_at IS NOT NULL AND failed_at IS NULL)"
            " AND (returned_at IS NULL OR paid_at IS NOT NULL)",
            name="edges",
        ),
        sa.CheckConstraint("paid_at IS NULL OR bank_reference IS NOT NULL", name="reference"),
        sa.CheckConstraint("num_nulls(reported, reported_by, reported_at, reason) IN (0, 4)", name="report"),
        sa.CheckConstraint(
            "reported IS NULL OR reported = 'failed' AND paid_at IS NULL AND returned_at IS NULL"
            " OR reported = 'returned' AND paid_at IS NOT NULL AND failed_at IS NULL",
            name="reported",
        ),
        # Whoever says that the money did not stay there does not make it payable again.
        sa.CheckConstraint(
            "(confirmed_by IS NOT NULL) = (failed_at IS NOT NULL OR returned_at IS NOT NULL)"
            " AND (confirmed_by IS NULL OR reported_by IS NOT NULL)",
            name="confirmed",
        ),
        sa.CheckConstraint("confirmed_by <> reported_by", name="four_eyes"),
    )
    op.create_index("ix_payout_holder_id", "payout", ["holder_id", "id"])
    op.create_table(
        "payout_skip",
        _part("run_id", "payout_run"),
        _part("holder_id", "holder"),
        _word("source", 10, primary_key=True),
        _big("amount_fen"),
        _word("reason", 20),
        sa.CheckConstraint("source IN ('payable', 'fees')", name="source"),
        sa.CheckConstraint("reason IN ('no_payee', 'below_minimum')", name="reason"),
        sa.CheckConstraint("amount_fen > 0", name="amount"),
    )
    op.create_index("ix_payout_skip_holder_id", "payout_skip", ["holder_id"])


def _statements() -> None:
    op.create_table(
        "statement",
        _id(),
        _word("code", 26, unique=True),
        _link("holder_id", "holder"),
        _word("month", 7, index=True),
        *(_big(f"{part}_fen") for part in ("opening", "income", "paid", "returned", "closing")),
        _big("first_entry"),
        _big("last_entry"),
        _moment("made_at"),
        sa.UniqueConstraint("holder_id", "month"),
        sa.CheckConstraint(
            "closing_fen = opening_fen + income_fen - paid_fen + returned_fen", name="closing"
        ),
        sa.CheckConstraint(
            "least(opening_fen, income_fen, paid_fen, returned_fen, closing_fen) >= 0", name="amounts"
        ),
    )
    op.create_table(
        "statement_lot",
        _part("statement_id", "statement"),
        _part("lot_id", "lot"),
        *(_big(name) for name in ("orders", "quantity_kg", "price_fen", "seller_fen", "village_fen")),
        sa.CheckConstraint("least(orders, quantity_kg, price_fen) > 0", name="amounts"),
        sa.CheckConstraint("least(seller_fen, village_fen) >= 0", name="shares"),
    )


def downgrade() -> None:
    """Drop everything of payouts; for a development database only."""
    for table in ("statement_lot", "statement", "payout_skip", "payout", "payout_run", "payee_account"):
        op.drop_table(table)
    for function in ("payout_edges", "payout_run_edges", "payee_account_edges"):
        op.execute(f"DROP FUNCTION {function}()")
