"""Gifts: units retired for others, the cards that are claimed, and words that are judged before they show."""

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None

GUARDS = """
CREATE TRIGGER gift_kept BEFORE UPDATE OF cause_id, order_id, giver_id, occasion, cards, card_kg, made_at
  OR DELETE OR TRUNCATE ON gift
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER gift_card_kept BEFORE DELETE OR TRUNCATE ON gift_card
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER gift_card_facts BEFORE UPDATE OF id, code, gift_id, place ON gift_card
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER gift_card_claimed BEFORE UPDATE ON gift_card FOR EACH ROW
  WHEN (OLD.claimed_by IS NOT NULL OR NEW.issue < OLD.issue)
  EXECUTE FUNCTION refuse_row('a claimed card stays as it is');
CREATE TRIGGER inscription_kept BEFORE DELETE OR TRUNCATE ON inscription
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER inscription_facts BEFORE UPDATE OF id, code, gift_id, card_id, kind, author_id, written_at
  ON inscription
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER inscription_judged BEFORE UPDATE ON inscription FOR EACH ROW
  WHEN (OLD.withdrawn_at IS NOT NULL
     OR (NEW.text_sealed IS NOT NULL AND NEW.text_sealed IS DISTINCT FROM OLD.text_sealed)
     OR (OLD.passed_at IS NOT NULL AND NEW.passed_at IS DISTINCT FROM OLD.passed_at)
     OR (OLD.refused_at IS NOT NULL AND NEW.refused_at IS DISTINCT FROM OLD.refused_at)
     OR (num_nonnulls(OLD.passed_at, OLD.refused_at) = 1
       AND (NEW.judged_by, NEW.reason) IS DISTINCT FROM (OLD.judged_by, OLD.reason)))
  EXECUTE FUNCTION refuse_row('a judgement stands');

-- A card lies within its gift, the gift holds exactly what its order buys, and nobody is named by the order.
CREATE FUNCTION gift_fits_order() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (
    SELECT FROM orders WHERE id = NEW.order_id AND cause_id = NEW.cause_id AND holder_id = NEW.giver_id
      AND quantity_kg = NEW.cards * NEW.card_kg AND beneficiary IS NULL) THEN
    RAISE EXCEPTION 'a gift is what its order buys' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER gift_fits_order BEFORE INSERT ON gift FOR EACH ROW EXECUTE FUNCTION gift_fits_order();
"""


def upgrade() -> None:
    """Keep gifts, cards and words."""
    _gifts()
    _inscriptions()
    op.execute(GUARDS)


def _big(name: str, reference: str | None = None, nullable: bool = False) -> sa.Column:
    keys = [sa.ForeignKey(reference)] if reference else []
    return sa.Column(name, sa.BigInteger, *keys, nullable=nullable)


def _moment(name: str, nullable: bool = False) -> sa.Column:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _gifts() -> None:
    op.create_table(
        "gift",
        sa.Column(
            "cause_id", sa.BigInteger, sa.ForeignKey("cause.holder_id"), primary_key=True, autoincrement=False
        ),
        sa.Column("order_id", sa.BigInteger, sa.ForeignKey("orders.id"), nullable=False, unique=True),
        _big("giver_id", "holder.id"),
        sa.Column("occasion", sa.String(20), nullable=False),
        sa.Column("cards", sa.SmallInteger, nullable=False),
        _big("card_kg"),
        sa.Column("shown", sa.Boolean, nullable=False),
        _moment("made_at"),
        sa.CheckConstraint("cards BETWEEN 1 AND 50 AND card_kg > 0", name="shares"),
    )
    op.create_index("ix_gift_giver_id", "gift", ["giver_id", "cause_id"])
    op.create_table(
        "gift_card",
        sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
        sa.Column("code", sa.String(26), nullable=False, unique=True),
        _big("gift_id", "gift.cause_id"),
        sa.Column("place", sa.SmallInteger, nullable=False),
        sa.Column("issue", sa.Integer, nullable=False),
        sa.Column("link_hash", sa.LargeBinary, nullable=False, unique=True),
        _moment("until"),
        _moment("withdrawn_at", nullable=True),
        _big("claimed_by", "holder.id", nullable=True),
        _moment("claimed_at", nullable=True),
        sa.CheckConstraint("place > 0 AND issue > 0 AND octet_length(link_hash) = 32", name="link"),
        sa.CheckConstraint("num_nulls(claimed_by, claimed_at) IN (0, 2)", name="claim"),
        sa.CheckConstraint("num_nonnulls(claimed_at, withdrawn_at) < 2", name="ended"),
    )
    op.create_index("uq_gift_card_place", "gift_card", ["gift_id", "place"], unique=True)
    op.create_index(
        "ix_gift_card_claimed_by",
        "gift_card",
        ["claimed_by", "id"],
        postgresql_where=sa.text("claimed_by IS NOT NULL"),
    )


def _inscriptions() -> None:
    op.create_table(
        "inscription",
        sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
        sa.Column("code", sa.String(12), nullable=False, unique=True),
        _big("gift_id", "gift.cause_id"),
        _big("card_id", "gift_card.id", nullable=True),
        sa.Column("kind", sa.String(10), nullable=False),
        _big("author_id", "holder.id"),
        sa.Column("text_sealed", sa.LargeBinary),
        sa.Column("doubt", sa.String(20)),
        _moment("written_at"),
        _moment("passed_at", nullable=True),
        _moment("refused_at", nullable=True),
        _big("judged_by", "operator.id", nullable=True),
        sa.Column("reason", sa.String(200)),
        _moment("withdrawn_at", nullable=True),
        sa.CheckConstraint(
            "(kind = 'gift' AND card_id IS NULL) OR (kind IN ('name', 'thanks') AND card_id IS NOT NULL)",
            name="kind",
        ),
        sa.CheckConstraint("num_nonnulls(passed_at, refused_at) < 2", name="verdict"),
        sa.CheckConstraint("judged_by IS NULL OR num_nonnulls(passed_at, refused_at) = 1", name="judge"),
        sa.CheckConstraint(
            "(reason IS NOT NULL) = (judged_by IS NOT NULL AND refused_at IS NOT NULL)", name="reason"
        ),
        sa.CheckConstraint("(withdrawn_at IS NULL) = (text_sealed IS NOT NULL)", name="erased"),
    )
    op.create_index(
        "uq_inscription_standing",
        "inscription",
        ["gift_id", "card_id", "kind"],
        unique=True,
        postgresql_nulls_not_distinct=True,
        postgresql_where=sa.text("withdrawn_at IS NULL"),
    )
    op.create_index(
        "ix_inscription_waiting",
        "inscription",
        ["id"],
        postgresql_where=sa.text("passed_at IS NULL AND refused_at IS NULL AND withdrawn_at IS NULL"),
    )


def downgrade() -> None:
    """Take them away; for a development database only."""
    for name in ("inscription", "gift_card", "gift"):
        op.drop_table(name)
    op.execute("DROP FUNCTION gift_fits_order()")
