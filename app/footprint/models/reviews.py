"""Photos of acts, and the reviews in which an operator decides on an act."""

from datetime import datetime

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    String,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.database import Base

_WAITING = text("decided_at IS NULL AND dropped_at IS NULL")


class ActPhoto(Base):
    """A photo of an act. Its picture is erased in time; its digest stays, so that it proves one act only.

    `first_id` is the act as it was first recorded: a decision replaces an act, and the photo stays with it.
    """

    __tablename__ = "act_photo"
    __table_args__ = (
        CheckConstraint("octet_length(sha256) = 32 AND width > 0 AND height > 0", name="content"),
        Index("ix_act_photo_first_id", "first_id"),
        Index("uq_act_photo_sha256", "sha256", unique=True, postgresql_where=text("released_at IS NULL")),
        Index("ix_act_photo_bands", "bands", postgresql_using="gin"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    holder_id: Mapped[int] = mapped_column(BigInteger)
    first_id: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[bytes] = mapped_column(LargeBinary)
    look: Mapped[int] = mapped_column(BigInteger)
    bands: Mapped[list[int]] = mapped_column(ARRAY(Integer))
    width: Mapped[int] = mapped_column(Integer)
    height: Mapped[int] = mapped_column(Integer)
    content_sealed: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)
    kept_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    released_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class ActReview(Base):
    """A review 复核 of one act: why it waits, what its holder says, what an operator decided and why.

    An act waits in one review at most, and is appealed once, whatever has replaced it since (`first_id`).
    `against` is the operator whose decision is appealed: they do not decide again. What is granted
    replaces the act by `outcome_id`.
    """

    __tablename__ = "act_review"
    __table_args__ = (
        CheckConstraint(
            "kind = 'hold' OR (kind = 'photo' AND photo_id IS NOT NULL)"
            " OR (kind = 'appeal' AND words_sealed IS NOT NULL)",
            name="kind",
        ),
        CheckConstraint("num_nulls(allowed, found) IN (0, 2)", name="values"),
        CheckConstraint("num_nulls(decided_by, decided_at, granted, reason) IN (0, 4)", name="decided"),
        CheckConstraint("num_nonnulls(decided_at, dropped_at) < 2", name="ended"),
        CheckConstraint("decided_by <> against", name="decider"),
        CheckConstraint("(outcome_id IS NOT NULL) = coalesce(granted, false)", name="outcome"),
        Index("uq_act_review_waiting", "action_id", unique=True, postgresql_where=_WAITING),
        Index("ix_act_review_waiting", "id", postgresql_where=_WAITING),
        Index("uq_act_review_appeal", "first_id", unique=True, postgresql_where=text("kind = 'appeal'")),
        Index("ix_act_review_first_id", "first_id", "id"),
        Index("ix_act_review_photo_id", "photo_id"),
        Index(
            "uq_act_review_outcome_id",
            "outcome_id",
            unique=True,
            postgresql_where=text("outcome_id IS NOT NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    code: Mapped[str] = mapped_column(String(12), unique=True)
    holder_id: Mapped[int] = mapped_column(BigInteger)
    action_id: Mapped[int] = mapped_column(BigInteger)
    first_id: Mapped[int] = mapped_column(BigInteger)
    kind: Mapped[str] = mapped_column(String(10))
    rule: Mapped[str] = mapped_column(String(20))
    allowed: Mapped[int | None] = mapped_column(BigInteger)
    found: Mapped[int | None] = mapped_column(BigInteger)
    words_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    photo_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("act_photo.id"))
    opened_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    against: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("operator.id"))
    decided_by: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("operator.id"))
    decided_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    granted: Mapped[bool | None] = mapped_column(Boolean)
    reason: Mapped[str | None] = mapped_column(String(500))
    outcome_id: Mapped[int | None] = mapped_column(BigInteger)
    dropped_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
