"""The whole life of a payment: refunds with four eyes, bank transfers, shipping uploads."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

# The entries as they stood at this revision; see migrations 0001 and 0006.
ENTRIES = (
    *((1, 90, 10), (2, 10, 90), (10, 91, 20), (11, 21, 92), (12, 20, 21), (13, 20, 31), (14, 31, 21)),
    *((15, 20, 93), (16, 92, 21), (17, 21, 31), (20, 94, 95), (21, 95, 40), (22, 95, 40), (23, 95, 96)),
    *((24, 95, 94), (25, 94, 41), (26, 41, 94), (27, 96, 94), (28, 96, 94), (29, 94, 96), (30, 97, 60)),
    *((31, 60, 97), (40, 98, 95), (41, 95, 98), (42, 98, 94), (43, 40, 42), (44, 42, 98), (45, 42, 40)),
    *((46, 98, 40), (47, 96, 98), (48, 98, 96), (50, 96, 98), (51, 41, 98), (52, 98, 41)),
)

ORDER_CHANNEL = """
CREATE FUNCTION order_channel_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'the terms of order % are frozen', OLD.code
    USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE TRIGGER order_channel_kept BEFORE UPDATE OF channel ON orders FOR EACH ROW
  WHEN (NEW.channel IS DISTINCT FROM OLD.channel) EXECUTE FUNCTION order_channel_kept();
"""

UNPAID = """
-- How many orders of a holder wait for payment; whoever asks keeps others of this holder waiting.
CREATE FUNCTION unpaid_orders(holder bigint) RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_advisory_xact_lock(7304213, (holder % 2147483647)::integer);
  RETURN (SELECT count(*) FROM orders WHERE holder_id = holder AND paid_at IS NULL AND expired_at IS NULL);
END $$;
"""

TRANSFER_GUARDS = """
-- Money that came by bank needs two operators who have read the same line of the bank's statement,
-- whether it is a payment or a doubt.
CREATE FUNCTION two_read_the_transfer() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  row jsonb := to_jsonb(NEW);
BEGIN
  IF (SELECT count(*) FROM transfer_confirmation JOIN orders ON orders.id = order_id
       WHERE (orders.id = (row ->> 'order_id')::bigint OR orders.code = row ->> 'order_code')
         AND transfer_confirmation.amount_fen = NEW.amount_fen AND agreed_at IS NOT NULL
         AND 'bank:' || bank_reference = NEW.transaction_id) < 2 THEN
    RAISE EXCEPTION 'a transfer is received when two operators have read it'
      USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER two_read_the_transfer BEFORE INSERT ON payment FOR EACH ROW
  WHEN (NEW.channel = 'bank') EXECUTE FUNCTION two_read_the_transfer();
CREATE TRIGGER two_read_the_doubt BEFORE INSERT ON payment_doubt FOR EACH ROW
  WHEN (NEW.source = 'bank') EXECUTE FUNCTION two_read_the_transfer();
-- What two operators have agreed on stays as they read it.
CREATE FUNCTION reading_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'the readings of a received transfer are kept'
    USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE TRIGGER reading_kept BEFORE UPDATE OR DELETE ON transfer_confirmation
  FOR EACH ROW WHEN (OLD.agreed_at IS NOT NULL) EXECUTE FUNCTION reading_kept();
CREATE TRIGGER transfer_confirmation_kept BEFORE TRUNCATE ON transfer_confirmation
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER transfer_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON transfer
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER transfer_proof_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON transfer_proof
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
"""

REFUND_GUARDS = """
-- A refund's terms never change and a time stamp is set once. What all refunds of one payment claim
-- together never exceeds it: refunds that were declined, closed or replaced claim nothing.
CREATE FUNCTION refund_edges() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  claimed bigint;
  sent integer;
BEGIN
  IF TG_OP = 'UPDATE' THEN
    IF (NEW.code, NEW.order_id, NEW.doubt_id, NEW.trade_code, NEW.amount_fen, NEW.total_fen, NEW.source,
        NEW.channel, NEW.reason, NEW.note, NEW.bank_reference, NEW.replaces_id, NEW.requested_by,
        NEW.requested_at)
       IS DISTINCT FROM
       (OLD.code, OLD.order_id, OLD.doubt_id, OLD.trade_code, OLD.amount_fen, OLD.total_fen, OLD.source,
        OLD.channel, OLD.reason, OLD.note, OLD.bank_reference, OLD.replaces_id, OLD.requested_by,
        OLD.requested_at) THEN
      RAISE EXCEPTION 'the terms of refund % are frozen', OLD.code
        USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF (OLD.opened_at IS NOT NULL AND (NEW.opened_at, NEW.approved_by)
          IS DISTINCT FROM (OLD.opened_at, OLD.approved_by))
       OR (OLD.declined_at IS NOT NULL AND (NEW.declined_at, NEW.declined_by)
          IS DISTINCT FROM (OLD.declined_at, OLD.declined_by))
       OR (OLD.accepted_at IS NOT NULL AND NEW.accepted_at IS DISTINCT FROM OLD.accepted_at)
       OR (OLD.abnormal_at IS NOT NULL AND NEW.abnormal_at IS DISTINCT FROM OLD.abnormal_at)
       OR (OLD.closed_at IS NOT NULL AND NEW.closed_at IS DISTINCT FROM OLD.closed_at)
       OR (OLD.succeeded_at IS NOT NULL AND NEW.succeeded_at IS DISTINCT FROM OLD.succeeded_at)
       OR (OLD.doubled_at IS NOT NULL AND NEW.doubled_at IS DISTINCT FROM OLD.doubled_at) THEN
      RAISE EXCEPTION 'refund % cannot take this step', OLD.code
        USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF OLD.opened_at IS NOT NULL OR NEW.opened_at IS NULL THEN
      RETURN NEW;
    END IF;
  END IF;
  -- A new claim, or one that is being opened: one at a time for each payment.
  IF NEW.order_id IS NOT NULL THEN
    PERFORM 1 FROM orders WHERE id = NEW.order_id FOR UPDATE;
    IF (NEW.source = 'fees') IS DISTINCT FROM EXISTS (SELECT 1 FROM retirement WHERE order_id = NEW.order_id)
       OR NEW.total_fen IS DISTINCT FROM (SELECT amount_fen FROM orders WHERE id = NEW.order_id) THEN
      RAISE EXCEPTION 'refund % does not fit its order', NEW.code
        USING ERRCODE = 'integrity_constraint_violation';
    END IF;
  ELSE
    PERFORM 1 FROM payment_doubt WHERE id = NEW.doubt_id FOR UPDATE;
  END IF;
  IF EXISTS (SELECT 1 FROM refund WHERE id = NEW.replaces_id AND succeeded_at IS NOT NULL) THEN
    RAISE EXCEPTION 'what refund % replaces has succeeded', NEW.code
      USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  SELECT coalesce(sum(r.amount_fen) FILTER (WHERE r.id IS DISTINCT FROM NEW.replaces_id
           AND r.declined_at IS NULL
           AND (r.succeeded_at IS NOT NULL OR (r.closed_at IS NULL AND NOT EXISTS (
             SELECT 1 FROM refund after WHERE after.replaces_id = r.id AND after.declined_at IS NULL)))), 0),
         count(*) FILTER (WHERE r.channel = 'wechat' AND r.opened_at IS NOT NULL)
    INTO claimed, sent
    FROM refund r
   WHERE r.id <> NEW.id AND (r.order_id = NEW.order_id OR r.doubt_id = NEW.doubt_id);
  IF claimed + NEW.amount_fen > NEW.total_fen THEN
    RAISE EXCEPTION 'refund % exceeds what was paid', NEW.code
      USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  IF NEW.channel = 'wechat' AND sent >= 50 THEN
    RAISE EXCEPTION 'refund % is one too many', NEW.code USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER refund_edges BEFORE INSERT OR UPDATE ON refund FOR EACH ROW EXECUTE FUNCTION refund_edges();
CREATE TRIGGER refund_kept BEFORE DELETE OR TRUNCATE ON refund
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
"""

REFUND_CHECKS = {
    "origin": "(order_id IS NULL) <> (doubt_id IS NULL) AND (source = 'suspense') = (doubt_id IS NOT NULL)",
    "source": "source IN ('clearing', 'fees', 'suspense')",
    "channel": "channel IN ('wechat', 'bank')",
    "part": "amount_fen <= total_fen",
    # What nobody requested is what the machine refunds by itself: the whole of an order it cannot serve.
    "automatic": "requested_by IS NOT NULL OR (opened_at IS NOT NULL AND approved_by IS NULL"
    " AND source = 'clearing' AND amount_fen = total_fen AND replaces_id IS NULL)",
    "four_eyes": "requested_by IS NULL"
    " OR ((opened_at IS NULL) = (approved_by IS NULL) AND approved_by IS DISTINCT FROM requested_by)",
    "declined": "declined_at IS NULL OR opened_at IS NULL",
    "requested": "(requested_by IS NULL) = (requested_at IS NULL)",
    "bank_reference": "(bank_reference IS NOT NULL) = (channel = 'bank' AND requested_by IS NOT NULL)",
    "bank_reference_written": "bank_reference = upper(bank_reference)",
    "succeeded": "succeeded_at IS NULL OR opened_at IS NOT NULL",
}


def _moment(name: str, nullable: bool = False) -> sa.Column:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def upgrade() -> None:
    """Widen refunds, then add what is new."""
    allowed = ", ".join(str(kind * 10_000 + source * 100 + target) for kind, source, target in ENTRIES)
    op.execute("ALTER TABLE posting DROP CONSTRAINT ck_posting_entry")
    op.execute(
        "ALTER TABLE posting ADD CONSTRAINT ck_posting_entry CHECK"
        f" (kind * 10000 + source % 100 * 100 + target % 100 IN ({allowed})) NOT VALID"
    )
    op.execute("ALTER TABLE posting VALIDATE CONSTRAINT ck_posting_entry")
    op.add_column("orders", sa.Column("channel", sa.String(10), nullable=False, server_default="wechat"))
    known = "channel IN ('wechat', 'offline')"
    op.execute(f"ALTER TABLE orders ADD CONSTRAINT ck_orders_channel CHECK ({known}) NOT VALID")
    op.execute("ALTER TABLE orders VALIDATE CONSTRAINT ck_orders_channel")
    op.execute(ORDER_CHANNEL)
    op.create_index(
        "ix_orders_unpaid",
        "orders",
        ["holder_id"],
        postgresql_where=sa.text("paid_at IS NULL AND expired_at IS NULL"),
    )
    op.execute(UNPAID)
    _refunds()
    _transfers()
    _shipping()


def _shipping() -> None:
    op.create_index("ix_settlement_run_settled_at", "settlement_run", ["settled_at"])
    op.create_table("shipping_run", sa.Column("run_id", sa.BigInteger, primary_key=True, autoincrement=False))
    op.create_table(
        "shipping",
        sa.Column("order_id", sa.BigInteger, primary_key=True, autoincrement=False),
        _moment("next_at"),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("refusal", sa.String(64)),
        _moment("uploaded_at", nullable=True),
    )
    op.create_index(
        "ix_shipping_waiting", "shipping", ["next_at"], postgresql_where=sa.text("uploaded_at IS NULL")
    )


def _transfers() -> None:
    op.create_table(
        "transfer",
        sa.Column("order_id", sa.BigInteger, sa.ForeignKey("orders.id"), primary_key=True),
        sa.Column("remittance_code", sa.String(12), nullable=False, unique=True),
        sa.Column("link_hash", sa.LargeBinary, nullable=False, unique=True),
        sa.Column("link_sealed", sa.LargeBinary, nullable=False),
        sa.Column("placed_by", sa.BigInteger, sa.ForeignKey("operator.id"), nullable=False),
    )
    op.create_table(
        "transfer_proof",
        sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
        sa.Column("order_id", sa.BigInteger, sa.ForeignKey("transfer.order_id"), nullable=False),
        sa.Column("media", sa.String(4), nullable=False),
        sa.Column("sha256", sa.LargeBinary, nullable=False),
        sa.Column("size_bytes", sa.Integer, nullable=False),
        sa.Column("content_sealed", sa.LargeBinary, nullable=False),
        sa.Column("uploaded_by", sa.BigInteger, sa.ForeignKey("operator.id")),
        _moment("uploaded_at"),
        sa.UniqueConstraint("order_id", "sha256"),
        sa.CheckConstraint("media IN ('pdf', 'png', 'jpeg')", name="media"),
        sa.CheckConstraint("size_bytes BETWEEN 1 AND 2097152", name="size"),
    )
    op.create_table(
        "transfer_confirmation",
        sa.Column("order_id", sa.BigInteger, sa.ForeignKey("transfer.order_id"), primary_key=True),
        sa.Column("operator_id", sa.BigInteger, sa.ForeignKey("operator.id"), primary_key=True),
        sa.Column("amount_fen", sa.BigInteger, nullable=False),
        sa.Column("bank_reference", sa.String(58), primary_key=True, index=True),
        sa.Column("received_on", sa.Date, nullable=False),
        _moment("confirmed_at"),
        _moment("agreed_at", nullable=True),
        sa.CheckConstraint("amount_fen > 0", name="amount"),
        sa.CheckConstraint("bank_reference = upper(bank_reference)", name="bank_reference"),
    )
    op.create_index(
        "uq_transfer_confirmation_open",
        "transfer_confirmation",
        ["order_id", "operator_id"],
        unique=True,
        postgresql_where=sa.text("agreed_at IS NULL"),
    )
    op.execute(TRANSFER_GUARDS)


def _refund_columns() -> list[sa.Column]:
    operator = ("operator.id",)
    return [
        sa.Column("doubt_id", sa.BigInteger, sa.ForeignKey("payment_doubt.id")),
        sa.Column("trade_code", sa.String(64)),
        sa.Column("total_fen", sa.BigInteger),
        sa.Column("source", sa.String(10), nullable=False, server_default="clearing"),
        sa.Column("channel", sa.String(10), nullable=False, server_default="wechat"),
        sa.Column("note", sa.String(200)),
        sa.Column("bank_reference", sa.String(64), unique=True),
        sa.Column("replaces_id", sa.BigInteger, sa.ForeignKey("refund.id")),
        sa.Column("requested_by", sa.BigInteger, sa.ForeignKey(*operator)),
        _moment("requested_at", nullable=True),
        sa.Column("approved_by", sa.BigInteger, sa.ForeignKey(*operator)),
        sa.Column("declined_by", sa.BigInteger, sa.ForeignKey(*operator)),
        _moment("declined_at", nullable=True),
        sa.Column("refusal", sa.String(64)),
        _moment("unknown_at", nullable=True),
        _moment("closed_at", nullable=True),
        _moment("doubled_at", nullable=True),
    ]


def _refunds() -> None:
    for column in _refund_columns():
        op.add_column("refund", column)
    op.execute(
        "UPDATE refund SET trade_code = orders.code, total_fen = orders.amount_fen"
        " FROM orders WHERE orders.id = refund.order_id"
    )
    for name in ("trade_code", "total_fen"):
        op.alter_column("refund", name, nullable=False)
    for name in ("source", "channel"):
        op.alter_column("refund", name, server_default=None)
    for name in ("order_id", "opened_at"):
        op.alter_column("refund", name, nullable=True)
    op.drop_constraint("uq_refund_order_id", "refund")
    op.create_index("ix_refund_order_id", "refund", ["order_id"])
    op.create_index("ix_refund_doubt_id", "refund", ["doubt_id"])
    op.create_index(
        "uq_refund_replaces_id",
        "refund",
        ["replaces_id"],
        unique=True,
        postgresql_where=sa.text("declined_at IS NULL"),
    )
    op.create_index(
        "ix_refund_unfinished",
        "refund",
        ["id"],
        postgresql_where=sa.text("succeeded_at IS NULL OR doubled_at IS NOT NULL"),
    )
    for name, condition in REFUND_CHECKS.items():
        op.create_check_constraint(name, "refund", condition)
    op.execute(REFUND_GUARDS)


def downgrade() -> None:
    """Take back what is new; for a development database only. The wider CHECK holds for what stood before."""
    op.execute("DROP TRIGGER two_read_the_transfer ON payment")
    op.execute("DROP TRIGGER two_read_the_doubt ON payment_doubt")
    op.drop_index("ix_settlement_run_settled_at", "settlement_run")
    for table in ("shipping", "shipping_run", "transfer_confirmation", "transfer_proof", "transfer"):
        op.drop_table(table)
    for trigger in ("refund_kept", "refund_edges"):
        op.execute(f"DROP TRIGGER {trigger} ON refund")
    op.execute("DROP TRIGGER order_channel_kept ON orders")
    for function in (
        "two_read_the_transfer",
        "reading_kept",
        "refund_edges",
        "order_channel_kept",
        "unpaid_orders",
    ):
        op.execute(f"DROP FUNCTION {function}")
    for name in REFUND_CHECKS:
        op.drop_constraint(f"ck_refund_{name}", "refund")
    for index in ("ix_refund_order_id", "ix_refund_unfinished"):
        op.drop_index(index, "refund")
    for column in _refund_columns():
        op.drop_column("refund", column.name)
    for name in ("order_id", "opened_at"):
        op.alter_column("refund", name, nullable=False)
    op.create_unique_constraint("uq_refund_order_id", "refund", ["order_id"])
    op.drop_index("ix_orders_unpaid", "orders")
    op.drop_column("orders", "channel")
