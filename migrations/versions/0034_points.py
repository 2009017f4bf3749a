"""Points with a sponsor behind each: programmes, funds, tariffs, lots, spendings, and their guards."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None

_KINDS = (
    "'person', 'household', 'village', 'organisation', 'platform', 'buffer', 'event', 'duty', 'case', 'gift'"
)
BEFORE = (10, 20, 31, 40, 41, 42, 60)
FLOORED = (10, 20, 31, 40, 41, 42, 43, 60, 61, 62, 64)
CEILED = (21, 63)
ENTRIES = (
    (32, 97, 64),
    (33, 64, 97),
    (34, 64, 61),
    (35, 61, 60),
    (36, 61, 64),
    (37, 60, 64),
    (38, 63, 97),
    (39, 60, 64),
    (61, 60, 64),
    (62, 97, 63),
    (63, 60, 62),
    (64, 62, 60),
    (65, 62, 97),
    (66, 43, 40),
    (67, 98, 43),
    (68, 96, 43),
    (69, 43, 98),
    (70, 43, 96),
)
GUARDS = """
CREATE TRIGGER reward_programme_kept BEFORE DELETE OR TRUNCATE ON reward_programme
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER reward_programme_identity BEFORE UPDATE OF holder_id, code, sponsor_id,
  begins_on, opened_at ON reward_programme FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER reward_programme_closes_once BEFORE UPDATE OF closed_at ON reward_programme FOR EACH ROW
  WHEN (OLD.closed_at IS NOT NULL AND NEW.closed_at IS DISTINCT FROM OLD.closed_at)
  EXECUTE FUNCTION refuse_row('a programme ends once');

-- A tariff never changes; the next one begins after it, and not before people could know of it.
CREATE TRIGGER reward_tariff_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON reward_tariff
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE FUNCTION tariff_follows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (NEW.version > 1 AND NEW.valid_from < (NEW.announced_at AT TIME ZONE 'Asia/Shanghai')::date + 30)
     OR EXISTS (SELECT FROM reward_tariff WHERE programme_id = NEW.programme_id
                AND (version >= NEW.version OR valid_from >= NEW.valid_from)) THEN
    RAISE EXCEPTION 'tariff % of programme % would change what was earned', NEW.version, NEW.programme_id
      USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER tariff_follows BEFORE INSERT ON reward_tariff
  FOR EACH ROW EXECUTE FUNCTION tariff_follows();

CREATE TRIGGER fund_movement_kept BEFORE DELETE OR TRUNCATE ON fund_movement
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER fund_movement_edges BEFORE UPDATE ON fund_movement FOR EACH ROW
  WHEN (OLD.confirmed_at IS NOT NULL OR OLD.dropped_at IS NOT NULL
    OR (NEW.id, NEW.programme_id, NEW.kind, NEW.amount_fen, NEW.bank_reference, NEW.recorded_by,
        NEW.recorded_at)
       IS DISTINCT FROM
       (OLD.id, OLD.programme_id, OLD.kind, OLD.amount_fen, OLD.bank_reference, OLD.recorded_by,
        OLD.recorded_at))
  EXECUTE FUNCTION refuse_row('what was recorded is confirmed or dropped once');

CREATE TRIGGER point_grant_kept BEFORE DELETE OR TRUNCATE ON point_grant
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
-- What was granted never changes, is activated and taken back once, and lives no shorter than was said.
CREATE FUNCTION point_grant_edges() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (NEW.id, NEW.source, NEW.source_id, NEW.holder_id, NEW.programme_id, NEW.tariff, NEW.points, NEW.reason,
      NEW.granted_at, NEW.due_at)
     IS DISTINCT FROM
     (OLD.id, OLD.source, OLD.source_id, OLD.holder_id, OLD.programme_id, OLD.tariff, OLD.points, OLD.reason,
      OLD.granted_at, OLD.due_at)
     OR (OLD.activated_at IS NOT NULL AND NEW.activated_at IS DISTINCT FROM OLD.activated_at)
     OR (OLD.taken_back_at IS NOT NULL
         AND (NEW.taken_back_at, NEW.owed_points) IS DISTINCT FROM (OLD.taken_back_at, OLD.owed_points))
     OR NEW.expires_at < OLD.expires_at
     OR NEW.expired_points < OLD.expired_points THEN
    RAISE EXCEPTION 'grant % keeps what it promised', OLD.id
      USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER point_grant_edges BEFORE UPDATE ON point_grant
  FOR EACH ROW EXECUTE FUNCTION point_grant_edges();

CREATE TRIGGER spending_kept BEFORE DELETE OR TRUNCATE ON spending
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER spending_edges BEFORE UPDATE ON spending FOR EACH ROW
  WHEN (OLD.spent_at IS NOT NULL OR OLD.returned_at IS NOT NULL
    OR (NEW.id, NEW.holder_id, NEW.kind, NEW.payee_id, NEW.points, NEW.reserved_at)
       IS DISTINCT FROM (OLD.id, OLD.holder_id, OLD.kind, OLD.payee_id, OLD.points, OLD.reserved_at))
  EXECUTE FUNCTION refuse_row('a spending ends once');
CREATE TRIGGER point_use_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON point_use
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
"""
# Points from before there were sponsors become those of one programme that the platform itself funds from
# its fees, a fen a point: whoever had earned them keeps them, covered like all others.
TAKE_OVER = """
WITH standing AS (SELECT coalesce(sum(points) FILTER (WHERE taken_back_at IS NULL), 0) AS points,
    count(*) AS grants FROM point_grant WHERE points > 0),
  books AS (
    INSERT INTO holder (code, kind, name, created_at)
    SELECT 'FIRST-POINTS', 'programme', '首期积分', now() FROM standing WHERE grants > 0
    RETURNING id, code, name, created_at),
  opened AS (
    INSERT INTO reward_programme (holder_id, code, sponsor_id, name, begins_on, opened_at, closed_at)
    SELECT id, code, 1, name, '2026-01-01', created_at, created_at FROM books
    RETURNING holder_id)
INSERT INTO fund_movement (programme_id, kind, amount_fen, recorded_at, confirmed_at)
SELECT holder_id, 'takeover', points, now(), now() FROM opened CROSS JOIN standing WHERE points > 0;
INSERT INTO account (id, balance) SELECT holder_id * 100 + kind.code, 0
  FROM reward_programme CROSS JOIN (VALUES (43), (64)) AS kind (code);
INSERT INTO posting (kind, reference, source, target, amount, posted_at)
SELECT 68, id, 196, programme_id * 100 + 43, amount_fen, confirmed_at FROM fund_movement;
UPDATE point_grant SET programme_id = (SELECT holder_id FROM reward_programme),
  remaining = points, due_at = granted_at, activated_at = granted_at,
  expires_at = granted_at + interval '10 years'
 WHERE taken_back_at IS NULL AND points > 0;
UPDATE point_grant SET programme_id = (SELECT holder_id FROM reward_programme), due_at = granted_at,
  activated_at = granted_at, expires_at = granted_at + interval '10 years'
 WHERE taken_back_at IS NOT NULL AND points > 0;
UPDATE point_grant SET reason = CASE WHEN taken_back_at IS NULL THEN 'too_small' ELSE 'withdrawn' END
 WHERE points = 0;
"""


def upgrade() -> None:
    """Bring the tables and their guards, and give every point that stands a sponsor."""
    _allow_kinds(f"{_KINDS}, 'programme', 'drive', 'planting'")
    _accounts(FLOORED, CEILED)
    numbers = ", ".join(str(kind * 10_000 + source * 100 + target) for kind, source, target in ENTRIES)
    _entries(f"replace(replace(known, 'ARRAY[', 'ARRAY[{numbers}, '), ' NOT VALID', '') || ' NOT VALID'")
    _programmes()
    _grants()
    op.execute(TAKE_OVER)
    op.create_check_constraint("programme", "point_grant", "(points = 0) = (programme_id IS NULL)")
    op.execute(GUARDS)
    for name in ("thank", "take_back"):
        op.execute(
            f"UPDATE announcement SET listener = 'app.rewards.jobs.recorded.{name}'"
            f" WHERE listener = 'app.rewards.jobs.{'grant' if name == 'thank' else name}_points'"
            " AND done_at IS NULL"
        )


def _programmes() -> None:
    op.create_table(
        "reward_programme",
        sa.Column(
            "holder_id", sa.BigInteger, sa.ForeignKey("holder.id"), primary_key=True, autoincrement=False
        ),
        _word("code", 26, unique=True),
        _link("sponsor_id", "holder.id", index=True),
        _word("name", 100),
        _word("region", 12, nullable=True),
        sa.Column("begins_on", sa.Date, nullable=False),
        sa.Column("ends_on", sa.Date),
        sa.Column("pays_for", pg.ARRAY(sa.String(20))),
        _moment("opened_at"),
        _moment("stopped_at", nullable=True),
        _moment("closed_at", nullable=True),
        sa.CheckConstraint("ends_on >= begins_on", name="dates"),
    )
    op.create_table(
        "reward_tariff",
        sa.Column(
            "programme_id",
            sa.BigInteger,
            sa.ForeignKey("reward_programme.holder_id"),
            primary_key=True,
            autoincrement=False,
        ),
        sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("valid_from", sa.Date, nullable=False),
        sa.Column("grams_per_point", sa.Integer, nullable=False),
        sa.Column("scenes", pg.JSONB, nullable=False),
        sa.Column("pending_days", pg.JSONB, nullable=False),
        sa.Column("life_months", sa.Integer, nullable=False),
        _moment("announced_at"),
        sa.CheckConstraint("grams_per_point BETWEEN 2 AND 100000", name="grams"),
        sa.CheckConstraint("life_months BETWEEN 1 AND 120", name="life"),
    )
    op.create_table(
        "fund_movement",
        sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
        _link("programme_id", "reward_programme.holder_id"),
        _word("kind", 10),
        sa.Column("amount_fen", sa.BigInteger, nullable=False),
        _word("bank_reference", 64, nullable=True),
        _link("recorded_by", "operator.id", nullable=True),
        _moment("recorded_at"),
        _link("confirmed_by", "operator.id", nullable=True),
        _moment("confirmed_at", nullable=True),
        _link("dropped_by", "operator.id", nullable=True),
        _moment("dropped_at", nullable=True),
        sa.CheckConstraint("amount_fen > 0", name="amount"),
        sa.CheckConstraint("kind IN ('deposit', 'fees', 'takeover', 'sample', 'return')", name="kind"),
        sa.CheckConstraint(
            "kind IN ('takeover', 'sample') OR (recorded_by IS NOT NULL"
            " AND (confirmed_at IS NULL) = (confirmed_by IS NULL) AND confirmed_by <> recorded_by)",
            name="four_eyes",
        ),
        sa.CheckConstraint("(dropped_at IS NULL) = (dropped_by IS NULL)", name="dropped"),
        sa.CheckConstraint("confirmed_at IS NULL OR dropped_at IS NULL", name="decided"),
        sa.CheckConstraint(
            "CASE kind WHEN 'deposit' THEN bank_reference IS NOT NULL WHEN 'return' THEN true"
            " ELSE bank_reference IS NULL END",
            name="bank_reference",
        ),
    )
    op.create_index("ix_fund_movement_programme_id", "fund_movement", ["programme_id", "id"])
    op.create_index(
        "uq_fund_movement_bank_reference",
        "fund_movement",
        ["kind", "bank_reference"],
        unique=True,
        postgresql_where=sa.text("bank_reference IS NOT NULL AND dropped_at IS NULL"),
    )


def _grants() -> None:
    op.drop_constraint("pk_point_grant", "point_grant")
    op.drop_index("ix_point_grant_holder_id", "point_grant")
    op.alter_column("point_grant", "action_id", new_column_name="source_id")
    op.add_column("point_grant", sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True))
    op.create_primary_key("pk_point_grant", "point_grant", ["id"])
    op.add_column("point_grant", _word("source", 20, server_default="action"))
    op.alter_column("point_grant", "source", server_default=None)
    op.create_unique_constraint("uq_point_grant_source_source_id", "point_grant", ["source", "source_id"])
    op.add_column("point_grant", _link("programme_id", "reward_programme.holder_id", nullable=True))
    op.alter_column("point_grant", "tariff", nullable=True)
    op.add_column("point_grant", _word("reason", 20, nullable=True))
    for name in ("due_at", "activated_at", "expires_at"):
        op.add_column("point_grant", _moment(name, nullable=True))
    for name in ("remaining", "expired_points", "owed_points"):
        op.add_column("point_grant", sa.Column(name, sa.Integer, nullable=False, server_default="0"))
    op.alter_column("point_grant", "remaining", server_default=None)
    op.create_check_constraint("reason", "point_grant", "points = 0 OR reason IS NULL")
    op.create_check_constraint(
        "parts",
        "point_grant",
        "remaining >= 0 AND expired_points >= 0 AND owed_points BETWEEN 0 AND points"
        " AND remaining + expired_points <= points",
    )
    for name, columns, where in (
        ("holder_id", ["holder_id", "id"], None),
        ("spendable", ["holder_id", "expires_at", "id"], "remaining > 0 AND activated_at IS NOT NULL"),
        ("pending", ["due_at", "id"], "activated_at IS NULL AND taken_back_at IS NULL AND points > 0"),
        ("expires_at", ["expires_at", "id"], "remaining > 0"),
        ("owed", ["holder_id"], "owed_points > 0"),
        ("programme_id", ["programme_id"], None),
    ):
        op.create_index(
            f"ix_point_grant_{name}", "point_grant", columns, postgresql_where=where and sa.text(where)
        )
    _spendings()


def _spendings() -> None:
    op.create_table(
        "spending",
        sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
        _link("holder_id", "holder.id"),
        _word("kind", 20),
        _link("payee_id", "holder.id"),
        sa.Column("points", sa.Integer, nullable=False),
        _moment("reserved_at"),
        _moment("spent_at", nullable=True),
        _moment("returned_at", nullable=True),
        sa.CheckConstraint("points > 0", name="points"),
        sa.CheckConstraint("spent_at IS NULL OR returned_at IS NULL", name="ends"),
    )
    op.create_index("ix_spending_holder_id", "spending", ["holder_id", "id"])
    op.create_index("ix_spending_payee_id", "spending", ["payee_id", "id"])
    op.create_table(
        "point_use",
        sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
        _link("grant_id", "point_grant.id"),
        _link("spending_id", "spending.id", nullable=True),
        sa.Column("points", sa.Integer, nullable=False),
        _moment("used_at"),
        sa.CheckConstraint("points > 0", name="points"),
    )
    op.create_index("ix_point_use_spending_id", "point_use", ["spending_id"])
    op.create_index("ix_point_use_grant_id", "point_use", ["grant_id"])


def downgrade() -> None:
    """Take them away; for a development database whose books hold none of it."""
    for table in ("point_use", "spending"):
        op.drop_table(table)
    for name in ("kept", "edges"):
        op.execute(f"DROP TRIGGER point_grant_{name} ON point_grant")
    op.execute("DELETE FROM point_grant WHERE source <> 'action'")
    op.drop_constraint("pk_point_grant", "point_grant")
    for name in ("parts", "reason", "programme"):
        op.drop_constraint(f"ck_point_grant_{name}", "point_grant")
    op.drop_constraint("uq_point_grant_source_source_id", "point_grant")
    for name in ("holder_id", "spendable", "pending", "expires_at", "owed", "programme_id"):
        op.drop_index(f"ix_point_grant_{name}", "point_grant")
    for name in (
        "id",
        "source",
        "programme_id",
        "reason",
        "due_at",
        "activated_at",
        "expires_at",
        "remaining",
        "expired_points",
        "owed_points",
    ):
        op.drop_column("point_grant", name)
    op.execute("UPDATE point_grant SET tariff = '' WHERE tariff IS NULL")
    op.alter_column("point_grant", "tariff", nullable=False)
    op.alter_column("point_grant", "source_id", new_column_name="action_id")
    op.create_primary_key("pk_point_grant", "point_grant", ["action_id"])
    op.create_index("ix_point_grant_holder_id", "point_grant", ["holder_id"])
    for table in ("fund_movement", "reward_tariff", "reward_programme"):
        op.drop_table(table)
    for name in ("tariff_follows", "point_grant_edges"):
        op.execute(f"DROP FUNCTION {name}")
    numbers = "|".join(str(kind * 10_000 + source * 100 + target) for kind, source, target in ENTRIES)
    _entries(rf"regexp_replace(known, '\(({numbers})\)::bigint, ', '', 'g') || ' NOT VALID'")
    _accounts(BEFORE, (21,))
    _allow_kinds(_KINDS)


def _allow_kinds(kinds: str) -> None:
    op.drop_constraint("ck_holder_kind", "holder")
    op.create_check_constraint("kind", "holder", f"kind IN ({kinds})")


def _accounts(floored: tuple[int, ...], ceiled: tuple[int, ...]) -> None:
    low, high = ", ".join(map(str, floored)), ", ".join(map(str, ceiled))
    for name, rule in (
        ("floor", f"id % 100 NOT IN ({low}) OR balance >= 0"),
        ("ceiling", f"id % 100 NOT IN ({high}) OR balance <= 0"),
        ("kind", f"id % 100 IN ({low}, {high})"),
    ):
        op.drop_constraint(f"ck_account_{name}", "account")
        op.create_check_constraint(name, "account", rule)


def _entries(new: str) -> None:
    """Let the CHECK of entries be `new`, an expression of what is `known` by now."""
    op.execute(
        f"""DO $$
        DECLARE known text := (SELECT pg_get_constraintdef(oid) FROM pg_constraint
                               WHERE conname = 'ck_posting_entry');
        BEGIN
          ALTER TABLE posting DROP CONSTRAINT ck_posting_entry;
          EXECUTE 'ALTER TABLE posting ADD CONSTRAINT ck_posting_entry ' || {new};
          ALTER TABLE posting VALIDATE CONSTRAINT ck_posting_entry;
        END $$"""
    )


def _word(name: str, longest: int, *, nullable: bool = False, **kwargs: object) -> sa.Column[str]:
    return sa.Column(name, sa.String(longest), nullable=nullable, **kwargs)


def _moment(name: str, *, nullable: bool = False) -> "sa.Column[object]":
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _link(name: str, target: str, *, nullable: bool = False, **kwargs: bool) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger, sa.ForeignKey(target), nullable=nullable, **kwargs)
