"""Challenges between groups, whose result is final, and planting together on terms told beforehand."""

import sqlalchemy as sa
from alembic import op

revision = "0039"
down_revision = "0038"
branch_labels = None
depends_on = None

GUARDS = """
CREATE TRIGGER challenge_kept BEFORE UPDATE OF id, code, theme, organiser_id, measure, group_kind, listed,
    first_day, last_day, called_at OR DELETE OR TRUNCATE ON challenge
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER challenge_ended BEFORE UPDATE ON challenge FOR EACH ROW
  WHEN (num_nonnulls(OLD.decided_at, OLD.called_off_at) = 1
     OR (OLD.started_at IS NOT NULL AND NEW.started_at IS DISTINCT FROM OLD.started_at))
  EXECUTE FUNCTION refuse_row('a challenge starts and ends once');

-- Groups come and go until it starts; what is counted changes until it is decided.
CREATE FUNCTION challenge_group_open() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  of bigint := CASE WHEN TG_OP = 'DELETE' THEN OLD.challenge_id ELSE NEW.challenge_id END;
  stands challenge;
BEGIN
  SELECT * INTO stands FROM challenge WHERE id = of;
  IF stands.decided_at IS NOT NULL OR (TG_OP <> 'UPDATE' AND stands.started_at IS NOT NULL) THEN
    RAISE EXCEPTION 'the groups of challenge % are fixed', of
      USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
END $$;
CREATE TRIGGER challenge_group_open BEFORE INSERT OR UPDATE OR DELETE ON challenge_group
  FOR EACH ROW EXECUTE FUNCTION challenge_group_open();
CREATE TRIGGER challenge_group_kept BEFORE UPDATE OF challenge_id, group_id, entered_by, entered_at
    OR TRUNCATE ON challenge_group
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER challenge_member_kept BEFORE UPDATE OF id, challenge_id, group_id, holder_id
    OR DELETE OR TRUNCATE ON challenge_member
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER challenge_member_out BEFORE UPDATE ON challenge_member FOR EACH ROW
  WHEN (OLD.stepped_out_at IS NOT NULL)
  EXECUTE FUNCTION refuse_row('who has stepped out stays out');
CREATE TRIGGER challenge_reward_kept BEFORE UPDATE OF challenge_id, programme_id, points_each, asked_by,
    asked_at OR TRUNCATE ON challenge_reward
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER challenge_reward_stands BEFORE UPDATE OR DELETE ON challenge_reward FOR EACH ROW
  WHEN (OLD.approved_at IS NOT NULL)
  EXECUTE FUNCTION challenge_reward_stands();

CREATE TRIGGER planting_kept BEFORE UPDATE OF cause_id, group_id, organiser_id, goal_kg, way, last_day,
    begun_at OR DELETE OR TRUNCATE ON planting
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER planting_ended BEFORE UPDATE ON planting FOR EACH ROW
  WHEN (OLD.ended_at IS NOT NULL OR (OLD.ready_at IS NOT NULL AND NEW.ready_at IS DISTINCT FROM OLD.ready_at))
  EXECUTE FUNCTION refuse_row('a planting is ready and ends once');
CREATE FUNCTION planting_pledge_open() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  of bigint := CASE WHEN TG_OP = 'DELETE' THEN OLD.planting_id ELSE NEW.planting_id END;
BEGIN
  IF NOT EXISTS (SELECT FROM planting WHERE cause_id = of AND way = 'together'
                   AND num_nulls(ready_at, ended_at) = 2) THEN
    RAISE EXCEPTION 'the pledges of planting % are fixed', of
      USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
END $$;
CREATE TRIGGER planting_pledge_open BEFORE INSERT OR UPDATE OR DELETE ON planting_pledge
  FOR EACH ROW EXECUTE FUNCTION planting_pledge_open();
CREATE TRIGGER planting_pledge_kept BEFORE UPDATE OF planting_id, holder_id OR TRUNCATE ON planting_pledge
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
"""
REWARD = """
-- What was approved is granted or lapses, once; nothing else of it changes.
CREATE FUNCTION challenge_reward_stands() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' OR num_nonnulls(OLD.granted_at, OLD.lapsed_at) = 1
     OR (NEW.approved_by, NEW.approved_at) IS DISTINCT FROM (OLD.approved_by, OLD.approved_at) THEN
    RAISE EXCEPTION 'the reward of challenge % is promised', OLD.challenge_id
      USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END $$;
"""


def upgrade() -> None:
    """Keep challenges and plantings."""
    _challenges()
    _rosters()
    _plantings()
    op.execute(REWARD)
    op.execute(GUARDS)


def _big(name: str, reference: str | None = None, nullable: bool = False, **kwargs: bool) -> sa.Column:
    keys = [sa.ForeignKey(reference)] if reference else []
    return sa.Column(name, sa.BigInteger, *keys, nullable=nullable, **kwargs)


def _moment(name: str, nullable: bool = False) -> sa.Column:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _count(name: str, kind: type = sa.BigInteger) -> sa.Column:
    return sa.Column(name, kind, nullable=False, server_default="0")


def _challenges() -> None:
    op.create_table(
        "challenge",
        sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
        sa.Column("code", sa.String(26), nullable=False, unique=True),
        sa.Column("theme", sa.String(20), nullable=False),
        _big("organiser_id", "holder.id", nullable=True),
        sa.Column("measure", sa.String(12), nullable=False),
        sa.Column("group_kind", sa.String(10)),
        sa.Column("listed", sa.Boolean, nullable=False),
        sa.Column("first_day", sa.Date, nullable=False),
        sa.Column("last_day", sa.Date, nullable=False),
        _moment("called_at"),
        _moment("started_at", nullable=True),
        _moment("counted_at", nullable=True),
        _moment("decided_at", nullable=True),
        _moment("called_off_at", nullable=True),
        sa.Column("called_off_reason", sa.String(12)),
        sa.CheckConstraint("measure IN ('per_member', 'total', 'active_days')", name="measure"),
        sa.CheckConstraint("last_day BETWEEN first_day AND first_day + 91", name="days"),
        sa.CheckConstraint("num_nonnulls(decided_at, called_off_at) < 2", name="ended"),
        sa.CheckConstraint("decided_at IS NULL OR started_at IS NOT NULL", name="started"),
        sa.CheckConstraint("(called_off_at IS NULL) = (called_off_reason IS NULL)", name="reason"),
    )
    op.create_index("ix_challenge_listed", "challenge", ["id"], postgresql_where=sa.text("listed"))
    still_open = sa.text("num_nulls(decided_at, called_off_at) = 2")
    op.create_index("ix_challenge_open", "challenge", ["id"], postgresql_where=still_open)


def _rosters() -> None:
    op.create_table(
        "challenge_group",
        _big("challenge_id", "challenge.id", primary_key=True),
        _big("group_id", "people_group.id", primary_key=True),
        _big("entered_by", "holder.id"),
        _moment("entered_at"),
        _count("members", sa.Integer),
        _count("active_members", sa.Integer),
        _count("avoided_g"),
        _count("active_days"),
        _count("score"),
        sa.Column("place", sa.Integer),
        sa.CheckConstraint("active_members BETWEEN 0 AND members", name="members"),
        sa.CheckConstraint("least(avoided_g, active_days, score) >= 0 AND place > 0", name="counts"),
    )
    op.create_index("ix_challenge_group_group_id", "challenge_group", ["group_id", "challenge_id"])
    op.create_table(
        "challenge_member",
        sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
        _big("challenge_id", "challenge.id"),
        _big("group_id"),
        _big("holder_id", "holder.id"),
        _moment("stepped_out_at", nullable=True),
        sa.ForeignKeyConstraint(
            ["challenge_id", "group_id"], ["challenge_group.challenge_id", "challenge_group.group_id"]
        ),
    )
    op.create_index(
        "uq_challenge_member_holder", "challenge_member", ["challenge_id", "holder_id"], unique=True
    )
    op.create_table(
        "challenge_reward",
        _big("challenge_id", "challenge.id", primary_key=True, autoincrement=False),
        _big("programme_id", "reward_programme.holder_id"),
        sa.Column("points_each", sa.Integer, nullable=False),
        _big("asked_by", "operator.id"),
        _moment("asked_at"),
        _big("approved_by", "operator.id", nullable=True),
        _moment("approved_at", nullable=True),
        sa.Column("people", sa.Integer),
        _moment("granted_at", nullable=True),
        _moment("lapsed_at", nullable=True),
        sa.CheckConstraint("points_each BETWEEN 1 AND 10000", name="points"),
        sa.CheckConstraint("num_nulls(approved_by, approved_at) IN (0, 2)", name="approval"),
        sa.CheckConstraint("approved_by <> asked_by", name="four_eyes"),
        sa.CheckConstraint("num_nonnulls(granted_at, lapsed_at) < 2", name="ended"),
        sa.CheckConstraint(
            "coalesce(granted_at, lapsed_at) IS NULL OR approved_at IS NOT NULL", name="approved"
        ),
        sa.CheckConstraint("num_nulls(people, coalesce(granted_at, lapsed_at)) IN (0, 2)", name="people"),
    )


def _plantings() -> None:
    op.create_table(
        "planting",
        _big("cause_id", "cause.holder_id", primary_key=True, autoincrement=False),
        _big("group_id", "people_group.id"),
        _big("organiser_id", "holder.id"),
        _big("goal_kg"),
        sa.Column("lot_code", sa.String(40), nullable=False),
        sa.Column("way", sa.String(10), nullable=False),
        sa.Column("last_day", sa.Date, nullable=False),
        _moment("begun_at"),
        _moment("ready_at", nullable=True),
        _moment("ended_at", nullable=True),
        sa.Column("outcome", sa.String(12)),
        sa.CheckConstraint("goal_kg > 0", name="goal"),
        sa.CheckConstraint("way = 'together' OR (way = 'at_once' AND ready_at IS NOT NULL)", name="way"),
        sa.CheckConstraint("num_nulls(ended_at, outcome) IN (0, 2)", name="ended"),
        sa.CheckConstraint("outcome IN ('reached', 'short', 'nothing', 'called_off')", name="outcome"),
    )
    op.create_index("ix_planting_group_id", "planting", ["group_id", "cause_id"])
    op.create_index(
        "ix_planting_open", "planting", ["cause_id"], postgresql_where=sa.text("ended_at IS NULL")
    )
    op.create_table(
        "planting_pledge",
        _big("planting_id", "planting.cause_id", primary_key=True),
        _big("holder_id", "holder.id", primary_key=True),
        _big("quantity_kg"),
        _moment("pledged_at"),
        sa.CheckConstraint("quantity_kg > 0", name="quantity"),
    )


def downgrade() -> None:
    """Take them back."""
    for table in (
        "planting_pledge",
        "planting",
        "challenge_reward",
        "challenge_member",
        "challenge_group",
        "challenge",
    ):
        op.drop_table(table)
    for name in ("challenge_reward_stands", "challenge_group_open", "planting_pledge_open"):
        op.execute(f"DROP FUNCTION {name}()")
