"""The kit's tables, holders, and the books with their guards."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# The chart of accounts as it stood at this revision. A migration does not import the living chart:
# it must do the same thing in ten years. `tests/house` holds the two against each other.
FLOORED = (10, 20, 31, 40, 60)
CEILED = (21,)
ENTRIES = (
    (1, 90, 10),
    (2, 10, 90),
    (10, 91, 20),
    (11, 21, 92),
    (12, 20, 21),
    (13, 20, 31),
    (14, 31, 21),
    (15, 20, 93),
    (16, 92, 21),
    (17, 21, 31),
    (20, 94, 95),
    (21, 95, 40),
    (22, 95, 40),
    (23, 95, 96),
    (24, 95, 94),
    (30, 97, 60),
    (31, 60, 97),
)

GUARDS = """
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% is append-only: % refused', TG_TABLE_NAME, TG_OP
    USING ERRCODE = 'integrity_constraint_violation';
END $$;

CREATE TRIGGER posting_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON posting
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- Balances follow postings, whoever writes them. Accounts are locked in the order of their ids, so
-- that two batches that share accounts queue instead of deadlocking.
CREATE FUNCTION posting_moves_balances() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  ids bigint[];
  changes bigint[];
  moved integer;
  opened integer;
BEGIN
  SELECT array_agg(id ORDER BY id), array_agg(change ORDER BY id) INTO ids, changes
    FROM (SELECT id, sum(change)::bigint AS change
            FROM (SELECT source AS id, -amount AS change FROM fresh WHERE source % 100 < 90
                  UNION ALL
                  SELECT target, amount FROM fresh WHERE target % 100 < 90) leg
           GROUP BY id) net;
  IF ids IS NULL THEN
    RETURN NULL;
  END IF;
  UPDATE account SET balance = account.balance + held.change
    FROM (SELECT account.id, net.change
            FROM account JOIN unnest(ids, changes) AS net(id, change) ON net.id = account.id
           ORDER BY account.id FOR UPDATE OF account) held
   WHERE account.id = held.id;
  GET DIAGNOSTICS moved = ROW_COUNT;
  IF moved < cardinality(ids) THEN
    INSERT INTO account (id, balance)
      SELECT net.id, net.change FROM unnest(ids, changes) AS net(id, change)
       WHERE NOT EXISTS (SELECT 1 FROM account WHERE account.id = net.id)
       ORDER BY net.id
      ON CONFLICT (id) DO UPDATE SET balance = account.balance + excluded.balance;
    GET DIAGNOSTICS opened = ROW_COUNT;
    IF moved + opened <> cardinality(ids) THEN
      RAISE EXCEPTION 'an account was opened at the same moment' USING ERRCODE = 'serialization_failure';
    END IF;
  END IF;
  RETURN NULL;
END $$;

CREATE TRIGGER posting_moves_balances AFTER INSERT ON posting REFERENCING NEW TABLE AS fresh
  FOR EACH STATEMENT EXECUTE FUNCTION posting_moves_balances();

CREATE FUNCTION refuse_direct_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF pg_trigger_depth() = 1 THEN
    RAISE EXCEPTION 'balances are moved by postings only' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NULL;
END $$;

CREATE TRIGGER account_moved_by_postings BEFORE UPDATE OR DELETE OR TRUNCATE ON account
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_direct_change();

-- An account may be opened ahead of its first posting, so that there is a row to lock; with nothing on it.
CREATE FUNCTION account_opens_empty() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF pg_trigger_depth() = 1 AND EXISTS (SELECT 1 FROM fresh WHERE balance <> 0) THEN
    RAISE EXCEPTION 'balances are moved by postings only' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NULL;
END $$;

CREATE TRIGGER account_opens_empty AFTER INSERT ON account REFERENCING NEW TABLE AS fresh
  FOR EACH STATEMENT EXECUTE FUNCTION account_opens_empty();
"""


def upgrade() -> None:
    """Create everything that the other rooms stand on."""
    _kit()
    _holders()
    _books()
    op.execute(
        "INSERT INTO holder (id, code, kind, name, created_at) OVERRIDING SYSTEM VALUE"
        " VALUES (1, 'PLATFORM', 'platform', '森惠平台', now())"
    )


def _moment(name: str, nullable: bool = False) -> sa.Column:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _kit() -> None:
    op.create_table(
        "announcement",
        sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
        sa.Column("listener", sa.String(80), nullable=False),
        sa.Column("payload", pg.JSONB, nullable=False),
        _moment("announced_at"),
        _moment("available_at"),
        sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
        sa.Column("last_error", sa.String(300)),
        _moment("done_at", nullable=True),
        postgresql_with={"autovacuum_vacuum_scale_factor": "0.02", "fillfactor": "80"},
    )
    op.create_index(
        "ix_announcement_waiting",
        "announcement",
        ["available_at", "id"],
        postgresql_where=sa.text("done_at IS NULL"),
    )
    op.create_table(
        "idempotency_key",
        sa.Column("holder_id", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("route", sa.String(80), primary_key=True),
        sa.Column("key", sa.String(128), primary_key=True),
        sa.Column("fingerprint", sa.LargeBinary, nullable=False),
        sa.Column("status", sa.SmallInteger),
        sa.Column("body", sa.LargeBinary),
        _moment("created_at"),
    )


def _holders() -> None:
    op.create_table(
        "holder",
        sa.Column("id", sa.BigInteger, sa.Identity(start=1000), primary_key=True),
        sa.Column("code", sa.String(26), nullable=False, unique=True),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("name", sa.String(100)),
        sa.Column("region", sa.String(20)),
        _moment("created_at"),
        _moment("closed_at", nullable=True),
        sa.CheckConstraint(
            "kind IN ('person', 'household', 'village', 'organisation', 'platform')", name="kind"
        ),
    )
    op.create_table(
        "wechat_identity",
        sa.Column("openid", sa.String(64), primary_key=True),
        sa.Column("holder_id", sa.BigInteger, sa.ForeignKey("holder.id"), nullable=False, unique=True),
        sa.Column("unionid", sa.String(64)),
        sa.Column("session_key_sealed", sa.LargeBinary, nullable=False),
        _moment("signed_in_at"),
    )
    op.create_table(
        "sign_in_session",
        sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
        sa.Column("holder_id", sa.BigInteger, sa.ForeignKey("holder.id"), nullable=False, index=True),
        _moment("created_at"),
        _moment("revoked_at", nullable=True),
    )
    op.create_table(
        "refresh_token",
        sa.Column("hash", sa.LargeBinary, primary_key=True),
        sa.Column(
            "session_id", sa.BigInteger, sa.ForeignKey("sign_in_session.id"), nullable=False, index=True
        ),
        _moment("expires_at"),
        _moment("used_at", nullable=True),
        sa.Column("successor_sealed", sa.LargeBinary),
    )
    op.create_table(
        "consent",
        sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
        sa.Column("holder_id", sa.BigInteger, sa.ForeignKey("holder.id"), nullable=False),
        sa.Column("scene", sa.String(40), nullable=False),
        sa.Column("source", sa.String(40), nullable=False),
        sa.Column("version", sa.String(20), nullable=False),
        _moment("granted_at"),
        _moment("withdrawn_at", nullable=True),
    )
    op.create_index(
        "uq_consent_standing",
        "consent",
        ["holder_id", "scene", "source"],
        unique=True,
        postgresql_where=sa.text("withdrawn_at IS NULL"),
    )


def _books() -> None:
    floored = ", ".join(map(str, FLOORED))
    ceiled = ", ".join(map(str, CEILED))
    op.create_table(
        "account",
        sa.Column("id", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("balance", sa.BigInteger, nullable=False),
        sa.CheckConstraint(f"id % 100 NOT IN ({floored}) OR balance >= 0", name="floor"),
        sa.CheckConstraint(f"id % 100 NOT IN ({ceiled}) OR balance <= 0", name="ceiling"),
        sa.CheckConstraint(f"id % 100 IN ({floored}, {ceiled})", name="kind"),
        postgresql_with={"fillfactor": "70"},
    )
    allowed = ", ".join(str(kind * 10_000 + source * 100 + target) for kind, source, target in ENTRIES)
    op.create_table(
        "posting",
        sa.Column("kind", sa.SmallInteger, primary_key=True, autoincrement=False),
        sa.Column("reference", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("id", sa.BigInteger, sa.Identity(), nullable=False),
        sa.Column("source", sa.BigInteger, nullable=False),
        sa.Column("target", sa.BigInteger, nullable=False),
        sa.Column("amount", sa.BigInteger, nullable=False),
        _moment("posted_at"),
        sa.CheckConstraint("amount > 0", name="amount"),
        sa.CheckConstraint("source <> target", name="ends"),
        sa.CheckConstraint(f"kind * 10000 + source % 100 * 100 + target % 100 IN ({allowed})", name="entry"),
    )
    for end in ("source", "target"):
        op.create_index(
            f"ix_posting_{end}", "posting", [end, "id"], postgresql_where=sa.text(f"{end} % 100 < 90")
        )
    op.execute(GUARDS)


def downgrade() -> None:
    """Drop everything; for a development database only, since books are never undone."""
    for table in (
        "posting",
        "account",
        "consent",
        "refresh_token",
        "sign_in_session",
        "wechat_identity",
        "holder",
        "idempotency_key",
        "announcement",
    ):
        op.drop_table(table)
    for function in (
        "posting_moves_balances",
        "refuse_change",
        "refuse_direct_change",
        "account_opens_empty",
    ):
        op.execute(f"DROP FUNCTION {function}()")
