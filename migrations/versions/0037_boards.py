"""Groups, friends, season scores and what boards follow."""

import sqlalchemy as sa
from alembic import op

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None

TABLES = (
    "shown_name",
    "board_wish",
    "board_leaving",
    "season_score",
    "friendship",
    "friend_code",
    "group_member",
    "people_group",
)
SETTLES = {
    "people_group": ("owner_id", "listed", "issue", "join_hash", "closed_at"),
    "group_member": ("left_at", "removed_by"),
    "friendship": ("low_label_sealed", "high_label_sealed"),
    "shown_name": (
        "name_sealed",
        "doubt",
        "passed_at",
        "refused_at",
        "judged_by",
        "reason",
        "withdrawn_at",
    ),
}
"""Of a row of these only the named columns may change."""
FORGOTTEN = ("friendship",)
"""Who was whose friend is nobody's business once it is over; of the others every row is kept."""

GUARDS = """
CREATE FUNCTION boards_row_keeps() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF to_jsonb(NEW) - TG_ARGV IS DISTINCT FROM to_jsonb(OLD) - TG_ARGV THEN
    RAISE EXCEPTION 'what stands in % never changes', TG_TABLE_NAME
      USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER group_member_ended BEFORE UPDATE ON group_member FOR EACH ROW
  WHEN (OLD.left_at IS NOT NULL) EXECUTE FUNCTION refuse_row('a time that is over stays as it is');
CREATE TRIGGER people_group_closed BEFORE UPDATE ON people_group FOR EACH ROW
  WHEN (OLD.closed_at IS NOT NULL) EXECUTE FUNCTION refuse_row('a closed group stays closed');
CREATE TRIGGER shown_name_judged BEFORE UPDATE ON shown_name FOR EACH ROW
  WHEN (OLD.withdrawn_at IS NOT NULL
     OR (NEW.name_sealed IS NOT NULL AND NEW.name_sealed IS DISTINCT FROM OLD.name_sealed)
     OR (OLD.passed_at IS NOT NULL AND NEW.passed_at IS DISTINCT FROM OLD.passed_at)
     OR (OLD.refused_at IS NOT NULL AND NEW.refused_at IS DISTINCT FROM OLD.refused_at))
  EXECUTE FUNCTION refuse_row('a judgement stands');

-- Whatever writes a row, the boards learn of it: nobody can forget to say so.
CREATE FUNCTION boards_row_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.changed = pg_current_xact_id()::text::bigint;
  RETURN NEW;
END $$;
CREATE TRIGGER season_score_changed BEFORE INSERT OR UPDATE ON season_score
  FOR EACH ROW EXECUTE FUNCTION boards_row_changed();
CREATE TRIGGER board_leaving_changed BEFORE INSERT OR UPDATE ON board_leaving
  FOR EACH ROW EXECUTE FUNCTION boards_row_changed();
"""

HEARD = """
INSERT INTO season_score (season, holder_id, avoided_g)
SELECT to_char(act.occurred_on, 'YYYY-"Q"Q'), act.holder_id, sum(act.avoided_g)
FROM point_grant g JOIN action act ON act.holder_id = g.holder_id AND act.id = g.source_id
WHERE g.source = 'action' AND g.taken_back_at IS NULL GROUP BY 1, 2
"""
"""What was heard of before counts as well; what still waits is counted when it is heard."""


def _id() -> sa.Column:
    return sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True)


def _to(name: str, target: str, *, nullable: bool = False, **more: object) -> sa.Column:
    return sa.Column(name, sa.BigInteger, sa.ForeignKey(target), nullable=nullable, **more)


def _moment(name: str, *, nullable: bool = False) -> sa.Column:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _code() -> sa.Column:
    return sa.Column("code", sa.String(12), nullable=False, unique=True)


def upgrade() -> None:
    """Keep groups, friends, seasons and names."""
    _groups()
    _friends()
    _scores()
    _names()
    op.execute(GUARDS)
    op.execute(HEARD)
    for table, columns in SETTLES.items():
        names = ", ".join(f"'{each}'" for each in columns)
        op.execute(
            f"CREATE TRIGGER {table}_keeps BEFORE UPDATE ON {table}"
            f" FOR EACH ROW EXECUTE FUNCTION boards_row_keeps({names})"
        )
        if table not in FORGOTTEN:
            op.execute(
                f"CREATE TRIGGER {table}_kept BEFORE DELETE OR TRUNCATE ON {table}"
                " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
            )


def _groups() -> None:
    op.create_table(
        "people_group",
        _id(),
        _code(),
        sa.Column("kind", sa.String(10), nullable=False),
        _to("owner_id", "holder.id", index=True),
        sa.Column("listed", sa.Boolean, nullable=False),
        sa.Column("issue", sa.Integer, nullable=False),
        sa.Column("join_hash", sa.LargeBinary, nullable=False, unique=True),
        _moment("made_at"),
        _moment("closed_at", nullable=True),
        sa.CheckConstraint("kind IN ('team', 'school', 'village', 'office', 'class')", name="kind"),
        sa.CheckConstraint("issue > 0 AND octet_length(join_hash) = 32", name="join"),
    )
    op.create_table(
        "group_member",
        _id(),
        _code(),
        _to("group_id", "people_group.id"),
        _to("holder_id", "holder.id"),
        sa.Column("base_season", sa.String(7), nullable=False),
        sa.Column("base_g", sa.BigInteger, nullable=False),
        _moment("joined_at"),
        _moment("left_at", nullable=True),
        _to("removed_by", "holder.id", nullable=True),
        sa.CheckConstraint("removed_by IS NULL OR left_at IS NOT NULL", name="removed"),
    )
    standing = {"postgresql_where": sa.text("left_at IS NULL")}
    op.create_index(
        "uq_group_member_standing", "group_member", ["group_id", "holder_id"], unique=True, **standing
    )
    op.create_index("ix_group_member_holder_id", "group_member", ["holder_id"], **standing)


def _friends() -> None:
    op.create_table(
        "friend_code",
        _to("holder_id", "holder.id", primary_key=True, autoincrement=False),
        sa.Column("issue", sa.Integer, nullable=False),
        sa.Column("link_hash", sa.LargeBinary, nullable=False, unique=True),
        _moment("issued_at"),
        sa.CheckConstraint("issue > 0 AND octet_length(link_hash) = 32", name="link"),
    )
    op.create_table(
        "friendship",
        _id(),
        _code(),
        _to("low_id", "holder.id"),
        _to("high_id", "holder.id"),
        _to("inviter_id", "holder.id"),
        sa.Column("low_label_sealed", sa.LargeBinary),
        sa.Column("high_label_sealed", sa.LargeBinary),
        _moment("made_at"),
        sa.UniqueConstraint("low_id", "high_id"),
        sa.CheckConstraint("low_id < high_id AND inviter_id IN (low_id, high_id)", name="two"),
    )
    op.create_index("ix_friendship_high_id", "friendship", ["high_id"])


def _scores() -> None:
    changed = {"nullable": False, "server_default": "0"}
    op.create_table(
        "season_score",
        sa.Column("season", sa.String(7), primary_key=True),
        _to("holder_id", "holder.id", primary_key=True, autoincrement=False),
        sa.Column("avoided_g", sa.BigInteger, nullable=False),
        sa.Column("changed", sa.BigInteger, **changed),
        sa.CheckConstraint("season ~ '^2[0-9]{3}-Q[1-4]$'", name="season"),
        postgresql_with={"fillfactor": "80"},
    )
    op.create_index("ix_season_score_changed", "season_score", ["changed"])
    op.create_table(
        "board_leaving",
        _id(),
        sa.Column("board", sa.String(24), nullable=False),
        sa.Column("member_id", sa.BigInteger, nullable=False),
        _moment("left_at"),
        sa.Column("changed", sa.BigInteger, **changed),
    )
    op.create_index("ix_board_leaving_changed", "board_leaving", ["changed"])
    op.create_table(
        "board_wish",
        _to("holder_id", "holder.id", primary_key=True, autoincrement=False),
        sa.Column("away", sa.Boolean, nullable=False),
        _moment("changed_at"),
    )


def _names() -> None:
    op.create_table(
        "shown_name",
        _id(),
        _code(),
        _to("group_id", "people_group.id", nullable=True),
        _to("holder_id", "holder.id", nullable=True),
        _to("author_id", "holder.id"),
        sa.Column("name_sealed", sa.LargeBinary),
        sa.Column("doubt", sa.String(20)),
        _moment("written_at"),
        _moment("passed_at", nullable=True),
        _moment("refused_at", nullable=True),
        _to("judged_by", "operator.id", nullable=True),
        sa.Column("reason", sa.String(200)),
        _moment("withdrawn_at", nullable=True),
        sa.CheckConstraint("num_nonnulls(group_id, holder_id) = 1", name="whose"),
        sa.CheckConstraint("num_nonnulls(passed_at, refused_at) < 2", name="verdict"),
        sa.CheckConstraint("judged_by IS NULL OR num_nonnulls(passed_at, refused_at) = 1", name="judge"),
        sa.CheckConstraint(
            "(reason IS NOT NULL) = (judged_by IS NOT NULL AND refused_at IS NOT NULL)", name="reason"
        ),
        sa.CheckConstraint("(withdrawn_at IS NULL) = (name_sealed IS NOT NULL)", name="erased"),
    )
    op.create_index(
        "uq_shown_name_standing",
        "shown_name",
        ["group_id", "holder_id"],
        unique=True,
        postgresql_nulls_not_distinct=True,
        postgresql_where=sa.text("withdrawn_at IS NULL"),
    )
    op.create_index(
        "ix_shown_name_waiting",
        "shown_name",
        ["id"],
        postgresql_where=sa.text("passed_at IS NULL AND refused_at IS NULL AND withdrawn_at IS NULL"),
    )


def downgrade() -> None:
    """Take them away; for a development database only."""
    for name in TABLES:
        op.drop_table(name)
    op.execute("DROP FUNCTION boards_row_keeps()")
    op.execute("DROP FUNCTION boards_row_changed()")
