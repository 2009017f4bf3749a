"""Drives: many give points, a day's steps or forest units to one village or project, and are thanked."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None

TERMS = (
    "cause_id, code, payee_id, project_code, title_zh, title_en, about_zh, about_en, use_zh, use_en,"
    " goal_fen, goal_kg, starts_on, ends_on, charity_name, charity_code, fundraising_number,"
    " fundraising_until, drafted_by, drafted_at"
)
STEPS = "published_by, published_at, closed_by, closed_at, closed_reason"
GUARDS = f"""
CREATE TRIGGER drive_kept BEFORE UPDATE OF {TERMS} OR DELETE OR TRUNCATE ON drive
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER drive_steps BEFORE UPDATE ON drive FOR EACH ROW
  WHEN ((OLD.published_at IS NOT NULL
       AND (NEW.published_by, NEW.published_at) IS DISTINCT FROM (OLD.published_by, OLD.published_at))
     OR (OLD.closed_at IS NOT NULL AND (NEW.closed_by, NEW.closed_at, NEW.closed_reason)
       IS DISTINCT FROM (OLD.closed_by, OLD.closed_at, OLD.closed_reason))
     OR NEW.points < OLD.points OR NEW.bought_kg < OLD.bought_kg OR NEW.paid_fen < OLD.paid_fen
     OR NEW.gifts < OLD.gifts OR NEW.givers < OLD.givers OR NEW.given_at < OLD.given_at)
  EXECUTE FUNCTION refuse_row('a step of a drive is taken once, and nothing given is taken back');
CREATE TRIGGER drive_report_kept BEFORE UPDATE OF id, drive_id, happened_on, words_zh, words_en, used_fen,
    written_by, written_at OR DELETE OR TRUNCATE ON drive_report
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER drive_report_decided BEFORE UPDATE ON drive_report FOR EACH ROW
  WHEN (OLD.decided_at IS NOT NULL)
  EXECUTE FUNCTION refuse_row('a decision stands');
CREATE TRIGGER drive_gift_kept BEFORE UPDATE OR DELETE OR TRUNCATE ON drive_gift
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
"""


def upgrade() -> None:
    """Keep drives, how they go on, and what was given."""
    _drives()
    _reports()
    _gifts()
    op.execute(GUARDS)


def _big(name: str, reference: str | None = None, nullable: bool = False) -> sa.Column:
    keys = [sa.ForeignKey(reference)] if reference else []
    return sa.Column(name, sa.BigInteger, *keys, nullable=nullable)


def _words(name: str, longest: int, nullable: bool = False) -> sa.Column:
    return sa.Column(name, sa.String(longest), nullable=nullable)


def _moment(name: str, nullable: bool = False) -> sa.Column:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _sum(name: str, kind: type = sa.BigInteger) -> sa.Column:
    return sa.Column(name, kind, nullable=False, server_default="0")


def _drives() -> None:
    op.create_table(
        "drive",
        sa.Column(
            "cause_id", sa.BigInteger, sa.ForeignKey("cause.holder_id"), primary_key=True, autoincrement=False
        ),
        sa.Column("code", sa.String(26), nullable=False, unique=True),
        _big("payee_id", "holder.id"),
        sa.Column("project_code", sa.String(20), sa.ForeignKey("project.code")),
        *(
            _words(f"{name}_{language}", longest * (2 if language == "en" else 1))
            for name, longest in (("title", 60), ("about", 1000), ("use", 300))
            for language in ("zh", "en")
        ),
        _big("goal_fen", nullable=True),
        _big("goal_kg", nullable=True),
        sa.Column("starts_on", sa.Date, nullable=False),
        sa.Column("ends_on", sa.Date, nullable=False),
        _words("charity_name", 100, nullable=True),
        _words("charity_code", 18, nullable=True),
        _words("fundraising_number", 40, nullable=True),
        sa.Column("fundraising_until", sa.Date),
        _big("drafted_by", "operator.id"),
        _moment("drafted_at"),
        _big("published_by", "operator.id", nullable=True),
        _moment("published_at", nullable=True),
        _big("closed_by", "operator.id", nullable=True),
        _moment("closed_at", nullable=True),
        _words("closed_reason", 300, nullable=True),
        _sum("points"),
        _sum("bought_kg"),
        _sum("paid_fen"),
        _sum("gifts", sa.Integer),
        _sum("givers", sa.Integer),
        _moment("given_at", nullable=True),
        sa.CheckConstraint(
            "num_nonnulls(goal_fen, goal_kg) = 1 AND coalesce(goal_fen, goal_kg) > 0", name="goal"
        ),
        sa.CheckConstraint("goal_kg IS NULL OR project_code IS NOT NULL", name="forest"),
        sa.CheckConstraint("ends_on >= starts_on AND ends_on - starts_on <= 366", name="days"),
        sa.CheckConstraint(
            "num_nonnulls(charity_name, charity_code, fundraising_number, fundraising_until) IN (0, 4)"
            " AND (fundraising_until IS NULL OR fundraising_until >= ends_on)"
            " AND (fundraising_number IS NULL OR starts_with(fundraising_number, charity_code))",
            name="charity",
        ),
        sa.CheckConstraint(
            "num_nonnulls(published_by, published_at) IN (0, 2) AND published_by <> drafted_by",
            name="published_by_another",
        ),
        sa.CheckConstraint("num_nonnulls(closed_by, closed_at, closed_reason) IN (0, 3)", name="closed"),
        # What is asked for is never passed, however many give at once.
        sa.CheckConstraint("points <= goal_fen AND bought_kg <= goal_kg", name="goal_kept"),
        sa.CheckConstraint("published_at IS NOT NULL OR gifts = 0", name="given_when_public"),
        sa.CheckConstraint("givers <= gifts AND (gifts > 0) = (given_at IS NOT NULL)", name="given"),
    )
    op.create_index("ix_drive_payee_id", "drive", ["payee_id"])
    op.create_index("ix_drive_project_code", "drive", ["project_code"])
    op.create_index(
        "ix_drive_published", "drive", ["cause_id"], postgresql_where=sa.text("published_at IS NOT NULL")
    )


def _reports() -> None:
    op.create_table(
        "drive_report",
        sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
        _big("drive_id", "drive.cause_id"),
        sa.Column("happened_on", sa.Date, nullable=False),
        _words("words_zh", 600),
        _words("words_en", 1200),
        _big("used_fen", nullable=True),
        _big("written_by", "operator.id"),
        _moment("written_at"),
        _big("decided_by", "operator.id", nullable=True),
        _moment("decided_at", nullable=True),
        sa.Column("shown", sa.Boolean),
        sa.CheckConstraint("used_fen >= 0", name="used"),
        sa.CheckConstraint(
            "num_nonnulls(decided_by, decided_at, shown) IN (0, 3) AND decided_by <> written_by",
            name="decided_by_another",
        ),
    )
    op.create_index("ix_drive_report_drive_id", "drive_report", ["drive_id", "id"])


def _gifts() -> None:
    op.create_table(
        "drive_gift",
        sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
        sa.Column("number", sa.String(20), nullable=False, unique=True),
        _big("drive_id", "drive.cause_id"),
        _big("holder_id", "holder.id"),
        sa.Column("kind", sa.String(10), nullable=False),
        _big("points", nullable=True),
        sa.Column("step_day", sa.Date),
        sa.Column("steps", sa.Integer),
        sa.Column("order_id", sa.BigInteger, sa.ForeignKey("orders.id"), unique=True),
        _big("quantity_kg", nullable=True),
        _big("amount_fen"),
        sa.Column("facts", postgresql.JSONB, nullable=False),
        _moment("given_at"),
        sa.CheckConstraint(
            "(kind IN ('points', 'steps') AND points > 0 AND amount_fen = points"
            "   AND num_nonnulls(order_id, quantity_kg) = 0)"
            " OR (kind = 'units' AND order_id IS NOT NULL AND quantity_kg > 0 AND amount_fen > 0"
            "   AND points IS NULL)",
            name="kind",
        ),
        sa.CheckConstraint(
            "num_nonnulls(step_day, steps) = CASE WHEN kind = 'steps' THEN 2 ELSE 0 END", name="steps"
        ),
    )
    op.create_index("ix_drive_gift_holder_id", "drive_gift", ["holder_id", "id"])
    op.create_index("ix_drive_gift_drive_id", "drive_gift", ["drive_id", "holder_id"])
    op.create_table(
        "drive_month",
        sa.Column(
            "drive_id",
            sa.BigInteger,
            sa.ForeignKey("drive.cause_id"),
            primary_key=True,
            autoincrement=False,
        ),
        sa.Column("month", sa.String(7), primary_key=True),
        sa.Column("gifts", sa.Integer, nullable=False),
        _big("points"),
        _big("quantity_kg"),
    )


def downgrade() -> None:
    """Take them away; for a development database only."""
    for name in ("drive_month", "drive_gift", "drive_report", "drive"):
        op.drop_table(name)
