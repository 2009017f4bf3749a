"""Side doors are closed: lots by mandate, makers decide nothing, judicial units serve their ruling."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

KINDS = ("reversal", "cancellation", "transfer", "pledge", "release")
PURPOSES = ("personal", "event", "organisation", "public_good")
TERMS = (
    "id, code, kind, issuance_id, first_serial, last_serial, quantity_kg, holder_id, other_holder_id,"
    " hold_id, reason, bound, note, requested_by, requested_at"
)
OFFERED = ("price_fen_per_step", "village_holder_id", "village_bp", "fee_bp")

# What a CHECK cannot see: who else had a hand in the forest whose units an operator lets go on sale.
GUARDS = """
CREATE FUNCTION mandate_of_others() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT FROM dossier_maker m JOIN dossier d ON d.id = m.dossier_id
               JOIN issuance i ON i.project_id = d.project_id
              WHERE i.id = NEW.issuance_id AND m.operator_id = NEW.approved_by) THEN
    RAISE EXCEPTION 'nobody approves a lot from what they wrote'
      USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER mandate_of_others BEFORE INSERT OR UPDATE ON mandate FOR EACH ROW
  WHEN (NEW.kind = 'offer' AND NEW.approved_by IS NOT NULL) EXECUTE FUNCTION mandate_of_others();

CREATE TRIGGER mandate_lot BEFORE UPDATE ON mandate FOR EACH ROW
  WHEN (OLD.lot_id IS NOT NULL AND NEW.lot_id IS DISTINCT FROM OLD.lot_id) EXECUTE FUNCTION decided_once();

CREATE FUNCTION retirement_fits() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT FROM block WHERE first_serial = NEW.first_serial
               AND (bound IS NOT NULL) <> (NEW.purpose = 'judicial')) THEN
    RAISE EXCEPTION 'judicial units are used up for a ruling, and no others are'
      USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER retirement_fits BEFORE INSERT ON own_retirement
  FOR EACH ROW EXECUTE FUNCTION retirement_fits();

CREATE OR REPLACE FUNCTION objection_dismissal() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT FROM dossier_maker
              WHERE dossier_id = NEW.dossier_id AND operator_id = NEW.answered_by) THEN
    RAISE EXCEPTION 'nobody decides on an objection to what they wrote'
      USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END $$;
DROP TRIGGER objection_dismissal ON objection;
CREATE TRIGGER objection_decided BEFORE INSERT OR UPDATE ON objection FOR EACH ROW
  WHEN (NEW.upheld IS NOT NULL) EXECUTE FUNCTION objection_dismissal();

INSERT INTO dossier_maker (dossier_id, operator_id)
  SELECT DISTINCT dossier_id, added_by FROM dossier_document ON CONFLICT DO NOTHING;
"""


def _words(words: tuple[str, ...]) -> str:
    return ", ".join(f"'{word}'" for word in words)


def _fix(columns: str) -> None:
    op.execute(
        f"CREATE OR REPLACE TRIGGER mandate_terms BEFORE UPDATE OF {columns} OR DELETE OR TRUNCATE"
        " ON mandate FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )


def _limit_kinds(kinds: tuple[str, ...]) -> None:
    op.drop_constraint("ck_mandate_kind", "mandate")
    op.create_check_constraint("kind", "mandate", f"kind IN ({_words(kinds)})")


def _limit_purposes(purposes: tuple[str, ...]) -> None:
    op.drop_constraint("ck_own_retirement_purpose", "own_retirement")
    op.create_check_constraint("purpose", "own_retirement", f"purpose IN ({_words(purposes)})")


def upgrade() -> None:
    """Give mandates the terms of a lot, and close what one person alone could do."""
    _limit_kinds((*KINDS, "offer"))
    for name in OFFERED:
        kind = sa.Integer if name.endswith("_bp") else sa.BigInteger
        link = (sa.ForeignKey("holder.id"),) if name == "village_holder_id" else ()
        op.add_column("mandate", sa.Column(name, kind, *link))
    op.add_column("mandate", sa.Column("lot_id", sa.BigInteger, sa.ForeignKey("lot.id"), unique=True))
    op.create_check_constraint(
        "lot", "mandate", "(kind = 'offer' AND approved_at IS NOT NULL) = (lot_id IS NOT NULL)"
    )
    op.create_check_constraint(
        "offer",
        "mandate",
        "CASE kind WHEN 'offer' THEN price_fen_per_step > 0 AND village_bp >= 0 AND fee_bp >= 0"
        " AND village_bp + fee_bp <= 10000 AND (village_holder_id IS NULL) = (village_bp = 0)"
        " AND num_nonnulls(price_fen_per_step, village_bp, fee_bp) = 3"
        " ELSE num_nonnulls(price_fen_per_step, village_holder_id, village_bp, fee_bp) = 0 END",
    )
    _fix(f"{TERMS}, {', '.join(OFFERED)}")
    _limit_purposes((*PURPOSES, "judicial"))
    # Whoever orders from a limited lot counts while holding its row, and must not wait for the table of
    # sanctions there, as a foreign key does: a sanction is never deleted, so the key guarded nothing.
    op.drop_constraint("fk_sanction_sale_sanction_id_sanction", "sanction_sale")
    op.execute(GUARDS)


def downgrade() -> None:
    """Take it back; for a development database only."""
    op.execute("DROP TRIGGER mandate_of_others ON mandate")
    op.execute("DROP FUNCTION mandate_of_others()")
    op.execute("DROP TRIGGER mandate_lot ON mandate")
    op.execute("DROP TRIGGER retirement_fits ON own_retirement")
    op.execute("DROP FUNCTION retirement_fits()")
    op.execute("DROP TRIGGER objection_decided ON objection")
    op.execute(
        "CREATE TRIGGER objection_dismissal BEFORE INSERT OR UPDATE ON objection FOR EACH ROW"
        " WHEN (NEW.upheld = false) EXECUTE FUNCTION objection_dismissal()"
    )
    op.create_foreign_key(
        "fk_sanction_sale_sanction_id_sanction", "sanction_sale", "sanction", ["sanction_id"], ["id"]
    )
    _limit_purposes(PURPOSES)
    _fix(TERMS)
    op.drop_constraint("ck_mandate_offer", "mandate")
    op.drop_constraint("ck_mandate_lot", "mandate")
    for name in (*OFFERED, "lot_id"):
        op.drop_column("mandate", name)
    _limit_kinds(KINDS)
