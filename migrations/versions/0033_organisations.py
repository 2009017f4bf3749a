"""Organisations: members, invitations, verification, API keys; budgets, invoices; notices and webhooks."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None

TABLES = (
    "delivery",
    "webhook_dead_letter",
    "webhook_endpoint",
    "organisation_notice",
    "organisation_feed",
    "invoice_request",
    "invoice_details",
    "named_use",
    "organisation_order",
    "budget",
    "api_key",
    "invitation",
    "membership",
    "verification",
    "organisation",
)
KEPT = ("verification", "membership", "invitation", "api_key", "organisation", "invoice_request")
APPEND_ONLY = ("named_use", "organisation_notice", "delivery")
SETTLES = {
    "verification": ("decided_by", "decided_at", "approved", "reason"),
    "membership": ("role", "ended_at", "ended_by"),
    "invitation": ("accepted_by", "accepted_at", "withdrawn_at"),
    "api_key": ("expires_at", "revoked_at", "last_used_at"),
    "organisation_order": ("told",),
    "invoice_request": (
        "number",
        "file_sealed",
        "issued_by",
        "issued_at",
        "sent_by",
        "sent_at",
        "declined_by",
        "declined_at",
        "reason",
    ),
}
"""Of a row of these only the named columns may change; which of them at all, the room decides."""

GUARDS = """
CREATE FUNCTION organisation_row_keeps() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF to_jsonb(NEW) - TG_ARGV IS DISTINCT FROM to_jsonb(OLD) - TG_ARGV THEN
    RAISE EXCEPTION 'what stands in % never changes', TG_TABLE_NAME
      USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END $$;

-- A founded organisation has an owner whenever a transaction ends, whoever writes.
CREATE FUNCTION organisation_has_owner() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT FROM organisation WHERE holder_id = OLD.organisation_id AND founded_by IS NOT NULL)
    AND NOT EXISTS (SELECT FROM membership
      WHERE organisation_id = OLD.organisation_id AND role = 'owner' AND ended_at IS NULL) THEN
    RAISE EXCEPTION 'the last owner of an organisation stays'
      USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER membership_has_owner AFTER UPDATE ON membership
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION organisation_has_owner();

-- What is kept is decided when it is ordered; a delivery is of a paid order that does not go back.
CREATE FUNCTION order_kept_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'whether the units of order % are kept never changes', OLD.code
    USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE TRIGGER order_kept_stays BEFORE UPDATE OF kept ON orders FOR EACH ROW
  WHEN (NEW.kept IS DISTINCT FROM OLD.kept) EXECUTE FUNCTION order_kept_stays();
CREATE FUNCTION order_is_delivered() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT FROM delivery WHERE order_id = OLD.id) THEN
    RAISE EXCEPTION 'order % is settled', OLD.code USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER order_is_delivered BEFORE UPDATE OF refunding_at ON orders FOR EACH ROW
  WHEN (NEW.refunding_at IS NOT NULL AND OLD.kept) EXECUTE FUNCTION order_is_delivered();
CREATE FUNCTION delivery_fits() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM orders WHERE id = NEW.order_id AND kept AND paid_at IS NOT NULL
                   AND refunding_at IS NULL AND quantity_kg = NEW.last_serial - NEW.first_serial + 1) THEN
    RAISE EXCEPTION 'a delivery is what one paid order bought to be kept'
      USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER delivery_fits BEFORE INSERT ON delivery FOR EACH ROW EXECUTE FUNCTION delivery_fits();

-- requested -> issued -> sent, requested -> declined; the same table stands in causes/rules/organisations.py.
CREATE FUNCTION invoice_request_steps() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (OLD.issued_at IS NOT NULL AND (NEW.issued_at, NEW.number, NEW.file_sealed, NEW.issued_by)
        IS DISTINCT FROM (OLD.issued_at, OLD.number, OLD.file_sealed, OLD.issued_by))
    OR (OLD.sent_at IS NOT NULL AND NEW.sent_at IS DISTINCT FROM OLD.sent_at)
    OR (OLD.declined_at IS NOT NULL AND NEW.declined_at IS DISTINCT FROM OLD.declined_at) THEN
    RAISE EXCEPTION 'an invoice takes every step once' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER invoice_request_steps BEFORE UPDATE ON invoice_request
  FOR EACH ROW EXECUTE FUNCTION invoice_request_steps();
"""


def _moment(name: str, *, nullable: bool = False) -> sa.Column:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _id() -> sa.Column:
    return sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True)


def _to(name: str, target: str, *, nullable: bool = False, **more: object) -> sa.Column:
    return sa.Column(name, sa.BigInteger, sa.ForeignKey(target), nullable=nullable, **more)


def _of(**more: object) -> sa.Column:
    return _to("organisation_id", "organisation.holder_id", **more)


def upgrade() -> None:
    _who()
    _what()
    _told()
    op.execute(
        "INSERT INTO organisation (holder_id, told_name, verified_at)"
        " SELECT id, name, created_at FROM holder WHERE kind = 'organisation' AND name IS NOT NULL"
    )
    # An order paid by bank may be placed by the organisation itself.
    op.alter_column("transfer", "placed_by", nullable=True)
    _kept()
    op.execute(GUARDS)
    for table, columns in SETTLES.items():
        names = ", ".join(f"'{each}'" for each in columns)
        op.execute(
            f"CREATE TRIGGER {table}_keeps BEFORE UPDATE ON {table}"
            f" FOR EACH ROW EXECUTE FUNCTION organisation_row_keeps({names})"
        )
    for table in KEPT:
        op.execute(
            f"CREATE TRIGGER {table}_kept BEFORE DELETE OR TRUNCATE ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )
    for table in APPEND_ONLY:
        op.execute(
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )


def _who() -> None:
    op.create_table(
        "organisation",
        _to("holder_id", "holder.id", primary_key=True),
        sa.Column("told_name", sa.String(100), nullable=False),
        _to("founded_by", "holder.id", nullable=True),
        sa.Column("credit_code", sa.String(18), unique=True),
        _moment("verified_at", nullable=True),
        sa.CheckConstraint("credit_code IS NULL OR verified_at IS NOT NULL", name="credit_code"),
    )
    op.create_table(
        "verification",
        _id(),
        _of(index=True),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("credit_code", sa.String(18), nullable=False),
        _to("requested_by", "holder.id"),
        _moment("requested_at"),
        _to("decided_by", "operator.id", nullable=True),
        _moment("decided_at", nullable=True),
        sa.Column("approved", sa.Boolean),
        sa.Column("reason", sa.String(200)),
        sa.CheckConstraint("num_nulls(decided_by, decided_at, approved) IN (0, 3)", name="decided"),
    )
    op.create_index(
        "uq_verification_open",
        "verification",
        ["organisation_id"],
        unique=True,
        postgresql_where=sa.text("decided_at IS NULL"),
    )
    op.create_table(
        "membership",
        _id(),
        _of(),
        _to("member_id", "holder.id"),
        sa.Column("role", sa.String(12), nullable=False),
        sa.Column("label_sealed", sa.LargeBinary),
        _moment("joined_at"),
        _moment("ended_at", nullable=True),
        _to("ended_by", "holder.id", nullable=True),
        sa.CheckConstraint("role IN ('owner', 'buyer', 'accountant', 'viewer')", name="role"),
    )
    op.create_index(
        "uq_membership_standing",
        "membership",
        ["organisation_id", "member_id"],
        unique=True,
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.create_index(
        "ix_membership_member_id", "membership", ["member_id"], postgresql_where=sa.text("ended_at IS NULL")
    )
    op.create_table(
        "invitation",
        _id(),
        sa.Column("code", sa.String(26), nullable=False, unique=True),
        _of(index=True),
        sa.Column("role", sa.String(12), nullable=False),
        sa.Column("label_sealed", sa.LargeBinary),
        sa.Column("link_hash", sa.LargeBinary, nullable=False, unique=True),
        _to("invited_by", "holder.id", nullable=True),
        _moment("invited_at"),
        _moment("expires_at"),
        _to("accepted_by", "holder.id", nullable=True),
        _moment("accepted_at", nullable=True),
        _moment("withdrawn_at", nullable=True),
        sa.CheckConstraint("role IN ('owner', 'buyer', 'accountant', 'viewer')", name="role"),
        sa.CheckConstraint("accepted_at IS NULL OR withdrawn_at IS NULL", name="once"),
    )
    op.create_table(
        "api_key",
        _id(),
        _of(index=True),
        sa.Column("prefix", sa.String(12), nullable=False, unique=True),
        sa.Column("secret_hash", sa.LargeBinary, nullable=False),
        sa.Column("name", sa.String(60), nullable=False),
        sa.Column("scopes", pg.ARRAY(sa.String(12)), nullable=False),
        _to("created_by", "holder.id"),
        _moment("created_at"),
        _moment("expires_at"),
        _moment("revoked_at", nullable=True),
        _moment("last_used_at", nullable=True),
        _to("replaces_id", "api_key.id", nullable=True, unique=True),
    )


def _what() -> None:
    op.create_table(
        "budget",
        _id(),
        _of(),
        _to("member_id", "holder.id", nullable=True),
        sa.Column("period", sa.String(5), nullable=False),
        sa.Column("limit_fen", sa.BigInteger, nullable=False),
        _to("set_by", "holder.id"),
        _moment("set_at"),
        sa.UniqueConstraint("organisation_id", "member_id", "period", postgresql_nulls_not_distinct=True),
        sa.CheckConstraint("period IN ('year', 'month')", name="period"),
        sa.CheckConstraint("limit_fen >= 0", name="limit_fen"),
    )
    op.create_table(
        "organisation_order",
        _to("order_id", "orders.id", primary_key=True),
        sa.Column("order_code", sa.String(26), nullable=False, unique=True),
        _of(),
        _to("member_id", "holder.id"),
        _to("key_id", "api_key.id", nullable=True),
        sa.Column("use_name", sa.String(80)),
        sa.Column("period", sa.String(7)),
        _moment("placed_at"),
        sa.Column("told", sa.String(10), nullable=False),
    )
    op.create_index(
        "ix_organisation_order_organisation_id", "organisation_order", ["organisation_id", "order_id"]
    )
    op.create_index(
        "ix_organisation_order_open",
        "organisation_order",
        ["order_id"],
        postgresql_where=sa.text("told NOT IN ('settled', 'refunded')"),
    )
    op.create_table(
        "named_use",
        _id(),
        sa.Column("number", sa.String(20), nullable=False, unique=True),
        _of(),
        _to("member_id", "holder.id"),
        sa.Column("use_name", sa.String(80), nullable=False),
        sa.Column("period", sa.String(7)),
        _moment("used_at"),
    )
    op.create_index("ix_named_use_organisation_id", "named_use", ["organisation_id", "id"])
    op.create_table(
        "invoice_details",
        _of(primary_key=True),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
        _moment("changed_at"),
    )
    op.create_table(
        "invoice_request",
        _id(),
        sa.Column("code", sa.String(26), nullable=False, unique=True),
        _of(),
        _to("order_id", "orders.id"),
        sa.Column("order_code", sa.String(26), nullable=False),
        sa.Column("kind", sa.String(10), nullable=False),
        sa.Column("amount_fen", sa.BigInteger, nullable=False),
        sa.Column("details_sealed", sa.LargeBinary, nullable=False),
        _to("requested_by", "holder.id"),
        _moment("requested_at"),
        sa.Column("number", sa.String(20), unique=True),
        sa.Column("file_sealed", sa.LargeBinary),
        _to("issued_by", "operator.id", nullable=True),
        _moment("issued_at", nullable=True),
        _to("sent_by", "operator.id", nullable=True),
        _moment("sent_at", nullable=True),
        _to("declined_by", "operator.id", nullable=True),
        _moment("declined_at", nullable=True),
        sa.Column("reason", sa.String(200)),
        sa.CheckConstraint("amount_fen > 0", name="amount_fen"),
        sa.CheckConstraint("kind IN ('ordinary', 'special')", name="kind"),
        sa.CheckConstraint("num_nulls(number, file_sealed, issued_by, issued_at) IN (0, 4)", name="issued"),
        sa.CheckConstraint("sent_at IS NULL OR issued_at IS NOT NULL", name="sent"),
        sa.CheckConstraint("declined_at IS NULL OR issued_at IS NULL", name="declined"),
    )
    op.create_index(
        "uq_invoice_request_order_id",
        "invoice_request",
        ["order_id"],
        unique=True,
        postgresql_where=sa.text("declined_at IS NULL"),
    )
    op.create_index("ix_invoice_request_organisation_id", "invoice_request", ["organisation_id", "id"])
    op.create_index(
        "ix_invoice_request_open",
        "invoice_request",
        ["id"],
        postgresql_where=sa.text("sent_at IS NULL AND declined_at IS NULL"),
    )


def _kept() -> None:
    """Orders whose units are handed over to the buyer instead of being retired."""
    op.add_column("orders", sa.Column("kept", sa.Boolean, nullable=False, server_default="false"))
    op.create_check_constraint(
        op.f("ck_orders_kept"), "orders", "NOT kept OR (channel = 'offline' AND cause_id IS NULL)"
    )
    op.create_index(
        "ix_orders_kept", "orders", ["id"], postgresql_where=sa.text("kept AND paid_at IS NOT NULL")
    )
    op.create_table(
        "delivery",
        _to("order_id", "orders.id", primary_key=True),
        sa.Column("act_id", sa.BigInteger, nullable=False, unique=True),
        sa.Column("issuance_id", sa.BigInteger, nullable=False),
        sa.Column("first_serial", sa.BigInteger, nullable=False),
        sa.Column("last_serial", sa.BigInteger, nullable=False),
        _moment("settled_at"),
    )


def _told() -> None:
    op.create_table(
        "organisation_feed", _of(primary_key=True), sa.Column("last", sa.BigInteger, nullable=False)
    )
    op.create_table(
        "organisation_notice",
        _of(primary_key=True),
        sa.Column("position", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("code", sa.String(26), nullable=False, unique=True),
        sa.Column("kind", sa.String(30), nullable=False),
        sa.Column("data", pg.JSONB, nullable=False),
        _moment("at"),
    )
    # An endpoint that wants few kinds is asked about every second: nobody reads all the others for it.
    op.create_index(
        "ix_organisation_notice_kind", "organisation_notice", ["organisation_id", "kind", "position"]
    )
    op.create_table(
        "webhook_endpoint",
        _id(),
        sa.Column("code", sa.String(26), nullable=False, unique=True),
        _of(index=True),
        sa.Column("url", sa.String(500), nullable=False),
        sa.Column("kinds", pg.ARRAY(sa.String(30)), nullable=False),
        sa.Column("secret_sealed", sa.LargeBinary, nullable=False),
        sa.Column("past_secret_sealed", sa.LargeBinary),
        _moment("past_until", nullable=True),
        _moment("created_at"),
        sa.Column("delivered", sa.BigInteger, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
        sa.Column("dead_in_row", sa.Integer, nullable=False, server_default="0"),
        _moment("next_at"),
        _moment("answered_at", nullable=True),
        sa.Column("last_error", sa.String(80)),
        _moment("stopped_at", nullable=True),
        _moment("ended_at", nullable=True),
        sa.CheckConstraint("url LIKE 'https://%'", name="url"),
    )
    op.create_index(
        "ix_webhook_endpoint_due",
        "webhook_endpoint",
        ["next_at"],
        postgresql_where=sa.text("stopped_at IS NULL AND ended_at IS NULL"),
    )
    op.create_table(
        "webhook_dead_letter",
        _id(),
        _to("endpoint_id", "webhook_endpoint.id"),
        sa.Column("position", sa.BigInteger, nullable=False),
        sa.Column("error", sa.String(80), nullable=False),
        _moment("died_at"),
        _moment("replay_at", nullable=True),
        _moment("delivered_at", nullable=True),
        sa.UniqueConstraint("endpoint_id", "position"),
    )


def downgrade() -> None:
    """Drop what organisations brought; for a development database only."""
    for table in TABLES:
        op.execute(f"DROP TABLE {table} CASCADE")
    for name in (
        "organisation_row_keeps",
        "organisation_has_owner",
        "invoice_request_steps",
        "order_kept_stays",
        "order_is_delivered",
        "delivery_fits",
    ):
        op.execute(f"DROP FUNCTION {name}() CASCADE")
    op.drop_column("orders", "kept")
    op.execute("ALTER TABLE transfer DISABLE TRIGGER transfer_append_only")
    op.execute("UPDATE transfer SET placed_by = (SELECT min(id) FROM operator) WHERE placed_by IS NULL")
    op.execute("ALTER TABLE transfer ENABLE TRIGGER transfer_append_only")
    op.alter_column("transfer", "placed_by", nullable=False)
