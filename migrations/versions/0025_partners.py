"""Partners: who they are, their terms and keys, links, signed batches, and keys of trips."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

TABLES = (
    "trip_key",
    "partner_day",
    "partner_item",
    "partner_batch",
    "partner_link",
    "partner_key",
    "partner_suspension",
    "partner_terms",
    "partner",
)
GUARDS = """
CREATE TRIGGER partner_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON partner
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER partner_suspension_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON partner_suspension
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER partner_batch_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON partner_batch
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER partner_item_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON partner_item
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER partner_terms_kept BEFORE DELETE OR TRUNCATE ON partner_terms
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER partner_key_kept BEFORE DELETE OR TRUNCATE ON partner_key
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER partner_link_kept BEFORE DELETE OR TRUNCATE ON partner_link
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- Of a row only the named columns may change, and each of them only once, from nothing.
CREATE FUNCTION partner_row_settles_once() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  before jsonb := to_jsonb(OLD);
  after jsonb := to_jsonb(NEW);
  name text;
BEGIN
  FOREACH name IN ARRAY TG_ARGV LOOP
    IF before -> name <> 'null'::jsonb AND after -> name IS DISTINCT FROM before -> name THEN
      RAISE EXCEPTION '% of % is settled', name, TG_TABLE_NAME
        USING ERRCODE = 'integrity_constraint_violation';
    END IF;
  END LOOP;
  IF after - TG_ARGV IS DISTINCT FROM before - TG_ARGV THEN
    RAISE EXCEPTION 'the terms of % never change', TG_TABLE_NAME
      USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER partner_terms_settle_once BEFORE UPDATE ON partner_terms
  FOR EACH ROW EXECUTE FUNCTION partner_row_settles_once('decided_by', 'decided_at', 'approved');
CREATE TRIGGER partner_key_settles_once BEFORE UPDATE ON partner_key
  FOR EACH ROW EXECUTE FUNCTION
  partner_row_settles_once('confirmed_by', 'confirmed_at', 'revoked_by', 'revoked_at');
CREATE TRIGGER partner_link_settles_once BEFORE UPDATE OF token, partner_id, holder_id, linked_at, ended_at
  ON partner_link FOR EACH ROW EXECUTE FUNCTION partner_row_settles_once('ended_at');

-- A ride whose action is withdrawn may be counted by whoever reports it next.
CREATE FUNCTION withdrawn_trip_is_free() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  DELETE FROM trip_key WHERE action_id = NEW.id;
  RETURN NULL;
END $$;
CREATE TRIGGER withdrawn_trip_is_free AFTER UPDATE OF withdrawn_at ON action
  FOR EACH ROW WHEN (NEW.withdrawn_at IS NOT NULL) EXECUTE FUNCTION withdrawn_trip_is_free();
"""


def upgrade() -> None:
    """Create the tables and their guards."""
    _partners()
    _links()
    _batches()
    op.execute(GUARDS)


def _moment(name: str, nullable: bool = False) -> sa.Column:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _id() -> sa.Column:
    return sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True)


def _big(name: str) -> sa.Column:
    return sa.Column(name, sa.BigInteger, nullable=False)


def _key(name: str) -> sa.Column:
    return sa.Column(name, sa.BigInteger, primary_key=True, autoincrement=False)


def _text(name: str, longest: int, unique: bool = False) -> sa.Column:
    return sa.Column(name, sa.String(longest), nullable=False, unique=unique)


def _bytes(name: str) -> sa.Column:
    return sa.Column(name, sa.LargeBinary, nullable=False)


def _link(name: str, table: str, nullable: bool = False) -> sa.Column:
    return sa.Column(name, sa.BigInteger, sa.ForeignKey(f"{table}.id"), nullable=nullable)


def _partners() -> None:
    op.create_table(
        "partner",
        _id(),
        _text("code", 30, unique=True),
        _text("kind", 20),
        _text("name_zh", 60),
        _text("name_en", 60),
        _text("contact", 200),
        _link("proposed_by", "operator"),
        _moment("proposed_at"),
    )
    op.create_table(
        "partner_terms",
        _id(),
        _link("partner_id", "partner"),
        sa.Column("scenes", pg.JSONB, nullable=False),
        _link("proposed_by", "operator"),
        _moment("proposed_at"),
        _link("decided_by", "operator", nullable=True),
        _moment("decided_at", nullable=True),
        sa.Column("approved", sa.Boolean, nullable=True),
        sa.CheckConstraint("decided_by <> proposed_by", name="checker"),
        sa.CheckConstraint("num_nulls(decided_by, decided_at, approved) IN (0, 3)", name="decided"),
    )
    op.create_index(
        "uq_partner_terms_waiting",
        "partner_terms",
        ["partner_id"],
        unique=True,
        postgresql_where=sa.text("decided_at IS NULL"),
    )
    op.create_index("ix_partner_terms_partner_id", "partner_terms", ["partner_id", "decided_at"])
    op.create_table(
        "partner_suspension",
        _id(),
        _link("partner_id", "partner"),
        _text("reason", 300),
        _link("suspended_by", "operator"),
        _moment("suspended_at"),
    )
    op.create_index("ix_partner_suspension_partner_id", "partner_suspension", ["partner_id"])
    op.create_table(
        "partner_key",
        _id(),
        _link("partner_id", "partner"),
        _text("kid", 16, unique=True),
        _bytes("public_key"),
        _moment("valid_from"),
        _moment("valid_until"),
        _link("registered_by", "operator"),
        _moment("registered_at"),
        _link("confirmed_by", "operator", nullable=True),
        _moment("confirmed_at", nullable=True),
        _link("revoked_by", "operator", nullable=True),
        _moment("revoked_at", nullable=True),
        sa.CheckConstraint("octet_length(public_key) = 32", name="ed25519"),
        sa.CheckConstraint("valid_from < valid_until", name="life"),
        sa.CheckConstraint("confirmed_by <> registered_by", name="checker"),
        sa.CheckConstraint("(confirmed_by IS NULL) = (confirmed_at IS NULL)", name="confirmed"),
        sa.CheckConstraint("(revoked_by IS NULL) = (revoked_at IS NULL)", name="revoked"),
    )
    op.create_index("ix_partner_key_partner_id", "partner_key", ["partner_id"])


def _links() -> None:
    op.create_table(
        "partner_link",
        _id(),
        _text("token", 26, unique=True),
        _link("partner_id", "partner"),
        _link("holder_id", "holder"),
        _moment("linked_at"),
        _moment("ended_at", nullable=True),
        sa.Column("turned_away", sa.BigInteger, nullable=False, server_default="0"),
        _moment("turned_away_at", nullable=True),
        postgresql_with={"fillfactor": "80"},
    )
    op.create_index(
        "uq_partner_link_standing",
        "partner_link",
        ["holder_id", "partner_id"],
        unique=True,
        postgresql_where=sa.text("ended_at IS NULL"),
    )


def _batches() -> None:
    counts = ("items", "accepted", "repeated", "refused")
    op.create_table(
        "partner_batch",
        _id(),
        _link("partner_id", "partner"),
        _text("name", 64),
        _link("key_id", "partner_key"),
        _bytes("digest"),
        *(sa.Column(name, sa.Integer, nullable=False) for name in counts),
        _bytes("results"),
        _moment("received_at"),
        sa.UniqueConstraint("partner_id", "name"),
        sa.CheckConstraint("accepted + repeated + refused = items", name="counts"),
    )
    op.create_table(
        "partner_item",
        _key("partner_id"),
        sa.Column("item", sa.String(64), primary_key=True),
        _big("batch_id"),
        _big("holder_id"),
        _big("action_id"),
        _bytes("fingerprint"),
    )
    op.create_table(
        "partner_day",
        sa.Column("partner_id", sa.BigInteger, sa.ForeignKey("partner.id"), primary_key=True),
        sa.Column("day", sa.Date, primary_key=True),
        sa.Column("scene", sa.String(40), primary_key=True),
        _big("items"),
        sa.CheckConstraint("items >= 0", name="items"),
    )
    op.create_table(
        "trip_key",
        sa.Column("key", sa.LargeBinary, primary_key=True),
        _big("holder_id"),
        _big("action_id"),
    )
    op.create_index("ix_trip_key_action_id", "trip_key", ["action_id"])


def downgrade() -> None:
    """Drop what partners brought; for a development database only."""
    op.execute("DROP TRIGGER withdrawn_trip_is_free ON action")
    for table in TABLES:
        op.drop_table(table)
    for function in ("withdrawn_trip_is_free", "partner_row_settles_once"):
        op.execute(f"DROP FUNCTION {function}()")
