"""Evidence and fairness: acts that are held, photos, appeals, and the decisions on them."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

GUARDS = """
CREATE TRIGGER act_photo_kept BEFORE DELETE OR TRUNCATE ON act_photo
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER act_photo_facts BEFORE UPDATE OF id, holder_id, first_id, sha256, look, bands, kept_at
  ON act_photo
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER act_photo_ended BEFORE UPDATE ON act_photo FOR EACH ROW
  WHEN ((OLD.content_sealed IS NULL AND NEW.content_sealed IS NOT NULL)
     OR (NEW.content_sealed IS NOT NULL AND NEW.content_sealed IS DISTINCT FROM OLD.content_sealed)
     OR (OLD.released_at IS NOT NULL AND NEW.released_at IS DISTINCT FROM OLD.released_at))
  EXECUTE FUNCTION refuse_row('a photo is only erased or released');

CREATE TRIGGER act_review_kept BEFORE DELETE OR TRUNCATE ON act_review
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER act_review_terms BEFORE UPDATE OF id, code, holder_id, action_id, first_id, kind, rule,
    allowed, found, words_sealed, opened_at, against ON act_review
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER act_review_decided BEFORE UPDATE ON act_review FOR EACH ROW
  WHEN (OLD.decided_at IS NOT NULL OR OLD.dropped_at IS NOT NULL OR OLD.photo_id <> NEW.photo_id)
  EXECUTE FUNCTION refuse_row('a decision stands');

-- What is granted replaces the act it was about, by another of the same person and scene.
CREATE FUNCTION act_review_outcome() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (
    SELECT FROM action told JOIN action became USING (holder_id, scene, occurred_on)
    WHERE told.holder_id = NEW.holder_id AND told.id = NEW.action_id AND told.withdrawn_at IS NOT NULL
      AND became.id = NEW.outcome_id AND became.id <> told.id AND NOT became.inputs ? 'held') THEN
    RAISE EXCEPTION 'what is granted replaces its act' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER act_review_outcome BEFORE INSERT OR UPDATE ON act_review FOR EACH ROW
  WHEN (NEW.outcome_id IS NOT NULL) EXECUTE FUNCTION act_review_outcome();
"""
# What the days held before there were limits, so that the next act of such a day is measured rightly.
FILL = """
UPDATE scene_day SET acts = told.acts, amount = told.amount FROM (
  SELECT holder_id, occurred_on, action.scene,
    sum(CASE WHEN document->>'kind' = 'count' AND NOT inputs ? ((document->>'measure') || '_before')
      THEN coalesce((inputs->>(document->>'measure'))::bigint, 1) ELSE 1 END) AS acts,
    coalesce(sum((inputs->>'distance_m')::bigint)
      FILTER (WHERE coalesce(document->>'kind', 'trip') = 'trip'), 0) AS amount
  FROM action JOIN methodology ON methodology.id = methodology_id
  WHERE withdrawn_at IS NULL GROUP BY 1, 2, 3) told
WHERE scene_day.holder_id = told.holder_id AND day = occurred_on AND scene_day.scene = told.scene
"""


def upgrade() -> None:
    """Count what a day holds, keep photos and reviews."""
    for name, kind in (("acts", sa.BigInteger), ("amount", sa.BigInteger), ("series", sa.Integer)):
        op.add_column("scene_day", sa.Column(name, kind, nullable=False, server_default="0"))
    op.add_column("scene_day", sa.Column("pace", sa.BigInteger))
    op.execute(FILL)
    op.create_check_constraint("counts", "scene_day", "acts >= 0 AND amount >= 0 AND series >= 0")
    op.create_check_constraint(
        "held", "action", "NOT inputs ? 'held' OR (avoided_g = 0 AND cap_reason = 'held')"
    )
    _photos()
    _reviews()
    op.execute(GUARDS)


def _id() -> sa.Column:
    return sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True)


def _big(name: str, nullable: bool = False) -> sa.Column:
    return sa.Column(name, sa.BigInteger, nullable=nullable)


def _moment(name: str, nullable: bool = False) -> sa.Column:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _photos() -> None:
    op.create_table(
        "act_photo",
        _id(),
        _big("holder_id"),
        _big("first_id"),
        sa.Column("sha256", sa.LargeBinary, nullable=False),
        _big("look"),
        sa.Column("bands", pg.ARRAY(sa.Integer), nullable=False),
        sa.Column("width", sa.Integer, nullable=False),
        sa.Column("height", sa.Integer, nullable=False),
        sa.Column("content_sealed", sa.LargeBinary, nullable=True),
        _moment("kept_at"),
        _moment("released_at", nullable=True),
        sa.CheckConstraint("octet_length(sha256) = 32 AND width > 0 AND height > 0", name="content"),
    )
    op.create_index("ix_act_photo_first_id", "act_photo", ["first_id"])
    op.create_index(
        "uq_act_photo_sha256",
        "act_photo",
        ["sha256"],
        unique=True,
        postgresql_where=sa.text("released_at IS NULL"),
    )
    op.create_index("ix_act_photo_bands", "act_photo", ["bands"], postgresql_using="gin")


def _reviews() -> None:
    op.create_table(
        "act_review",
        _id(),
        sa.Column("code", sa.String(12), nullable=False, unique=True),
        _big("holder_id"),
        _big("action_id"),
        _big("first_id"),
        sa.Column("kind", sa.String(10), nullable=False),
        sa.Column("rule", sa.String(20), nullable=False),
        _big("allowed", nullable=True),
        _big("found", nullable=True),
        sa.Column("words_sealed", sa.LargeBinary, nullable=True),
        sa.Column("photo_id", sa.BigInteger, sa.ForeignKey("act_photo.id"), nullable=True),
        _moment("opened_at"),
        sa.Column("against", sa.BigInteger, sa.ForeignKey("operator.id"), nullable=True),
        sa.Column("decided_by", sa.BigInteger, sa.ForeignKey("operator.id"), nullable=True),
        _moment("decided_at", nullable=True),
        sa.Column("granted", sa.Boolean, nullable=True),
        sa.Column("reason", sa.String(500), nullable=True),
        _big("outcome_id", nullable=True),
        _moment("dropped_at", nullable=True),
        sa.CheckConstraint(
            "kind = 'hold' OR (kind = 'photo' AND photo_id IS NOT NULL)"
            " OR (kind = 'appeal' AND words_sealed IS NOT NULL)",
            name="kind",
        ),
        sa.CheckConstraint("num_nulls(allowed, found) IN (0, 2)", name="values"),
        sa.CheckConstraint("num_nulls(decided_by, decided_at, granted, reason) IN (0, 4)", name="decided"),
        sa.CheckConstraint("num_nonnulls(decided_at, dropped_at) < 2", name="ended"),
        sa.CheckConstraint("decided_by <> against", name="decider"),
        sa.CheckConstraint("(outcome_id IS NOT NULL) = coalesce(granted, false)", name="outcome"),
    )
    waiting = sa.text("decided_at IS NULL AND dropped_at IS NULL")
    op.create_index(
        "uq_act_review_waiting", "act_review", ["action_id"], unique=True, postgresql_where=waiting
    )
    op.create_index("ix_act_review_waiting", "act_review", ["id"], postgresql_where=waiting)
    op.create_index(
        "uq_act_review_appeal",
        "act_review",
        ["first_id"],
        unique=True,
        postgresql_where=sa.text("kind = 'appeal'"),
    )
    op.create_index("ix_act_review_first_id", "act_review", ["first_id", "id"])
    op.create_index("ix_act_review_photo_id", "act_review", ["photo_id"])
    op.create_index(
        "uq_act_review_outcome_id",
        "act_review",
        ["outcome_id"],
        unique=True,
        postgresql_where=sa.text("outcome_id IS NOT NULL"),
    )


def downgrade() -> None:
    """Drop photos, reviews and the days' counts; for a development database only."""
    op.drop_table("act_review")
    op.drop_table("act_photo")
    op.execute("DROP FUNCTION act_review_outcome()")
    op.drop_constraint(op.f("ck_action_held"), "action", type_="check")
    for name in ("acts", "amount", "series", "pace"):
        op.drop_column("scene_day", name)
