"""The provider's bills, the days that were reconciled, and breaks that two people answer for."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

GUARDS = """
-- What a break says is frozen once somebody has explained it: other figures, or another explanation,
-- begin anew without the confirmation. A confirmation confirms the explanation that stood before it.
CREATE FUNCTION bill_break_edges() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (NEW.day, NEW.kind, NEW.key) IS DISTINCT FROM (OLD.day, OLD.kind, OLD.key) THEN
    RAISE EXCEPTION 'break % is about something else', OLD.id
      USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  IF OLD.explained_at IS NOT NULL AND NEW.explained_at IS NOT DISTINCT FROM OLD.explained_at
     AND (NEW.explanation, NEW.explained_by, NEW.order_code, NEW.ours_fen, NEW.theirs_fen,
          NEW.ours, NEW.theirs, NEW.difference_fen, NEW.carries_money)
     IS DISTINCT FROM
         (OLD.explanation, OLD.explained_by, OLD.order_code, OLD.ours_fen, OLD.theirs_fen,
          OLD.ours, OLD.theirs, OLD.difference_fen, OLD.carries_money) THEN
    RAISE EXCEPTION 'break % is explained as it stands', OLD.id
      USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  IF NEW.confirmed_at IS NOT NULL
     AND (NEW.explained_at IS DISTINCT FROM OLD.explained_at
          OR (OLD.confirmed_at IS NOT NULL
              AND (NEW.confirmed_at, NEW.confirmed_by)
                  IS DISTINCT FROM (OLD.confirmed_at, OLD.confirmed_by))) THEN
    RAISE EXCEPTION 'break % is confirmed only as it was explained', OLD.id
      USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER bill_break_edges BEFORE UPDATE ON bill_break FOR EACH ROW EXECUTE FUNCTION bill_break_edges();
CREATE TRIGGER bill_break_kept BEFORE DELETE OR TRUNCATE ON bill_break
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER bill_kept BEFORE DELETE OR TRUNCATE ON bill
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
"""


def _moment(name: str, nullable: bool = False) -> sa.Column:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _big(name: str, nullable: bool = False) -> sa.Column:
    return sa.Column(name, sa.BigInteger, nullable=nullable)


def _text(name: str, longest: int, nullable: bool = False) -> sa.Column:
    return sa.Column(name, sa.String(longest), nullable=nullable)


def _key(name: str, kind: type[sa.types.TypeEngine]) -> sa.Column:
    return sa.Column(name, kind, primary_key=True, autoincrement=False)


def _id() -> sa.Column:
    return sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True)


def upgrade() -> None:
    """Create the bills, then days and breaks, then the guards; and let days of payments be found."""
    _bills()
    _breaks()
    op.execute(GUARDS)
    op.create_index("ix_payment_paid_at", "payment", ["paid_at"], postgresql_using="brin")
    op.create_index("ix_refund_accepted_at", "refund", ["accepted_at"])
    op.create_index("ix_refund_succeeded_at", "refund", ["succeeded_at"])
    op.create_index("ix_refund_provider_id", "refund", ["provider_id"])


def _bills() -> None:
    op.create_table(
        "bill",
        _id(),
        _text("kind", 8),
        sa.Column("day", sa.Date, nullable=False),
        _text("account", 10),
        sa.Column("version", sa.Integer, nullable=False),
        _text("sha1", 40, nullable=True),
        _moment("fetched_at"),
        _moment("replaced_at", nullable=True),
        _big("rows"),
        sa.Column("announced", pg.JSONB, nullable=False),
        sa.Column("counted", pg.JSONB, nullable=False),
        _big("opening_fen", nullable=True),
        _big("closing_fen", nullable=True),
        _big("fee_fen"),
        _big("withdrawn_fen"),
        sa.UniqueConstraint("kind", "day", "account", "version"),
    )
    op.create_index(
        "uq_bill_current",
        "bill",
        ["kind", "day", "account"],
        unique=True,
        postgresql_where=sa.text("replaced_at IS NULL"),
    )
    op.create_table(
        "bill_trade",
        _key("bill_id", sa.BigInteger),
        _key("line", sa.Integer),
        _moment("at"),
        _text("appid", 64),
        _text("mchid", 64),
        _text("transaction_id", 64),
        _text("order_code", 64),
        _text("state", 32),
        _text("currency", 16),
        _big("settled_fen"),
        _big("order_fen"),
        _text("refund_id", 64, nullable=True),
        _text("refund_code", 64, nullable=True),
        _big("refund_fen"),
        _text("refund_state", 32, nullable=True),
        _big("fee_millifen"),
        sa.Column("rate_ppm", sa.Integer, nullable=False),
    )
    op.create_index("ix_bill_trade_transaction_id", "bill_trade", ["transaction_id"])
    for column in ("refund_code", "refund_id"):
        op.create_index(
            f"ix_bill_trade_{column}",
            "bill_trade",
            [column],
            postgresql_where=sa.text(f"{column} IS NOT NULL"),
        )
    op.create_table(
        "bill_flow",
        _key("bill_id", sa.BigInteger),
        _key("line", sa.Integer),
        _moment("at"),
        _text("number", 64),
        _text("flow_number", 64),
        _text("kind", 32),
        _big("amount_fen"),
        _big("balance_fen"),
    )
    op.create_index("ix_bill_flow_number", "bill_flow", ["number"])


def _breaks() -> None:
    op.create_table(
        "reconciliation",
        sa.Column("day", sa.Date, primary_key=True),
        _moment("looked_at"),
        _moment("matched_at", nullable=True),
        _big("subjects"),
        _big("broken"),
        _text("trouble", 200, nullable=True),
    )
    op.create_table(
        "bill_break",
        _id(),
        sa.Column("day", sa.Date, sa.ForeignKey("reconciliation.day"), nullable=False),
        _text("kind", 30),
        _text("key", 64),
        _text("order_code", 64, nullable=True),
        _big("ours_fen", nullable=True),
        _big("theirs_fen", nullable=True),
        _text("ours", 80, nullable=True),
        _text("theirs", 80, nullable=True),
        _big("difference_fen"),
        sa.Column("carries_money", sa.Boolean, nullable=False),
        _moment("found_at"),
        _moment("resolved_at", nullable=True),
        _text("explanation", 500, nullable=True),
        _moment("explained_at", nullable=True),
        sa.Column("explained_by", sa.BigInteger, sa.ForeignKey("operator.id")),
        _moment("confirmed_at", nullable=True),
        sa.Column("confirmed_by", sa.BigInteger, sa.ForeignKey("operator.id")),
        sa.UniqueConstraint("day", "kind", "key"),
        sa.CheckConstraint(
            "(explained_at IS NULL) = (explained_by IS NULL)"
            " AND (explained_at IS NULL) = (explanation IS NULL)",
            name="explained",
        ),
        sa.CheckConstraint(
            "(confirmed_at IS NULL) = (confirmed_by IS NULL)"
            " AND (confirmed_at IS NULL OR explained_at IS NOT NULL)",
            name="confirmed",
        ),
        sa.CheckConstraint("confirmed_by <> explained_by", name="four_eyes"),
    )
    op.create_index(
        "ix_bill_break_unsettled",
        "bill_break",
        ["day"],
        postgresql_where=sa.text(
            "resolved_at IS NULL AND (explained_at IS NULL OR carries_money AND confirmed_at IS NULL)"
        ),
    )


def downgrade() -> None:
    """Drop everything of the bills; for a development database only."""
    for column in ("accepted_at", "succeeded_at", "provider_id"):
        op.drop_index(f"ix_refund_{column}", "refund")
    op.drop_index("ix_payment_paid_at", "payment")
    for table in ("bill_break", "reconciliation", "bill_flow", "bill_trade", "bill"):
        op.drop_table(table)
    op.execute("DROP FUNCTION bill_break_edges()")
