"""Levels, badges, streaks: the days people acted on, what they earned, and the years they show."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

revision = "0038"
down_revision = "0037"
branch_labels = None
depends_on = None

GUARDS = """
CREATE TRIGGER badge_award_kept BEFORE UPDATE OF holder_id, badge OR DELETE OR TRUNCATE ON badge_award
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER badge_award_stands BEFORE UPDATE ON badge_award FOR EACH ROW
  WHEN (OLD.withdrawn_at IS NULL
    AND (NEW.version, NEW.figure, NEW.earned_on, NEW.awarded_at)
      IS DISTINCT FROM (OLD.version, OLD.figure, OLD.earned_on, OLD.awarded_at))
  EXECUTE FUNCTION refuse_row('a badge stands as it was earned');
CREATE TRIGGER year_link_kept BEFORE UPDATE OF holder_id, year OR DELETE OR TRUNCATE ON year_link
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER year_link_issued BEFORE UPDATE ON year_link FOR EACH ROW
  WHEN (NEW.issue < OLD.issue OR (NEW.issue = OLD.issue
    AND (NEW.link_hash IS DISTINCT FROM OLD.link_hash
      OR (OLD.withdrawn_at IS NOT NULL AND NEW.withdrawn_at IS DISTINCT FROM OLD.withdrawn_at))))
  EXECUTE FUNCTION refuse_row('a link that was taken back never leads anywhere again');
"""
# What was credited before there were badges counts for them, too.
FILL = """
INSERT INTO active_days (holder_id, year, scene, days)
SELECT holder_id, extract(year FROM day), scene,
  bit_or(set_bit(B'0'::bit(366), extract(doy FROM day)::int - 1, 1))
FROM scene_day WHERE credited_g > 0 GROUP BY 1, 2, 3;
INSERT INTO badge_standing (holder_id, stale)
SELECT id, true FROM holder WHERE kind = 'person' AND (
  EXISTS (SELECT FROM active_days WHERE holder_id = holder.id)
  OR EXISTS (SELECT FROM emission WHERE holder_id = holder.id)
  OR EXISTS (SELECT FROM orders WHERE holder_id = holder.id));
INSERT INTO badge_watch (id, until) VALUES (1, now());
"""


def upgrade() -> None:
    """Keep days, badges and links, and count what there was before."""
    _days()
    _badges()
    _years()
    op.execute(GUARDS)
    op.execute(FILL)


def _moment(name: str, nullable: bool = False) -> sa.Column:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _holder() -> sa.Column:
    return sa.Column(
        "holder_id", sa.BigInteger, sa.ForeignKey("holder.id"), primary_key=True, autoincrement=False
    )


def _days() -> None:
    op.create_table(
        "active_days",
        sa.Column("holder_id", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("year", sa.SmallInteger, primary_key=True, autoincrement=False),
        sa.Column("scene", sa.String(40), primary_key=True),
        sa.Column("days", pg.BIT(366), nullable=False),
    )


def _badges() -> None:
    op.create_table(
        "badge_standing",
        _holder(),
        sa.Column("stale", sa.Boolean, nullable=False),
        sa.Column("level", sa.SmallInteger, server_default="0", nullable=False),
        postgresql_with={"fillfactor": "80"},
    )
    op.create_index(
        "ix_badge_standing_stale", "badge_standing", ["holder_id"], postgresql_where=sa.text("stale")
    )
    op.create_table(
        "badge_award",
        _holder(),
        sa.Column("badge", sa.String(20), primary_key=True),
        sa.Column("version", sa.String(20), nullable=False),
        sa.Column("figure", sa.Integer, nullable=False),
        sa.Column("earned_on", sa.Date, nullable=False),
        _moment("awarded_at"),
        _moment("withdrawn_at", nullable=True),
    )
    op.create_table(
        "badge_watch",
        sa.Column("id", sa.SmallInteger, primary_key=True, autoincrement=False),
        _moment("until"),
        sa.CheckConstraint("id = 1", name="one"),
    )


def _years() -> None:
    op.create_table(
        "year_link",
        _holder(),
        sa.Column("year", sa.SmallInteger, primary_key=True, autoincrement=False),
        sa.Column("issue", sa.Integer, nullable=False),
        sa.Column("link_hash", sa.LargeBinary, nullable=False, unique=True),
        _moment("shown_at"),
        _moment("withdrawn_at", nullable=True),
        sa.CheckConstraint("issue > 0 AND octet_length(link_hash) = 32", name="link"),
    )


def downgrade() -> None:
    """Forget them."""
    for table in ("year_link", "badge_watch", "badge_award", "badge_standing", "active_days"):
        op.drop_table(table)
