"""Courts, their clerks, and dockets: rulings confirmed by two, papers sealed, reminders."""

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0027"
branch_labels = None
depends_on = None

GUARDS = """
CREATE TRIGGER court_kept BEFORE UPDATE OR DELETE OR TRUNCATE ON court
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER court_clerk_kept BEFORE DELETE OR TRUNCATE ON court_clerk
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER court_clerk_facts BEFORE UPDATE OF id, operator_id, court_id, bound_by, bound_at
  ON court_clerk
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER court_clerk_ended BEFORE UPDATE ON court_clerk FOR EACH ROW
  WHEN (OLD.ended_at IS NOT NULL) EXECUTE FUNCTION refuse_row('what has ended stays so');

CREATE TRIGGER docket_kept BEFORE DELETE OR TRUNCATE ON docket
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER docket_facts BEFORE UPDATE OF cause_id, code, court_id, case_number, product, region,
    opened_by, opened_at ON docket
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER docket_withdrawn BEFORE UPDATE ON docket FOR EACH ROW
  WHEN (OLD.withdrawn_at IS NOT NULL) EXECUTE FUNCTION refuse_row('a withdrawn docket stays so');

CREATE TRIGGER docket_ruling_kept BEFORE DELETE OR TRUNCATE ON docket_ruling
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER docket_ruling_terms BEFORE UPDATE OF id, docket_id, basis, ruled_on, legal_basis, rounding,
    loss_g, multiplier, amount_fen, price_fen_per_t, price_source, priced_on, ordered_g, recorded_by,
    recorded_at
  ON docket_ruling
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER docket_ruling_decided BEFORE UPDATE ON docket_ruling FOR EACH ROW
  WHEN (OLD.confirmed_at IS NOT NULL OR OLD.dropped_at IS NOT NULL)
  EXECUTE FUNCTION refuse_row('a ruling is confirmed or dropped once');
CREATE TRIGGER docket_instalment_kept BEFORE UPDATE OR DELETE OR TRUNCATE ON docket_instalment
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- Instalments make up what was ordered; seen when the transaction that recorded them ends.
CREATE FUNCTION docket_instalments_sum() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF coalesce(NEW.ordered_g, NEW.amount_fen) IS DISTINCT FROM
     (SELECT sum(part) FROM docket_instalment WHERE ruling_id = NEW.id)
     OR (SELECT min(due_on) FROM docket_instalment WHERE ruling_id = NEW.id) < NEW.ruled_on THEN
    RAISE EXCEPTION 'the instalments of ruling % do not make it up', NEW.id
      USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER docket_instalments_sum AFTER INSERT ON docket_ruling
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION docket_instalments_sum();

CREATE TRIGGER docket_paper_facts BEFORE UPDATE OR TRUNCATE ON docket_paper
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER docket_reminder_kept BEFORE DELETE OR TRUNCATE ON docket_reminder
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER docket_reminder_facts
  BEFORE UPDATE OF id, docket_id, ruling_id, number, kind, open_part, raised_on ON docket_reminder
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
"""


def upgrade() -> None:
    """Bring the tables and their guards."""
    _courts()
    _dockets()
    _rulings()
    _papers()
    _reminders()
    op.execute(GUARDS)


def downgrade() -> None:
    """Take them away."""
    for name in ("reminder", "waiver", "paper", "instalment", "ruling"):
        op.drop_table(f"docket_{name}")
    for name in ("docket", "court_clerk", "court"):
        op.drop_table(name)
    op.execute("DROP FUNCTION docket_instalments_sum")


def _id() -> sa.Column:
    return sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True)


def _ref(name: str, target: str, nullable: bool = False) -> sa.Column:
    return sa.Column(name, sa.BigInteger, sa.ForeignKey(target), nullable=nullable)


def _own(name: str, target: str) -> sa.Column:
    return sa.Column(name, sa.BigInteger, sa.ForeignKey(target), primary_key=True, autoincrement=False)


def _moment(name: str, nullable: bool = False) -> sa.Column:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _text(name: str, longest: int, nullable: bool = False) -> sa.Column:
    return sa.Column(name, sa.String(longest), nullable=nullable)


def _courts() -> None:
    op.create_table(
        "court",
        _own("holder_id", "holder.id"),
        sa.Column("name", sa.String(100), nullable=False, unique=True),
        _text("kind", 20),
        _ref("opened_by", "operator.id"),
        _moment("opened_at"),
        sa.CheckConstraint("kind IN ('court', 'procuratorate', 'police', 'administration')", name="kind"),
    )
    op.create_table(
        "court_clerk",
        _id(),
        _ref("operator_id", "operator.id"),
        _ref("court_id", "court.holder_id"),
        _ref("bound_by", "operator.id"),
        _moment("bound_at"),
        _ref("ended_by", "operator.id", nullable=True),
        _moment("ended_at", nullable=True),
        sa.CheckConstraint("bound_by <> operator_id", name="binder"),
        sa.CheckConstraint("(ended_at IS NULL) = (ended_by IS NULL)", name="ended"),
    )
    op.create_index("ix_court_clerk_court_id", "court_clerk", ["court_id"])
    op.create_index(
        "uq_court_clerk_standing",
        "court_clerk",
        ["operator_id"],
        unique=True,
        postgresql_where=sa.text("ended_at IS NULL"),
    )


def _dockets() -> None:
    op.create_table(
        "docket",
        _own("cause_id", "cause.holder_id"),
        sa.Column("code", sa.String(26), nullable=False, unique=True),
        _ref("court_id", "court.holder_id"),
        _text("case_number", 60),
        _text("stage", 20),
        sa.Column("parties_sealed", sa.LargeBinary, nullable=False),
        _text("parties_shown", 400),
        _text("account_note", 300, nullable=True),
        _text("product", 20),
        _text("region", 12, nullable=True),
        sa.Column("link_hash", sa.LargeBinary, nullable=False, unique=True),
        sa.Column("link_sealed", sa.LargeBinary, nullable=False),
        _ref("opened_by", "operator.id"),
        _moment("opened_at"),
        _moment("fulfilled_at", nullable=True),
        _text("letter_number", 20, nullable=True),
        _ref("withdrawn_by", "operator.id", nullable=True),
        _moment("withdrawn_at", nullable=True),
        _text("withdrawn_reason", 300, nullable=True),
        sa.CheckConstraint(
            "stage IN ('investigation', 'prosecution', 'trial', 'enforcement', 'administrative')",
            name="stage",
        ),
        sa.CheckConstraint(
            "num_nulls(withdrawn_by, withdrawn_at, withdrawn_reason) IN (0, 3)", name="withdrawn"
        ),
    )
    op.create_index("ix_docket_court_id", "docket", ["court_id", "cause_id"])
    op.create_index(
        "uq_docket_case_number",
        "docket",
        ["court_id", "case_number"],
        unique=True,
        postgresql_where=sa.text("withdrawn_at IS NULL"),
    )


def _rulings() -> None:
    op.create_table(
        "docket_ruling",
        _id(),
        _ref("docket_id", "docket.cause_id"),
        _text("basis", 10),
        sa.Column("ruled_on", sa.Date, nullable=False),
        _text("legal_basis", 500),
        _text("rounding", 20, nullable=True),
        sa.Column("loss_g", sa.BigInteger),
        sa.Column("multiplier", sa.Numeric(6, 3)),
        sa.Column("amount_fen", sa.BigInteger),
        sa.Column("price_fen_per_t", sa.BigInteger),
        _text("price_source", 200, nullable=True),
        sa.Column("priced_on", sa.Date),
        sa.Column("ordered_g", sa.BigInteger),
        _ref("recorded_by", "operator.id"),
        _moment("recorded_at"),
        _ref("confirmed_by", "operator.id", nullable=True),
        _moment("confirmed_at", nullable=True),
        _ref("dropped_by", "operator.id", nullable=True),
        _moment("dropped_at", nullable=True),
        sa.CheckConstraint(
            "(basis = 'tonnes' AND loss_g > 0 AND multiplier > 0"
            " AND num_nonnulls(amount_fen, price_fen_per_t, price_source, priced_on) = 0)"
            " OR (basis = 'money' AND amount_fen > 0 AND num_nonnulls(loss_g, multiplier) = 0"
            " AND num_nonnulls(price_fen_per_t, price_source, priced_on, ordered_g, rounding) IN (0, 5))",
            name="basis",
        ),
        sa.CheckConstraint("ordered_g > 0 AND ordered_g % 1000 = 0", name="ordered"),
        sa.CheckConstraint("basis <> 'tonnes' OR num_nonnulls(ordered_g, rounding) = 2", name="tonnes"),
        sa.CheckConstraint("price_fen_per_t > 0", name="price"),
        sa.CheckConstraint("num_nulls(confirmed_by, confirmed_at) IN (0, 2)", name="confirmed"),
        sa.CheckConstraint("num_nulls(dropped_by, dropped_at) IN (0, 2)", name="dropped"),
        sa.CheckConstraint("num_nonnulls(confirmed_at, dropped_at) < 2", name="decided"),
        sa.CheckConstraint("confirmed_by <> recorded_by", name="four_eyes"),
    )
    op.create_index(
        "uq_docket_ruling_waiting",
        "docket_ruling",
        ["docket_id"],
        unique=True,
        postgresql_where=sa.text("confirmed_at IS NULL AND dropped_at IS NULL"),
    )
    op.create_index("ix_docket_ruling_docket_id", "docket_ruling", ["docket_id", "id"])
    op.create_table(
        "docket_instalment",
        _own("ruling_id", "docket_ruling.id"),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("due_on", sa.Date, nullable=False),
        sa.Column("part", sa.BigInteger, nullable=False),
        sa.CheckConstraint("number > 0 AND part > 0", name="part"),
    )
    op.create_index("ix_docket_instalment_due_on", "docket_instalment", ["due_on"])


def _papers() -> None:
    op.create_table(
        "docket_paper",
        _id(),
        _ref("docket_id", "docket.cause_id"),
        _text("kind", 20),
        sa.Column("title_sealed", sa.LargeBinary, nullable=False),
        _text("media", 10),
        sa.Column("sha256", sa.LargeBinary, nullable=False),
        sa.Column("size_bytes", sa.Integer, nullable=False),
        sa.Column("content_sealed", sa.LargeBinary, nullable=False),
        _ref("added_by", "operator.id"),
        _moment("added_at"),
        sa.UniqueConstraint("docket_id", "sha256", name="uq_docket_paper_sha256"),
        sa.CheckConstraint("octet_length(sha256) = 32 AND size_bytes > 0", name="content"),
    )
    op.create_table(
        "docket_waiver",
        _own("docket_id", "docket.cause_id"),
        sa.Column("kind", sa.String(20), primary_key=True),
        _text("reason", 300),
        _ref("waived_by", "operator.id"),
        _moment("waived_at"),
    )


def _reminders() -> None:
    op.create_table(
        "docket_reminder",
        _id(),
        _ref("docket_id", "docket.cause_id"),
        _ref("ruling_id", "docket_ruling.id"),
        sa.Column("number", sa.Integer, nullable=False),
        _text("kind", 10),
        sa.Column("open_part", sa.BigInteger, nullable=False),
        sa.Column("raised_on", sa.Date, nullable=False),
        _ref("delivered_by", "operator.id", nullable=True),
        _moment("delivered_at", nullable=True),
        sa.UniqueConstraint("ruling_id", "number", "kind", name="uq_docket_reminder_kind"),
        sa.CheckConstraint("kind IN ('ahead', 'last_day', 'overdue')", name="kind"),
        sa.CheckConstraint("(delivered_at IS NULL) = (delivered_by IS NULL)", name="delivered"),
    )
    op.create_index(
        "ix_docket_reminder_waiting",
        "docket_reminder",
        ["docket_id"],
        postgresql_where=sa.text("delivered_at IS NULL"),
    )
