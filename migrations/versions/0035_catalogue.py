"""What points can be redeemed for, codes, partners that issue vouchers, redemptions and their parcels."""

import sqlalchemy as sa
from alembic import op

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None

TABLES = (
    "return_request",
    "dispatch",
    "partner_issue",
    "voucher_code",
    "redemption",
    "item_stock",
    "reward_item",
    "voucher_partner",
)
KEPT = ("voucher_partner", "reward_item", "redemption", "return_request", "voucher_code")
"""Rows of these are never deleted."""
ONCE = {
    "voucher_partner": ("confirmed_by", "confirmed_at", "ended_by", "ended_at"),
    "reward_item": ("published_by", "published_at", "withdrawn_by", "withdrawn_at", "withdrawn_why"),
    "voucher_code": ("redemption_id", "lapsed_at"),
    "redemption": (
        "fulfilled_at",
        "ends_at",
        "done_at",
        "done_by",
        "returned_at",
        "return_reason",
        "voucher_sealed",
        "voucher_digest",
        "reminded_at",
        "complained_at",
        "complaint_sealed",
        "answered_by",
        "answered_at",
        "answer",
    ),
    "return_request": ("decided_by", "decided_at", "approved"),
}
"""Of a row of these the named columns are written once; nothing else of it changes, but `restocked`."""
ROLES = "role IN ('owner', 'buyer', 'accountant', 'viewer', 'cashier')"
ROLES_BEFORE = "role IN ('owner', 'buyer', 'accountant', 'viewer')"

GUARDS = """
CREATE FUNCTION catalogue_row_keeps() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  was jsonb := to_jsonb(OLD) - 'restocked'; is_now jsonb := to_jsonb(NEW) - 'restocked'; named text;
BEGIN
  IF is_now - TG_ARGV IS DISTINCT FROM was - TG_ARGV THEN
    RAISE EXCEPTION 'what stands in % never changes', TG_TABLE_NAME
      USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  FOREACH named IN ARRAY TG_ARGV LOOP
    CONTINUE WHEN named = 'complaint_sealed' AND is_now->>named IS NULL;  -- it is forgotten in the end
    IF was->>named IS NOT NULL AND is_now->named IS DISTINCT FROM was->named THEN
      RAISE EXCEPTION '% of % is written once', named, TG_TABLE_NAME
        USING ERRCODE = 'integrity_constraint_violation';
    END IF;
  END LOOP;
  RETURN NEW;
END $$;

-- A redemption is of what was on offer, at its price, with points of its holder set aside for its giver.
CREATE FUNCTION redemption_fits() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM reward_item i JOIN spending s ON s.id = NEW.spending_id
      WHERE i.id = NEW.item_id AND i.published_at IS NOT NULL AND i.points = NEW.points
        AND s.points = NEW.points AND s.holder_id = NEW.holder_id AND s.kind = i.kind
        AND s.payee_id = i.giver_id) THEN
    RAISE EXCEPTION 'a redemption is of an item on offer, at its price'
      USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER redemption_fits BEFORE INSERT ON redemption FOR EACH ROW EXECUTE FUNCTION redemption_fits();

CREATE FUNCTION voucher_code_fits() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM redemption WHERE id = NEW.redemption_id AND item_id = NEW.item_id) THEN
    RAISE EXCEPTION 'a code is given to a redemption of its own item'
      USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER voucher_code_fits BEFORE UPDATE OF redemption_id ON voucher_code FOR EACH ROW
  WHEN (NEW.redemption_id IS NOT NULL) EXECUTE FUNCTION voucher_code_fits();
"""


def _moment(name: str, *, nullable: bool = False) -> sa.Column:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _id() -> sa.Column:
    return sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True)


def _to(name: str, target: str, *, nullable: bool = False, **more: object) -> sa.Column:
    return sa.Column(name, sa.BigInteger, sa.ForeignKey(target), nullable=nullable, **more)


def _operator(name: str, *, nullable: bool = True) -> sa.Column:
    return _to(name, "operator.id", nullable=nullable)


def upgrade() -> None:
    _items()
    _redemptions()
    _handed_over()
    op.execute(GUARDS)
    for table, columns in ONCE.items():
        names = ", ".join(f"'{each}'" for each in columns)
        op.execute(
            f"CREATE TRIGGER {table}_keeps BEFORE UPDATE ON {table}"
            f" FOR EACH ROW EXECUTE FUNCTION catalogue_row_keeps({names})"
        )
    for table in KEPT:
        op.execute(
            f"CREATE TRIGGER {table}_stays BEFORE DELETE ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )
    _roles(ROLES)


def downgrade() -> None:
    _roles(ROLES_BEFORE)
    for table in TABLES:
        op.drop_table(table)
    for function in ("catalogue_row_keeps", "redemption_fits", "voucher_code_fits"):
        op.execute(f"DROP FUNCTION {function}()")


def _roles(condition: str) -> None:
    for table in ("membership", "invitation"):
        op.drop_constraint(op.f(f"ck_{table}_role"), table, type_="check")
        op.create_check_constraint(op.f(f"ck_{table}_role"), table, condition)


def _items() -> None:
    op.create_table(
        "voucher_partner",
        _id(),
        sa.Column("code", sa.String(12), nullable=False, unique=True),
        _to("holder_id", "holder.id"),
        sa.Column("base_url", sa.String(200), nullable=False),
        sa.Column("public_key", sa.LargeBinary, nullable=False),
        _operator("added_by", nullable=False),
        _moment("added_at"),
        _operator("confirmed_by"),
        _moment("confirmed_at", nullable=True),
        _operator("ended_by"),
        _moment("ended_at", nullable=True),
        sa.CheckConstraint("confirmed_by <> added_by", name="four_eyes"),
        sa.CheckConstraint("octet_length(public_key) = 32", name="public_key"),
    )
    op.create_table(
        "reward_item",
        _id(),
        sa.Column("code", sa.String(12), nullable=False, unique=True),
        sa.Column("kind", sa.String(10), nullable=False),
        sa.Column("supply", sa.String(10), nullable=False),
        _to("giver_id", "holder.id", index=True),
        _to("partner_id", "voucher_partner.id", nullable=True),
        sa.Column("product", sa.String(40)),
        *(sa.Column(f"title_{lang}", sa.String(60), nullable=False) for lang in ("zh", "en")),
        *(sa.Column(f"terms_{lang}", sa.String(500), nullable=False) for lang in ("zh", "en")),
        sa.Column("points", sa.Integer, nullable=False),
        sa.Column("region", sa.String(12)),
        sa.Column("most_each", sa.SmallInteger),
        sa.Column("period", sa.String(5), nullable=False),
        sa.Column("use_days", sa.SmallInteger),
        sa.Column("opens_on", sa.Date, nullable=False),
        sa.Column("closes_on", sa.Date),
        sa.Column("charity_code", sa.String(18)),
        sa.Column("appeal_number", sa.String(40)),
        sa.Column("sample", sa.Boolean, nullable=False),
        _operator("drafted_by", nullable=False),
        _moment("drafted_at"),
        _operator("published_by"),
        _moment("published_at", nullable=True),
        _operator("withdrawn_by"),
        _moment("withdrawn_at", nullable=True),
        sa.Column("withdrawn_why", sa.String(200)),
        sa.CheckConstraint("published_by <> drafted_by", name="four_eyes"),
        sa.CheckConstraint("(published_by IS NULL) = (published_at IS NULL)", name="published"),
        sa.CheckConstraint("points BETWEEN 1 AND 1000000", name="points"),
        sa.CheckConstraint("most_each > 0", name="most_each"),
        sa.CheckConstraint("period IN ('ever', 'year', 'month', 'week', 'day')", name="period"),
        sa.CheckConstraint("closes_on >= opens_on", name="days"),
        sa.CheckConstraint(
            "(kind IN ('coupon', 'ticket', 'interest') AND supply IN ('own', 'uploaded', 'partner'))"
            " OR (kind = 'goods' AND supply IN ('delivery', 'own'))"
            " OR (kind = 'charity' AND supply = 'given')",
            name="supply",
        ),
        sa.CheckConstraint("(supply = 'own') = (use_days IS NOT NULL) AND use_days > 0", name="use_days"),
        sa.CheckConstraint(
            "(supply = 'partner') = (partner_id IS NOT NULL) AND (partner_id IS NULL) = (product IS NULL)",
            name="partner",
        ),
        sa.CheckConstraint(
            "(kind = 'charity') = (charity_code IS NOT NULL)"
            " AND (charity_code IS NULL) = (appeal_number IS NULL)",
            name="charity",
        ),
    )
    op.create_table(
        "item_stock",
        _to("item_id", "reward_item.id", primary_key=True),
        sa.Column("offered", sa.Integer, nullable=False),
        sa.Column("remaining", sa.Integer, nullable=False),
        sa.CheckConstraint("remaining BETWEEN 0 AND offered", name="remaining"),
        postgresql_with={"fillfactor": 50},
    )


def _redemptions() -> None:
    op.create_table(
        "redemption",
        _id(),
        sa.Column("code", sa.String(26), nullable=False, unique=True),
        _to("holder_id", "holder.id"),
        _to("item_id", "reward_item.id"),
        _to("spending_id", "spending.id", unique=True),
        sa.Column("points", sa.Integer, nullable=False),
        _moment("reserved_at"),
        _moment("fulfilled_at", nullable=True),
        _moment("ends_at", nullable=True),
        _moment("done_at", nullable=True),
        _to("done_by", "holder.id", nullable=True),
        _moment("returned_at", nullable=True),
        sa.Column("return_reason", sa.String(20)),
        sa.Column("restocked", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.Column("voucher_sealed", sa.LargeBinary),
        sa.Column("voucher_digest", sa.LargeBinary, unique=True),
        _moment("reminded_at", nullable=True),
        _moment("complained_at", nullable=True),
        sa.Column("complaint_sealed", sa.LargeBinary),
        _operator("answered_by"),
        _moment("answered_at", nullable=True),
        sa.Column("answer", sa.String(200)),
        sa.CheckConstraint("done_at IS NULL OR returned_at IS NULL", name="ends"),
        sa.CheckConstraint("done_at IS NULL OR fulfilled_at IS NOT NULL", name="done"),
        sa.CheckConstraint("(returned_at IS NULL) = (return_reason IS NULL)", name="reason"),
        sa.CheckConstraint("returned_at IS NOT NULL OR NOT restocked", name="restocked"),
    )
    standing = "fulfilled_at IS NOT NULL AND done_at IS NULL AND returned_at IS NULL"
    op.create_index("ix_redemption_holder_id", "redemption", ["holder_id", "item_id", "reserved_at"])
    op.create_index("ix_redemption_item_id", "redemption", ["item_id", "done_at"])
    op.create_index("ix_redemption_open", "redemption", ["ends_at"], postgresql_where=sa.text(standing))
    op.create_index(
        "ix_redemption_reserved",
        "redemption",
        ["id"],
        postgresql_where=sa.text("fulfilled_at IS NULL AND returned_at IS NULL"),
    )
    op.create_index(
        "ix_redemption_complaint",
        "redemption",
        ["id"],
        postgresql_where=sa.text("complaint_sealed IS NOT NULL"),
    )
    op.create_index(
        "ix_redemption_complained",
        "redemption",
        ["complained_at"],
        postgresql_where=sa.text("complained_at IS NOT NULL AND answered_at IS NULL"),
    )
    op.create_table(
        "voucher_code",
        _id(),
        _to("item_id", "reward_item.id"),
        sa.Column("code_digest", sa.LargeBinary, nullable=False),
        sa.Column("code_sealed", sa.LargeBinary, nullable=False),
        sa.Column("last_day", sa.Date),
        _operator("uploaded_by", nullable=False),
        _moment("uploaded_at"),
        _to("redemption_id", "redemption.id", nullable=True, unique=True),
        _moment("lapsed_at", nullable=True),
        sa.UniqueConstraint("item_id", "code_digest"),
        sa.CheckConstraint("redemption_id IS NULL OR lapsed_at IS NULL", name="given"),
    )
    op.create_index(
        "uq_voucher_code_standing",
        "voucher_code",
        ["code_digest"],
        unique=True,
        postgresql_where=sa.text("lapsed_at IS NULL"),
    )
    op.create_index(
        "ix_voucher_code_free",
        "voucher_code",
        ["item_id", "last_day", "id"],
        postgresql_where=sa.text("redemption_id IS NULL AND lapsed_at IS NULL"),
    )


def _handed_over() -> None:
    op.create_table(
        "partner_issue",
        _to("redemption_id", "redemption.id", primary_key=True),
        _to("partner_id", "voucher_partner.id"),
        sa.Column("product", sa.String(40), nullable=False),
        _moment("asked_at"),
        sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
        _moment("next_at"),
        _moment("cancelling_at", nullable=True),
        sa.Column("last_error", sa.String(80)),
        sa.Column("code_digest", sa.LargeBinary, unique=True),
        _moment("ended_at", nullable=True),
    )
    op.create_index(
        "ix_partner_issue_due", "partner_issue", ["next_at"], postgresql_where=sa.text("ended_at IS NULL")
    )
    op.create_table(
        "dispatch",
        _to("redemption_id", "redemption.id", primary_key=True),
        sa.Column("address_sealed", sa.LargeBinary),
        sa.Column("place_digest", sa.LargeBinary),
        sa.Column("phone_digest", sa.LargeBinary),
        sa.Column("carrier", sa.String(40)),
        sa.Column("tracking_sealed", sa.LargeBinary),
        _operator("shipped_by"),
        _moment("erased_at", nullable=True),
        sa.CheckConstraint(
            "erased_at IS NULL OR num_nonnulls(address_sealed, tracking_sealed) = 0", name="erased"
        ),
    )
    for what in ("place", "phone"):
        op.create_index(
            f"ix_dispatch_{what}_digest",
            "dispatch",
            [f"{what}_digest"],
            postgresql_where=sa.text(f"{what}_digest IS NOT NULL"),
        )
    op.create_table(
        "return_request",
        _id(),
        _to("redemption_id", "redemption.id"),
        sa.Column("reason", sa.String(200), nullable=False),
        _operator("requested_by", nullable=False),
        _moment("requested_at"),
        _operator("decided_by"),
        _moment("decided_at", nullable=True),
        sa.Column("approved", sa.Boolean),
        sa.CheckConstraint("NOT approved OR decided_by <> requested_by", name="four_eyes"),
    )
    op.create_index(
        "uq_return_request_open",
        "return_request",
        ["redemption_id"],
        unique=True,
        postgresql_where=sa.text("decided_at IS NULL"),
    )
