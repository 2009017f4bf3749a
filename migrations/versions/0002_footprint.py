"""Factors, methodologies, actions, steps and emissions, with their guards."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

GUARDS = """
CREATE TRIGGER factor_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON factor
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER methodology_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON methodology
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER emission_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON emission
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER action_kept BEFORE DELETE OR TRUNCATE ON action
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- An action's facts never change; it is withdrawn at most once.
CREATE FUNCTION action_is_withdrawn_once() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.withdrawn_at IS NOT NULL OR NEW.withdrawn_at IS NULL
     OR to_jsonb(NEW) - 'withdrawn_at' IS DISTINCT FROM to_jsonb(OLD) - 'withdrawn_at' THEN
    RAISE EXCEPTION 'action % can only be withdrawn, once', OLD.id
      USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER action_is_withdrawn_once BEFORE UPDATE ON action
  FOR EACH ROW EXECUTE FUNCTION action_is_withdrawn_once();
"""


def upgrade() -> None:
    """Create this room's tables; the data is loaded by `footprint.services`, not by a migration."""
    _factors()
    _actions()
    _steps()
    _emissions()
    op.execute(GUARDS)


def _moment(name: str, nullable: bool = False) -> sa.Column:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _big(name: str) -> sa.Column:
    return sa.Column(name, sa.BigInteger, nullable=False)


def _text(name: str, longest: int, nullable: bool = False) -> sa.Column:
    return sa.Column(name, sa.String(longest), nullable=nullable)


def _key(name: str, kind: type[sa.types.TypeEngine]) -> sa.Column:
    return sa.Column(name, kind, primary_key=True, autoincrement=False)


def _factors() -> None:
    op.create_table(
        "factor",
        sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
        _text("key", 60),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("value", sa.Numeric, nullable=False),
        _text("unit", 30),
        _text("region", 20),
        _text("category", 30),
        sa.Column("valid_from", sa.Date),
        _text("name_zh", 100),
        _text("name_en", 100),
        _text("source_title", 200),
        _text("source_ref", 200),
        _text("source_url", 300, nullable=True),
        sa.Column("verified", sa.Boolean, nullable=False),
        _text("tier", 8),
        sa.Column("note", sa.Text, nullable=False),
        _moment("loaded_at"),
        sa.UniqueConstraint("key", "version"),
    )
    op.create_table(
        "methodology",
        sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
        _text("key", 60),
        sa.Column("version", sa.Integer, nullable=False),
        _text("scene", 40),
        sa.Column("factor_id", sa.BigInteger, sa.ForeignKey("factor.id"), nullable=False),
        sa.Column("document", pg.JSONB, nullable=False),
        _moment("loaded_at"),
        sa.UniqueConstraint("key", "version"),
    )


def _actions() -> None:
    op.create_table(
        "action",
        _key("holder_id", sa.BigInteger),
        sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
        _text("code", 26),
        _text("scene", 40),
        sa.Column("occurred_on", sa.Date, nullable=False),
        _moment("occurred_at", nullable=True),
        sa.Column("trip", pg.INT8RANGE),
        _text("source", 40),
        _text("grade", 10),
        sa.Column("inputs", pg.JSONB, nullable=False),
        _big("methodology_id"),
        _big("factor_id"),
        _big("computed_g"),
        _big("before_g"),
        _big("avoided_g"),
        _text("cap_reason", 40, nullable=True),
        _moment("recorded_at"),
        _moment("withdrawn_at", nullable=True),
        sa.UniqueConstraint("holder_id", "code"),
        pg.ExcludeConstraint(
            ("trip", "&&"),
            where=sa.text("withdrawn_at IS NULL AND trip IS NOT NULL"),
            name="ex_action_trip",
        ),
        sa.CheckConstraint("avoided_g BETWEEN 0 AND computed_g", name="credited"),
        sa.CheckConstraint("(cap_reason IS NULL) = (avoided_g = computed_g)", name="reason"),
    )
    op.create_table(
        "scene_day",
        _key("holder_id", sa.BigInteger),
        _key("day", sa.Date),
        sa.Column("scene", sa.String(40), primary_key=True),
        _big("credited_g"),
        _big("cap_g"),
        sa.CheckConstraint("credited_g BETWEEN 0 AND cap_g", name="cap"),
        postgresql_with={"fillfactor": "80"},
    )


def _steps() -> None:
    op.create_table(
        "step_day",
        _key("holder_id", sa.BigInteger),
        _key("day", sa.Date),
        sa.Column("steps", sa.Integer, nullable=False),
        sa.CheckConstraint("steps >= 0", name="steps"),
        postgresql_with={"fillfactor": "80"},
    )
    op.create_table(
        "step_report",
        sa.Column("fingerprint", sa.LargeBinary, primary_key=True),
        _big("holder_id"),
        _moment("taken_at"),
        _moment("received_at"),
        sa.UniqueConstraint("holder_id", "taken_at"),
    )


def _emissions() -> None:
    op.create_table(
        "emission",
        sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
        _big("holder_id"),
        _text("month", 7),
        _text("kind", 40),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("inputs", pg.JSONB, nullable=False),
        sa.Column("factor_id", sa.BigInteger, sa.ForeignKey("factor.id"), nullable=False),
        _big("emitted_g"),
        _moment("recorded_at"),
        sa.UniqueConstraint("holder_id", "month", "kind", "revision"),
        sa.CheckConstraint("emitted_g >= 0", name="grams"),
    )
    op.create_index("ix_emission_holder_id", "emission", ["holder_id", "id"])


def downgrade() -> None:
    """Drop everything of this room; for a development database only."""
    for table in ("emission", "step_report", "step_day", "scene_day", "action", "methodology", "factor"):
        op.drop_table(table)
    op.execute("DROP FUNCTION action_is_withdrawn_once()")
