"""Fairness: signals that were looked for, inquiries, measures, appeals."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

revision = "0040"
down_revision = "0039"
branch_labels = None
depends_on = None

TABLES = ("fairness_appeal", "fairness_measure", "fairness_party", "fairness_inquiry", "fairness_look")
SETTLES = {
    "fairness_inquiry": ("closed_at",),
    "fairness_party": ("facts",),
    "fairness_measure": (
        "until",
        "confirmed_by",
        "confirmed_at",
        "ended_at",
        "ended_by",
        "ended_why",
        "points_taken",
    ),
    "fairness_appeal": (
        "words_sealed",
        "proposed_by",
        "proposed_at",
        "programme_id",
        "points",
        "answered_by",
        "answered_at",
        "granted",
        "reason",
    ),
}
"""Of a row of these only the named columns may change, and nothing once it has ended."""

GUARDS = """
CREATE TRIGGER fairness_inquiry_closed BEFORE UPDATE ON fairness_inquiry FOR EACH ROW
  WHEN (OLD.closed_at IS NOT NULL) EXECUTE FUNCTION refuse_row('an inquiry is closed once');
CREATE TRIGGER fairness_party_erased BEFORE UPDATE ON fairness_party FOR EACH ROW
  WHEN (NEW.facts IS NOT NULL) EXECUTE FUNCTION refuse_row('the data used is only ever erased');
CREATE TRIGGER fairness_measure_ended BEFORE UPDATE ON fairness_measure FOR EACH ROW
  WHEN (OLD.ended_at IS NOT NULL OR (OLD.confirmed_at IS NOT NULL AND NEW.until <> OLD.until))
  EXECUTE FUNCTION refuse_row('a measure ends once');
CREATE TRIGGER fairness_appeal_answered BEFORE UPDATE ON fairness_appeal FOR EACH ROW
  WHEN (OLD.answered_at IS NOT NULL
    AND to_jsonb(NEW) - 'words_sealed' IS DISTINCT FROM to_jsonb(OLD) - 'words_sealed')
  EXECUTE FUNCTION refuse_row('an answer stands');
CREATE TRIGGER fairness_appeal_erased BEFORE UPDATE ON fairness_appeal FOR EACH ROW
  WHEN (NEW.words_sealed IS NOT NULL AND NEW.words_sealed IS DISTINCT FROM OLD.words_sealed)
  EXECUTE FUNCTION refuse_row('what was said is only ever erased');
"""


def upgrade() -> None:
    """Keep looks, inquiries, measures and appeals."""
    _inquiries()
    _measures()
    _appeals()
    for name in TABLES[:-1]:
        op.execute(
            f"CREATE TRIGGER {name}_kept BEFORE DELETE OR TRUNCATE ON {name}"
            " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )
        columns = ", ".join(f"'{column}'" for column in SETTLES[name])
        op.execute(
            f"CREATE TRIGGER {name}_terms BEFORE UPDATE ON {name}"
            f" FOR EACH ROW EXECUTE FUNCTION organisation_row_keeps({columns})"
        )
    op.execute(GUARDS)


def _id() -> sa.Column:
    return sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True)


def _code() -> sa.Column:
    return sa.Column("code", sa.String(12), nullable=False, unique=True)


def _big(name: str, reference: str | None = None, nullable: bool = False, **more: bool) -> sa.Column:
    keys = [sa.ForeignKey(reference)] if reference else []
    return sa.Column(name, sa.BigInteger, *keys, nullable=nullable, **more)


def _operator(name: str) -> sa.Column:
    return _big(name, "operator.id", nullable=True)


def _moment(name: str, nullable: bool = False) -> sa.Column:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _inquiries() -> None:
    op.create_table(
        "fairness_look",
        sa.Column("rule", sa.String(20), primary_key=True),
        sa.Column("day", sa.Date, primary_key=True),
        _moment("looked_at"),
        sa.Column("opened", sa.Integer, nullable=False, server_default="0"),
    )
    op.create_table(
        "fairness_inquiry",
        _id(),
        _code(),
        sa.Column("rule", sa.String(20), nullable=False),
        _big("found"),
        _big("least"),
        sa.Column("since", sa.Date, nullable=False),
        sa.Column("until", sa.Date, nullable=False),
        _moment("opened_at"),
        _moment("closed_at", nullable=True),
        sa.CheckConstraint("found >= least AND since <= until", name="found"),
    )
    op.create_index(
        "ix_fairness_inquiry_open", "fairness_inquiry", ["id"], postgresql_where=sa.text("closed_at IS NULL")
    )
    op.create_table(
        "fairness_party",
        sa.Column(
            "inquiry_id",
            sa.BigInteger,
            sa.ForeignKey("fairness_inquiry.id"),
            primary_key=True,
            autoincrement=False,
        ),
        sa.Column(
            "holder_id", sa.BigInteger, sa.ForeignKey("holder.id"), primary_key=True, autoincrement=False
        ),
        sa.Column("facts", pg.JSONB(none_as_null=True)),
    )
    op.create_index("ix_fairness_party_holder_id", "fairness_party", ["holder_id"])


def _measures() -> None:
    op.create_table(
        "fairness_measure",
        _id(),
        _code(),
        _big("inquiry_id"),
        _big("holder_id"),
        sa.Column("kind", sa.String(10), nullable=False),
        sa.Column("reason", sa.String(500)),
        _moment("begun_at"),
        _moment("until"),
        _operator("decided_by"),
        _operator("confirmed_by"),
        _moment("confirmed_at", nullable=True),
        _moment("ended_at", nullable=True),
        _operator("ended_by"),
        sa.Column("ended_why", sa.String(10)),
        sa.Column("points_taken", sa.Integer),
        sa.ForeignKeyConstraint(
            ["inquiry_id", "holder_id"], ["fairness_party.inquiry_id", "fairness_party.holder_id"]
        ),
        sa.CheckConstraint("kind IN ('nothing', 'hold', 'take_back')", name="kind"),
        sa.CheckConstraint("(decided_by IS NULL) = (reason IS NULL)", name="reason"),
        sa.CheckConstraint("decided_by IS NOT NULL OR kind = 'hold'", name="automatic"),
        sa.CheckConstraint("num_nulls(confirmed_by, confirmed_at) IN (0, 2)", name="confirmed"),
        sa.CheckConstraint(
            "confirmed_by IS NULL OR (kind = 'take_back' AND confirmed_by <> decided_by)", name="checker"
        ),
        sa.CheckConstraint("num_nulls(ended_at, ended_why) IN (0, 2)", name="ended"),
        sa.CheckConstraint(
            "ended_why IN ('nothing', 'over', 'decided', 'lifted', 'declined', 'appeal', 'taken')", name="why"
        ),
        sa.CheckConstraint("(points_taken IS NOT NULL) = (coalesce(ended_why, '') = 'taken')", name="taken"),
        sa.CheckConstraint(
            "ended_why IS DISTINCT FROM 'taken' OR (confirmed_at IS NOT NULL AND ended_at >= until)",
            name="taken_late",
        ),
        sa.CheckConstraint("until >= begun_at", name="until"),
    )
    standing = {"postgresql_where": sa.text("ended_at IS NULL")}
    op.create_index("ix_fairness_measure_standing", "fairness_measure", ["holder_id"], **standing)
    op.create_index("ix_fairness_measure_until", "fairness_measure", ["until"], **standing)
    party = ["inquiry_id", "holder_id"]
    op.create_index("ix_fairness_measure_party", "fairness_measure", [*party, "id"])
    for name, where in (
        ("automatic", "decided_by IS NULL"),
        ("decided", "decided_by IS NOT NULL AND ended_why IS DISTINCT FROM 'declined'"),
    ):
        op.create_index(
            f"uq_fairness_measure_{name}",
            "fairness_measure",
            party,
            unique=True,
            postgresql_where=sa.text(where),
        )


def _appeals() -> None:
    op.create_table(
        "fairness_appeal",
        _id(),
        _code(),
        _big("holder_id", "holder.id"),
        _big("measure_id", "fairness_measure.id", nullable=True, unique=True),
        _big("grant_id", "point_grant.id", nullable=True, unique=True),
        sa.Column("words_sealed", sa.LargeBinary),
        _moment("raised_at"),
        _moment("due_at"),
        _operator("against"),
        _operator("against_too"),
        _operator("proposed_by"),
        _moment("proposed_at", nullable=True),
        _big("programme_id", "reward_programme.holder_id", nullable=True),
        sa.Column("points", sa.Integer),
        _operator("answered_by"),
        _moment("answered_at", nullable=True),
        sa.Column("granted", sa.Boolean),
        sa.Column("reason", sa.String(500)),
        sa.CheckConstraint("num_nonnulls(measure_id, grant_id) = 1", name="about"),
        sa.CheckConstraint("words_sealed IS NOT NULL OR answered_at IS NOT NULL", name="words"),
        sa.CheckConstraint(
            "num_nulls(proposed_by, proposed_at, programme_id, points) IN (0, 4)", name="proposed"
        ),
        sa.CheckConstraint("proposed_by IS NULL OR (grant_id IS NOT NULL AND points > 0)", name="proposal"),
        sa.CheckConstraint("num_nulls(answered_at, granted) IN (0, 2)", name="answered"),
        sa.CheckConstraint(
            "(answered_by IS NULL) = (reason IS NULL) AND (answered_by IS NULL OR answered_at IS NOT NULL)",
            name="reason",
        ),
        sa.CheckConstraint(
            "answered_by <> against AND answered_by <> against_too AND answered_by <> proposed_by",
            name="answerer",
        ),
        sa.CheckConstraint(
            "grant_id IS NULL OR NOT coalesce(granted, false)"
            " OR (proposed_by IS NOT NULL AND answered_by IS NOT NULL)",
            name="thanked",
        ),
    )
    op.create_index(
        "ix_fairness_appeal_waiting",
        "fairness_appeal",
        ["id"],
        postgresql_where=sa.text("answered_at IS NULL"),
    )
    op.create_index("ix_fairness_appeal_holder_id", "fairness_appeal", ["holder_id", "id"])


def downgrade() -> None:
    """Take them away; for a development database only."""
    for name in TABLES:
        op.drop_table(name)
