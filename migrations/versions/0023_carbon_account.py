"""The personal carbon account: lines by day, home regions, and regions' totals that single nobody out."""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

# What is released is out in the world: it cannot be taken back, so it cannot change. A share that waits may
# be pushed up to a larger region or go with its person; one that was released only forgets whose it was.
GUARDS = """
CREATE TRIGGER region_release_kept BEFORE UPDATE OR DELETE OR TRUNCATE ON region_release
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER region_snapshot_kept BEFORE UPDATE OR DELETE OR TRUNCATE ON region_snapshot
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER region_share_kept BEFORE TRUNCATE ON region_share
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE FUNCTION region_share_step() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' THEN
    IF OLD.release_id IS NULL THEN RETURN OLD; END IF;
  ELSIF (NEW.id, NEW.day, NEW.line, NEW.grams) = (OLD.id, OLD.day, OLD.line, OLD.grams)
    AND (NEW.person = OLD.person OR OLD.person > 0 AND NEW.person < 0 AND OLD.release_id IS NOT NULL)
    AND (NEW.region = OLD.region OR OLD.release_id IS NULL AND starts_with(OLD.region, NEW.region))
    AND (OLD.release_id IS NULL OR NEW.release_id = OLD.release_id) THEN
    RETURN NEW;
  END IF;
  RAISE EXCEPTION 'share % is released, or would become another', OLD.id
    USING ERRCODE = 'integrity_constraint_violation';
END $$;

CREATE TRIGGER region_share_step BEFORE UPDATE OR DELETE ON region_share
  FOR EACH ROW EXECUTE FUNCTION region_share_step();
"""
LINE = "line IN ('avoided', 'emitted', 'offset')"
REGION = "region ~ '^([1-9][0-9]+)?$' AND length(region) IN (0, 2, 4, 6, 9, 12)"


def upgrade() -> None:
    """Order actions by their days, let people say where they are at home, and keep what regions publish."""
    op.create_index("ix_action_occurred_on", "action", ["holder_id", "occurred_on", "id"])
    # A day of the books is found by where it lies in the table: it only grows at its end.
    op.create_index("ix_posting_posted_at", "posting", ["posted_at"], postgresql_using="brin")
    op.create_index("ix_emission_recorded_at", "emission", ["recorded_at"], postgresql_using="brin")
    op.create_table(
        "home",
        sa.Column("holder_id", sa.BigInteger, sa.ForeignKey("holder.id"), primary_key=True),
        sa.Column("region", sa.String(12), nullable=False),
        _moment("chosen_at"),
        sa.CheckConstraint("region ~ '^[1-9][0-9]+$' AND length(region) IN (2, 4, 6, 9, 12)", name="region"),
    )
    _releases()
    op.create_table(
        "region_month",
        sa.Column("region", sa.String(12), primary_key=True),
        sa.Column("month", sa.String(7), primary_key=True),
        sa.Column("line", sa.String(8), primary_key=True),
        _big("published_g"),
        sa.CheckConstraint(LINE, name="line"),
        sa.CheckConstraint(REGION, name="region"),
    )
    op.create_table(
        "region_snapshot",
        sa.Column("day", sa.Date, primary_key=True),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False, unique=True),
        sa.Column("least_people", sa.Integer, nullable=False),
        sa.Column("releases", sa.Integer, nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("document", sa.Text, nullable=False),
        _moment("sealed_at"),
        sa.CheckConstraint("least_people >= 5", name="least_people"),
    )
    op.execute(GUARDS)


def _releases() -> None:
    op.create_table(
        "region_release",
        sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
        sa.Column("day", sa.Date, nullable=False),
        sa.Column("region", sa.String(12), nullable=False),
        sa.Column("line", sa.String(8), nullable=False),
        sa.Column("people", sa.Integer, nullable=False),
        _big("grams"),
        _big("published_g"),
        sa.UniqueConstraint("day", "region", "line"),
        sa.CheckConstraint("people >= 5", name="people"),
        sa.CheckConstraint(LINE, name="line"),
        sa.CheckConstraint(REGION, name="region"),
    )
    op.create_index("ix_region_release_region", "region_release", ["region", "line"])
    op.create_table(
        "region_share",
        sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
        sa.Column("day", sa.Date, nullable=False),
        _big("person"),
        sa.Column("region", sa.String(12), nullable=False),
        sa.Column("line", sa.String(8), nullable=False),
        _big("grams"),
        sa.Column("release_id", sa.BigInteger, sa.ForeignKey("region_release.id")),
        sa.UniqueConstraint("person", "day", "line"),
        sa.CheckConstraint(LINE, name="line"),
        sa.CheckConstraint(REGION, name="region"),
    )
    op.create_index("ix_region_share_release_id", "region_share", ["release_id"])
    op.create_index(
        "ix_region_share_waiting",
        "region_share",
        ["region", "line"],
        postgresql_where=sa.text("release_id IS NULL"),
    )


def _big(name: str) -> sa.Column:
    return sa.Column(name, sa.BigInteger, nullable=False)


def _moment(name: str) -> sa.Column:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=False)


def downgrade() -> None:
    """Forget home regions and what regions published; for a development database only."""
    for table in ("region_share", "region_release", "region_month", "region_snapshot", "home"):
        op.drop_table(table)
    op.execute("DROP FUNCTION region_share_step()")
    op.drop_index("ix_emission_recorded_at", "emission")
    op.drop_index("ix_posting_posted_at", "posting")
    op.drop_index("ix_action_occurred_on", "action")
