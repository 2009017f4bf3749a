"""From forest to unit: dossiers, parcels, right holders, documents, notice, verified removals."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

# These tables are written by operators, some dozen rows a day: here guards may be triggers of a row.
GUARDS = """
CREATE FUNCTION refuse_row() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% is decided: %', TG_TABLE_NAME, TG_ARGV[0]
    USING ERRCODE = 'integrity_constraint_violation';
END $$;

CREATE FUNCTION dossier_progress() RETURNS text[] LANGUAGE sql IMMUTABLE AS $$
  SELECT '{registered_by,registered_at,project_id,withdrawn_by,withdrawn_at,withdrawn_reason}'::text[]
$$;
CREATE TRIGGER dossier_kept BEFORE DELETE OR TRUNCATE ON dossier
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER dossier_identity BEFORE UPDATE OF id, code, sample, drafted_by, drafted_at ON dossier
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER dossier_ended BEFORE UPDATE ON dossier FOR EACH ROW
  WHEN (OLD.registered_at IS NOT NULL OR OLD.withdrawn_at IS NOT NULL)
  EXECUTE FUNCTION refuse_row('it was registered or withdrawn');
CREATE TRIGGER dossier_terms BEFORE UPDATE ON dossier FOR EACH ROW
  WHEN (OLD.reviewed_at IS NOT NULL AND
    to_jsonb(OLD) - dossier_progress()
    IS DISTINCT FROM
    to_jsonb(NEW) - dossier_progress())
  EXECUTE FUNCTION refuse_row('its terms stand as they were reviewed');

-- What a CHECK cannot see: the parts. Whoever wrote one of them is a maker of the dossier.
CREATE FUNCTION dossier_review() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (SELECT coalesce(sum(share_bp), 0) FROM right_share WHERE dossier_id = NEW.id) <> 10000
     OR NOT EXISTS (SELECT FROM parcel WHERE dossier_id = NEW.id) THEN
    RAISE EXCEPTION 'a dossier has parcels, and shares of 10000 basis points'
      USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  IF EXISTS (SELECT FROM dossier_maker WHERE dossier_id = NEW.id AND operator_id = NEW.reviewed_by)
     OR EXISTS (SELECT FROM right_share WHERE dossier_id = NEW.id AND added_by = NEW.reviewed_by)
     OR EXISTS (SELECT FROM parcel WHERE dossier_id = NEW.id AND added_by = NEW.reviewed_by)
     OR EXISTS (SELECT FROM dossier_opinion WHERE dossier_id = NEW.id AND added_by = NEW.reviewed_by)
     OR EXISTS (SELECT FROM dossier_document WHERE dossier_id = NEW.id AND added_by = NEW.reviewed_by) THEN
    RAISE EXCEPTION 'nobody reviews what they wrote' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER dossier_review BEFORE UPDATE ON dossier FOR EACH ROW
  WHEN (OLD.reviewed_at IS NULL AND NEW.reviewed_at IS NOT NULL) EXECUTE FUNCTION dossier_review();

CREATE FUNCTION dossier_registration() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT FROM objection WHERE dossier_id = NEW.id AND upheld IS DISTINCT FROM false) THEN
    RAISE EXCEPTION 'an objection stands' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  IF EXISTS (SELECT FROM dossier_maker WHERE dossier_id = NEW.id AND operator_id = NEW.registered_by) THEN
    RAISE EXCEPTION 'nobody registers what they wrote' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER dossier_registration BEFORE UPDATE ON dossier FOR EACH ROW
  WHEN (OLD.registered_at IS NULL AND NEW.registered_at IS NOT NULL) EXECUTE FUNCTION dossier_registration();

-- The row of the dossier is held meanwhile, so that a part and a review never pass each other by.
CREATE FUNCTION part_of_draft() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  whose bigint := CASE TG_OP WHEN 'INSERT' THEN NEW.dossier_id ELSE OLD.dossier_id END;
BEGIN
  PERFORM FROM dossier WHERE id = whose AND reviewed_at IS NULL AND withdrawn_at IS NULL FOR SHARE;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'the parts of a reviewed dossier stand' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END $$;
CREATE TRIGGER right_share_of_draft BEFORE INSERT OR DELETE ON right_share
  FOR EACH ROW EXECUTE FUNCTION part_of_draft();
CREATE TRIGGER parcel_of_draft BEFORE INSERT OR DELETE ON parcel
  FOR EACH ROW EXECUTE FUNCTION part_of_draft();
CREATE TRIGGER opinion_of_draft BEFORE INSERT OR DELETE ON dossier_opinion
  FOR EACH ROW EXECUTE FUNCTION part_of_draft();
CREATE TRIGGER document_of_draft BEFORE DELETE ON dossier_document
  FOR EACH ROW EXECUTE FUNCTION part_of_draft();
CREATE TRIGGER right_share_fixed BEFORE UPDATE OR TRUNCATE ON right_share
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER parcel_fixed BEFORE UPDATE OR TRUNCATE ON parcel
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER opinion_fixed BEFORE UPDATE OR TRUNCATE ON dossier_opinion
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER document_fixed BEFORE UPDATE OR TRUNCATE ON dossier_document
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE FUNCTION objection_in_notice() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM FROM dossier WHERE id = NEW.dossier_id AND reviewed_at IS NOT NULL
    AND registered_at IS NULL AND withdrawn_at IS NULL AND NEW.raised_at < notice_until FOR SHARE;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'the dossier is not in public notice' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER objection_in_notice BEFORE INSERT ON objection
  FOR EACH ROW EXECUTE FUNCTION objection_in_notice();
CREATE TRIGGER objection_kept BEFORE DELETE OR TRUNCATE ON objection
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER objection_words BEFORE UPDATE OF id, code, dossier_id, digest, words_sealed, raised_at
  ON objection FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER objection_answered BEFORE UPDATE ON objection FOR EACH ROW
  WHEN (OLD.answered_at IS NOT NULL) EXECUTE FUNCTION refuse_row('it was answered');

CREATE FUNCTION objection_dismissal() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT FROM dossier_maker
              WHERE dossier_id = NEW.dossier_id AND operator_id = NEW.answered_by) THEN
    RAISE EXCEPTION 'nobody dismisses an objection to what they wrote'
      USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER objection_dismissal BEFORE INSERT OR UPDATE ON objection FOR EACH ROW
  WHEN (NEW.upheld = false) EXECUTE FUNCTION objection_dismissal();
CREATE TRIGGER dossier_maker_kept BEFORE UPDATE OR DELETE OR TRUNCATE ON dossier_maker
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TRIGGER verified_removal_kept BEFORE DELETE OR TRUNCATE ON verified_removal
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER verified_removal_decided BEFORE UPDATE ON verified_removal FOR EACH ROW
  WHEN (OLD.decided_at IS NOT NULL
    OR to_jsonb(OLD) - '{decided_by,decided_at,refused_reason,issuance_id}'::text[]
      IS DISTINCT FROM to_jsonb(NEW) - '{decided_by,decided_at,refused_reason,issuance_id}'::text[])
  EXECUTE FUNCTION refuse_row('what was verified stands');

-- A removal says what its issuance says, so that nothing is issued but what two people looked at.
CREATE FUNCTION verified_removal_issued() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (
    SELECT FROM issuance i JOIN dossier d ON d.project_id = i.project_id
     WHERE i.id = NEW.issuance_id AND d.id = NEW.dossier_id AND i.vintage = NEW.vintage
       AND i.period_start = NEW.period_start AND i.period_end = NEW.period_end
       AND i.verification = NEW.verification AND i.last_serial - i.first_serial + 1 = NEW.quantity_kg) THEN
    RAISE EXCEPTION 'the issuance is of another removal' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER verified_removal_issued BEFORE INSERT OR UPDATE ON verified_removal FOR EACH ROW
  WHEN (NEW.issuance_id IS NOT NULL) EXECUTE FUNCTION verified_removal_issued();

-- A project that was registered from a dossier is issued verified removals, and nothing else.
CREATE FUNCTION issuance_is_verified() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT FROM dossier WHERE project_id = NEW.project_id)
     AND NOT EXISTS (SELECT FROM verified_removal WHERE issuance_id = NEW.id) THEN
    RAISE EXCEPTION 'units are issued for a verified removal'
      USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER issuance_is_verified AFTER INSERT ON issuance
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION issuance_is_verified();
"""
TABLES = (
    "verified_removal",
    "objection",
    "dossier_opinion",
    "dossier_document",
    "parcel",
    "right_share",
    "dossier_maker",
    "dossier",
)
FUNCTIONS = (
    "issuance_is_verified",
    "verified_removal_issued",
    "objection_in_notice",
    "objection_dismissal",
    "part_of_draft",
    "dossier_registration",
    "dossier_review",
    "dossier_progress",
    "refuse_row",
)


def upgrade() -> None:
    """Create the dossiers and what belongs to them."""
    _dossier()
    _dossier_maker()
    _right_share()
    _parcel()
    _document()
    _opinion()
    _objection()
    _verified_removal()
    op.execute(GUARDS)


def _id() -> sa.Column:
    return sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True)


def _link(name: str, target: str, **kwargs: object) -> sa.Column:
    kwargs.setdefault("nullable", False)
    return sa.Column(name, sa.BigInteger, sa.ForeignKey(f"{target}.id"), **kwargs)


def _whose() -> sa.Column:
    return _link("dossier_id", "dossier", index=True)


def _word(name: str, length: int, **kwargs: object) -> sa.Column:
    kwargs.setdefault("nullable", False)
    return sa.Column(name, sa.String(length), **kwargs)


def _moment(name: str, nullable: bool = False) -> sa.Column:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _added() -> tuple[sa.Column, sa.Column]:
    return _link("added_by", "operator"), _moment("added_at")


def _days() -> tuple[sa.Column, sa.Column]:
    return sa.Column("period_start", sa.Date, nullable=False), sa.Column(
        "period_end", sa.Date, nullable=False
    )


def _dossier() -> None:
    op.create_table(
        "dossier",
        _id(),
        _word("code", 12, unique=True),
        _word("project_code", 20),
        _word("name_zh", 100),
        _word("name_en", 100),
        _word("region", 6),
        _word("region_code", 12, nullable=True),
        sa.Column("buffer_bp", sa.Integer, nullable=False, server_default="0"),
        *(_word(f"{part}_{lang}", 60) for part in ("county", "township", "village") for lang in ("zh", "en")),
        _word("forest_type", 40),
        _word("methodology", 40),
        sa.Column("description_zh", sa.Text, nullable=False),
        sa.Column("description_en", sa.Text, nullable=False),
        sa.Column("sample", sa.Boolean, nullable=False),
        _link("holder_id", "holder"),
        *_days(),
        sa.Column("revision", sa.Integer, nullable=False, server_default="1"),
        _link("drafted_by", "operator"),
        _moment("drafted_at"),
        _link("edited_by", "operator"),
        _link("reviewed_by", "operator", nullable=True),
        _moment("reviewed_at", nullable=True),
        _moment("notice_until", nullable=True),
        _link("registered_by", "operator", nullable=True),
        _moment("registered_at", nullable=True),
        _link("project_id", "project", nullable=True, unique=True),
        _link("withdrawn_by", "operator", nullable=True),
        _moment("withdrawn_at", nullable=True),
        _word("withdrawn_reason", 300, nullable=True),
        sa.CheckConstraint("project_code ~ '^[A-Z0-9]+(-[A-Z0-9]+)*$'", name="project_code"),
        sa.CheckConstraint("buffer_bp BETWEEN 0 AND 5000", name="buffer"),
        sa.CheckConstraint("region ~ '^[0-9]{6}$'", name="region"),
        sa.CheckConstraint("period_start < period_end AND period_start >= '2000-01-01'", name="period"),
        sa.CheckConstraint("num_nulls(reviewed_by, reviewed_at, notice_until) IN (0, 3)", name="reviewed"),
        sa.CheckConstraint(
            "num_nulls(registered_by, registered_at, project_id) IN (0, 3)", name="registered"
        ),
        sa.CheckConstraint(
            "num_nulls(withdrawn_by, withdrawn_at, withdrawn_reason) IN (0, 3)", name="withdrawn"
        ),
        sa.CheckConstraint("reviewed_by NOT IN (drafted_by, edited_by)", name="checker"),
        sa.CheckConstraint("registered_by NOT IN (drafted_by, edited_by)", name="registrar"),
        sa.CheckConstraint("reviewed_at <= notice_until AND notice_until <= registered_at", name="notice"),
        sa.CheckConstraint("registered_at IS NULL OR reviewed_at IS NOT NULL", name="order"),
        sa.CheckConstraint("registered_at IS NULL OR withdrawn_at IS NULL", name="ended"),
    )
    op.create_index(
        "uq_dossier_project_code",
        "dossier",
        ["project_code"],
        unique=True,
        postgresql_where=sa.text("withdrawn_at IS NULL"),
    )


def _dossier_maker() -> None:
    op.create_table(
        "dossier_maker",
        _link("dossier_id", "dossier", primary_key=True),
        _link("operator_id", "operator", primary_key=True),
    )


def _right_share() -> None:
    op.create_table(
        "right_share",
        _id(),
        _whose(),
        _link("holder_id", "holder"),
        _word("role", 10),
        sa.Column("share_bp", sa.Integer, nullable=False),
        sa.Column("named", sa.Boolean, nullable=False),
        _link("added_by", "operator"),
        sa.UniqueConstraint("dossier_id", "holder_id", "role"),
        sa.CheckConstraint("role IN ('village', 'household', 'farm', 'fee')", name="role"),
        sa.CheckConstraint("share_bp BETWEEN 1 AND 10000", name="share"),
    )


def _parcel() -> None:
    op.create_table(
        "parcel",
        _id(),
        _whose(),
        sa.Column("number", sa.Integer, nullable=False),
        _word("name", 60),
        sa.Column("rings", pg.JSONB, nullable=False),
        sa.Column("area_m2", sa.BigInteger, nullable=False),
        sa.Column("declared_area_m2", sa.BigInteger, nullable=True),
        *(sa.Column(edge, sa.Float, nullable=False) for edge in ("west", "south", "east", "north")),
        *_added(),
        sa.UniqueConstraint("dossier_id", "number"),
        sa.CheckConstraint("area_m2 > 0 AND number > 0", name="area"),
        sa.CheckConstraint("west < east AND south < north", name="box"),
    )
    # Which parcels may overlap is found by their boxes: core PostgreSQL knows them, the embedded one too.
    op.execute(
        "CREATE INDEX ix_parcel_box ON parcel USING gist (box(point(west, south), point(east, north)))"
    )


def _document() -> None:
    op.create_table(
        "dossier_document",
        _id(),
        _whose(),
        _word("kind", 20),
        _word("title", 100),
        _word("media", 4),
        sa.Column("sha256", sa.LargeBinary, nullable=False),
        sa.Column("size_bytes", sa.Integer, nullable=False),
        sa.Column("content_sealed", sa.LargeBinary, nullable=False),
        *_added(),
        sa.UniqueConstraint("dossier_id", "sha256"),
        sa.CheckConstraint(
            "kind IN ('title', 'design', 'monitoring', 'verification', 'opinion', 'other')", name="kind"
        ),
        sa.CheckConstraint("media IN ('pdf', 'png', 'jpeg')", name="media"),
        sa.CheckConstraint("octet_length(sha256) = 32 AND size_bytes > 0", name="content"),
    )


def _opinion() -> None:
    op.create_table(
        "dossier_opinion",
        _id(),
        _whose(),
        _word("expert", 100),
        _word("verdict", 15),
        sa.Column("words", sa.Text, nullable=False),
        sa.Column("given_on", sa.Date, nullable=False),
        *_added(),
        sa.CheckConstraint("verdict IN ('favourable', 'conditional', 'unfavourable')", name="verdict"),
    )


def _objection() -> None:
    op.create_table(
        "objection",
        _id(),
        _word("code", 12, unique=True),
        _whose(),
        _word("digest", 44),
        sa.Column("words_sealed", sa.LargeBinary, nullable=False),
        _moment("raised_at"),
        _link("answered_by", "operator", nullable=True),
        _moment("answered_at", nullable=True),
        sa.Column("answer", sa.Text, nullable=True),
        sa.Column("upheld", sa.Boolean, nullable=True),
        sa.UniqueConstraint("dossier_id", "digest"),
        sa.CheckConstraint("num_nulls(answered_by, answered_at, answer, upheld) IN (0, 4)", name="answered"),
    )


def _verified_removal() -> None:
    op.create_table(
        "verified_removal",
        _id(),
        _word("code", 12, unique=True),
        _whose(),
        _link("document_id", "dossier_document"),
        sa.Column("report_sha256", sa.LargeBinary, nullable=False),
        *_days(),
        sa.Column("vintage", sa.Integer, nullable=False),
        sa.Column("quantity_kg", sa.BigInteger, nullable=False),
        _word("verification", 100),
        _word("verifier", 100),
        sa.Column("verified_on", sa.Date, nullable=False),
        _link("requested_by", "operator"),
        _moment("requested_at"),
        _link("decided_by", "operator", nullable=True),
        _moment("decided_at", nullable=True),
        _word("refused_reason", 300, nullable=True),
        _link("issuance_id", "issuance", nullable=True, unique=True),
        sa.CheckConstraint("period_start <= period_end", name="period"),
        sa.CheckConstraint("quantity_kg > 0", name="quantity"),
        sa.CheckConstraint("decided_by <> requested_by", name="checker"),
        sa.CheckConstraint("(decided_by IS NULL) = (decided_at IS NULL)", name="decided"),
        sa.CheckConstraint(
            "(decided_at IS NULL) = (refused_reason IS NULL AND issuance_id IS NULL)"
            " AND num_nulls(refused_reason, issuance_id) > 0",
            name="decision",
        ),
    )
    for name in ("report_sha256", "verification"):
        op.create_index(
            f"uq_verified_removal_{name}",
            "verified_removal",
            [name],
            unique=True,
            postgresql_where=sa.text("refused_reason IS NULL"),
        )
    # As at issuances: one number for dossier and day, and no extension.
    days = [f"dossier_id * 1000000 + ({end} - '2000-01-01'::date)" for end in ("period_start", "period_end")]
    op.execute(
        "ALTER TABLE verified_removal ADD CONSTRAINT ex_verified_removal_period"
        f" EXCLUDE USING gist (int8range({days[0]}, {days[1]}, '[]') WITH &&) WHERE (refused_reason IS NULL)"
    )


def downgrade() -> None:
    """Drop the dossiers; for a development database only."""
    op.execute("DROP TRIGGER issuance_is_verified ON issuance")
    for table in TABLES:
        op.drop_table(table)
    for function in FUNCTIONS:
        op.execute(f"DROP FUNCTION {function}()")
